package fake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// A recorder is a test that notes what it is told.
type recorder struct{ failed []string }

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

func TestAssertions(t *testing.T) {
	registry, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		t.Fatal(err)
	}
	p := newFake(t, fake.Options{Templates: registry})
	p.Send(t.Context(), sms.Message{To: ann, Template: "login-code", Params: sms.Params{"code": "482913"}, Key: "k1"})
	p.FailNext(sms.RecipientBlocked)
	p.Send(t.Context(), sms.Message{To: bob, Body: "secret words", Key: "k2"})
	p.LoseNext()
	p.Send(t.Context(), sms.Message{To: ann, Body: "more words", Key: "k3"})

	for _, test := range []struct {
		name  string
		check func(fake.TB) bool
		holds bool
	}{
		{"a message of the template was sent", func(t fake.TB) bool { return p.AssertSent(t, ann, "login-code") }, true},
		{"any message was sent", func(t fake.TB) bool { return p.AssertSent(t, ann, "") }, true},
		{"a message of another template", func(t fake.TB) bool { return p.AssertSent(t, ann, "order") }, false},
		{"a message that was refused is none that was sent", func(t fake.TB) bool { return p.AssertSent(t, bob, "") }, false},
		{"nothing was sent there", func(t fake.TB) bool { return p.AssertNotSent(t, bob) }, true},
		{"something was sent there", func(t fake.TB) bool { return p.AssertNotSent(t, ann) }, false},
		{"the count of those taken", func(t fake.TB) bool { return p.AssertCount(t, 2) }, true},
		{"another count", func(t fake.TB) bool { return p.AssertCount(t, 3) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r recorder
			if got := test.check(&r); got != test.holds || (len(r.failed) == 0) != test.holds {
				t.Errorf("it should hold: %v, and was %v: %q", test.holds, got, r.failed)
			}
			if test.holds || len(r.failed) == 0 {
				return
			}
			for _, part := range []string{
				"1. {to +86138****5678, template login-code, params [code], kind verification, key k1}: accepted by fake",
				"2. {to +150****0010, body of 12 bytes, kind notification, key k2}: fake: recipient blocked",
				"3. {to +86138****5678, body of 10 bytes, kind notification, key k3}: taken, and then fake: unavailable, outcome unknown",
			} {
				if !strings.Contains(r.failed[0], part) {
					t.Errorf("the story lacks %q:\n%s", part, r.failed[0])
				}
			}
			for _, hidden := range []string{"482913", "words", "12345678", "5550010"} {
				if strings.Contains(r.failed[0], hidden) {
					t.Errorf("%q shows:\n%s", hidden, r.failed[0])
				}
			}
		})
	}
	t.Run("nothing was ever sent", func(t *testing.T) {
		var r recorder
		newFake(t, fake.Options{}).AssertSent(&r, ann, "login-code")
		const want = `no message of template "login-code" was sent to +86138****5678` + "\nthe fake was never called"
		if len(r.failed) != 1 || r.failed[0] != want {
			t.Errorf("it says %q", r.failed)
		}
	})
}
