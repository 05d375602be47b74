package example

import (
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// table holds Postal's codes, of which "0" means accepted. A code without a row is
// a refusal all the same.
var table = kit.Table{
	Rows: []sms.CodeInfo{
		{Code: "11", Reason: sms.Unauthorized, Outcome: sms.Rejected, Meaning: "unknown token", Advice: "copy the token anew from Settings"},
		{Code: "12", Reason: sms.AccountBlocked, Outcome: sms.Rejected, Meaning: "no credit", Advice: "pay the open invoice"},
		{Code: "21", Reason: sms.InvalidNumber, Outcome: sms.Rejected, Meaning: "no such number", Advice: "ask the person for another number"},
		{Code: "22", Reason: sms.RecipientBlocked, Outcome: sms.Rejected, Meaning: "opted out", Advice: "send nothing there until they opt in"},
		{Code: "31", Reason: sms.TemplateRejected, Outcome: sms.Rejected, Meaning: "unknown template", Advice: "check the binding's ID"},
		{Code: "41", Reason: sms.Throttled, Outcome: sms.Rejected, Meaning: "too many calls", Advice: "wait as long as the answer says, or ask for a higher rate"},
		{Code: "51", Reason: sms.Unavailable, Outcome: sms.Unknown, Meaning: "queue lost", Advice: "look into Postal's log before sending again"},
	},
	Other: func(int, string) (sms.Reason, sms.Outcome) { return sms.Unsupported, sms.Rejected },
}

// Codes returns Postal's codes.
func Codes() []sms.CodeInfo { return table.Codes() }

// Driver makes Providers from configuration. The settings are the fields of Options
// under the keys of their yaml tags.
func Driver() sms.Driver {
	return kit.Driver("postal", Codes(), New, func(o *Options, c sms.DriverConfig) { o.Name, o.Templates = c.Name, c.Templates })
}
