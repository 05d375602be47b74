package example

import "github.com/notifykit/notify/sms"

// Codes returns Postal's codes, of which "0" is accepted.
func Codes() []sms.CodeInfo {
	return []sms.CodeInfo{
		{Code: "11", Reason: sms.Unauthorized, Outcome: sms.Rejected, Meaning: "unknown token", Advice: "copy the token anew from Settings"},
		{Code: "12", Reason: sms.AccountBlocked, Outcome: sms.Rejected, Meaning: "no credit", Advice: "pay the open invoice"},
		{Code: "21", Reason: sms.InvalidNumber, Outcome: sms.Rejected, Meaning: "no such number", Advice: "ask the person for another number"},
		{Code: "22", Reason: sms.RecipientBlocked, Outcome: sms.Rejected, Meaning: "opted out", Advice: "send nothing there until they opt in"},
		{Code: "31", Reason: sms.TemplateRejected, Outcome: sms.Rejected, Meaning: "unknown template", Advice: "check the binding's ID"},
		{Code: "41", Reason: sms.Throttled, Outcome: sms.Rejected, Meaning: "too many calls", Advice: "wait as long as told, or ask for a higher rate"},
		{Code: "51", Reason: sms.Unavailable, Outcome: sms.Unknown, Meaning: "queue lost", Advice: "look into Postal's log before sending again"},
	}
}

// Driver makes Providers from configuration. The settings are the fields of
// Options under the keys of their yaml tags.
func Driver() sms.Driver {
	return sms.Driver{Name: "postal", Settings: Options{}, Codes: Codes(), Open: open}
}

func open(c sms.DriverConfig) (sms.Sender, error) {
	var o Options
	if err := c.Decode(&o); err != nil {
		return nil, err
	}
	o.Name, o.Templates = c.Name, c.Templates
	p, err := New(o)
	if err != nil {
		return nil, err // not p: a nil *Provider in an sms.Sender is not nil
	}
	return p, nil
}
