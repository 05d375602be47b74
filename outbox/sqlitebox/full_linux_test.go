package sqlitebox_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// The disk is full while messages are put: an error, and nothing that was
// acknowledged is lost; when there is room again it goes on by itself.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	// No file of this process may grow beyond a megabyte: to SQLite that is a disk
	// without room.
	var unlimited syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &unlimited); err != nil {
		t.Fatal(err)
	}
	room := func(bytes uint64) {
		t.Helper()
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: unlimited.Max}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { room(unlimited.Cur) })
	e, err := sqlitebox.Open(filepath.Join(dir, "outbox.db"), sqlitebox.Options{Lease: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	f, err := fake.New(fake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := outbox.New(outbox.Options{Engine: e, Sender: f})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(context.WithoutCancel(t.Context()))
	room(1 << 20)
	var acknowledged []string
	full := error(nil)
	for i := 0; full == nil && i < 20_000; i++ {
		key := fmt.Sprint("k", i)
		if err := b.Enqueue(t.Context(), sms.Message{To: "+8613800000000", Body: strings.Repeat("x", 900), Key: key}); err != nil {
			full = err
			continue
		}
		acknowledged = append(acknowledged, key)
	}
	if full == nil || len(acknowledged) == 0 {
		t.Fatalf("%d messages fit into a megabyte", len(acknowledged))
	}
	if refused, ok := errors.AsType[*outbox.EnqueueError](full); ok {
		t.Errorf("the message is called at fault: %v", refused)
	}
	t.Logf("after %d messages: %v", len(acknowledged), full)
	room(unlimited.Cur) // somebody makes room
	if err := b.Enqueue(t.Context(), sms.Message{To: "+8613800000000", Body: "again", Key: "after"}); err != nil {
		t.Fatalf("there is room again: %v", err)
	}
	acknowledged = append(acknowledged, "after")
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for counts, err := range b.Watch(t.Context()) {
		if err == nil && counts.States[outbox.Queued]+counts.States[outbox.Sending] == 0 {
			break
		}
	}
	for _, key := range acknowledged {
		if st, err := b.Status(t.Context(), key); err != nil || st.State != outbox.Accepted {
			t.Errorf("%s is %v, %v", key, st.State, err)
		}
	}
}
