package twilio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

// A code and a notice through one account; the second recipient has opted out.
func Example() {
	vendor := httptest.NewServer(http.HandlerFunc(twilioAnswers)) // a program leaves Endpoint out
	defer vendor.Close()

	bound := map[string]sms.Binding{"twilio": {}}
	templates, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}.", Bindings: bound},
		sms.Template{Name: "shipped", Kind: sms.Notification, Text: "Order ${order} has shipped.", Bindings: bound},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := twilio.New(twilio.Options{
		AccountSID: "AC00000000000000000000000000000000",
		AuthToken:  "sandboxtoken",
		From:       "+15005550006",
		Endpoint:   vendor.URL,
		Templates:  templates,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()

	for _, m := range []sms.Message{
		{To: "+15551234567", Template: "login-code", Params: sms.Params{"code": "482913"}},
		{To: "+15005550004", Template: "shipped", Params: sms.Params{"order": "A-1001"}},
	} {
		receipt, err := p.Send(context.Background(), m)
		switch {
		case err == nil:
			fmt.Println("accepted as", receipt.ID, "in", receipt.Segments, "segment")
		case errors.Is(err, sms.RecipientBlocked):
			fmt.Println(sms.OutcomeOf(err), "for good:", err)
		default:
			fmt.Println(sms.OutcomeOf(err), "-", err)
		}
	}
	// Output:
	// accepted as SM5d0e7f8a9b0c1d2e3f405162738495a6 in 1 segment
	// rejected for good: twilio: recipient blocked (21610): Attempt to send to unsubscribed recipient
}

// twilioAnswers stands for Twilio: +15005550004 has opted out.
func twilioAnswers(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("To") == "+15005550004" {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"code":21610,"message":"Attempt to send to unsubscribed recipient","more_info":"https://www.twilio.com/docs/errors/21610","status":400}`)
		return
	}
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, `{"sid":"SM5d0e7f8a9b0c1d2e3f405162738495a6","status":"queued","num_segments":"1"}`)
}

// Preview shows what would be sent, by Twilio's own names.
func ExampleProvider_Preview() {
	templates, err := sms.NewRegistry(sms.Template{
		Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code}。",
		Bindings: map[string]sms.Binding{"twilio": {Text: "Your code is ${code}.", From: "Acme"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := twilio.New(twilio.Options{AccountSID: "AC00000000000000000000000000000000", AuthToken: "sandboxtoken", Templates: templates})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	preview, err := p.Preview(sms.Message{To: "+15551234567", Template: "login-code", Params: sms.Params{"code": "482913"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(preview.Text, preview.Segments, preview.Encoding)
	fmt.Println(preview.Parameters)
	// Output:
	// Your code is 482913. 1 GSM-7
	// map[Body:Your code is 482913. From:Acme To:+15551234567]
}

// Every fault of the options comes in one error.
func ExampleNew_faults() {
	_, err := twilio.New(twilio.Options{AccountSID: "AC123", Endpoint: "http://proxy.example.com", From: "a name that is too long"})
	fmt.Println(err)
	// Output:
	// account_sid: it has to be AC and 32 hexadecimal digits, and has 5 characters: copy it from Twilio's console
	// auth_token: it is required, or api_key_sid and api_key_secret instead
	// endpoint: plain http to host "proxy.example.com" would show numbers, codes and credentials in the clear: write https://, or set allow_plain_http; the vendor's own is https://api.twilio.com
	// from: it is no number in E.164 ("+" and 7 to 15 digits), no short code (3 to 8 digits), no sender ID (at most 11 plain characters, a letter among them), and no Messaging Service (MG and 32 hexadecimal digits)
}
