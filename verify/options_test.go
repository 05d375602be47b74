package verify_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

func TestNew_tellsEveryFaultAtOnce(t *testing.T) {
	_, err := verify.New(verify.Options{
		Key: []byte("short"), OldKeys: [][]byte{make([]byte, 32)},
		Digits: 3, MaxAttempts: 101, TTL: time.Hour, LockFor: -1, ProofFor: -1,
		Limits:      verify.Limits{Number: []middleware.Window{{Count: 0, Per: time.Hour}}, All: []middleware.Window{{Count: 1, Per: 5, Zone: time.UTC}}},
		Regions:     []string{"China"},
		TestNumbers: map[sms.Number]verify.TestNumber{"123": {Code: "12"}},
		Pumping:     verify.Pumping{Mode: verify.ModeChallenge, Budgets: []verify.Budget{{Per: 1, Share: math.NaN(), Prefix: -1}}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Sender is nil", "Store is nil", "Key has 5 bytes", "OldKeys[0] is one byte", "Template is empty", "Digits is 3",
		"MaxAttempts is 101", "TTL is 1h0m0s", "LockFor", "ProofFor", "Limits.Number[0]", "Limits.All[0]", `"CHINA"`, "not for production",
		"a number (3 characters)", "has to be 3 digits", "has no Until", "Pumping.Challenge", "Per is 1ns", "Share is NaN", "floor is negative"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "short") {
		t.Error("the error shows the key")
	}
}

func TestNew_asksTheSender(t *testing.T) {
	for name, template := range map[string]sms.Template{
		"a code too long for the template": {Name: "login-code", Kind: sms.Verification, Text: "${code}", Variables: map[string]sms.Variable{"code": {MaxLen: 4}}},
		"a variable that nobody fills":     {Name: "login-code", Kind: sms.Verification, Text: "${name}: ${code}"},
		"no such template":                 {Name: "logon-code", Text: "${code}"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := sms.NewRegistry(template)
			if err != nil {
				t.Fatal(err)
			}
			vendor, err := fake.New(fake.Options{Templates: r})
			if err != nil {
				t.Fatal(err)
			}
			wrapped := sms.Wrap(vendor, vendor.Send) // it is no Checker any more
			for name, o := range map[string]verify.Options{"the Sender": {Sender: vendor}, "Options.Checker": {Sender: wrapped, Checker: vendor}} {
				o.Store, o.Key, o.Template = verify.NewMemoryStore(), key("one"), "login-code"
				_, err = verify.New(o)
				t.Log(name)
				wantReason(t, err, sms.InvalidMessage, sms.Rejected)
			}
			var log bytes.Buffer
			_, err = verify.New(verify.Options{Sender: wrapped, Store: verify.NewMemoryStore(), Key: key("one"), Template: "login-code", Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil || !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "Options.Checker is nil") {
				t.Errorf("without a Checker: %v, log %s", err, &log)
			}
		})
	}
}

func TestNew_testNumbers(t *testing.T) {
	numbers := map[sms.Number]verify.TestNumber{alice: {Code: "123456", Until: time.Now().Add(time.Hour)}}
	for _, c := range []struct {
		environment string
		allow, want bool
	}{{"", false, false}, {"production", false, false}, {"production", true, true}, {"staging", false, true}, {"", true, true}} {
		_, err := verify.New(verify.Options{Sender: newVendor(t, 0), Store: verify.NewMemoryStore(), Key: key("one"), Template: "login-code",
			TestNumbers: numbers, Environment: c.environment, AllowTestNumbers: c.allow})
		if (err == nil) != c.want {
			t.Errorf("environment %q, allowed %v: %v", c.environment, c.allow, err)
		}
	}
}

func TestNew_keepsItsOwnOptions(t *testing.T) {
	secret := key("one")
	limits := []middleware.Window{{Count: 1, Per: time.Hour}}
	w := newWorld(t, func(o *verify.Options) { o.Key, o.Limits.Number, o.Cooldown = secret, limits, -1 })
	code := w.start(alice)
	clear(secret)
	limits[0].Count = 100
	if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "login"}); err == nil {
		t.Error("a limit that was changed after New holds no more")
	}
	if err := w.check(alice, code); err != nil {
		t.Errorf("a key that was wiped after New holds no more: %v", err)
	}
}

func TestDigits(t *testing.T) {
	for digits := 4; digits <= 10; digits++ {
		w := newWorld(t, func(o *verify.Options) { o.Digits = digits })
		code := w.start(alice)
		if len(code) != digits {
			t.Errorf("a code of %d digits has %d", digits, len(code))
		}
		if err := w.check(alice, code); err != nil {
			t.Errorf("%d digits: %v", digits, err)
		}
	}
}

// Codes are uniform: every digit is as likely at every place. With 30,000 codes
// chi-squared of 9 degrees of freedom is over 40 once in 130,000 places.
func TestCodesAreUniform(t *testing.T) {
	const n = 30_000
	w := newWorld(t, withoutLimits)
	var counts [6][10]int
	for i := range n {
		for place, digit := range w.start(sms.Number(fmt.Sprintf("+8613%09d", i))) {
			counts[place][digit-'0']++
		}
		if i%1000 == 999 {
			w.vendor.Reset() // it looks its calls through
		}
	}
	for place, count := range counts {
		chi := 0.0
		for _, c := range count {
			chi += math.Pow(float64(c)-n/10, 2) / (n / 10)
		}
		if chi > 40 {
			t.Errorf("place %d: chi-squared is %.1f of %v", place, chi, count)
		}
	}
}

