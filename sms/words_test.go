package sms_test

import (
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// A wait is in whole seconds, rounded up.
func TestError_Error_wait(t *testing.T) {
	for wait, want := range map[time.Duration]string{29999911178: "after 30s", time.Nanosecond: "after 1s", time.Second: "after 1s", 61 * time.Second: "after 1m1s", 90*time.Minute + 1: "after 1h30m1s"} {
		e := &sms.Error{Reason: sms.Unavailable, Outcome: sms.Rejected, RetryAfter: wait}
		if !strings.HasSuffix(e.Error(), want) {
			t.Errorf("%v: %s, want %s", wait, e, want)
		}
	}
}

func TestParseNumber_mexicanOne(t *testing.T) {
	for _, typed := range []string{"+5215512345678", "+52 1 55 1234 5678", "005215512345678"} {
		if n, err := sms.ParseNumber(typed, ""); err == nil || !strings.Contains(err.Error(), "leave out the 1") {
			t.Errorf("%s: %q, %v", typed, n.E164(), err)
		}
	}
	for _, typed := range []string{"5215512345678", "52 1 55 1234 5678"} {
		if n, err := sms.ParseNumber(typed, "MX"); err == nil || !strings.Contains(err.Error(), "leave out the 1") {
			t.Errorf("%s in Mexico: %q, %v", typed, n.E164(), err)
		}
	}
	if n, err := sms.ParseNumber("+525512345678", ""); err != nil || n != "+525512345678" {
		t.Errorf("%q, %v", n.E164(), err)
	}
}
