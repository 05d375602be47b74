package aliyun

import "github.com/notifykit/notify/sms"

func of(product string, rows ...sms.CodeInfo) []sms.CodeInfo {
	for i := range rows {
		rows[i].Scope = product
	}
	return rows
}

const (
	fixSenderID = "Compare the sender ID with the vendor's console: some countries take registered ones only."
	waitForNext = "Wait: the number may have another code when the interval is over."
)

// globeCodes are the ResponseCodes of the international service (its page
// error-code-intl).
var globeCodes = of(APIGlobe,
	refused("INVALID_SENDERID", sms.TemplateRejected, "the sender ID is unknown or not approved in that country", fixSenderID),
	refused("SENDERID_BLACKLIST", sms.TemplateRejected, "the sender ID is forbidden", fixSenderID),
	refused("FORBIDDEN_ACTION", sms.Unauthorized, "the account may not make this call any more", askAliyun),
	refused("ACCOUNT_NOT_EXISTS", sms.Unauthorized, "the account does not exist or is not verified", "Check the access key, and the account's verification."),
	refused("RAM_PERMISSION_DENY", sms.Unauthorized, "the RAM user may not send messages", "Grant the RAM user dysms:SendMessageToGlobe."),
	refused("OUT_OF_SERVICE", sms.AccountBlocked, "the service is stopped", "Pay the account's bill."),
	refused("AMOUNT_NOT_ENOUGH", sms.AccountBlocked, "the balance does not suffice", "Top up the account."),
	refused("PRODUCT_NOT_SUBSCRIBED", sms.AccountBlocked, "the account has not opened this product", "Open the product for the account."),
	refused("ACCOUNT_ILLEGAL", sms.AccountBlocked, "the account is banned for what it sent", askAliyun),
	refused("ONLINE_BILLING_FAILED", sms.Unavailable, "the billing system is busy, or there is no money", "Look at the account's balance; send again later."),
	refused("SMS_CONTENT_CODE_ILLEGAL", sms.TemplateRejected, "the template is unknown or not approved", fixBinding),
	refused("SMS_SIGN_NAME_ILLEGAL", sms.TemplateRejected, "the signature is unknown or not approved", fixSignature),
	refused("CONTENT_MISSING_PARAMETERS", sms.InvalidMessage, "a variable of the template has no value", "Compare the registered text's variables with the vendor's template."),
	refused("INVALID_PARAMETERS", sms.InvalidMessage, "a parameter has the wrong form", fixValue),
	refused("PARAM_LENGTH_LIMIT", sms.InvalidMessage, "a value is too long", fixValue),
	refused("INVALID_JSON_PARAM", sms.Internal, "the values are not an object of JSON", reportDefect),
	refused("MOBILE_COUNT_OVER_LIMIT", sms.Internal, "too many numbers in one call", reportDefect),
	refused("QUERY_DATE_ILLEGAL", sms.Internal, "the date of a query is malformed or too long ago", reportDefect),
	refused("MOBILE_NUMBER_ILLEGAL", sms.InvalidNumber, "the number is malformed", dropNumber),
	refused("NOT_SUPPORTED_COUNTRY", sms.Unsupported, "the vendor does not serve that country", "Route that country to another vendor."),
	refused("DATA_NOT_EXIST", sms.Unsupported, "there is no such record", askAliyun),
	refused("SMS_SECURITY_INTERCEPTED", sms.ContentRejected, "the vendor's risk control has stopped the message", askAliyun),
	refused("SMS_CONTENT_ILLEGAL", sms.ContentRejected, "the text holds forbidden content", fixText),
	refused("BLACK_KEY_CONTROL_LIMIT", sms.ContentRejected, "the text holds a banned word", fixText),
	refused("QPS_LIMIT_CONTROL", sms.Throttled, "too many calls a second", "Send more slowly: limit the provider's calls a second."),
	maybe("SYSTEM_ERROR", sms.Unavailable, "a fault of the vendor's", keepRequest),
)

// pnvsCodes are those of Dypnsapi (document 85198); "isv." comes and goes there, so
// that a code is looked up with it too.
var pnvsCodes = of(APIPNVS,
	refused("biz.FREQUENCY", sms.RecipientLimited, "the number had a code a moment ago", waitForNext),
	refused("FREQUENCY_FAIL", sms.RecipientLimited, "the number had a code a moment ago", waitForNext),
	refused("FUNCTION_NOT_OPENED", sms.AccountBlocked, "SMS authentication is not switched on for the account", "Switch it on in the console of Phone Number Verification."),
	refused("isv.VERIFY_SCHEME_NOT_EXIST", sms.Unsupported, "the scheme is unknown", reportDefect),
	refused("isv.VERIFY_SCHEME_CONFLICT", sms.Unsupported, "the scheme belongs to an application for telephones", reportDefect),
	refused("isv.RAM_PERMISSION_DENY", sms.Unauthorized, "the RAM user may not send codes", "Grant the RAM user dypns:SendSmsVerifyCode."),
	refused("MissingTemplateParam", sms.Internal, "a variable of the template has no value", "Register the template's text with all of its variables, ${code} and ${min}."),
)
