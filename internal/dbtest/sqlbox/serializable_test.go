package sqlbox_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/providers/fake"
)

// A log that many goroutines write.
type sharedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *sharedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// A database whose transactions are serializable by default: claims of several
// processes do not undo each other.
func TestSerializable(t *testing.T) {
	dsn := databases["PostgreSQL"].dsn(t) + "&default_transaction_isolation=serializable"
	db := migrated(t, "pgx", dsn, sqlbox.PostgreSQL)
	var told sharedLog
	const n = 1000
	var boxes []*outbox.Outbox
	for range 3 {
		f, err := fake.New(fake.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := outbox.New(outbox.Options{Engine: engine(t, db, sqlbox.PostgreSQL, sqlbox.Options{}), Sender: f, Logger: slog.New(slog.NewTextHandler(&told, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close(t.Context()) })
		boxes = append(boxes, b)
	}
	for i := 0; i < n; i += 100 {
		for j := range 100 {
			if err := boxes[0].Enqueue(t.Context(), notice(fmt.Sprint("k", i+j))); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, b := range boxes {
		if err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		await(t, boxes[0], fmt.Sprint("k", i), outbox.Accepted)
	}
	told.mu.Lock()
	defer told.mu.Unlock()
	if text := told.text.String(); strings.Contains(text, "fails") || strings.Contains(text, "40001") {
		t.Errorf("statements are undone:\n%.2000s", text)
	}
}
