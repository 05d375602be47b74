package sms_test

import (
	"context"
	"fmt"

	"github.com/notifykit/notify/sms"
)

// A vendor that takes mainland numbers only stands for a provider.
func inland(_ context.Context, m sms.Message) (sms.Receipt, error) {
	if m.To.Region() != "CN" {
		return sms.Receipt{}, &sms.Error{Provider: "inland", Reason: sms.Unsupported, Outcome: sms.Rejected, Kind: m.Kind, Key: m.Key}
	}
	return sms.Receipt{Provider: "inland", Key: m.Key, ID: "1", Segments: 1}, nil
}

func Example() {
	var sender sms.Sender = sms.SenderFunc(inland)
	for _, typed := range []string{"138 0000 0000", "+1 (555) 010-0000"} {
		to, err := sms.ParseNumber(typed, "CN")
		if err != nil {
			fmt.Println(err)
			continue
		}
		m := sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913"}, Kind: sms.Verification, Key: "login-1"}
		fmt.Println(m) // no number and no code
		receipt, err := sender.Send(context.Background(), m)
		switch sms.OutcomeOf(err) {
		case sms.Accepted:
			fmt.Println("accepted by", receipt.Provider)
		case sms.Rejected:
			fmt.Println("certainly not sent:", err)
			fmt.Println("another vendor may be tried:", sms.MayRepeat(err, m, sms.Reason.AnotherVendor))
		case sms.Unknown:
			fmt.Println("nobody can know yet:", err)
		}
	}
	// Output:
	// {to +86138****0000, template login-code, params [code], kind verification, key login-1}
	// accepted by inland
	// {to +155****0000, template login-code, params [code], kind verification, key login-1}
	// certainly not sent: inland: unsupported
	// another vendor may be tried: true
}

func ExampleNewRegistry() {
	r, err := sms.NewRegistry(sms.Template{
		Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}.",
		Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_154950909"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "四八二九"}}
	fmt.Println(r.Check(m))

	m.Params["code"] = "482913"
	fmt.Println(r.Check(m))
	fmt.Println(r.Render(m, "aliyun"))
	// Output:
	// sms: invalid message: template "login-code": the value of "code" holds something else than the letters A-Z, a-z and digits 0-9, which is all that vendors take in a verification code: use a notification template for such text
	// <nil>
	// Your code is 482913. <nil>
}
