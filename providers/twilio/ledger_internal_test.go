package twilio

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

func TestLedgerIsBoundedAndKnowsWhatItForgot(t *testing.T) {
	l := newLedger()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Second) }
	for i := range claimsKept + 10 {
		if !l.claim("SM"+strconv.Itoa(i), "key"+strconv.Itoa(i), at(i)) {
			t.Fatalf("claim %d was refused", i)
		}
	}
	if len(l.owners) != claimsKept || len(l.order) != claimsKept {
		t.Errorf("it holds %d owners and %d claims, want %d", len(l.owners), len(l.order), claimsKept)
	}
	if mine, others := l.owner("SM9", "key9"); mine || others {
		t.Error("a claim that should be forgotten is known")
	}
	if mine, others := l.owner("SM10", "key10"); !mine || others {
		t.Error("the oldest claim that is kept is not known")
	}
	if _, others := l.owner("SM10", "another"); !others || l.claim("SM10", "another", at(0)) {
		t.Error("a message was given to a second key")
	}
	if l.remembers(at(9)) || !l.remembers(at(10)) {
		t.Error("it does not know since when it knows every claim")
	}
}

func TestLedgerForgetsWhatHasLanded(t *testing.T) {
	l := newLedger()
	first, second := l.begin("+1", "text"), l.begin("+1", "text")
	first()
	if !l.isFlying("+1", "text") || l.isFlying("+1", "other") || l.isFlying("+", "1text") {
		t.Error("what is in flight is not that text to that number")
	}
	second()
	if l.isFlying("+1", "text") || len(l.flying) != 0 {
		t.Errorf("%d texts are still in flight", len(l.flying))
	}
}

// A message that is there may be of a key that is forgotten.
func TestFindKnowsWhatTheLedgerForgot(t *testing.T) {
	list := `{"messages":[{"sid":"SM1","to":"+15551234567","body":"hello","date_created":"` + time.Now().UTC().Format(time.RFC1123Z) + `"}]}`
	p, err := New(Options{AccountSID: sandboxAccount, AuthToken: sandboxToken, From: "+15005550006", Transport: answering(list)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m := sms.Message{To: "+15551234567", Body: "hello", Key: "key"}
	p.ledger.forgot = time.Now().Add(-time.Minute)
	if _, err := p.Ask(t.Context(), sms.Question{Message: m, Since: time.Now().Add(-time.Hour)}); !errors.Is(err, sms.ErrUndecided) {
		t.Errorf("since before the forgotten claim: %v", err)
	}
	if r, err := p.Ask(t.Context(), sms.Question{Message: m, Since: time.Now().Add(-30 * time.Second)}); err != nil || r.ID != "SM1" {
		t.Errorf("since after the forgotten claim: %+v, %v", r, err)
	}
}

// answering is a transport that gives one answer.
type answering string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(a))), Request: r}, nil
}
