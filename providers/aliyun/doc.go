// Package aliyun sends through Aliyun SMS on the types of the vendor's own SDK. Options.API
// chooses one of three products; what follows is about the first if it names no other.
//
//   - "sms": SendSms of Dysmsapi 2017-05-25, approved templates under an approved
//     signature.
//   - "globe": SendMessageToGlobe of Dysmsapi 2018-05-01, free text to all regions but
//     mainland China.
//   - "pnvs": SendSmsVerifyCode of Dypnsapi 2017-05-25, verification codes to mainland
//     China by the vendor's own signatures and templates, for accounts of persons. The
//     code is the caller's, so package verify works with it.
//
// A provider never changes its product. Two providers of one account, and a route by
// region, use two products. Only the first can be asked afterwards; after an Unknown
// outcome of the others the message stays undecided.
//
// The shortest program:
//
//	templates, err := sms.NewRegistry(sms.Template{
//		Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。",
//		Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001", Abroad: "SMS_0004"}},
//	})
//	...
//	p, err := aliyun.New(aliyun.Options{
//		AccessKeyID: id, AccessKeySecret: secret, From: "云通信", Templates: templates,
//	})
//	defer p.Close()
//	receipt, err := p.Send(ctx, sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913"}})
//
// # What the vendor is like
//
// Aliyun sends approved templates under an approved signature, and nothing else:
// a message with a Body is Unsupported. Numbers in mainland China get the
// binding's ID, all others (Hong Kong, Macao and Taiwan too) its Abroad. A
// template of Kind International is sent abroad by its ID.
//
// What the vendor alone refuses is refused before the call, with the Reason that
// the vendor's own code has: values of a verification template that are not 4 to
// 6 characters long, of others over 35 characters, a URL or an emoji in a value.
//
// One message is one call, unless Options.Coalesce says otherwise, and one SendSms
// is never repeated here: the vendor keeps no idempotency key. Message.Key goes along as OutId, which comes back in
// delivery reports and listings.
//
// # Several messages in one call
//
// With Options.Coalesce a campaign takes fewer calls: while MaxCalls calls with
// the same signature, template and values are in flight, further messages that
// have these in common gather, and go in the next call, up to 1,000 numbers in
// each. There is no timer, and a message that has nothing in common with another
// never waits. Only Notification and Promotion take part.
//
// The acceptance of such a call is that of each message in it: the Receipts have
// the BizId in common. Its OutId is its own ([IsBatch]), so that the vendor's
// reports name no message's key: BizId and number do.
//
// A refusal that one number may be the cause of (a bad one, one on the blacklist,
// one that has had enough) says nothing of the others, and it is not documented
// whether they get the message. Their Send then waits until Options.FindAfter
// after the call, asks for each number, and sends again, alone, what the vendor
// certainly does not have. Where it cannot say, and at once where the deadline of
// the Send's context is sooner, the message is Unavailable, Unknown. Every other
// refusal is each message's.
//
// A caller that leaves ends its own message's wait and nobody's call.
//
// # When nobody knows
//
// After an Unknown outcome [Provider.Find] asks the vendor by OutId whether it
// has the message: found, certainly never taken, or undecided. The RAM user needs
// dysms:QuerySendDetails for it.
//
// # What may be set in a binding
//
// Binding.Extra takes two keys: sms_up_extend_code, the extension code under
// which replies come in, and max_value_length, for templates whose values may be
// longer than the vendor's usual limit. Any other key is a fault of New.
//
// # Privacy
//
// All parameters travel in the body of a POST to "/": no URL holds a number or a
// code. The vendor's words in an error are masked.
package aliyun
