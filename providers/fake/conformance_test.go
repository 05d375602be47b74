package fake_test

import (
	"testing"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// sent and fail look at a fake as the suite wants it.
var local = &smstest.Local{
	Sent: func(s sms.Sender) []sms.Message { return s.(*fake.Provider).Sent() },
	Fail: func(s sms.Sender, code, words string) {
		s.(*fake.Provider).Fail(&sms.Error{Code: code, Message: words, Reason: sms.Reason(code), Outcome: sms.Rejected})
	},
}

func reasonsAsCodes() map[string]sms.Reason {
	codes := map[string]sms.Reason{}
	for _, r := range sms.Reasons() {
		codes[string(r)] = r
	}
	return codes
}

func TestConformance(t *testing.T) {
	smstest.Run(t, smstest.Provider{
		New: func(tb testing.TB, _ string, r *sms.Registry) sms.Sender {
			return newFake(tb, fake.Options{Name: smstest.Name, Templates: r})
		},
		Codes: reasonsAsCodes(),
		Local: local,
	})
}

// A fake in the place of a driver is a Sender of its own and keeps the same rules.
func TestConformanceInTheDriversPlace(t *testing.T) {
	var behind *fake.Provider
	smstest.Run(t, smstest.Provider{
		New: func(tb testing.TB, _ string, r *sms.Registry) sms.Sender {
			behind = newFake(tb, fake.Options{})
			s, err := behind.Driver("aliyun").Open(sms.DriverConfig{Name: smstest.Name, Templates: r})
			if err != nil {
				tb.Fatal(err)
			}
			return s
		},
		Codes: reasonsAsCodes(),
		Local: &smstest.Local{
			Sent: func(sms.Sender) []sms.Message { return local.Sent(behind) },
			Fail: func(_ sms.Sender, code, words string) { local.Fail(behind, code, words) },
		},
	})
}

func newFake(tb testing.TB, o fake.Options) *fake.Provider {
	tb.Helper()
	p, err := fake.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