func TestCodesDiffer(t *testing.T) {
	codes := map[string]string{}
	add := func(what, code string) {
		if before, twice := codes[code]; twice {
			t.Errorf("%s and %s have the same code", before, what)
		}
		codes[code] = what
	}
	ten := func(o *verify.Options) { o.Digits = 10 }
	w := newWorld(t, withoutLimits, ten)
	add("a number", w.start(alice))
	add("another number", w.start(bob))
	if _, err := w.Start(t.Context(), verify.Request{To: alice, Purpose: "pay"}); err != nil {
		t.Fatal(err)
	}
	add("another purpose", w.vendor.Code(alice))
	if err := w.check(alice, w.start(alice)); err != nil {
		t.Fatal(err)
	}
	add("the next code", w.start(alice))
	add("another key", newWorld(t, ten, func(o *verify.Options) { o.Key = key("two") }).start(alice))
}

func TestNothingShowsASecret(t *testing.T) {
	secret := key("one")
	w := newWorld(t, func(o *verify.Options) { o.Key = secret })
	code := w.start(alice)
	proof, err := w.Prove(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: code})
	if err != nil {
		t.Fatal(err)
	}
	attempt := verify.Attempt{To: alice, Purpose: "login", Code: code, IP: "192.0.2.77"}
	request := verify.Request{To: alice, Purpose: "login", IP: "192.0.2.77", Params: sms.Params{"x": "hunter2"}}
	options := verify.Options{Key: secret, Template: "login-code"}
	_, limited := w.Start(t.Context(), request)
	wrong := w.Check(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: otherThan(code, 1)})
	step := verify.BeginStep{Subject: verify.Subject{To: alice}}
	secrets := []string{code, proof.Token, alice.E164(), alice.E164()[1:], "192.0.2.77", "hunter2", string(secret), fmt.Sprint(secret), fmt.Sprintf("%x", secret)}
	for _, value := range []any{attempt, &attempt, request, &request, proof, &proof, options, &options, w.Verifier, w.store, limited, wrong, step,
		[]verify.Attempt{attempt}, map[string]verify.Proof{"a": proof}, struct{ A verify.Attempt }{attempt}} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
		for _, s := range secrets {
			if strings.Contains(out.String(), s) {
				t.Errorf("%T shows %q:\n%s", value, s, out.String())
			}
		}
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "attempt", attempt, "proof", proof, "request", request)
	for _, s := range secrets {
		if strings.Contains(out.String(), s) {
			t.Errorf("a log in JSON shows %q: %s", s, out.String())
		}
	}
}

func TestText(t *testing.T) {
	all := []error{
		&verify.CheckError{Err: verify.ErrWrong, Left: 3}, &verify.CheckError{Err: verify.ErrWrong, Left: 1}, &verify.CheckError{Err: verify.ErrExpired},
		&verify.CheckError{Err: verify.ErrTooMany, RetryAfter: 15 * time.Minute}, &verify.CheckError{Err: verify.ErrNotFound},
		&verify.LimitError{Scope: "cooldown", RetryAfter: 42 * time.Second}, &verify.LimitError{Scope: "number", RetryAfter: 23 * time.Hour},
		&verify.LimitError{Scope: "attempts", RetryAfter: 90 * time.Second}, &verify.LimitError{Scope: "ip"}, verify.ErrRegion, verify.ErrChallenge,
		errors.New("pq: password authentication failed for user postgres"),
	}
	for _, reason := range sms.Reasons() {
		all = append(all, &sms.Error{Reason: reason, Outcome: sms.Rejected, Provider: "aliyun", Code: "isv.AMOUNT_NOT_ENOUGH", Message: "余额不足"})
		all = append(all, &sms.Error{Reason: reason, Provider: "aliyun"})
	}
	for _, err := range all {
		en, zh := verify.Text(err, "en"), verify.Text(err, "zh")
		if en == "" || zh == "" || en == zh {
			t.Errorf("%v: %q, %q", err, en, zh)
		}
		for _, text := range []string{en, zh} {
			for _, no := range []string{"aliyun", "isv.", "余额", "postgres", "unknown number", "%", "not registered"} {
				if strings.Contains(text, no) {
					t.Errorf("a person is told %q: %q", no, text)
				}
			}
		}
	}
	for header, zh := range map[string]bool{"": false, "zh": true, "zh-CN,zh;q=0.9,en;q=0.8": true, "en-US,en;q=0.9,zh;q=0.8": false, "fr, zh;q=0.5": true,
		"en;q=0.1, ZH-Hant;q=0.2": true, "zho": false, "zh;q=x, en": false, "*": false, "zh;q=0": false, strings.Repeat("x", 1000) + ",zh": false} {
		if got := verify.Text(verify.ErrRegion, header) == "暂不支持向该国家或地区的号码发送验证码"; got != zh {
			t.Errorf("Accept-Language %.20q: Chinese %v, want %v", header, got, zh)
		}
	}
	for d, want := range map[time.Duration]string{time.Second: "in 1 second", 1001 * time.Millisecond: "in 2 seconds", 15 * time.Minute: "in 15 minutes", 23*time.Hour + 1: "in 24 hours", 0: "later"} {
		if got := verify.Text(&verify.LimitError{Scope: "ip", RetryAfter: d}, "en"); !strings.HasSuffix(got, want) {
			t.Errorf("%v: %q, and should end in %q", d, got, want)
		}
	}
}

func TestAutofillLine(t *testing.T) {
	if line, err := verify.AutofillLine("login.example.com", ""); err != nil || line != "@login.example.com #${code}" {
		t.Errorf("%q, %v", line, err)
	}
	for _, bad := range []string{"", "https://example.com", "example.com/login", "example.com:443", "Example.com", "a b.com", "-a.com", "a..com", strings.Repeat("a", 64) + ".com", "com"} {
		if line, err := verify.AutofillLine(bad, "code"); err == nil {
			t.Errorf("%q is taken for a domain: %q", bad, line)
		}
	}
}
