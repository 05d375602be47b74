package sms_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/notifykit/notify/sms"
)

// The table as docs/errors.md prints it, cell by cell.
func TestReason_table(t *testing.T) {
	rows := []struct {
		reason                       sms.Reason
		text, words                  string
		same, another, counts, later bool
	}{
		{sms.InvalidNumber, "invalid_number", "invalid number", false, false, false, false},
		{sms.InvalidMessage, "invalid_message", "invalid message", false, false, false, false},
		{sms.ContentRejected, "content_rejected", "content rejected", false, false, false, false},
		{sms.RecipientBlocked, "recipient_blocked", "recipient blocked", false, false, false, false},
		{sms.RecipientLimited, "recipient_limited", "recipient limited", false, false, false, false},
		{sms.Expired, "expired", "message expired", false, false, false, false},
		{sms.TemplateRejected, "template_rejected", "template or signature rejected", false, true, false, false},
		{sms.Unauthorized, "unauthorized", "credentials or permission refused", false, true, true, true},
		{sms.AccountBlocked, "account_blocked", "account blocked", false, true, true, true},
		{sms.Throttled, "throttled", "throttled", true, true, false, true},
		{sms.Unsupported, "unsupported", "unsupported", false, true, false, false},
		{sms.Unavailable, "unavailable", "unavailable", true, true, true, true},
		{sms.Canceled, "canceled", "canceled by the caller", false, false, false, true},
		{sms.Internal, "internal", "internal fault", false, false, false, true},
		{sms.Paced, "paced", "over our own pace", false, true, false, true},
		{sms.OverBudget, "over_budget", "over budget", false, false, false, true},
	}
	all := sms.Reasons()
	if len(all) != len(rows) {
		t.Fatalf("there are %d reasons, and the table has %d", len(all), len(rows))
	}
	for i, row := range rows {
		t.Run(row.text, func(t *testing.T) {
			r := row.reason
			if all[i] != r {
				t.Errorf("Reasons()[%d] is %q", i, string(all[i]))
			}
			if string(r) != row.text || r.Error() != row.words {
				t.Errorf("%q reads %q, want %q", string(r), r.Error(), row.words)
			}
			if r.SameVendor() != row.same || r.AnotherVendor() != row.another || r.CountsAgainstVendor() != row.counts {
				t.Errorf("same vendor %v, another %v, counts %v", r.SameVendor(), r.AnotherVendor(), r.CountsAgainstVendor())
			}
			if r.Later() != row.later {
				t.Errorf("later %v, want %v", r.Later(), row.later)
			}
			rejected := &sms.Error{Reason: r, Outcome: sms.Rejected}
			if sms.MayRepeat(rejected, sms.Message{}, sms.Reason.SameVendor) != row.same {
				t.Error("MayRepeat at the same vendor differs from the table")
			}
			if sms.MayRepeat(rejected, sms.Message{}, sms.Reason.AnotherVendor) != row.another {
				t.Error("MayRepeat at another vendor differs from the table")
			}
			if sms.CountsAgainstVendor(rejected) != row.counts {
				t.Error("CountsAgainstVendor differs from the table")
			}
			unknown := &sms.Error{Reason: r, Outcome: sms.Unknown}
			if sms.CountsAgainstVendor(unknown) != (r != sms.Canceled) {
				t.Error("an unknown outcome counts, but for a caller who left")
			}
			for kind, may := range map[sms.Kind]bool{0: false, sms.Verification: true, sms.Notification: false, sms.Promotion: false, sms.International: false} {
				if sms.MayRepeat(unknown, sms.Message{Kind: kind}, sms.Reason.SameVendor) != may || sms.MayRepeat(unknown, sms.Message{Kind: kind}, sms.Reason.AnotherVendor) != may {
					t.Errorf("an unknown outcome of a %v: may be repeated, want %v", kind, may)
				}
			}
			encoded, err := json.Marshal(r)
			if err != nil || string(encoded) != `"`+row.text+`"` {
				t.Errorf("JSON %s, %v", encoded, err)
			}
			if !errors.Is(fmt.Errorf("wrapped: %w", rejected), r) {
				t.Error("errors.Is does not find it")
			}
		})
	}
}

