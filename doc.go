// Package notify is the front door: a [Client] made from a configuration, which
// sends a message through the vendors of its route, one after the other, and
// always says which of three things is true.
//
//	client, err := notify.Open("notify.yaml", aliyun.Driver(), twilio.Driver())
//	...
//	receipt, err := client.Send(ctx, sms.Message{
//		To:       to, // sms.ParseNumber("138 0000 0000", "CN")
//		Template: "login-code",
//		Params:   sms.Params{"code": "482913"},
//	})
//	switch sms.OutcomeOf(err) {
//	case sms.Accepted: // a vendor has taken it: receipt.Provider, receipt.ID
//	case sms.Rejected: // certainly not sent: sms.ReasonOf(err) says why
//	case sms.Unknown:  // nobody can know yet: client.Find asks the vendors later
//	}
//
// [New] makes a Client from a [Config] written in Go, [LoadConfig] reads the file
// for those who change it in Go first, and [Client.SendAll] sends many messages
// in bounded memory. docs/configuration.md lists every key of the file.
//
// What stands between Send and the vendors, and why in this order, is one list:
// [Layers].
//
// # What is promised
//
// A message goes out at most once, except a Verification, whose second copy
// carries the same code and which may go to the next vendor after an unknown
// outcome. What is refused is refused before it leaves the machine wherever that
// can be known. No error and no log shows a number in full, a value or a secret.
//
// # What is not
//
// Accepted is not delivered: that arrives as a delivery report. Limits and
// breakers count in this process only. A message that was being sent when the
// process died is lost to this package: an outbox keeps it. SendAll keeps no
// order.
package notify
