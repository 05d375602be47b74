package twilio_test

import (
	"net/http"
	"testing"

	"github.com/notifykit/notify/sms"
)

// One Send through the SDK and our client over a transport that answers at once:
// what a message costs on this side of the network.
func BenchmarkSend(b *testing.B) {
	for name, m := range map[string]sms.Message{
		"body":     {To: to, Body: "Your code is 482913.", Key: "key-1"},
		"template": login(),
	} {
		b.Run(name, func(b *testing.B) {
			o := options(b, "")
			o.Transport = canned(http.StatusCreated, nil, accepted)
			p := open(b, o)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Send(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
