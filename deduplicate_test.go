package notify_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// Only keys that the caller gave are stored: a program that gives none is never
// stopped by Deduplicate. A full store refuses new keys, and nothing else.
func TestClient_deduplicatesKeysOfTheCaller(t *testing.T) {
	var log strings.Builder
	v := newVendor("a")
	client, err := notify.New(notify.Config{
		Providers:   map[string]notify.ProviderConfig{"a": {Sender: v}},
		Deduplicate: time.Hour, DeduplicateKeys: 5,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	send := func(key string) (sms.Receipt, error) {
		return client.Send(t.Context(), sms.Message{To: person, Body: "Hello", Key: key})
	}
	keys := map[string]bool{}
	for range 20 {
		receipt, err := send("")
		if err != nil || receipt.Key == "" {
			t.Fatalf("without a key: %+v, %v", receipt, err)
		}
		keys[receipt.Key] = true
	}
	if len(keys) != 20 || len(v.calls) != 20 {
		t.Errorf("%d keys and %d calls for 20 messages without a key", len(keys), len(v.calls))
	}
	for i := range 5 {
		if strings.Contains(log.String(), "80 %") != (i > 3) {
			t.Errorf("with %d of 5 keys:\n%s", i, &log)
		}
		if _, err := send(fmt.Sprint("order ", i)); err != nil {
			t.Errorf("key %d: %v", i, err)
		}
	}
	if _, err := send("order 5"); sms.ReasonOf(err) != sms.Internal || sms.OutcomeOf(err) != sms.Rejected {
		t.Errorf("one key too many: %v", err)
	}
	calls := len(v.calls)
	if receipt, err := send("order 0"); err != nil || receipt.Key != "order 0" || len(v.calls) != calls {
		t.Errorf("a known key: %+v, %v, %d calls more", receipt, err, len(v.calls)-calls)
	}
	if _, err := send(""); err != nil {
		t.Errorf("without a key, when the store is full: %v", err)
	}
	if n := strings.Count(log.String(), "80 %"); n != 1 {
		t.Errorf("%d warnings, want 1:\n%s", n, &log)
	}
}

func TestNew_deduplicateKeysBelowZero(t *testing.T) {
	_, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Sender: newVendor("a")}}, DeduplicateKeys: -1})
	if err == nil || !strings.Contains(err.Error(), "policies.deduplicate_keys: it is -1") {
		t.Errorf("got %v", err)
	}
}
