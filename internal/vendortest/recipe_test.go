package vendortest_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	nhttp "github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// A scripted transport gives every call the same answer.
type scripted struct {
	status int
	body   string
	cut    bool
	calls  int
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	s.calls++
	length := int64(len(s.body))
	var body io.Reader = strings.NewReader(s.body)
	if s.cut {
		body = io.MultiReader(strings.NewReader(s.body[:len(s.body)/2]), cutReader{})
	}
	return &http.Response{StatusCode: s.status, Status: fmt.Sprintf("%d %s", s.status, http.StatusText(s.status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: length, Body: io.NopCloser(body), Request: r}, nil
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// codeRows writes a table as the codes of a recipe.
func codeRows(table []sms.CodeInfo, scope string) string {
	var b strings.Builder
	for _, c := range table {
		if c.Scope != "" && c.Scope != scope {
			continue
		}
		fmt.Fprintf(&b, "    %q: {reason: %s, outcome: %s, late: %v}\n", c.Code, c.Reason, strings.ToLower(c.Outcome.String()), c.Late)
	}
	return b.String()
}

func openRecipe(t *testing.T, text string, o nhttp.Options) sms.Sender {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recipe.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Recipe = file
	p, err := nhttp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// 2,000 answers by seed have the same outcome by the provider in Go and by a recipe of
// the same vendor, and the same ID, or reason and code of a refusal. Where the outcome
// is unknown the recipe says more: it keeps the code of a 2xx.
func TestRecipe_likeTheProviders(t *testing.T) {
	t.Run("twilio", func(t *testing.T) {
		wire := &scripted{}
		p, err := twilio.New(twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken, From: sandbox.TwilioSender, Transport: wire})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		compareSeeds(t, wire, p, openRecipe(t, twilioRecipe+codeRows(twilio.Codes(), ""), nhttp.Options{From: sandbox.TwilioSender, Transport: wire,
			Secrets: map[string]string{"token": sandbox.TwilioAuthToken}, Settings: map[string]string{"sid": sandbox.TwilioAccountSID}}), twilioAnswer)
	})
	t.Run("vonage", func(t *testing.T) {
		wire := &scripted{}
		p, err := vonage.New(vonage.Options{APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret, From: "ACME", Transport: wire})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		compareSeeds(t, wire, p, openRecipe(t, vonageRecipe+codeRows(vonage.Codes(), vonage.APISMS), nhttp.Options{From: "ACME", Transport: wire,
			Secrets: map[string]string{"api_key": sandbox.VonageAPIKey, "api_secret": sandbox.VonageAPISecret}}), vonageAnswer)
	})
}

func compareSeeds(t *testing.T, wire *scripted, inGo, byRecipe sms.Sender, answer func(*rand.Rand) scripted) {
	t.Helper()
	outcomes := map[sms.Outcome]int{}
	for seed := range uint64(2000) {
		*wire = answer(rand.New(rand.NewPCG(seed, 1)))
		a, errA := inGo.Send(t.Context(), sms.Message{To: "+12025550123", Body: "hello"})
		calls := wire.calls
		b, errB := byRecipe.Send(t.Context(), sms.Message{To: "+12025550123", Body: "hello"})
		if wire.calls != 2*calls {
			t.Errorf("seed %d: %d calls and %d", seed, calls, wire.calls-calls)
		}
		outcomes[sms.OutcomeOf(errA)]++
		if sms.OutcomeOf(errA) != sms.OutcomeOf(errB) || a.ID != b.ID ||
			sms.OutcomeOf(errA) == sms.Rejected && (sms.ReasonOf(errA) != sms.ReasonOf(errB) || codeOf(errA) != codeOf(errB)) {
			t.Errorf("seed %d, status %d, cut %v, %.120s\n\tin Go:     %q %v\n\tby recipe: %q %v", seed, wire.status, wire.cut, wire.body, a.ID, errA, b.ID, errB)
		}
	}
	for _, o := range []sms.Outcome{sms.Accepted, sms.Rejected, sms.Unknown} {
		if outcomes[o] < 50 {
			t.Errorf("%d answers of 2,000 are %v: the seeds show too little", outcomes[o], o)
		}
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return sms.AsError(err).Code
}

const twilioRecipe = `recipe: twilio
endpoint: https://api.twilio.com
secrets: [token]
settings: {sid: {about: the account}}
request:
  path: /2010-04-01/Accounts/{setting.sid}/Messages.json
  basic: {user: "{setting.sid}", password: "{secret.token}"}
  form: {To: "{to}", From: "{from}", Body: "{text}"}
answer:
  format: json
  status: decides
  accepted: [{present: sid}, {at: status, is: [accepted, scheduled, queued, sending, sent, delivered, receiving, received]}, {absent: error_code}]
  id: sid
  code: code
  message: message
  codes:
`

const vonageRecipe = `recipe: vonage
endpoint: https://rest.nexmo.com
secrets: [api_key, api_secret]
request:
  path: /sms/json
  form: {api_key: "{secret.api_key}", api_secret: "{secret.api_secret}", to: "{to.digits}", from: "{from}", text: "{text}"}
answer:
  format: json
  status: ignored
  accepted: [{at: messages.*.status, is: ["0"]}, {present: messages.0.message-id}]
  id: messages.0.message-id
  code: messages.*.status
  message: messages.0.error-text
  codes:
`

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// spoiled returns a body as it is, or as no gateway writes it.
func spoiled(r *rand.Rand, s scripted) scripted {
	switch r.IntN(10) {
	case 0:
		s.body = "<html><body>Bad Gateway</body></html>"
	case 1:
		s.body = ""
	case 2:
		s.cut = len(s.body) > 1
	case 3:
		s.body = s.body[:len(s.body)/2]
	}
	return s
}

func twilioAnswer(r *rand.Rand) scripted {
	status := pick(r, 200, 201, 201, 201, 202, 204, 302, 400, 400, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503)
	if status < 300 && status != 204 && r.IntN(4) > 0 {
		sid := fmt.Sprintf("SM%032x", r.Uint64())
		body := fmt.Sprintf(`{"sid":%q,"status":%q,"error_code":null,"to":"+12025550123","num_segments":"1"}`, sid, pick(r, "queued", "accepted", "sent"))
		return spoiled(r, scripted{status: status, body: body})
	}
	table := twilio.Codes()
	code := table[r.IntN(len(table))].Code
	if r.IntN(5) == 0 {
		code = fmt.Sprint(90000 + r.IntN(9999))
	}
	return spoiled(r, scripted{status: status, body: fmt.Sprintf(`{"code":%s,"message":"refused","more_info":"x","status":%d}`, code, status)})
}

func vonageAnswer(r *rand.Rand) scripted {
	var b bytes.Buffer
	code := "0"
	if r.IntN(3) > 0 {
		var rows []sms.CodeInfo
		for _, c := range vonage.Codes() {
			if c.Scope == vonage.APISMS {
				rows = append(rows, c)
			}
		}
		code = rows[r.IntN(len(rows))].Code
	}
	if code == "0" {
		fmt.Fprintf(&b, `{"message-count":"1","messages":[{"to":"12025550123","message-id":"%016X","status":"0"}]}`, r.Uint64())
	} else {
		fmt.Fprintf(&b, `{"message-count":"1","messages":[{"to":"12025550123","status":%q,"error-text":"refused"}]}`, code)
	}
	status := pick(r, 200, 200, 200, 200, 200, 200, 401, 429, 500, 503)
	if status != 200 { // the API answers every request that it reads with 200
		return scripted{status: status, body: pick(r, "", "{}", "<html></html>", `{"error":"x"}`)}
	}
	return spoiled(r, scripted{status: status, body: b.String()})
}
