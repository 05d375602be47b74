package outbox_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
)

// A faulty limiter is reported by New, and not by every call.
func TestNew_faultyLimiter(t *testing.T) {
	for name, l := range map[string]middleware.Limiter{"no window": middleware.NewLimiter(), "a window of nothing": middleware.NewLimiter(middleware.Window{})} {
		b, err := outbox.New(outbox.Options{Engine: outboxtest.NewDisk().Open(), Sender: &vendor{}, Templates: registry(t), Limiter: l})
		if b != nil || err == nil || !strings.Contains(err.Error(), "Limiter") {
			t.Errorf("%s: %v, %v", name, b, err)
		}
	}
}
