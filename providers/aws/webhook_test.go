package aws_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const topic = "arn:aws:sns:eu-west-1:123456789012:events"

// event is one of the vendor's documentation.
const event = `{"eventType":"TEXT_DELIVERED","eventVersion":"1.0","eventTimestamp":1759500000000,"isFinal":true,"originationPhoneNumber":"ACME",
"destinationPhoneNumber":"+447700900001","isoCountryCode":"GB","mcc":"234","mnc":"10","messageId":"m-1","messageRequestTimestamp":1759499999000,
"messageEncoding":"GSM","messageType":"TRANSACTIONAL","messageStatus":"DELIVERED","messageStatusDescription":"Message has been accepted by phone",
"context":{"key":"order-1"},"totalMessageParts":2,"totalMessagePrice":0.08,"totalCarrierFee":0.01}`

// sns signs notifications, and serves its certificate.
type sns struct {
	key     *rsa.PrivateKey
	pem     []byte
	url     string
	fetched atomic.Int32
	asked   atomic.Int32 // confirmations
	down    atomic.Bool
}

func newSNS(t *testing.T, notAfter time.Time) *sns {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := &sns{key: key, pem: certificate(t, key, nil, nil, notAfter)}
	s.url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.HasSuffix(r.URL.Path, ".pem"):
			s.fetched.Add(1)
			w.Write(s.pem)
		case r.URL.Query().Get("Action") == "ConfirmSubscription":
			s.asked.Add(1)
			io.WriteString(w, "<ConfirmSubscriptionResponse/>")
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	return s
}

// certificate makes one for key, signed by parent, or by itself.
func certificate(t *testing.T, key *rsa.PrivateKey, parent *x509.Certificate, parentKey *rsa.PrivateKey, notAfter time.Time) []byte {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: notAfter,
		IsCA: parent == nil, BasicConstraintsValid: true}
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// post signs the fields with the version that they name, and hands them to p.
func (s *sns) post(t *testing.T, p *aws.Provider, changes map[string]string) (kit.Inbound, error) {
	t.Helper()
	return p.Hook(t.Context(), kit.Hook{Method: "POST", Body: s.body(t, changes)})
}

