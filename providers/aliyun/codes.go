package aliyun

import (
	"slices"
	"strings"

	"github.com/notifykit/notify/sms"
)

// Codes gives the vendor's error codes and what each means here.
func Codes() []sms.CodeInfo { return slices.Clone(table) }

// otherSpellings lists the codes that a code is also looked up as. Those of the
// vendor's international service are the same without "isv." and "isp.".
func otherSpellings(code string) []string {
	if code != strings.ToUpper(code) {
		return nil
	}
	return []string{"isv." + code, "isp." + code}
}

func refused(code string, r sms.Reason, meaning, advice string) sms.CodeInfo {
	return sms.CodeInfo{Code: code, Reason: r, Outcome: sms.Rejected, Meaning: meaning, Advice: advice}
}

// maybe is a code after which nobody knows whether the message goes out.
func maybe(code string, r sms.Reason, meaning, advice string) sms.CodeInfo {
	return sms.CodeInfo{Code: code, Reason: r, Outcome: sms.Unknown, Meaning: meaning, Advice: advice}
}

// late marks a code of delivery reports. The vendor has been seen to answer calls
// with some of them too.
func late(info sms.CodeInfo) sms.CodeInfo {
	info.Late = true
	return info
}

// Advice that several codes share.
const (
	askAliyun     = "Open a ticket with the vendor, with the request ID."
	fixBinding    = "Compare the binding's id with the vendor's console."
	fixSignature  = "Compare the signature with the vendor's console: it is approved, registered with the carriers, and written without brackets or blanks."
	fixValue      = "Change the value that the program passes."
	fixExtendCode = "Correct sms_up_extend_code in the binding, or leave it out."
	fixText       = "Change the text or the value, and have the template approved anew where it is in the template."
	reportDefect  = "Report it to this project: its request is wrong."
	managing      = "None: only calls that manage signatures and templates get it."
	dropNumber    = "Do not send to this number."
	askAgain      = "Send it to another number, or later."
	keepRequest   = "Send again only what may arrive twice; for all else ask for the delivery report first."
)

// table is the one place that says what a code means. It is never changed. The rows
// of the products globe and pnvs have those words as their Scope.
var table = slices.Concat(smsCodes, globeCodes, pnvsCodes)

