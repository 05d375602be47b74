// Package twilio sends SMS through Twilio's Programmable Messaging (API version
// 2010-04-01), on Twilio's own SDK.
//
//	p, err := twilio.New(twilio.Options{
//		AccountSID: os.Getenv("TWILIO_ACCOUNT_SID"),
//		AuthToken:  os.Getenv("TWILIO_AUTH_TOKEN"),
//		From:       "+15005550006",
//		Templates:  templates,
//	})
//	if err != nil {
//		return err
//	}
//	defer p.Close()
//	receipt, err := p.Send(ctx, sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": code}})
//
// # What is sent
//
// A template needs a binding for this provider, {} at the least. Its text, or
// the template's own, is rendered and goes as the Body. Where the binding's ID
// is the SID of a content template (HX and 32 hexadecimal digits), ContentSid
// and ContentVariables go instead, and the text serves for checks and counting
// only: with Binding.Order the variables are called "1", "2" and so on in that
// order, without it by their own names, for Twilio knows both. An ID of another
// form is a name for people. Binding.Abroad, where there is one, takes the place
// of ID for numbers outside mainland China; where there is none, ID serves all.
//
// Twilio takes no empty value in ContentVariables (for a missing one it puts the
// content template's sample in), so a message with one is InvalidMessage.
//
// Binding.Extra takes these keys, each Twilio's parameter of that name:
//
//	smart_encoded: "true"           # look-alike Unicode becomes GSM-7
//	shorten_urls: "true"            # needs a Messaging Service
//	risk_check: disable             # or enable: SMS Pumping Protection for this template
//	content_retention: discard      # or retain: whether Twilio keeps the text
//	address_retention: obfuscate    # or retain: whether Twilio keeps the number
//	validity_period: "600"          # seconds in Twilio's queue, 1 to 36000; Message.Expires shortens it
//
// A message with a Body goes as it is, with or without a registry. A text of
// more than 1600 characters, Twilio's limit, is InvalidMessage.
//
// The sender is the one that Message.From names in Options.Senders, else the
// binding's From, else Options.From and MessagingServiceSID. A message for which
// none of them says anything is Unsupported.
//
// Message.Expires becomes ValidityPeriod: whole seconds, rounded down, at most
// Twilio's 36000. With less than a second left the message is Expired. Twilio
// counts from when it has the request, so a message may be handed to the
// carrier later than Expires by the time that the request was under way.
//
// # What comes back
//
// Receipt.ID is the Message SID, Receipt.RequestID the Twilio-Request-Id,
// Receipt.Segments what Twilio counted, or, where it has not yet chosen a sender
// (with a Messaging Service), what we count.
//
// Of an error, Code and Message are Twilio's own; [Codes] lists what each code
// means. A 4xx other than 408 is a refusal whatever its body. A 5xx with a code
// whose meaning rules acceptance out is one too; every other 5xx, a 3xx, a time-out, a
// broken connection and a 2xx that cannot be read are Unknown.
//
// Twilio has no idempotency key for messages: a request is never repeated by
// this package, nor by net/http below it once its first byte has left. What
// became of a message whose outcome is Unknown is asked with [Provider.Find].
package twilio