// body is a signed notification. A change under "after:" is made after signing.
func (s *sns) body(t *testing.T, changes map[string]string) []byte {
	t.Helper()
	fields := map[string]string{
		"Type": "Notification", "MessageId": "n-1", "TopicArn": topic, "Message": event, "Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"SignatureVersion": "2", "SigningCertURL": s.url + "/SimpleNotificationService-1.pem",
	}
	maps.Copy(fields, changes)
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if fields["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var b bytes.Buffer
	for _, name := range names {
		if value, ok := fields[name]; ok {
			fmt.Fprintf(&b, "%s\n%s\n", name, value)
		}
	}
	var signature []byte
	var err error
	if sum := sha256.Sum256(b.Bytes()); fields["SignatureVersion"] == "1" {
		old := sha1.Sum(b.Bytes())
		signature, err = rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA1, old[:])
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	fields["Signature"] = base64.StdEncoding.EncodeToString(signature)
	for name, value := range changes {
		if after, ok := strings.CutPrefix(name, "after:"); ok {
			fields[after] = value
		}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func receiving(t *testing.T, s *sns) *aws.Provider {
	o := options(s.url)
	o.Topics = []string{topic}
	return open(t, o)
}

func TestHook_event(t *testing.T) {
	s := newSNS(t, time.Now().Add(time.Hour))
	p := receiving(t, s)
	for _, version := range []string{"1", "2"} {
		in, err := s.post(t, p, map[string]string{"SignatureVersion": version, "Subject": "Text"})
		if err != nil {
			t.Fatalf("version %s: %v", version, err)
		}
		want := sms.Report{ID: "m-1", Key: "order-1", Ref: "order-1", To: to, State: sms.StateDelivered, Message: "Message has been accepted by phone",
			Segments: 2, Price: "0.09", Currency: "USD", At: time.UnixMilli(1759500000000).UTC()}
		if !in.Signed || len(in.Reports) != 1 || in.Reports[0] != withName(want, in.Reports[0].Provider) {
			t.Errorf("version %s: %+v", version, in.Reports)
		}
	}
	if n := s.fetched.Load(); n != 1 {
		t.Errorf("the certificate was fetched %d times", n)
	}
}

func withName(r sms.Report, provider string) sms.Report { r.Provider = provider; return r }

// Every type of event, and which of them are final by the field and not by the word.
func TestHook_states(t *testing.T) {
	s := newSNS(t, time.Now().Add(time.Hour))
	p := receiving(t, s)
	for name, test := range map[string]struct {
		kind   string
		final  bool
		state  sms.DeliveryState
		reason sms.Reason
		code   string
	}{
		"queued":                {"TEXT_QUEUED", false, sms.StateAccepted, "", ""},
		"pending":               {"TEXT_PENDING", false, sms.StateAccepted, "", ""},
		"successful":            {"TEXT_SUCCESSFUL", false, sms.StateSent, "", ""},
		"successful for good":   {"TEXT_SUCCESSFUL", true, sms.StateDelivered, "", ""},
		"blocked":               {"TEXT_BLOCKED", true, sms.StateBlocked, sms.RecipientBlocked, "TEXT_BLOCKED"},
		"spam":                  {"TEXT_SPAM", true, sms.StateBlocked, sms.ContentRejected, "TEXT_SPAM"},
		"expired":               {"TEXT_TTL_EXPIRED", true, sms.StateExpired, sms.Expired, "TEXT_TTL_EXPIRED"},
		"unknown after 72 h":    {"TEXT_UNKNOWN", true, sms.StateLost, sms.Unavailable, "TEXT_UNKNOWN"},
		"a word of a later day": {"TEXT_TELEPORTED", true, 0, "", "TEXT_TELEPORTED"},
	} {
		message, _ := json.Marshal(map[string]any{"eventType": test.kind, "isFinal": test.final, "messageId": "m-1"})
		in, err := s.post(t, p, map[string]string{"Message": string(message)})
		if err != nil || len(in.Reports) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		if r := in.Reports[0]; r.State != test.state || r.Reason != test.reason || r.Code != test.code {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestHook_reply(t *testing.T) {
	s := newSNS(t, time.Now().Add(time.Hour))
	in, err := s.post(t, receiving(t, s), map[string]string{"Message": `{"originationNumber":"+447700900001","destinationNumber":"+12065550100","messageKeyword":"K",
		"messageBody":"STOP","inboundMessageId":"in-1","previousPublishedMessageId":"m-1"}`})
	if err != nil || len(in.Replies) != 1 {
		t.Fatalf("%+v, %v", in, err)
	}
	if r := in.Replies[0]; r.ID != "in-1" || r.From != to || r.To != "+12065550100" || r.Text != "STOP" || r.InReplyTo != "m-1" || r.At.IsZero() {
		t.Errorf("%+v", r)
	}
}

// A subscription is confirmed for a configured topic, and for no other.
func TestHook_subscription(t *testing.T) {
	s := newSNS(t, time.Now().Add(time.Hour))
	p := receiving(t, s)
	subscribe := map[string]string{"Type": "SubscriptionConfirmation", "Token": "t", "Message": "You have chosen to subscribe", "SubscribeURL": s.url + "/?Action=ConfirmSubscription&Token=t"}
	if in, err := s.post(t, p, subscribe); err != nil || !in.Signed || s.asked.Load() != 1 {
		t.Errorf("%v, confirmed %d times", err, s.asked.Load())
	}
	for name, changes := range map[string]map[string]string{
		"another topic":    {"TopicArn": topic + "2"},
		"another host":     {"SubscribeURL": "https://sns.eu-west-1.amazonaws.com.example.com/?Action=ConfirmSubscription"},
		"tampered":         {"after:Token": "other"},
		"no signature":     {"after:Signature": ""},
		"another's region": {"SubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"},
	} {
		all := maps.Clone(subscribe)
		maps.Copy(all, changes)
		if _, err := s.post(t, p, all); !errors.Is(err, kit.ErrNotAuthentic) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.down.Store(true)
	if _, err := s.post(t, p, subscribe); err == nil || errors.Is(err, kit.ErrNotAuthentic) {
		t.Errorf("a confirmation that failed: %v", err)
	}
	s.down.Store(false)
	if _, err := s.post(t, p, map[string]string{"Type": "UnsubscribeConfirmation", "Token": "t", "SubscribeURL": s.url + "/?Action=ConfirmSubscription"}); err != nil || s.asked.Load() != 1 {
		t.Errorf("the end of a subscription: %v, confirmed %d times", err, s.asked.Load())
	}
}

func TestHook_refused(t *testing.T) {
	s := newSNS(t, time.Now().Add(time.Hour))
	p := receiving(t, s)
	at := func(ago time.Duration) string { return time.Now().Add(-ago).UTC().Format(time.RFC3339) }
	for name, changes := range map[string]map[string]string{
		"another message":         {"after:Message": strings.Replace(event, "DELIVERED", "BLOCKED", 1)},
		"another topic":           {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:events"},
		"too old":                 {"Timestamp": at(2 * time.Hour)},
		"of the future":           {"Timestamp": at(-2 * time.Hour)},
		"no time":                 {"Timestamp": ""},
		"no signature":            {"after:Signature": ""},
		"another version":         {"after:SignatureVersion": "1"},
		"an unknown version":      {"SignatureVersion": "3"},
		"an unknown type":         {"Type": "Other"},
		"a foreign certificate":   {"SigningCertURL": "https://example.com/SimpleNotificationService-1.pem"},
		"a file that is no .pem":  {"SigningCertURL": s.url + "/SimpleNotificationService-1.txt"},
		"a path that climbs":      {"SigningCertURL": s.url + "/a/../SimpleNotificationService-1.pem"},
		"plain http elsewhere":    {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"},
		"a user name in the host": {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com@example.com/1.pem"},
	} {
		if in, err := s.post(t, p, changes); !errors.Is(err, kit.ErrNotAuthentic) || len(in.Reports) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{"", "{}", "<xml>", `{"Type":1}`} {
		if _, err := p.Hook(t.Context(), kit.Hook{Method: "POST", Body: []byte(body)}); !errors.Is(err, kit.ErrMalformed) {
			t.Errorf("%q: %v", body, err)
		}
	}
	if _, err := s.post(t, p, map[string]string{"Message": "{}"}); !errors.Is(err, kit.ErrMalformed) {
		t.Errorf("a message without an event: %v", err)
	}
	if _, err := s.post(t, open(t, options(s.url)), nil); !errors.Is(err, kit.ErrNotAuthentic) {
		t.Errorf("without topics: %v", err)
	}
	// What cannot be checked now may be the vendor's: SNS sends it again.
	s.down.Store(true)
	if _, err := s.post(t, receiving(t, s), nil); err == nil || errors.Is(err, kit.ErrNotAuthentic) {
		t.Errorf("the certificate cannot be fetched: %v", err)
	}
	if old := newSNS(t, time.Now().Add(-time.Minute)); true {
		if _, err := old.post(t, receiving(t, old), nil); !errors.Is(err, kit.ErrNotAuthentic) {
			t.Errorf("an expired certificate: %v", err)
		}
	}
}

// The certificates that are kept are bounded.
func TestHook_certificatesAreBounded(t *testing.T) {
	s := newSNS(t, time.Now().Add(time.Hour))
	p := receiving(t, s)
	for range 2 {
		for i := range 20 {
			if _, err := s.post(t, p, map[string]string{"SigningCertURL": fmt.Sprintf("%s/%d.pem", s.url, i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := s.fetched.Load(); n != 40 {
		t.Errorf("40 files in a row of 20 were fetched %d times: more than 8 are kept", n)
	}
}

// A file with a chain must lead to a trusted certificate.
func TestCertificates_chain(t *testing.T) {
	key, other := mustKey(t), mustKey(t)
	end := time.Now().Add(time.Hour)
	rootPEM := certificate(t, other, nil, nil, end)
	block, _ := pem.Decode(rootPEM)
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	leaf := certificate(t, key, root, other, end)
	trusted := x509.NewCertPool()
	trusted.AddCert(root)
	for name, test := range map[string]struct {
		file  []byte
		roots *x509.CertPool
		fine  bool
	}{
		"alone":           {leaf, x509.NewCertPool(), true},
		"with its chain":  {append(bytes.Clone(leaf), rootPEM...), trusted, true},
		"not trusted":     {append(bytes.Clone(leaf), rootPEM...), x509.NewCertPool(), false},
		"another's chain": {append(bytes.Clone(certificate(t, key, nil, nil, end)), rootPEM...), trusted, false},
		"none":            {[]byte("no certificate"), trusted, false},
		"garbage":         {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), trusted, false},
	} {
		if err := aws.ParseCertificates(test.file, test.roots); (err == nil) != test.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustKey(t *testing.T) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCheckURL(t *testing.T) {
	for address, fine := range map[string]bool{
		"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem":           true,
		"https://sns.eu-west-1.amazonaws.com:443/SimpleNotificationService-1.pem":       false,
		"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem":           false,
		"https://sns.eu-west-1.amazonaws.com.example.com/SimpleNotificationService.pem": false,
		"https://evil-sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem":      false,
		"https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem":            false,
		"https://sns.eu-west-1.amazonaws.com/a/../../SimpleNotificationService-1.pem":   false,
		"": false, "://": false,
	} {
		if err := aws.CheckURL(address, topic); (err == nil) != fine {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := aws.CheckURL("https://sns.cn-north-1.amazonaws.com.cn/1.pem", "arn:aws-cn:sns:cn-north-1:123456789012:events"); err != nil {
		t.Errorf("China: %v", err)
	}
}

func FuzzHook(f *testing.F) {
	for _, seed := range []string{"{}", event, `{"Type":"Notification","TopicArn":"` + topic + `","Timestamp":"2026-11-29T00:00:00Z","SigningCertURL":"https://x"}`} {
		f.Add([]byte(seed))
	}
	o := options("http://127.0.0.1:1")
	o.Topics = []string{topic}
	p, err := aws.New(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := p.Hook(t.Context(), kit.Hook{Method: "POST", Body: body})
		if err == nil {
			t.Errorf("an unsigned notification was taken: %+v", in)
		}
	})
}
