package notify_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
)

// With providers that send nothing nothing is held back, and the log does not say
// so.
func TestNew_logsNothingHeldBackWithoutARealVendor(t *testing.T) {
	var log bytes.Buffer
	client, err := notify.New(notify.Config{Environment: "staging", Providers: map[string]notify.ProviderConfig{"f": {Driver: "fake"}},
		Logger: slog.New(slog.NewTextHandler(&log, nil))}, fake.Driver())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if !strings.Contains(log.String(), "notify is open") || strings.Contains(log.String(), "held_back_by") {
		t.Errorf("the log: %s", log.String())
	}
}
