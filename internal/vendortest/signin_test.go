package vendortest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// A hundred thousand people at once, through the vendor's protocol: each gets one
// code, a wrong one is wrong, the right one lets in once, and the vendor has every
// message.
func TestAHundredThousandAtTheSandbox(t *testing.T) {
	numbers := 100_000
	if testing.Short() {
		numbers = 2_000
	}
	const goroutines = 256
	sb := sandboxtest.StartWith(t, sandbox.Options{MaxMessages: 2 * numbers})
	r, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。",
		Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001"}}})
	if err != nil {
		t.Fatal(err)
	}
	vendor, err := aliyun.New(aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Endpoint: sb.URL, Templates: r, Timeout: 60e9})
	if err != nil {
		t.Fatal(err)
	}
	defer vendor.Close()
	var codes sync.Map
	sender := sms.Wrap(vendor, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		codes.Store(m.To, m.Params["code"])
		return vendor.Send(ctx, m)
	})
	v, err := verify.New(verify.Options{Sender: sender, Store: verify.NewMemoryStore(), Key: []byte("0123456789abcdefghijklmnopqrstuv"), Template: "login-code"})
	if err != nil {
		t.Fatal(err)
	}
	var next, failed atomic.Int64
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for i := int(next.Add(1)); i <= numbers; i = int(next.Add(1)) {
				if err := signIn(t.Context(), v, &codes, i); err != nil && failed.Add(1) < 10 {
					t.Errorf("number %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
	seen := map[sms.Number]int{}
	for _, m := range sb.Messages("") {
		seen[m.To]++
		if code, _ := codes.Load(m.To); code != m.Params["code"] {
			t.Errorf("%v got another code than was made for it", m.To)
		}
	}
	if len(seen) != numbers {
		t.Errorf("the vendor has messages for %d of %d numbers", len(seen), numbers)
	}
	for to, n := range seen {
		if n != 1 {
			t.Errorf("%v has %d messages", to, n)
		}
	}
}

// signIn takes one person through.
func signIn(ctx context.Context, v *verify.Verifier, codes *sync.Map, i int) error {
	to := sms.Number(fmt.Sprintf("+86139%08d", i))
	ip := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
	if _, err := v.Start(ctx, verify.Request{To: to, Purpose: "login", IP: ip}); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	code, _ := codes.Load(to)
	right := code.(string)
	wrong := right[:5] + string('0'+(right[5]-'0'+1)%10)
	if err := v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: wrong, IP: ip}); !errors.Is(err, verify.ErrWrong) {
		return fmt.Errorf("a wrong code: %w", err)
	}
	if err := v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: right, IP: ip}); err != nil {
		return fmt.Errorf("the right code: %w", err)
	}
	if err := v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: right, IP: ip}); !errors.Is(err, verify.ErrNotFound) {
		return fmt.Errorf("the right code again: %w", err)
	}
	return nil
}
