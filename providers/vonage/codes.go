package vonage

import (
	"slices"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// The scopes of the table: the same number means different things in each.
const (
	scopeSMS      = "sms"
	scopeMessages = "messages"
	scopeReport   = kit.ScopeReport
)

// Codes returns Vonage's codes and what each means here: the statuses of the SMS
// API, the problems of the Messages API, and the err-codes of delivery receipts.
func Codes() []sms.CodeInfo { return slices.Clone(table) }

func row(scope, code string, r sms.Reason, o sms.Outcome, meaning, advice string) sms.CodeInfo {
	return sms.CodeInfo{Scope: scope, Code: code, Reason: r, Outcome: o, Meaning: meaning, Advice: advice, Late: scope == scopeReport}
}

const (
	checkKeys    = "Check api_key and api_secret."
	askVendor    = "Ask the vendor's support, with the message ID."
	slower       = "Send more slowly: limit the provider's calls a second."
	fixText      = "Change the text."
	fixSender    = "Check from: some countries take registered sender IDs only."
	dropNumber   = "Do not send to this number."
	otherNumber  = "Ask the person for another number."
	reportDefect = "Report it to this project: its request is wrong."
	payBill      = "Top up the account."
	india        = "Check entity_id and content_id in the binding."
)

// table is what Vonage's codes mean, by its error pages of the three. It is never
// changed.
var table = []sms.CodeInfo{
	row(scopeSMS, "1", sms.Throttled, sms.Rejected, "too many calls a second", slower),
	row(scopeSMS, "2", sms.InvalidMessage, sms.Rejected, "a parameter is missing", "Read the words: they name the parameter."),
	row(scopeSMS, "3", sms.InvalidMessage, sms.Rejected, "a parameter is wrong", "Read the words: they name the parameter."),
	row(scopeSMS, "4", sms.Unauthorized, sms.Rejected, "the credentials are wrong", checkKeys),
	row(scopeSMS, "5", sms.Unavailable, sms.Unknown, "a fault inside Vonage", askVendor),
	row(scopeSMS, "6", sms.InvalidNumber, sms.Rejected, "the number's prefix is unknown", otherNumber),
	row(scopeSMS, "7", sms.RecipientBlocked, sms.Rejected, "the number is blocked", dropNumber),
	row(scopeSMS, "8", sms.AccountBlocked, sms.Rejected, "the account is blocked", askVendor),
	row(scopeSMS, "9", sms.AccountBlocked, sms.Rejected, "the account has no credit", payBill),
	row(scopeSMS, "10", sms.Throttled, sms.Rejected, "too many connections at once", slower),
	row(scopeSMS, "11", sms.AccountBlocked, sms.Rejected, "the account may not use the SMS API", "Set api to messages, or have the account's settings changed."),
	row(scopeSMS, "12", sms.InvalidMessage, sms.Rejected, "the text is too long", fixText),
	row(scopeSMS, "14", sms.Unauthorized, sms.Rejected, "the signature of the request is wrong", checkKeys),
	row(scopeSMS, "15", sms.Unsupported, sms.Rejected, "the sender is not allowed", fixSender),
	row(scopeSMS, "22", sms.Unsupported, sms.Rejected, "the network code is wrong", reportDefect),
	row(scopeSMS, "23", sms.Unsupported, sms.Rejected, "the callback is no URL", "Check status_callback."),
	row(scopeSMS, "29", sms.Unsupported, sms.Rejected, "a trial account may send to its test numbers only", "Add the number in the dashboard, or top up the account."),
	row(scopeSMS, "32", sms.Unauthorized, sms.Rejected, "signature and secret were both sent", reportDefect),
	row(scopeSMS, "33", sms.InvalidNumber, sms.Rejected, "the number is no longer in use", dropNumber),

	row(scopeMessages, "1000", sms.Throttled, sms.Rejected, "too many calls a second", slower),
	row(scopeMessages, "1010", sms.InvalidMessage, sms.Rejected, "a parameter is missing", "Read the words: they name the parameter."),
	row(scopeMessages, "1020", sms.InvalidMessage, sms.Rejected, "a parameter is wrong", "Read the words: they name the parameter."),
	row(scopeMessages, "1021", sms.InvalidMessage, sms.Rejected, "a parameter of the channel is wrong", "Read the words: they name the parameter."),
	row(scopeMessages, "1022", sms.InvalidMessage, sms.Rejected, "a parameter of the message is wrong", "Read the words: they name the parameter."),
	row(scopeMessages, "1030", sms.Unavailable, sms.Unknown, "a fault inside Vonage", askVendor),
	row(scopeMessages, "1040", sms.InvalidNumber, sms.Rejected, "the number cannot be routed to", otherNumber),
	row(scopeMessages, "1050", sms.RecipientBlocked, sms.Rejected, "the number is blocked", dropNumber),
	row(scopeMessages, "1060", sms.AccountBlocked, sms.Rejected, "the account is blocked", askVendor),
	row(scopeMessages, "1070", sms.AccountBlocked, sms.Rejected, "the account has no credit", payBill),
	row(scopeMessages, "1080", sms.AccountBlocked, sms.Rejected, "the account may not use the Messages API", "Set api to sms, or have the account's settings changed."),
	row(scopeMessages, "1090", sms.InvalidMessage, sms.Rejected, "the text is too long", fixText),
	row(scopeMessages, "1100", sms.Unavailable, sms.Unknown, "the carrier could not be reached", askVendor),
	row(scopeMessages, "1120", sms.Unsupported, sms.Rejected, "the sender is not allowed", fixSender),
	row(scopeMessages, "1130", sms.InvalidMessage, sms.Rejected, "a parameter is wrong", "Read the words: they name the parameter."),
	row(scopeMessages, "1140", sms.Unsupported, sms.Rejected, "the sender is not of this account", fixSender),
	row(scopeMessages, "1150", sms.InvalidMessage, sms.Rejected, "the request is wrong", "Read the words: they name the parameter."),
	row(scopeMessages, "1160", sms.Unsupported, sms.Rejected, "the message was not sent because of the account's settings", askVendor),
	row(scopeMessages, "1170", sms.InvalidNumber, sms.Rejected, "the number is wrong", otherNumber),
	row(scopeMessages, "1210", sms.ContentRejected, sms.Rejected, "a filter stopped the text", fixText),
	row(scopeMessages, "1240", sms.RecipientBlocked, sms.Rejected, "the recipient has opted out", dropNumber),
	row(scopeMessages, "1241", sms.RecipientLimited, sms.Rejected, "the number has had enough messages", "Wait."),
	row(scopeMessages, "1250", sms.Unsupported, sms.Rejected, "the carrier does not take it", askVendor),
	row(scopeMessages, "1260", sms.Unsupported, sms.Rejected, "the destination is not permitted", "Open the country for the account, or route it to another vendor."),
	row(scopeMessages, "1320", sms.Unsupported, sms.Unknown, "the message has already been sent", askVendor),
	row(scopeMessages, "1331", sms.Unavailable, sms.Unknown, "the state of the message is not known", askVendor),
	row(scopeMessages, "1360", sms.Expired, sms.Rejected, "its time to live ended", "Send it again, or allow more time."),

	row(scopeReport, "1", sms.Unavailable, sms.Unknown, "not known why", askVendor),
	row(scopeReport, "2", sms.InvalidNumber, sms.Rejected, "the handset was off or out of reach", "Send again later."),
	row(scopeReport, "3", sms.InvalidNumber, sms.Rejected, "the number is no longer in use", dropNumber),
	row(scopeReport, "4", sms.RecipientBlocked, sms.Rejected, "the recipient or the carrier blocks it", dropNumber),
	row(scopeReport, "5", sms.Unavailable, sms.Rejected, "the number has moved to another carrier", "Send again later."),
	row(scopeReport, "6", sms.ContentRejected, sms.Rejected, "a filter against spam stopped it", fixText),
	row(scopeReport, "7", sms.Unavailable, sms.Rejected, "the handset was busy", "Send again later."),
	row(scopeReport, "8", sms.Unavailable, sms.Rejected, "a fault of the network", "Send again later."),
	row(scopeReport, "9", sms.RecipientBlocked, sms.Rejected, "the recipient has opted out", dropNumber),
	row(scopeReport, "10", sms.InvalidMessage, sms.Rejected, "the text cannot be sent", fixText),
	row(scopeReport, "11", sms.Unsupported, sms.Rejected, "no route to the number", "Route that country to another vendor."),
	row(scopeReport, "12", sms.InvalidNumber, sms.Rejected, "the destination could not be reached", "Send again later."),
	row(scopeReport, "13", sms.RecipientBlocked, sms.Rejected, "the recipient is too young for it", dropNumber),
	row(scopeReport, "14", sms.RecipientBlocked, sms.Rejected, "the carrier blocks the number", dropNumber),
	row(scopeReport, "15", sms.RecipientBlocked, sms.Rejected, "the recipient has no credit", "Send again later."),
	row(scopeReport, "50", sms.ContentRejected, sms.Rejected, "a filter of the country's rules stopped it: the entity", india),
	row(scopeReport, "51", sms.ContentRejected, sms.Rejected, "a filter of the country's rules stopped it: the header", india),
	row(scopeReport, "52", sms.ContentRejected, sms.Rejected, "a filter of the country's rules stopped it: the content", india),
	row(scopeReport, "53", sms.RecipientBlocked, sms.Rejected, "a filter of the country's rules stopped it: the consent", dropNumber),
	row(scopeReport, "54", sms.ContentRejected, sms.Rejected, "a filter of the country's rules stopped it", india),
	row(scopeReport, "99", sms.Unavailable, sms.Unknown, "a general fault", askVendor),
}
