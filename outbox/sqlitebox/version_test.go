package sqlitebox_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
	"github.com/notifykit/notify/sms"
)

// restored is a file as version 1 has left it: with records in every state, and an
// owner that was killed.
func restored(t *testing.T) (path string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "version-1.sql"))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "outbox.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), string(text)); err != nil {
		t.Fatal(err)
	}
	return path
}

// What version 1 has stored is read: its messages come to their ends, and none that
// may have been sent is sent again.
func TestVersion1(t *testing.T) {
	path := restored(t)
	e, err := sqlitebox.Open(path, sqlitebox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r, err := sms.NewRegistry(sms.Template{Name: "code", Kind: sms.Verification, Text: "${code}"}, sms.Template{Name: "notice", Kind: sms.Notification, Text: "Hello ${name}"})
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan sms.Message, 100)
	v := &versionVendor{sent: sent}
	b, err := outbox.New(outbox.Options{Engine: e, Sender: v, Templates: r, Keys: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		FindAfter: time.Second, SendTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	before := map[string]outbox.State{"accepted": outbox.Accepted, "rejected": outbox.Rejected, "dead": outbox.Dead, "again": outbox.Queued, "asking": outbox.Sending,
		"later": outbox.Queued, "canceled": outbox.Canceled, "held": outbox.Held, "sealed": outbox.Sending, "lost": outbox.Sending, "lost-code": outbox.Sending, "queued": outbox.Queued}
	for key, want := range before {
		st, err := b.Status(t.Context(), key)
		if err != nil || st.State != want || st.To != "" && st.To != "+86138****0000" {
			t.Errorf("%s is %v to %q, %v: it was %v", key, st.State, st.To, err, want)
		}
		if waits := st.State == outbox.Queued || st.State == outbox.Held || st.State == outbox.Dead; waits && st.To == "" {
			t.Errorf("the message of %s is not read", key)
		}
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer b.Close(context.WithoutCancel(t.Context()))
	// The vendor has the one that was lost and the sealed one; it never took the one that was asked about.
	after := map[string]outbox.State{"again": outbox.Accepted, "asking": outbox.Accepted, "lost": outbox.Accepted, "sealed": outbox.Accepted, "queued": outbox.Accepted,
		"lost-code": outbox.Expired, "later": outbox.Queued, "held": outbox.Held, "dead": outbox.Dead}
	deadline := time.Now().Add(time.Minute)
	for key, want := range after {
		for {
			st, err := b.Status(t.Context(), key)
			if err == nil && st.State == want {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s is %v, %v: it should become %v: %+v", key, st.State, err, want, st.Story)
			}
			<-time.After(20 * time.Millisecond)
		}
	}
	if err := b.Retry(t.Context(), "dead"); err != nil {
		t.Error(err)
	}
	calls := map[string]int{}
	for len(calls) < 4 {
		m := <-sent
		if calls[m.Key]++; m.Params["name"] != "张三" || m.Expires.Year() < 2099 {
			t.Errorf("another message is sent: %s, expires %v", m.Key, m.Expires)
		}
	}
	for _, key := range []string{"again", "asking", "queued", "dead"} {
		if calls[key] != 1 {
			t.Errorf("%s was sent %d times", key, calls[key])
		}
	}
}

type versionVendor struct{ sent chan sms.Message }

func (v *versionVendor) Send(_ context.Context, m sms.Message) (sms.Receipt, error) {
	v.sent <- m
	return sms.Receipt{Provider: "vendor", ID: "new id of " + m.Key, Key: m.Key}, nil
}

func (v *versionVendor) Ask(_ context.Context, q sms.Question) (sms.Receipt, error) {
	if q.Key == "asking" {
		return sms.Receipt{}, sms.ErrNotFound
	}
	return sms.Receipt{Provider: "vendor", ID: "old id of " + q.Key, Key: q.Key}, nil
}
