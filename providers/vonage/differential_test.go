package vonage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
)

// oracle is where the vendors' clients for Node.js are installed.
const oracle = "../../sandbox/oracle"

// A recorded is one request that the recorder was sent.
type recorded struct {
	path, auth string
	body       any // of JSON; of the SMS API, which takes forms and JSON, its fields as texts
}

// recorder accepts everything, and keeps the requests in order.
func recorder(t *testing.T) (address string, take func() []recorded) {
	var mu sync.Mutex
	var all []recorded
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got := recorded{path: r.Method + " " + r.URL.RequestURI(), auth: r.Header.Get("Authorization")}
		if got.body = fieldsOf(body); r.URL.Path != "/sms/json" {
			_ = json.Unmarshal(body, &got.body)
		}
		mu.Lock()
		all = append(all, got)
		mu.Unlock()
		if r.URL.Path == "/sms/json" {
			answerSMS(w, r, "0", "")
			return
		}
		answerMessages(w, r, "", "")
	})
	return s.URL, func() []recorded {
		mu.Lock()
		defer mu.Unlock()
		taken := all
		all = nil
		return taken
	}
}

// fieldsOf returns the fields of a form or of a JSON object as texts.
func fieldsOf(body []byte) map[string]any {
	fields := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&fields) == nil {
		for name, value := range fields {
			fields[name] = fmt.Sprint(value)
		}
		return fields
	}
	form, _ := url.ParseQuery(string(body))
	for name, values := range form {
		fields[name] = strings.Join(values, " and ")
	}
	return fields
}

// A random message, as the script reads it.
type random struct {
	API      string `json:"api"`
	To       string `json:"to"`
	From     string `json:"from"`
	Text     string `json:"text"`
	Ref      string `json:"ref"`
	Unicode  bool   `json:"unicode"`
	TTL      int    `json:"ttl,omitempty"`
	Callback string `json:"callback"`
}

// A signature that the script checks: of fields, or of a token.
type signature struct {
	Sig       string            `json:"sig,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"`
	Algorithm string            `json:"algorithm,omitempty"`
	Token     string            `json:"token,omitempty"`
	Hash      string            `json:"hash,omitempty"`
	Secret    string            `json:"secret"`
	right     bool
	body      []byte
}

// randomText has letters that an encoding may spoil.
func randomText(r *rand.Rand) string {
	letters := []rune("aZ09 <>&\"'\\/+%=;{}$@_~[]\n£é漢字😀—")
	if r.IntN(2) == 0 {
		letters = []rune("aZ09 <>&\"'/+%=;$@_\n£é") // GSM-7 alone
	}
	text := []rune{'x'}
	for range r.IntN(200) {
		text = append(text, letters[r.IntN(len(letters))])
	}
	return string(append(text, 'x'))
}

