// Package tencent sends SMS through Tencent Cloud SMS (API version 2021-01-11).
//
//	templates, err := sms.NewRegistry(sms.Template{
//		Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},${minutes}分钟内有效。",
//		Bindings: map[string]sms.Binding{"tencent": {ID: "1000001", Order: []string{"code", "minutes"}}},
//	})
//	...
//	p, err := tencent.New(tencent.Options{
//		SecretID: id, SecretKey: secret, SDKAppID: "1400000000", From: "云通信", Templates: templates,
//	})
//	defer p.Close()
//	receipt, err := p.Send(ctx, sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913", "minutes": "5"}})
//
// # What the vendor is like
//
// Tencent sends approved templates under an approved signature, and nothing else: a
// message with a Body is Unsupported. Values are positional, so each binding needs
// Order. Numbers in mainland China get the binding's ID, all others its Abroad. A
// template of Kind International is sent abroad by its ID.
//
// A verification template accepts values of at most 6 digits and nothing else, the
// minutes included. Values that Tencent would refuse are refused before the call,
// with the Reason that Tencent's own code has.
//
// Message.Key is sent as SessionContext. Tencent repeats it in the answer, and in
// reports only after it has been switched on for the account. There is no
// idempotency key, and no validity period: Message.Expires is checked here.
//
// # Several messages in one call
//
// With Options.Coalesce, concurrent messages that have template, values and sender
// in common share a call of at most 200 numbers. Tencent answers for each number.
// Verification codes never share a call.
//
// # If the outcome is unknown
//
// Tencent lists what was sent to a number in the last 72 hours, without our key and
// with the text partly masked. So Ask finds a message only if this process has its
// ID. It returns sms.ErrNotFound if there is no message to the number since then,
// five minutes after it may have been sent, and otherwise is undecided.
//
// # Guarantees and limits
//
// A call is made once and never repeated. All parameters travel in the body of a
// POST, so that no URL holds a number or a code. Delivery reports and replies are
// not signed by Tencent: protect their address by a secret.
package tencent
