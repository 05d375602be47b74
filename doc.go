// Package notify sends SMS messages through several vendors. A [Client] is made from a
// configuration. It tries the vendors of a message's route one after the other, and
// reports one of three outcomes.
//
//	client, err := notify.Open("notify.yaml", aliyun.Driver(), twilio.Driver())
//	...
//	receipt, err := client.Send(ctx, sms.Message{
//		To:       to, // sms.ParseNumber("138 0000 0000", "CN")
//		Template: "login-code",
//		Params:   sms.Params{"code": "482913"},
//	})
//	switch sms.OutcomeOf(err) {
//	case sms.Accepted: // a vendor accepted it: receipt.Provider, receipt.ID
//	case sms.Rejected: // certainly not sent: sms.ReasonOf(err) is the reason
//	case sms.Unknown:  // it may have been sent: client.Find asks the vendors later
//	}
//
// [New] makes a Client from a [Config] written in Go. [OpenWith] reads the file and
// lets the program change the Config first. [Client.SendAll] sends many messages in
// bounded memory. docs/configuration.md lists every key of the file.
//
// The documentation of package middleware lists what stands between Send and the
// vendors, in its order.
//
// # Guarantees
//
// A message is sent at most once. A Verification is an exception: after an unknown
// outcome it may be sent again, because a second copy holds the same code. A message
// that this package can refuse is refused before any call. No error and no log shows
// a whole number, a value or a secret.
//
// # What is not guaranteed
//
// Accepted does not mean delivered. Limits and breakers count in this process only.
// This package does not store messages: if the process dies during Send, use an
// outbox. SendAll keeps no order.
package notify