// Our provider and the vendor's SDK send the same 200 random messages, half of them by
// each API: path, credentials and body are equal, as a form or as JSON. The SDK's
// verifiers accept our signatures of reports in every form, and ours the tokens that
// the SDK's signer makes. The SDK has no signer for the fields of the SMS API.
func TestDifferential(t *testing.T) {
	node := servertest.Program(t, "nodejs", "node")
	servertest.NPM(t, oracle, "@vonage/server-sdk")
	address, take := recorder(t)
	r := rand.New(rand.NewPCG(17, 200))
	messages := sendOurs(t, r, address)
	ours := take()
	if len(ours) != len(messages) {
		t.Fatalf("we made %d requests for %d messages", len(ours), len(messages))
	}
	for i := range messages { // it depends on the moment of the call
		messages[i].TTL = ttlOf(ours[i])
	}
	signed, tokens, bodies := signatures(r)
	input, err := json.Marshal(map[string]any{
		"recorder": address, "key": apiKey, "secret": secret, "messages": messages, "signed": signed, "tokens": tokens, "bodies": bodies,
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, "vonage_random.mjs")
	command.Dir, command.Stdin = oracle, bytes.NewReader(input)
	out, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	theirs := take()
	if len(theirs) != len(ours) {
		t.Fatalf("the SDK made %d requests for %d messages", len(theirs), len(ours))
	}
	for i := range ours {
		if !reflect.DeepEqual(ours[i], theirs[i]) {
			t.Fatalf("message %d:\nours %+v\nSDK  %+v", i, ours[i], theirs[i])
		}
	}
	var said struct {
		Signed, Tokens []bool
		Signatures     []string
	}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	agree(t, "fields", signed, said.Signed)
	agree(t, "a token", tokens, said.Tokens)
	acceptTheirs(t, bodies, said.Signatures)
}

// sendOurs sends 200 random messages by our provider, and returns them.
func sendOurs(t *testing.T, r *rand.Rand, address string) (messages []random) {
	t.Helper()
	providers := map[string]*vonage.Provider{}
	for _, api := range []string{vonage.APISMS, vonage.APIMessages} {
		o := options(address)
		o.API, o.StatusCallback = api, "https://example.com/vonage/reports?key={key}"
		providers[api] = open(t, o)
	}
	for i := range 200 {
		m := random{API: []string{vonage.APISMS, vonage.APIMessages}[i%2], To: fmt.Sprintf("4477009%05d", r.IntN(100_000)), From: "ACME", Text: randomText(r), Ref: fmt.Sprint("key-", i)}
		m.Callback = "https://example.com/vonage/reports?key=" + m.Ref
		_, m.Unicode = sms.CountSegments(m.Text)
		message := sms.Message{To: sms.Number("+" + m.To), Body: m.Text, Key: m.Ref}
		if r.IntN(2) == 0 {
			message.Expires = time.Now().Add(time.Duration(60+r.IntN(3600)) * time.Second)
		}
		if _, err := providers[m.API].Send(t.Context(), message); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		messages = append(messages, m)
	}
	return messages
}

// ttlOf returns the ttl of a request, and 0 if it has none.
func ttlOf(got recorded) (ttl int) {
	body, _ := got.body.(map[string]any)
	if value := body["ttl"]; value != nil {
		_, _ = fmt.Sscan(fmt.Sprint(value), &ttl)
	}
	return ttl
}

// signatures makes some of ours, right and wrong, and bodies for the SDK to sign.
func signatures(r *rand.Rand) (signed, tokens, bodies []signature) {
	methods := map[string]string{
		vonage.MethodMD5Hash: "MD5HASH", vonage.MethodMD5: "MD5HMAC", vonage.MethodSHA1: "SHA1HMAC", vonage.MethodSHA256: "SHA256HMAC", vonage.MethodSHA512: "SHA512HMAC",
	}
	for range 40 {
		for method, algorithm := range methods {
			fields := map[string]string{"messageId": "0A1", "msisdn": "447700900001", "status": "delivered", "text": randomText(r), "timestamp": fmt.Sprint(time.Now().Unix())}
			s := signature{Fields: fields, Algorithm: algorithm, Secret: signatureSecret, right: r.IntN(4) > 0}
			s.Sig = hex.EncodeToString(vonage.Sign(method, signatureSecret, fields))
			if !s.right {
				s.Secret = "another-secret"
			}
			signed = append(signed, s)
		}
		body, _ := json.Marshal(map[string]string{"message_uuid": "u1", "status": "delivered", "to": "447700900001", "text": randomText(r)})
		s := signature{Token: token(body, "HS256"), Secret: signatureSecret, right: r.IntN(4) > 0}
		if !s.right {
			s.Secret = "another-secret"
		}
		tokens = append(tokens, s)
		sum := sha256.Sum256(body)
		b := signature{Hash: hex.EncodeToString(sum[:]), Secret: signatureSecret, right: r.IntN(4) > 0, body: body}
		if !b.right {
			b.Secret = "another-secret"
		}
		bodies = append(bodies, b)
	}
	return signed, tokens, bodies
}

// agree checks that the SDK says of our signatures what they are.
func agree(t *testing.T, what string, ours []signature, said []bool) {
	t.Helper()
	if len(said) != len(ours) {
		t.Fatalf("the SDK checked %d of %d signatures of %s", len(said), len(ours), what)
	}
	for i, s := range ours {
		if said[i] != s.right {
			t.Errorf("our signature of %s %d (%s): the SDK accepts it: %v, want %v", what, i, s.Algorithm, said[i], s.right)
		}
	}
}

// acceptTheirs checks that our verifier accepts the tokens that the SDK's signer made,
// unless they are of another secret.
func acceptTheirs(t *testing.T, bodies []signature, tokens []string) {
	t.Helper()
	if len(tokens) != len(bodies) {
		t.Fatalf("the SDK signed %d of %d bodies", len(tokens), len(bodies))
	}
	o := options("")
	o.API = vonage.APIMessages
	p := open(t, o)
	for i, b := range bodies {
		in, err := p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, Body: b.body, Header: http.Header{"Authorization": {"Bearer " + tokens[i]}}})
		if right := err == nil && in.Signed && len(in.Reports) == 1; right != b.right || !right && !errors.Is(err, kit.ErrNotAuthentic) {
			t.Errorf("the SDK's token %d: it is accepted: %v (%v), want %v", i, right, err, b.right)
		}
	}
}
