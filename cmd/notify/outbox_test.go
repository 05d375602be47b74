package main_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// fill makes an outbox with one message that is held, one that is dead and one
// that waits.
func fill(w *world) {
	w.Helper()
	e, err := sqlitebox.Open(filepath.Join(w.dir, "outbox.db"), sqlitebox.Options{})
	if err != nil {
		w.Fatal(err)
	}
	defer e.Close()
	b, err := outbox.New(outbox.Options{Engine: e, Sender: sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
		if m.Key == "held" {
			return sms.Receipt{}, &sms.Error{Reason: sms.Unavailable, Key: m.Key, Provider: "aliyun"} // nobody knows, and nobody can be asked
		}
		return sms.Receipt{}, &sms.Error{Reason: sms.Unauthorized, Outcome: sms.Rejected, Key: m.Key, Provider: "aliyun"}
	}), GiveUpAfter: map[sms.Kind]time.Duration{sms.Notification: time.Millisecond}})
	if err != nil {
		w.Fatal(err)
	}
	message := func(key string) sms.Message {
		return sms.Message{To: "+8613800000000", Body: "Hello " + key, Key: key}
	}
	if err := b.Enqueue(w.Context(), message("held"), message("dead")); err != nil {
		w.Fatal(err)
	}
	if err := b.EnqueueAt(w.Context(), time.Now().Add(time.Hour), message("waits")); err != nil {
		w.Fatal(err)
	}
	if err := b.Start(w.Context()); err != nil {
		w.Fatal(err)
	}
	for c, err := range b.Watch(w.Context()) {
		if err != nil {
			w.Fatal(err)
		}
		if c.States[outbox.Held] == 1 && c.States[outbox.Dead]+c.States[outbox.Rejected] == 1 {
			break
		}
	}
	if err := b.Close(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// A person looks at the outbox and decides.
func TestOutbox(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	if _, errs, status := w.run("outbox", "status"); status != 1 || !strings.Contains(errs, "outbox.path") {
		t.Errorf("without a file: status %d, %s", status, errs)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "outbox.db")); err == nil {
		t.Error("looking has made a file")
	}
	fill(w)
	w.says(w.ok("outbox", "status"), "held      1", "queued    1", "notification")
	w.says(w.ok("outbox", "held"), "held", "+86138****0000")
	counts := parse[outbox.Counts](w, w.ok("outbox", "status", "--json"))
	if counts.States[outbox.Held] != 1 {
		t.Errorf("counts: %+v", counts)
	}
	w.says(w.ok("outbox", "show", "held"), "held since", "aliyun", "unavailable")
	if _, errs, status := w.run("outbox", "retry", "waits"); status != 1 || !strings.Contains(errs, "waits") {
		t.Errorf("retry of one that waits: status %d, %s", status, errs)
	}
	if _, errs, status := w.run("outbox", "drop", "nobody"); status != 1 || !strings.Contains(errs, "no message with this key") {
		t.Errorf("drop of one that does not exist: status %d, %s", status, errs)
	}
	w.says(w.ok("outbox", "sent", "held"), "held counts as sent")
	w.says(w.ok("outbox", "held"), "none is held")
	w.says(w.ok("outbox", "retry", "--all"), "1 message will be sent again")
	w.says(w.ok("outbox", "dead"), "none is dead")
	w.says(w.ok("outbox", "migrate"), "up to date")
	out := w.ok("outbox", "show", "held", "--json")
	if strings.Contains(out, "13800000000") || strings.Contains(out, "Hello") {
		t.Errorf("it shows what it should not:\n%s", out)
	}
}

// outbox run sends what a program has put, by the configured client.
func TestOutbox_run(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.ok("outbox", "migrate")
	e, err := sqlitebox.Open(filepath.Join(w.dir, "outbox.db"), sqlitebox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	templates, err := sms.NewRegistry(sms.Template{Name: "shipped", Text: "${name},您的订单${order}已发货。"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := outbox.New(outbox.Options{Engine: e, Templates: templates, Sender: sms.SenderFunc(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Enqueue(t.Context(), sms.Message{To: "+8613800000000", Template: "shipped", Params: sms.Params{"name": "张三", "order": "A-1"}, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := w.command("outbox", "run")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.awaitSent(1)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	w.says(w.ok("outbox", "show", "k"), "accepted since")
}

// bulk --outbox puts every row in, once however often it is run.
func TestBulk_outbox(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.unlimited()
	w.write("people.csv", people(2500))
	for range 2 {
		w.says(w.ok("bulk", "people.csv", "--template", "shipped", "--region", "CN", "--outbox"), "2500 messages in the outbox")
	}
	if n := len(w.sandbox.Messages("")); n != 0 {
		t.Errorf("%d were sent", n)
	}
	counts := parse[outbox.Counts](w, w.ok("outbox", "status", "--json"))
	if counts.States[outbox.Queued] != 2500 {
		t.Errorf("counts: %+v", counts)
	}
	cmd := w.command("outbox", "run")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.awaitSent(2500)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	if n := len(w.sandbox.Messages("")); n != 2500 {
		t.Errorf("%d were sent of 2500", n)
	}
}
