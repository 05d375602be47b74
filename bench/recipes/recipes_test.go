package recipes_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/notifykit/notify/bench/cputime"
	nhttp "github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
)

const answer = `{"message-count":"1","messages":[{"to":"12025550123","message-id":"0C000000217B7F02","status":"0","remaining-balance":"15.53590000","message-price":"0.03330000","network":"23410"}]}`

const recipe = `recipe: vonage
endpoint: https://rest.nexmo.com
secrets: [api_key, api_secret]
request:
  path: /sms/json
  headers: {Accept: application/json}
  form: {api_key: "{secret.api_key}", api_secret: "{secret.api_secret}", to: "{to.digits}", from: "{from}", text: "{text}", client-ref: "{key}", callback: "{report_url?}"}
answer:
  format: json
  status: ignored
  accepted: [{at: messages.*.status, is: ["0"]}, {present: messages.0.message-id}]
  id: messages.0.message-id
  code: messages.*.status
  message: messages.0.error-text
  codes: {"9": {reason: account_blocked}}
`

// A canned transport answers every call alike.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(answer)), Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func senders(tb testing.TB) (byHand, byRecipe sms.Sender) {
	tb.Helper()
	hand, err := vonage.New(vonage.Options{APIKey: "abcd1234", APISecret: "s3cr3t-0123", From: "ACME", Transport: canned{}})
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "vonage.yaml")
	if err := os.WriteFile(file, []byte(recipe), 0o600); err != nil {
		tb.Fatal(err)
	}
	r, err := nhttp.New(nhttp.Options{Recipe: file, From: "ACME", Secrets: map[string]string{"api_key": "abcd1234", "api_secret": "s3cr3t-0123"}, Transport: canned{}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { hand.Close(); r.Close() })
	return hand, r
}

func send(tb testing.TB, s sms.Sender, n int) {
	for range n {
		receipt, err := s.Send(tb.Context(), sms.Message{To: "+12025550123", Body: "Your code is 482913.", Key: "order-1"})
		if err != nil || receipt.ID != "0C000000217B7F02" {
			tb.Fatal(receipt, err)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	byHand, byRecipe := senders(b)
	for name, s := range map[string]sms.Sender{"by hand": byHand, "by recipe": byRecipe} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				send(b, s, 1)
			}
		})
	}
}

// batch is how many messages one measurement has.
const batch = 500

func BenchmarkRatio(b *testing.B) {
	byHand, byRecipe := senders(b)
	measure := func(s sms.Sender) float64 {
		begin := cputime.Used()
		send(b, s, batch)
		return float64(cputime.Used() - begin)
	}
	measure(byHand)
	measure(byRecipe)
	var ratios []float64
	for b.Loop() {
		hand := measure(byHand)
		ratios = append(ratios, measure(byRecipe)/hand)
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}

// Both send what the benchmark is about.
func TestSend(t *testing.T) {
	byHand, byRecipe := senders(t)
	send(t, byHand, 1)
	send(t, byRecipe, 1)
}
