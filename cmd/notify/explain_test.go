package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sandbox"
)

func TestExplain(t *testing.T) {
	w := newWorld(t, sandbox.Options{Pace: -1}) // messages stay accepted
	if _, errs, status := w.run("explain", "order-1"); status != 1 || !strings.Contains(errs, "notify send makes it") {
		t.Errorf("before anything was sent: status %d, %s", status, errs)
	}
	w.ok("send", "--to", "+8613800000000", "--template", "shipped", "name=Ann", "order=4711", "--key", "order-1")
	w.ok("send", "--to", "+12025550123", "--template", "login-code", "code=482913", "--key", "login-1")
	for _, how := range [][]string{{"order-1"}, {"+8613800000000"}, {"--number", "+86 138 0000 0000"}} {
		out := w.ok(append([]string{"explain"}, how...)...)
		for _, want := range []string{"accepted", "order-1", "+86138****0000", "aliyun: accepted", "next"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q: no %q in\n%s", how, want, out)
			}
		}
		if strings.Contains(out, "13800000000") || strings.Contains(out, "4711") {
			t.Errorf("a full number or a value is shown:\n%s", out)
		}
	}
	var all []struct {
		Key, ID, State, Outcome, Meaning, Next string
		Attempts                               []any
	}
	if err := json.Unmarshal([]byte(w.ok("explain", "login-1", "--json")), &all); err != nil || len(all) != 1 {
		t.Fatal(err)
	}
	if s := all[0]; s.Key != "login-1" || s.State != "accepted" || s.Outcome != "accepted" || s.Meaning == "" || s.Next == "" || len(s.Attempts) != 1 {
		t.Errorf("%+v", s)
	}
	if out := w.ok("explain", all[0].ID); !strings.Contains(out, "login-1") {
		t.Errorf("by the vendor's ID: %s", out)
	}
	for _, wrong := range []string{"order-2", "+12025550199"} {
		if _, errs, status := w.run("explain", wrong); status != 1 || !strings.Contains(errs, "is recorded here") {
			t.Errorf("%s: status %d, %s", wrong, status, errs)
		}
	}
}

// Without a receiver for reports the vendors are asked, and what they say is kept.
func TestExplain_asksTheVendors(t *testing.T) {
	w := newWorld(t, sandbox.Options{Pace: time.Nanosecond})
	w.ok("send", "--to", "+8613800000000", "--template", "shipped", "name=Ann", "order=4711", "--key", "order-1")
	w.ok("send", "--to", "+12025550123", "--template", "login-code", "code=482913", "--key", "login-1")
	if out := w.ok("explain", "order-1", "--offline"); !strings.Contains(out, "accepted  ") {
		t.Errorf("without asking: %s", out)
	}
	for _, key := range []string{"order-1", "login-1"} {
		if out := w.ok("explain", key); !strings.HasPrefix(out, "delivered") || !strings.Contains(out, "reported") {
			t.Errorf("%s: %s", key, out)
		}
	}
	w.sandbox.Close()
	if out := w.ok("explain", "order-1"); !strings.HasPrefix(out, "delivered") {
		t.Errorf("a final state is asked for again: %s", out)
	}
}

// What a vendor refuses is explained with the advice of its table, and what a limit of
// ours refuses too.
func TestExplain_refused(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	if _, _, status := w.run("send", "--to", "+15005550001", "--template", "login-code", "code=482913", "--key", "bad-number"); status != 1 {
		t.Fatalf("status %d", status)
	}
	out := w.ok("explain", "bad-number")
	for _, want := range []string{"not sent", "twilio: rejected", "21211", "advice"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// After forget no file of the command holds anything of the number.
func TestForget(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.ok("send", "--to", "+8613800000000", "--template", "login-code", "code=482913", "--key", "login-1")
	for _, file := range files(t, w.dir) {
		if data := []byte(w.read(file)); bytes.Contains(data, []byte("13800000000")) || bytes.Contains(data, []byte("482913")) {
			t.Errorf("%s holds the number or the code", file)
		}
	}
	if out := w.ok("forget", "138 0000 0000", "--region", "CN"); !strings.Contains(out, "removed 1 delivery record of +86138****0000") {
		t.Error(out)
	}
	if _, errs, status := w.run("explain", "login-1"); status != 1 {
		t.Errorf("status %d, %s", status, errs)
	}
	if out := w.ok("forget", "+8613800000000", "--json"); !strings.Contains(out, `"delivery": 0`) {
		t.Error(out)
	}
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasPrefix(filepath.Base(e.Name()), "notify-delivery") {
			names = append(names, e.Name())
		}
	}
	if len(names) < 2 {
		t.Errorf("the records and their key are missing: %v", names)
	}
	return names
}
