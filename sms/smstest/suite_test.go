package smstest_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// Each of these Senders breaks one rule; the check for it fails, and no other.
func TestEachCheckFindsItsFlaw(t *testing.T) {
	flaws := []struct{ flaw, check string }{
		{"trims values", "accepted"},
		{"sends notices twice", "accepted"},
		{"escapes bodies", "body"},
		{"names no provider in receipts", "receipt"},
		{"names no key in receipts", "receipt"},
		{"has no ID", "receipt"},
		{"counts no segments", "receipt"},
		{"wipes the code", "params"},
		{"adds a tag", "params"},
		{"keeps params", "params"},

		{"adds a plus", "malformed numbers"},
		{"takes the first of two numbers", "malformed numbers"},
		{"parses numbers again", "malformed numbers"},
		{"calls a wrong number a wrong message", "malformed numbers"},
		{"sends a missing value empty", "invalid messages"},
		{"panics without a registry", "nil registry"},
		{"needs a registry for a body", "nil registry"},
		{"ignores From", "unknown sender"},
		{"sends what has expired", "expired"},
		{"returns an error of another package", "expired"},

		{"takes a refusal for a fault of ours", "refused"},
		{"takes a code of another type for none", "refused"},
		{"names no provider in errors", "error"},
		{"names no key in errors", "error"},
		{"names no kind in errors", "error"},
		{"lacks a code", "codes"},
		{"drops the code", "codes"},
		{"is sure after a code that leaves it open", "codes"},
		{"takes a 503 for a refusal", "statuses"},
		{"takes a 408 for a refusal", "statuses"},
		{"leaves a 404 open", "statuses"},
		{"follows redirects", "redirects"},
		{"takes a redirect for a refusal", "redirects"},
		{"takes an empty object for a refusal", "garbage"},
		{"panics at a list", "garbage"},
		{"reads the beginning of an acceptance", "cut answers"},
		{"reads the beginning of a refusal", "cut refusals"},
		{"reads answers without a bound", "endless answers"},
		{"takes an answer without end for a refusal", "endless answers"},

		{"sends although the context is over", "context over"},
		{"blames the vendor for a context that is over", "context over"},
		{"blames the vendor when the caller leaves", "context in flight"},
		{"is sure of nothing sent when the caller leaves", "context in flight"},
		{"forgets the context's error", "context in flight"},
		{"comes back late", "context in time"},
		{"lets its own time-out look like the caller's", "own timeout"},
		{"blames the caller for its own time-out", "own timeout"},

		{"leaves a refused connection open", "never left"},
		{"takes any certificate", "never left"},
		{"is sure of nothing sent after an end", "hung up"},
		{"is sure of nothing sent after a reset", "hung up"},
		{"repeats what was hung up on", "sent once"},
		{"repeats after a 503", "sent once"},
		{"cuts keys", "long keys"},
		{"sends long keys whole", "long keys"},
		{"forgets the ref", "long keys"},
		{"forgets the ref of an error", "long keys"},
		{"asks by the key itself", "found"},
		{"finds under another key", "found"},
		{"takes a failed listing for an empty one", "not found"},
		{"decides too early", "not found"},
		{"compares texts alone", "two of one text"},
		{"takes an unknown word for delivered", "reports"},
		{"reads a report by the clock", "reports"},
		{"takes a reply for a report", "replies"},
		{"cuts replies at a quote", "replies"},
		{"checks no signature", "signatures"},
		{"gives all of a batch one result", "batch"},
		{"sends an accepted batch again", "batch"},
		{"is sure of nothing sent for a batch", "batch unanswered"},
		{"shares a text between callers", "many callers"},
		{"keeps two idle connections", "connections"},
		{"sends after Close", "closed"},
		{"does not wait in Close", "closed"},
		{"fails in a second Close", "closed"},
		{"answers Close with an error of its own", "closed"},
		{"leaves a goroutine", "nothing left"},
		{"leaves its connections open", "nothing left"},
		{"keeps the vendor's words as they are", "no personal data"},
		{"quotes what it cannot read", "no personal data"},
		{"shows the values of a wrong message", "no personal data"},
		{"shows the number when a connection is refused", "no personal data"},
		{"wraps an error that shows the request", "no personal data"},
		{"shows a secret when the vendor is down", "no personal data"},
	}
	tried := map[string]bool{"templates only": true, "abilities": true} // tests of their own
	for _, f := range flaws {
		if testing.Short() && tried[f.check] {
			continue // each flaw is a run of the whole suite: under -short one for each check
		}
		tried[f.check] = true
		t.Run(f.flaw, func(t *testing.T) {
			t.Parallel()
			onlyFails(t, about(f.flaw), f.check)
		})
	}
	for _, name := range smstest.Checks() {
		if !tried[name] {
			t.Errorf("no Sender breaks the rule of %q", name)
		}
	}
}

func onlyFails(t *testing.T, p smstest.Provider, check string) {
	t.Helper()
	found := smstest.Examine(t, p)
	if len(found[check]) == 0 {
		t.Errorf("the check %q found nothing", check)
	}
	delete(found, check)
	for _, other := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("the check %q failed too: %s", other, strings.Join(found[other], "\n"))
	}
}

func TestASenderWithoutFlawPasses(t *testing.T) {
	t.Run("HTTP 200 for everything", func(t *testing.T) { smstest.Run(t, about("")) })
	t.Run("refusals by status", func(t *testing.T) { smstest.Run(t, refusingByStatus("")) })
	t.Run("templates only", func(t *testing.T) {
		p := about("")
		p.TemplatesOnly = true
		p.New = func(_ testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			return noBodies{asked{newSubject("", endpoint, r, 0)}}
		}
		smstest.Run(t, p)
	})
}

// refusingByStatus is about a vendor whose refusal is a 4xx.
func refusingByStatus(flaw string) smstest.Provider {
	p := about(flaw)
	p.Refuse = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"code":"9","message":"no"}`)
	}
	return p
}

func TestACutRefusalByStatus(t *testing.T) {
	onlyFails(t, refusingByStatus("leaves a cut 4xx open"), "cut refusals")
}

func TestABodyToAVendorWithoutFreeText(t *testing.T) {
	p := about("")
	p.TemplatesOnly = true
	onlyFails(t, p, "templates only")
}

// noBodies refuses free text, as a vendor that holds the templates does.
type noBodies struct{ asked }

func (s noBodies) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if m.Body != "" && m.Template == "" {
		return sms.Receipt{}, &sms.Error{Reason: sms.Unsupported, Outcome: sms.Rejected}
	}
	return s.subject.Send(ctx, m)
}
