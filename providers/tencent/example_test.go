package tencent_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/sms"
)

func ExampleNew() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answered(w, r, "Ok", "send success") // a program leaves Endpoint out
	}))
	defer vendor.Close()
	templates, err := sms.NewRegistry(sms.Template{
		Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},${minutes}分钟内有效。",
		Bindings: map[string]sms.Binding{"tencent": {ID: "1000001", Order: []string{"code", "minutes"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := tencent.New(tencent.Options{
		SecretID: secretID, SecretKey: secretKey, SDKAppID: "1400000000", From: "云通信", Templates: templates, Endpoint: vendor.URL,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	receipt, err := p.Send(context.Background(), sms.Message{
		To: "+8613812345678", Template: "login-code", Params: sms.Params{"code": "482913", "minutes": "5"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(receipt.Provider, receipt.Segments)
	// Output: tencent 1
}
