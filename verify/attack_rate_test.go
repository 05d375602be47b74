package verify_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// Codes are asked for to numbers that somebody earns by, in countries that are served.
func TestAttack_premiumRateNumbers(t *testing.T) {
	for to, kind := range map[sms.Number]string{"+19002345678": "premium rate", "+449098790000": "premium rate", "+33891123456": "premium rate",
		"+18002345678": "toll-free", "+498001234567": "toll-free", "+4918012345": "shared cost"} {
		w := newWorld(t, func(o *verify.Options) { o.Regions = []string{"US", "GB", "DE", "FR"} })
		_, err := w.Start(t.Context(), verify.Request{To: to, Purpose: "login"})
		if !errors.Is(err, verify.ErrSpecialRate) || sms.ReasonOf(err) != sms.InvalidNumber {
			t.Errorf("%s: %v", kind, err)
		}
		w.vendor.AssertCount(t, 0)
		any := newWorld(t, func(o *verify.Options) { o.AnyNumber = true })
		if _, err := any.Start(t.Context(), verify.Request{To: to, Purpose: "login"}); err != nil {
			t.Errorf("%s with AnyNumber: %v", kind, err)
		}
	}
	s := newSite(t, verify.HTTPOptions{})
	if status, got := s.post("/codes", `{"mobile":"+1 900 234 5678"}`); status != 400 || got["reason"] != "invalid_number" {
		t.Errorf("over HTTP: %d %v", status, got)
	}
	w := newWorld(t)
	w.start("+447400123456")
}

// In production New warns while there is no ceiling on all codes.
func TestNew_warnsWithoutCeiling(t *testing.T) {
	for _, c := range []struct {
		environment string
		all         []middleware.Window
		want        bool
	}{
		{"production", nil, true}, {"", nil, true}, {"staging", nil, false}, {"test", nil, false},
		{"production", []middleware.Window{{Count: 1000, Per: time.Hour}}, false}, {"production", []middleware.Window{}, true},
	} {
		var log bytes.Buffer
		newWorld(t, func(o *verify.Options) {
			o.Environment, o.Limits.All, o.Logger = c.environment, c.all, slog.New(slog.NewTextHandler(&log, nil))
		})
		if got := strings.Contains(log.String(), "level=WARN") && strings.Contains(log.String(), "Limits.All"); got != c.want {
			t.Errorf("environment %q, ceiling %v: warned %v, want %v", c.environment, c.all, got, c.want)
		}
	}
}
