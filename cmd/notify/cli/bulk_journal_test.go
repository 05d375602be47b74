package cli

import (
	"testing"

	"github.com/notifykit/notify/sms"
)

// --resume sends what may be accepted later, and what the command did not begin. Results
// files of earlier versions say throttled where our own limits say paced or over_budget now.
func TestEntry_again(t *testing.T) {
	line := func(outcome string, reason sms.Reason) []string {
		return []string{"7", outcome, string(reason), "", "aliyun", "k7", "2026-01-02T03:04:05Z", "the limit \"aliyun\" is reached"}
	}
	for _, r := range sms.Reasons() {
		e, err := readEntry(line("rejected", r))
		if err != nil || e.again() != r.Later() {
			t.Errorf("rejected, %v: sent again %v, want %v (%v)", r, e.again(), r.Later(), err)
		}
	}
	for _, r := range []sms.Reason{sms.Throttled, sms.Paced, sms.OverBudget} {
		if !r.Later() {
			t.Errorf("%v is not sent again", r)
		}
	}
	for outcome, want := range map[string]bool{unsent: true, "accepted": false, "unknown": false, marked: false} {
		if e, err := readEntry(line(outcome, sms.Throttled)); err != nil || e.again() != want {
			t.Errorf("%s: sent again %v, want %v (%v)", outcome, e.again(), want, err)
		}
	}
}
