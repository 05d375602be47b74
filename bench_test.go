package notify_test

import (
	"context"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// What resolving, the guard and the pace cost beside a whole Send. The guard hashes Params and
// Tags only if there is middleware of the user's.
func BenchmarkClient(b *testing.B) {
	pass := func(next sms.Sender) sms.Sender { return next }
	same := func(_ context.Context, m sms.Message) (sms.Message, error) { return m, nil }
	templates := []sms.Template{{Name: "code", Kind: sms.Verification, Text: "${code} ${a} ${b}"}}
	for _, c := range []struct {
		name   string
		config notify.Config
		params sms.Params
	}{
		{"plain", notify.Config{}, nil},
		{"plain, 3 params", notify.Config{}, sms.Params{"code": "482913", "a": "1", "b": "2"}},
		{"guard", notify.Config{Middleware: []sms.Middleware{pass}}, nil},
		{"guard, 3 params", notify.Config{Middleware: []sms.Middleware{pass}}, sms.Params{"code": "482913", "a": "1", "b": "2"}},
		{"pace", notify.Config{Limits: notify.Limits{PerProvider: map[string]float64{"a": 1e9}}}, nil},
		{"rewrite, 3 params", notify.Config{Rewrite: []notify.Rewrite{same}}, sms.Params{"code": "482913", "a": "1", "b": "2"}},
	} {
		c.config.Templates = templates
		c.config.Providers = map[string]notify.ProviderConfig{"a": {Driver: "a"}}
		accept := sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
			return sms.Receipt{Provider: "a", Key: m.Key}, nil
		})
		client, err := notify.New(c.config, sms.Driver{Name: "a", Open: func(sms.DriverConfig) (sms.Sender, error) { return accept, nil }})
		if err != nil {
			b.Fatal(err)
		}
		defer client.Close()
		m := body()
		m.Key = "order-17"
		if c.params != nil {
			m.Body, m.Template, m.Params = "", "code", c.params
		}
		b.Run("Send/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Send(context.Background(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("Resolve/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Resolve(context.Background(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
