// Package aws sends SMS through AWS End User Messaging SMS, whose API is called
// pinpoint-sms-voice-v2.
//
//	p, err := aws.New(aws.Options{
//		Region: "eu-west-1", AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
//		From: "ACME", Templates: templates,
//	})
//	if err != nil {
//		return err
//	}
//	defer p.Close()
//	receipt, err := p.Send(ctx, sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913"}})
//
// The package is a module of its own, because it links the signer of
// aws-sdk-go-v2. It links no service client and nothing that reads profiles or the
// metadata of an instance: Options.Credentials takes any provider of credentials of
// that SDK.
//
// # What the vendor is like
//
// AWS sends free text from a phone number, a sender ID or a pool of the account. A
// template needs a binding for this provider, {} at the least; its text, or the
// template's own, is rendered and sent. Promotions are sent as PROMOTIONAL, all
// else as TRANSACTIONAL; a number takes one of the two.
//
// Message.Expires becomes TimeToLive: at least 5 seconds, at most 72 hours.
// Binding.Extra accepts entity_id and template_id, which India requires.
//
// # If the outcome is unknown
//
// AWS has no operation that lists or shows a message, and no idempotency key. Ask
// returns an error that matches errors.ErrUnsupported. Message.Key is sent as the
// entry "key" of Context, and each event repeats it: only an event can prove later
// that the message was taken. A call is made once and never repeated.
//
// # Reports and replies
//
// Events come by an SNS topic: name a configuration set whose event destination is
// the topic in Options.ConfigurationSet, the topic in Options.Topics, and subscribe
// the webhook's address to it. The subscription is confirmed automatically, for
// these topics only. Replies come by the topic of the number's two-way settings.
//
// Every notification must carry the signature of SNS: the certificate is fetched
// from the SNS host of the topic's region over TLS, and must itself be valid. If
// the file holds further certificates, they must lead to one that the system
// trusts. A notification may be at most an hour old, because SNS repeats one for
// so long.
//
// # Will it be taken
//
// Try asks AWS by a dry run whether it would take a message to a number from each
// sender of the configuration: "notify check --to +447700900001".
//
// # Not guaranteed
//
// An event may take 72 hours, or never come. AWS answers STOP itself and keeps its
// own list of opted-out numbers, which this package does not read.
package aws
