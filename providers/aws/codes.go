package aws

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// Codes returns AWS's codes and what each means here: the names of its exceptions,
// the reasons that some of them give, and the types of events.
func Codes() []sms.CodeInfo { return slices.Clone(table) }

// expired are the codes after which a temporary key is asked for anew.
var expired = []string{"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidSignatureException"}

// refusal reads an error. The code is the exception's reason if the table has it,
// else the exception's name. Of a ValidationException without such a reason, its
// first field says what is wrong.
func refusal(a kit.Answer) *kit.Refusal {
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"Message"` // or "message": encoding/json takes both
		Reason  string
		Fields  []struct{ Name, Message string }
	}
	readable := a.Cut == nil && json.Unmarshal(a.Body, &said) == nil
	name := said.Type
	if header := a.Header.Get("X-Amzn-Errortype"); name == "" && header != "" {
		name, _, _ = strings.Cut(header, ":")
	}
	name = name[strings.LastIndexByte(name, '#')+1:]
	words := said.Message
	for _, field := range said.Fields {
		words += " (" + field.Name + ": " + field.Message + ")"
	}
	row, known := (kit.Table{Rows: table}).Find("", said.Reason)
	if known {
		return a.Refusal(row.Code, words)
	}
	if said.Reason != "" {
		words = said.Reason + ": " + words
	}
	r := a.Refusal(name, words)
	if readable && name == "ValidationException" && len(said.Fields) > 0 {
		r.Outcome = sms.Rejected
		switch said.Fields[0].Name {
		case "DestinationPhoneNumber":
			r.Reason = sms.InvalidNumber
		case "MessageBody":
			r.Reason = sms.InvalidMessage
		default: // the sender, the configuration set: another vendor has others
			r.Reason = sms.Unsupported
		}
	}
	return r
}

func row(code string, r sms.Reason, meaning, advice string) sms.CodeInfo {
	return sms.CodeInfo{Code: code, Reason: r, Outcome: sms.Rejected, Meaning: meaning, Advice: advice}
}

// unclear is a row that leaves the outcome open.
func unclear(code, meaning, advice string) sms.CodeInfo {
	return sms.CodeInfo{Code: code, Reason: sms.Unavailable, Outcome: sms.Unknown, Meaning: meaning, Advice: advice}
}

func event(code string, r sms.Reason, meaning, advice string) sms.CodeInfo {
	return sms.CodeInfo{Scope: kit.ScopeReport, Code: code, Reason: r, Outcome: sms.Rejected, Meaning: meaning, Advice: advice, Late: true}
}

const (
	checkKeys   = "Check access_key_id, secret_access_key and the machine's clock."
	checkPolicy = "Allow sms-voice:SendTextMessage in the IAM policy."
	checkFrom   = "Check from: the number, sender ID or pool in the console of the region."
	askSupport  = "Open a case with AWS support."
	raiseLimit  = "Ask AWS for a higher monthly spending limit."
	slower      = "Send more slowly: limit the provider's calls a second."
	fixText     = "Change the text."
	dropNumber  = "Do not send to this number."
	otherNumber = "Ask the person for another number."
	openCountry = "Route that country to another vendor, or open it in the protect configuration."
	registerID  = "Register the sender ID for that country, or send from a number."
	later       = "Send again later."
	askEvents   = "Wait for the event: it proves that the message was taken."
)

// table is what AWS's codes mean, by the Smithy model of pinpoint-sms-voice-v2 and
// its API reference. It is never changed.
var table = []sms.CodeInfo{
	row("ThrottlingException", sms.Throttled, "too many calls a second", slower),
	row("ServiceQuotaExceededException", sms.AccountBlocked, "a quota of the account is used up", raiseLimit),
	row("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT", sms.AccountBlocked, "the month's spending limit is reached", raiseLimit),
	row("MONTHLY_SPEND_LIMIT_REACHED_FOR_MEDIA", sms.AccountBlocked, "the month's spending limit is reached", raiseLimit),
	row("MONTHLY_SPEND_LIMIT_REACHED_FOR_NOTIFY", sms.AccountBlocked, "the month's spending limit is reached", raiseLimit),
	row("DAILY_NOTIFY_TIER_MESSAGE_LIMIT", sms.AccountBlocked, "the day's limit of the account is reached", raiseLimit),
	row("DAILY_DESTINATION_CALL_LIMIT", sms.RecipientLimited, "the number has had enough messages today", "Wait until tomorrow."),
	row("AccessDeniedException", sms.Unauthorized, "the key may not send", checkPolicy),
	row("ACCOUNT_DISABLED", sms.AccountBlocked, "the account may not send", askSupport),
	row("INSUFFICIENT_ACCOUNT_REPUTATION", sms.AccountBlocked, "the account may not send any more", askSupport),
	row("ConflictException", sms.Unsupported, "the message does not fit the account's settings", "Read the words: they name the setting."),
	row("DESTINATION_PHONE_NUMBER_OPTED_OUT", sms.RecipientBlocked, "the recipient has opted out", dropNumber),
	row("DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE", sms.RecipientBlocked, "the protect configuration blocks the number", dropNumber),
	row("DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION", sms.Unsupported, "the protect configuration blocks the country", openCountry),
	row("DESTINATION_PHONE_NUMBER_NOT_VERIFIED", sms.Unsupported, "an account in the SMS sandbox may send to its verified numbers only", "Verify the number, or ask AWS for production access."),
	row("NO_ORIGINATION_IDENTITIES_FOUND", sms.Unsupported, "the account has no sender for the number", checkFrom),
	row("MESSAGE_TYPE_MISMATCH", sms.Unsupported, "the sender takes the other of TRANSACTIONAL and PROMOTIONAL", checkFrom),
	row("NUMBER_CAPABILITIES_MISMATCH", sms.Unsupported, "the sender cannot send SMS", checkFrom),
	row("RESOURCE_NOT_ACTIVE", sms.Unsupported, "the sender is not active", checkFrom),
	row("KEYWORD_MISMATCH", sms.Unsupported, "the keyword is not one of the number's", checkFrom),
	row("REGISTRATION_NOT_COMPLETE", sms.Unsupported, "the sender's registration is not complete", "Complete the registration in the console."),
	row("EVENT_DESTINATION_MISMATCH", sms.Unsupported, "the event destination does not fit", "Check configuration_set."),
	row("PHONE_NUMBER_NOT_IN_REGISTRATION_REGION", sms.Unsupported, "the number is of another region", checkFrom),
	row("NOTIFY_CONFIGURATION_NOT_ACTIVE", sms.Unsupported, "the configuration is not active", "Activate it in the console."),
	row("ResourceNotFoundException", sms.Unsupported, "the sender or the configuration set does not exist in this region", checkFrom),
	row("ValidationException", sms.InvalidMessage, "a field is missing or wrong", "Read the words: they name the field."),
	row("PRICE_OVER_THRESHOLD", sms.Unsupported, "the message costs more than max_price", "Raise max_price, or route that country to another vendor."),
	row("MAXIMUM_SIZE_EXCEEDED", sms.InvalidMessage, "the text is too long", fixText),
	row("DESTINATION_COUNTRY_BLOCKED", sms.Unsupported, "the country is blocked", openCountry),
	row("COUNTRY_NOT_ENABLED", sms.Unsupported, "the country is not open for the account", openCountry),
	row("INTERNATIONAL_SENDING_NOT_SUPPORTED", sms.Unsupported, "the sender cannot send abroad", checkFrom),
	row("INVALID_IDENTITY_FOR_DESTINATION_COUNTRY", sms.Unsupported, "the sender cannot be used in the country", checkFrom),
	row("COUNTRY_CODE_MISMATCH", sms.Unsupported, "the sender is of another country", checkFrom),
	row("CHANNEL_NOT_ENABLED", sms.Unsupported, "SMS is not on for the account", askSupport),
	row("SENDER_ID_NOT_REGISTERED", sms.Unsupported, "the sender ID is not registered", registerID),
	row("SENDER_ID_NOT_SUPPORTED", sms.Unsupported, "the country takes no sender IDs", registerID),
	row("SENDER_ID_REQUIRES_REGISTRATION", sms.Unsupported, "the country takes registered sender IDs only", registerID),
	row("UnrecognizedClientException", sms.Unauthorized, "the access key is unknown", checkKeys),
	row("InvalidSignatureException", sms.Unauthorized, "the signature is wrong", checkKeys),
	row("SignatureDoesNotMatch", sms.Unauthorized, "the signature is wrong", checkKeys),
	row("ExpiredTokenException", sms.Unauthorized, "the temporary key has expired", checkKeys),
	row("ExpiredToken", sms.Unauthorized, "the temporary key has expired", checkKeys),
	row("MissingAuthenticationTokenException", sms.Unauthorized, "the call is not signed", checkKeys),
	row("InvalidClientTokenId", sms.Unauthorized, "the access key is unknown", checkKeys),
	row("IncompleteSignatureException", sms.Unauthorized, "the signature is not complete", checkKeys),
	row("OptInRequired", sms.AccountBlocked, "the account is not signed up for the service", askSupport),
	unclear("InternalServerException", "a fault inside AWS", askEvents),
	unclear("InternalFailure", "a fault inside AWS", askEvents),
	unclear("ServiceUnavailableException", "AWS is not available", askEvents),
	unclear("RequestTimeoutException", "AWS did not get the whole call in time", askEvents),

	event("TEXT_INVALID", sms.InvalidNumber, "the number is not valid", otherNumber),
	event("TEXT_INVALID_MESSAGE", sms.InvalidMessage, "the text is not valid", fixText),
	event("TEXT_UNREACHABLE", sms.InvalidNumber, "the handset is out of reach or off", later),
	event("TEXT_CARRIER_UNREACHABLE", sms.Unavailable, "the carrier could not be reached", later),
	event("TEXT_BLOCKED", sms.RecipientBlocked, "the recipient's handset or carrier blocks it", dropNumber),
	event("TEXT_CARRIER_BLOCKED", sms.RecipientBlocked, "the carrier blocks it", "Check whether the sender is registered with the carriers of that country."),
	event("TEXT_SPAM", sms.ContentRejected, "a filter took it for spam", fixText),
	event("TEXT_PROTECT_BLOCKED", sms.RecipientBlocked, "the protect configuration blocks it", openCountry),
	event("TEXT_TTL_EXPIRED", sms.Expired, "its time to live ended", "Send it again, or allow more time."),
	event("TEXT_UNKNOWN", sms.Unavailable, "AWS does not know what became of it after 72 hours", askSupport),
}