// smsCodes are those of SendSms and of the gateway that all products have. If
// no other source is named beside a group, codes and meanings are those of the
// vendor's documents 101346 (answers) and 101347 (delivery reports).
var smsCodes = []sms.CodeInfo{
	// The account.
	refused("isp.RAM_PERMISSION_DENY", sms.Unauthorized, "the RAM user may not send messages", "Grant the RAM user AliyunDysmsFullAccess, or dysms:SendSms."),
	refused("isv.ACCOUNT_NOT_EXISTS", sms.Unauthorized, "the account or access key does not exist", "Check the access key."),
	refused("isv.DENY_IP_RANGE", sms.Unauthorized, "the caller's IP address is not in mainland China", "Call from an address that the account allows."),
	refused("isv.OUT_OF_SERVICE", sms.AccountBlocked, "the service is stopped for want of balance, packages or not", "Pay the account's bill."),
	refused("isv.AMOUNT_NOT_ENOUGH", sms.AccountBlocked, "the balance or package does not suffice, or is for another region", "Buy a package for the region of the number, or top up."),
	refused("isv.PRODUCT_UN_SUBSCRIPT", sms.AccountBlocked, "the key's owner has not opened the service", "Open the SMS service for the account."),
	refused("isv.PRODUCT_UNSUBSCRIBE", sms.AccountBlocked, "the account has not opened this product", "Open the product for the account."),
	refused("isv.ACCOUNT_ABNORMAL", sms.AccountBlocked, "the account's billing state is abnormal", "Look at the account's state; it may pass by itself."),
	refused("isv.SECURITY_FROZEN_ACCOUNT", sms.AccountBlocked, "the account was not used for long and is frozen", "Unfreeze the account in the console."),

	// Signature and template.
	refused("isv.SMS_SIGNATURE_ILLEGAL", sms.TemplateRejected, "the signature is unknown to this account or not approved", fixSignature),
	refused("isv.SMS_SIGN_ILLEGAL", sms.TemplateRejected, "the signature is forbidden", fixSignature),
	refused("isv.SIGN_STATE_ILLEGAL", sms.TemplateRejected, "the signature is in a state in which it cannot be used", fixSignature),
	refused("isv.SIGN_NAME_ILLEGAL", sms.TemplateRejected, "the signature breaks the vendor's rules", fixSignature),
	refused("isv.SIGNATURE_BLACKLIST", sms.TemplateRejected, "the signature's text breaks the vendor's rules", fixSignature),
	refused("SIGNATURE_BLACKLIST", sms.TemplateRejected, "the signature's text breaks the vendor's rules", fixSignature),
	refused("isv.SMS_SIGNATURE_SCENE_ILLEGAL", sms.TemplateRejected, "the signature is for codes only, and the template is of another type", "Use a general signature."),
	refused("isv.SMS_TEMPLATE_ILLEGAL", sms.TemplateRejected, "the template is unknown to this account or not approved, or its variables differ", fixBinding),
	refused("template_parameter_count_illegal", sms.TemplateRejected, "a code template has to have exactly one variable", "Have a template with one variable approved."),
	refused("isv.SMS_TEST_SIGN_TEMPLATE_LIMIT", sms.TemplateRejected, "the test signature and the test template go together only", "Use both, or neither."),
	refused("isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL", sms.TemplateRejected, "the test template takes 4 to 6 digits only", "Use a template of the account's own."),
	refused("isv.SMS_TEST_NUMBER_LIMIT", sms.Unsupported, "the test template goes to the bound test numbers only", "Bind the number in the console, or use a template of the account's own."),
	late(refused("PORT_NOT_REGISTERED", sms.TemplateRejected, "the signature is not registered with the carrier", "Wait for the registration, or complete it in the console.")),
	refused("isv.EXTEND_CODE_ERROR", sms.Unsupported, "the extension code belongs to another signature", fixExtendCode),
	refused("isv.ONE_CODE_MULTIPLE_SIGN", sms.Unsupported, "the extension code belongs to another signature", fixExtendCode),
	refused("isv.CODE_EXCEED_LIMIT", sms.Unsupported, "the account has no extension code left", fixExtendCode),
	refused("isv.CODE_ERROR", sms.Unsupported, "the extension code cannot be used", fixExtendCode),
	refused("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", sms.Unsupported, "an international template does not go to mainland China", "Bind a mainland template as id, and the international one as abroad."),

	// Parameters and values.
	refused("isv.TEMPLATE_MISSING_PARAMETERS", sms.InvalidMessage, "a variable of the template has no value", "Compare the registered text's variables with the vendor's template."),
	refused("isv.TEMPLATE_PARAMS_ILLEGAL", sms.InvalidMessage, "a value does not fit the type of its variable", fixValue),
	refused("isv.INVALID_JSON_PARAM", sms.InvalidMessage, "the values are not an object of strings in JSON", reportDefect),
	refused("isv.PARAM_LENGTH_LIMIT", sms.InvalidMessage, "a value is too long or too short: 4 to 6 characters in a code template, 35 at most in others", fixValue),
	refused("isv.INVALID_PARAMETERS", sms.InvalidMessage, "a parameter has the wrong form", fixValue),
	refused("isv.MOBILE_COUNT_OVER_LIMIT", sms.InvalidMessage, "too many numbers in one call", reportDefect),
	late(refused("PARAMS_ILLEGAL", sms.InvalidMessage, "the signature, the text or the number is wrong", fixValue)),

	// Content.
	refused("isv.PARAM_NOT_SUPPORT_URL", sms.ContentRejected, "a value holds a URL or a sensitive text", "Move the URL into the template's text, and have it approved."),
	refused("isv.SMS_CONTENT_ILLEGAL", sms.ContentRejected, "the text holds forbidden content", fixText),
	refused("isv.UNSUPPORTED_CONTENT", sms.ContentRejected, "the text holds traditional Chinese, an emoji or an unusual symbol", fixText),
	refused("isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE", sms.ContentRejected, "the text of a notification advertises", "Send it as a promotion."),
	late(refused("CONTENT_KEYWORD", sms.ContentRejected, "the carrier has stopped the text for a word in it", fixText)),
	late(refused("FILTER", sms.ContentRejected, "the text was stopped for a word in it", fixText)),
	late(refused("CONTENT_ERROR", sms.ContentRejected, "a promotion does not say how to unsubscribe", "Add the unsubscribe text to the template.")),

	// The recipient.
	refused("isv.MOBILE_NUMBER_ILLEGAL", sms.InvalidNumber, "the number is malformed, or abroad with a mainland template", dropNumber),
	late(refused("INVALID_NUMBER", sms.InvalidNumber, "the number is malformed or not in use", dropNumber)),
	late(refused("MOBILE_NOT_ON_SERVICE", sms.InvalidNumber, "the telephone is off, suspended, out of reach or not in use", askAgain)),
	late(refused("MOBILE_ACCOUNT_ABNORMAL", sms.InvalidNumber, "the subscriber is in arrears, ported or otherwise abnormal", askAgain)),
	late(refused("MOBLLE_TERMINAL_ERROR", sms.InvalidNumber, "the handset cannot take messages: its memory is full, or it is broken", askAgain)),
	late(refused("SP_NOT_BY_INTER_SMS", sms.InvalidNumber, "the subscriber takes no international messages", dropNumber)),
	refused("isv.BLACK_KEY_CONTROL_LIMIT", sms.RecipientBlocked, "the number is on the blacklist; until 2020, and where the words say so: a banned word in a value", "Do not send promotions to this number; change the value where the words name one."),
	refused("isv.CUSTOMER_REFUSED", sms.RecipientBlocked, "the recipient has unsubscribed", dropNumber),
	late(refused("USER_REJECT", sms.RecipientBlocked, "the recipient has unsubscribed, or has no such service", dropNumber)),
	late(refused("MOBILE_IN_BLACK", sms.RecipientBlocked, "the carrier has the number on its blacklist", dropNumber)),

	// Limits.
	refused("isv.BUSINESS_LIMIT_CONTROL", sms.RecipientLimited, "this number has had as many messages as it may in this minute, hour or day, other senders' included", "Wait for the window that the words name; raise the limit in the console."),
	late(refused("VALVE:M_MC", sms.RecipientLimited, "the same message came too often within a minute", "Wait a minute.")),
	late(refused("VALVE:H_MC", sms.RecipientLimited, "the same message came too often within an hour", "Wait an hour.")),
	late(refused("VALVE:D_MC", sms.RecipientLimited, "the same message came too often within a day", "Wait a day.")),
	late(refused("MOBILE_SEND_LIMIT", sms.RecipientLimited, "the number has reached its limit of the day or month", "Wait a day.")),
	refused("isv.DAY_LIMIT_CONTROL", sms.Throttled, "the account has reached its own limit of the day", "Raise the limit in the console."),
	refused("isv.MONTH_LIMIT_CONTROL", sms.Throttled, "the account has reached its own limit of the month", "Raise the limit in the console."),
	refused("Throttling", sms.Throttled, "too many calls", "Send more slowly: limit the provider's calls a second."),
	refused("Throttling.User", sms.Throttled, "too many calls of this account", "Send more slowly: limit the provider's calls a second."),
	refused("Throttling.Api", sms.Throttled, "too many calls of all accounts", "Send more slowly: limit the provider's calls a second."),

	// The platform. GATEWAY_ERROR is the platform's call to its own sender, whose
	// end it does not tell; ServiceUnavailable is not proven to come before it.
	maybe("isp.SYSTEM_ERROR", sms.Unavailable, "a fault of the vendor's", keepRequest),
	maybe("isp.GATEWAY_ERROR", sms.Unavailable, "the vendor's gateway did not get through to its sender", keepRequest),
	late(refused("IS_CLOSE", sms.Unavailable, "the carrier's channel is closed", "Send again later.")),
	late(refused("NO_ROUTE", sms.Unsupported, "there is no channel for this text", askAliyun)),
	late(maybe("SP_UNKNOWN_ERROR", sms.Unavailable, "an unknown fault at the carrier", keepRequest)),
	late(maybe("REQUEST_SUCCESS", sms.Unavailable, "taken by the platform, and no word of the carrier yet", "Wait for the next delivery report.")),

	// The gateway of all the vendor's services (document 434846). SignatureNonceUsed
	// says that a first copy of this very request arrived, and not what became of it.
	refused("InvalidAccessKeyId.NotFound", sms.Unauthorized, "the access key does not exist", "Check access_key_id."),
	refused("InvalidAccessKeyId.Inactive", sms.Unauthorized, "the access key is disabled", "Enable the key in the console, or use another."),
	refused("SignatureDoesNotMatch", sms.Unauthorized, "the secret does not belong to the access key", "Check access_key_secret."),
	refused("IncompleteSignature", sms.Unauthorized, "the signature is malformed", "Check access_key_secret."),
	refused("InvalidTimeStamp.Expired", sms.Unauthorized, "this machine's clock is more than 15 minutes off", "Set the clock."),
	refused("Forbidden", sms.Unauthorized, "the key may not make this call", "Grant the RAM user dysms:SendSms."),
	refused("Forbidden.RAM", sms.Unauthorized, "the RAM user may not make this call", "Grant the RAM user dysms:SendSms."),
	refused("Forbidden.RiskControl", sms.AccountBlocked, "the vendor's risk control has stopped the account", askAliyun),
	maybe("SignatureNonceUsed", sms.Unavailable, "this very request has arrived before, and was probably taken", keepRequest),
	maybe("ServiceUnavailable", sms.Unavailable, "the service is down for the moment", keepRequest),
	maybe("InternalError", sms.Unavailable, "an unknown fault of the vendor's", keepRequest),
	refused("InvalidTimeStamp.Format", sms.Internal, "the timestamp is malformed", reportDefect),
	refused("InvalidVersion", sms.Internal, "there is no such API version", reportDefect),
	refused("InvalidAction.NotFound", sms.Internal, "there is no such call", reportDefect),
	refused("InvalidApi.NotFound", sms.Internal, "there is no such call", reportDefect),
	refused("MissingPhoneNumbers", sms.Internal, "the number is missing", reportDefect),
	refused("MissingSignName", sms.Internal, "the signature is missing", reportDefect),
	refused("MissingTemplateCode", sms.Internal, "the template is missing", reportDefect),
	refused("UnsupportedHTTPMethod", sms.Internal, "the HTTP method is not taken", reportDefect),
	refused("InvalidParameter.Format", sms.Internal, "the answer's format is unknown", reportDefect),
	refused("InvalidSignatureMethod", sms.Internal, "the signature's method is unknown", reportDefect),
	refused("InvalidProtocol.NeedSsl", sms.Internal, "the call has to come by https", "Write https:// in endpoint."),

	// Temporary keys; the codes stand in public code only.
	refused("InvalidSecurityToken.Expired", sms.Unauthorized, "the temporary key has expired", "Set Credentials, which renews it."),
	refused("InvalidSecurityToken.Malformed", sms.Unauthorized, "the security token is malformed", "Check security_token."),
	refused("InvalidSecurityToken.MismatchWithAccessKey", sms.Unauthorized, "the security token belongs to another key", "Set key, secret and token of one answer of STS."),

	// Codes of the international service that SendSms abroad may have too; see
	// globeCodes.
	refused("INVALID_SENDERID", sms.Unsupported, "the sender ID is not taken in that country", fixSignature),
	refused("FORBIDDEN_ACTION", sms.Unauthorized, "the key may not make this call", "Grant the RAM user dysms:SendSms."),
	refused("PRODUCT_NOT_SUBSCRIBED", sms.AccountBlocked, "the account has not opened this product", "Open the product for the account."),
	refused("ACCOUNT_ILLEGAL", sms.AccountBlocked, "the account's state is abnormal", askAliyun),
	refused("ONLINE_BILLING_FAILED", sms.Unavailable, "the billing system is busy, or there is no money", "Look at the account's balance; send again later."),
	refused("SMS_CONTENT_CODE_ILLEGAL", sms.TemplateRejected, "the template is unknown or not approved", fixBinding),
	refused("SMS_SIGN_NAME_ILLEGAL", sms.TemplateRejected, "the signature is unknown or not approved", fixSignature),
	refused("CONTENT_MISSING_PARAMETERS", sms.InvalidMessage, "a variable of the template has no value", "Compare the registered text's variables with the vendor's template."),
	refused("SMS_SECURITY_INTERCEPTED", sms.ContentRejected, "the vendor's security check has stopped the message", fixText),
	refused("BLACK_KEY_CONTROL_LIMIT", sms.ContentRejected, "a value holds a banned word", fixText),
	refused("QPS_LIMIT_CONTROL", sms.Throttled, "too many calls a second", "Send more slowly: limit the provider's calls a second."),
	refused("NOT_SUPPORTED_COUNTRY", sms.Unsupported, "the vendor does not serve that country", "Route that country to another vendor."),
	refused("DATA_NOT_EXIST", sms.Unsupported, "there is no such record", askAliyun),
	refused("QUERY_DATE_ILLEGAL", sms.InvalidMessage, "the date of a query is malformed or too long ago", reportDefect),

	// Calls that manage signatures and templates.
	refused("isv.SIGN_COUNT_OVER_LIMIT", sms.Unsupported, "too many signatures applied for today", managing),
	refused("isv.TEMPLATE_COUNT_OVER_LIMIT", sms.Unsupported, "too many templates applied for today", managing),
	refused("isv.SMS_OVER_LIMIT", sms.Unsupported, "too many applications today", managing),
	refused("isv.SIGN_OVER_LIMIT", sms.Unsupported, "the signature is too long", managing),
	refused("isv.TEMPLATE_OVER_LIMIT", sms.Unsupported, "the template is too long", managing),
	refused("isv.SIGN_FILE_LIMIT", sms.Unsupported, "the proof for a signature is too large", managing),
	refused("isv.ERROR_SIGN_NOT_DELETE", sms.Unsupported, "a signature in review cannot be deleted", managing),
	refused("isv.ERROR_SIGN_NOT_MODIFY", sms.Unsupported, "an approved signature cannot be changed", managing),
	refused("isv.ERROR_TEMPLATE_NOT_DELETE", sms.Unsupported, "a template in review cannot be deleted", managing),
	refused("isv.ERROR_TEMPLATE_NOT_MODIFY", sms.Unsupported, "an approved template cannot be changed", managing),
	refused("isv.ERROR_EMPTY_FILE", sms.Unsupported, "the proof for a signature is empty", managing),
}
