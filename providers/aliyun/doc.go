// Package aliyun sends through Aliyun SMS (Dysmsapi, API version 2017-05-25) on
// the vendor's own SDK.
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
// One message is one call, and one SendSms is never repeated here: the vendor
// keeps no idempotency key. Message.Key goes along as OutId, which comes back in
// delivery reports and listings.
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
