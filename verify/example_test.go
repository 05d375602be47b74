package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// newExample makes a Verifier on a vendor in memory. A program gives its
// notify.Client, and a key from its secrets.
func newExample() (*verify.Verifier, *fake.Provider, error) {
	templates, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		return nil, nil, err
	}
	vendor, err := fake.New(fake.Options{Templates: templates})
	if err != nil {
		return nil, nil, err
	}
	v, err := verify.New(verify.Options{
		Sender:   vendor,
		Store:    verify.NewMemoryStore(),
		Key:      bytes.Repeat([]byte("an example's key"), 2),
		Template: "login-code",
	})
	return v, vendor, err
}

func Example() {
	v, vendor, err := newExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	to, err := sms.ParseNumber("138 0000 0000", "CN")
	if err != nil {
		fmt.Println(err)
		return
	}
	ch, err := v.Start(ctx, verify.Request{To: to, Purpose: "login", IP: "192.0.2.7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sent to", to, "and good for", ch.ExpiresIn)

	typed := vendor.Code(to) // the person reads it from the message
	err = v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: typed, IP: "192.0.2.7"})
	fmt.Println("the right code:", err)
	err = v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: typed, IP: "192.0.2.7"})
	fmt.Println("and again:", err)
	// Output:
	// sent to +86138****0000 and good for 5m0s
	// the right code: <nil>
	// and again: there is no code to check: ask for a new one
}

// What a person may be told of an error, and what a program asks of it.
func ExampleText() {
	v, _, err := newExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	const to = sms.Number("+8613800000000")
	if _, err := v.Start(ctx, verify.Request{To: to, Purpose: "login"}); err != nil {
		fmt.Println(err)
		return
	}
	err = v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: "no code"})
	if c, ok := errors.AsType[*verify.CheckError](err); ok {
		fmt.Println(errors.Is(err, verify.ErrWrong), c.Left)
	}
	fmt.Println(verify.Text(err, "en"))
	fmt.Println(verify.Text(err, "zh-CN,zh;q=0.9"))
	// Output:
	// true 4
	// the code is wrong: 4 more tries
	// 验证码不正确，还可以再试 4 次
}

// A Handler mounted in a router, and what a client sees of it.
func ExampleHandler() {
	v, vendor, err := newExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	h := verify.Handler(v, verify.HTTPOptions{Region: "CN"})
	mux := http.NewServeMux()
	mux.Handle("/codes", h)
	mux.Handle("/codes/", h)

	post := func(path, body string) {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, r)
		fmt.Print(answer.Code, " ", answer.Body)
	}
	post("/codes", `{"mobile":"138 0000 0000"}`)
	post("/codes/check", `{"mobile":"138 0000 0000","code":"no code"}`)
	post("/codes/check", `{"mobile":"138 0000 0000","code":"`+vendor.Code("+8613800000000")+`"}`)
	// Output:
	// 201 {"mobile":"+8613800000000","expires_in":300,"resend_after":60}
	// 400 {"verified":false,"code":"the code is wrong or has expired","reason":"wrong_code","attempts_left":4}
	// 200 {"verified":true}
}

// A number is confirmed on one page, and the account made on the next.
func ExampleVerifier_Redeem() {
	v, vendor, err := newExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	const to = sms.Number("+8613800000000")
	if _, err := v.Start(ctx, verify.Request{To: to, Purpose: "sign-up"}); err != nil {
		fmt.Println(err)
		return
	}
	proof, err := v.Prove(ctx, verify.Attempt{To: to, Purpose: "sign-up", Code: vendor.Code(to)})
	if err != nil {
		fmt.Println(err)
		return
	}
	// ... the form comes back with proof.Token; the account is inserted; and last:
	fmt.Println(v.Redeem(ctx, proof))
	fmt.Println(v.Redeem(ctx, proof))
	// Output:
	// <nil>
	// the confirmation is no longer valid: confirm the number again
}

// The last line of the template's text lets browsers offer the code.
func ExampleAutofillLine() {
	line, err := verify.AutofillLine("example.com", "code")
	if err != nil {
		fmt.Println(err)
		return
	}
	templates, err := sms.NewRegistry(sms.Template{
		Name: "login-code", Kind: sms.Verification,
		Text: "Your code is ${code}.\n\n" + line,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := templates.Render(sms.Message{Template: "login-code", Params: sms.Params{"code": "123456"}}, "")
	fmt.Println(strings.TrimSpace(text), err)
	// Output:
	// Your code is 123456.
	//
	// @example.com #123456 <nil>
}
