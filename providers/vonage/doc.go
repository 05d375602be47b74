// Package vonage sends SMS through Vonage, by its SMS API or its Messages API.
//
//	p, err := vonage.New(vonage.Options{
//		APIKey: os.Getenv("VONAGE_API_KEY"), APISecret: os.Getenv("VONAGE_API_SECRET"),
//		From: "ACME", Templates: templates,
//	})
//	if err != nil {
//		return err
//	}
//	defer p.Close()
//	receipt, err := p.Send(ctx, sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913"}})
//
// # What the vendor is like
//
// Vonage sends free text. A template needs a binding for this provider, {} at the
// least; its text, or the template's own, is rendered and sent. An account uses one
// of the two APIs at a time: Options.API says which, and it must agree with the
// account's settings, because the reports of the two differ.
//
// The SMS API answers HTTP 200 to everything. It splits a long text and answers for
// each part: Receipt.IDs has one ID for each. If any part was accepted, the message
// is Accepted and must not be sent again. If none was and the outcome of one is
// unknown, the message's is.
//
// Message.Key is sent as client-ref, of at most 40 characters; a longer key is
// replaced by kit.Ref. Message.Expires becomes ttl: at least 20 seconds, at most 7
// days. There is no idempotency key.
//
// Binding.Extra accepts entity_id and content_id, which India requires.
//
// # If the outcome is unknown
//
// The Reports API lists what was sent, with client-ref. Ask is exact. How soon a
// message is listed is not documented, so Ask does not return sms.ErrNotFound
// before five minutes have passed. It needs an account that may use the Reports
// API.
//
// # Reports and replies
//
// The SMS API signs only if Vonage's support has switched it on; set
// Options.SignatureSecret then. The Messages API signs with a JSON Web Token under
// the same secret. Without a secret, protect the address by a secret of your own.
package vonage