func TestReason_unknownAllowsNothing(t *testing.T) {
	for _, r := range []sms.Reason{"", "invented"} {
		if r.SameVendor() || r.AnotherVendor() || r.CountsAgainstVendor() || r.Later() {
			t.Errorf("%q allows something", string(r))
		}
	}
	if got := sms.Reason("").Error(); got != "no reason given" {
		t.Errorf("the empty reason reads %q", got)
	}
	if got := sms.Reason("invented").Error(); got != "invented" {
		t.Errorf("an invented reason reads %q", got)
	}
}

// A Reason prints as its label wherever it is printed, and as words only in the text of
// an error.
func TestReason_printsItsLabel(t *testing.T) {
	const label = "invalid_number"
	r := sms.InvalidNumber
	var out bytes.Buffer
	logged := func(h slog.Handler) string {
		out.Reset()
		slog.New(h).Info("", "reason", r)
		return out.String()
	}
	if err := template.Must(template.New("").Parse("{{.}}")).Execute(&out, r); err != nil || out.String() != label {
		t.Errorf("text/template: %q, %v", out.String(), err)
	}
	for name, got := range map[string]string{
		"String": r.String(), "%v": fmt.Sprintf("%v", r), "%s": fmt.Sprintf("%s", r), "%+v": fmt.Sprintf("%+v", r),
		"Sprint": fmt.Sprint(r), "in a struct": fmt.Sprintf("%v", struct{ R sms.Reason }{r}), "in a list": fmt.Sprint([]sms.Reason{r}),
		"as a key": fmt.Sprint(map[sms.Reason]int{r: 1}), "wrapped": fmt.Errorf("x: %w", r).Error(),
		"slog text": logged(slog.NewTextHandler(&out, nil)), "slog JSON": logged(slog.NewJSONHandler(&out, nil)),
	} {
		if !strings.Contains(got, label) || strings.Contains(got, "invalid number") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := fmt.Sprintf("%q %-16v|", r, r); got != `"invalid_number" invalid_number  |` {
		t.Error(got)
	}
	e := &sms.Error{Provider: "a", Reason: r, Outcome: sms.Rejected}
	for _, got := range []string{e.Error(), fmt.Sprint(e), fmt.Errorf("x: %w", e).Error()} {
		if !strings.HasSuffix(got, "a: invalid number") {
			t.Errorf("an error's text is not in words: %q", got)
		}
	}
}

func TestReasons_isACopy(t *testing.T) {
	sms.Reasons()[0] = "changed"
	if sms.Reasons()[0] != sms.InvalidNumber {
		t.Error("a caller can change the table")
	}
}

func TestOutcomeAndKind_text(t *testing.T) {
	for o, want := range map[sms.Outcome]string{sms.Unknown: "unknown", sms.Rejected: "rejected", sms.Accepted: "accepted"} {
		var back sms.Outcome
		text, err := o.MarshalText()
		if err != nil || string(text) != want || o.String() != want || back.UnmarshalText(text) != nil || back != o {
			t.Errorf("%v: %q, %v, back %v", o, text, err, back)
		}
	}
	for k, want := range map[sms.Kind]string{0: "", sms.Verification: "verification", sms.Notification: "notification", sms.Promotion: "promotion", sms.International: "international"} {
		back := sms.Kind(99)
		text, err := k.MarshalText()
		if err != nil || string(text) != want || back.UnmarshalText(text) != nil || back != k {
			t.Errorf("%v: %q, %v, back %v", k, text, err, back)
		}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{marshalError(sms.Outcome(3).MarshalText()), "sms: no such outcome: 3"},
		{marshalError(sms.Outcome(-1).MarshalText()), "sms: no such outcome: -1"},
		{marshalError(sms.Kind(5).MarshalText()), "sms: no such kind: 5"},
		{new(sms.Outcome).UnmarshalText([]byte("sent")), `sms: no outcome is called "sent": write unknown, rejected or accepted`},
		{new(sms.Kind).UnmarshalText([]byte("otp")), `sms: no kind is called "otp": write verification, notification, promotion or international`},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("got %v, want %s", c.err, c.want)
		}
	}
	if got := fmt.Sprint(sms.Kind(0), sms.Kind(7), sms.Outcome(7)); got != "unset kind(7) outcome(7)" {
		t.Error(got)
	}
}

func marshalError(_ []byte, err error) error { return err }
