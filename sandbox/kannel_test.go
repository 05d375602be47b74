package sandbox_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// kannelConfig is a gateway with one carrier. Its placeholders are three ports of its
// own, the carrier's host and port, and the receiver of replies.
const kannelConfig = `group = core
admin-port = %d
admin-password = admin
smsbox-port = %d
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %d

group = smsc
smsc = smpp
smsc-id = s
host = %s
port = %s
transceiver-mode = true
smsc-username = sandbox
smsc-password = sandbox
system-type = ""
source-addr-ton = 5
source-addr-npi = 0
dest-addr-ton = 1
dest-addr-npi = 1
max-pending-submits = 10

group = sendsms-user
username = tester
password = tester
max-messages = 5
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "%s/reply?from=%%p&to=%%P&text=%%a"
`

// freePorts returns ports that were free a moment ago.
func freePorts(t *testing.T, n int) (ports []any) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// runBox starts a program of Kannel's and waits until it has said all of ready, in any
// order. It reports whether it has. smsbox 1.4.5 ends with a failed assertion if it is
// used before its last thread has started.
func runBox(t *testing.T, program, config string, ready ...string) bool {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, config)
	command.Dir = filepath.Dir(config)
	errs, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	lines := bufio.NewScanner(errs)
	for len(ready) > 0 && lines.Scan() {
		ready = slices.DeleteFunc(ready, func(said string) bool { return strings.Contains(lines.Text(), said) })
	}
	go io.Copy(io.Discard, errs)
	return len(ready) == 0
}

// Kannel is a client of the sandbox's carrier: texts in three forms, receipts, replies.
func TestKannel(t *testing.T) {
	bearerbox, smsbox := servertest.Program(t, "kannel", "/usr/sbin/bearerbox"), servertest.Program(t, "kannel", "/usr/sbin/smsbox")
	sb := sandboxtest.StartWith(t, sandbox.Options{SMPP: "127.0.0.1:0"})
	calls := make(chan *url.URL, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { calls <- r.URL }))
	t.Cleanup(receiver.Close)
	host, port, _ := net.SplitHostPort(sb.Addr(sandbox.SMPP))
	var ports []any
	for try := 1; ; try++ { // a port that was free may be taken
		ports = freePorts(t, 3)
		config := filepath.Join(t.TempDir(), "kannel.conf")
		if err := os.WriteFile(config, fmt.Appendf(nil, kannelConfig, append(ports[:3:3], host, port, receiver.URL)...), 0o600); err != nil {
			t.Fatal(err)
		}
		if runBox(t, bearerbox, config, "Start-up done", "bind_transceiver_resp") && runBox(t, smsbox, config, "Set up send sms service", "heartbeat_thread") {
			break
		}
		if try == 5 {
			t.Fatal("kannel does not start")
		}
	}
	send := func(number, text, more string) string {
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/cgi-bin/sendsms?username=tester&password=tester&from=ACME&charset=UTF-8&dlr-mask=31&to=%s&text=%s&dlr-url=%s%s",
			ports[2], number, url.QueryEscape(text), url.QueryEscape(receiver.URL+"/report?state=%d&to=%p&said=%A"), more))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return string(body)
	}
	// next returns the next call about one thing.
	next := func(path string) url.Values {
		patience := time.NewTimer(time.Minute)
		defer patience.Stop()
		for {
			select {
			case call := <-calls:
				if call.Path == path {
					return call.Query()
				}
			case <-patience.C:
				t.Fatalf("kannel does not call %s", path)
			}
		}
	}
	taken := regexp.MustCompile(`^(0: Accepted|3: Queued)`) // queued in the moment before the bind is noted
	for i, c := range []struct{ text, more string }{{"hello @$é{}[1]", ""}, {"漢字", "&coding=2"}, {strings.Repeat("x[", 100), ""}} {
		number := fmt.Sprintf("44770090000%d", i)
		if answer := send(number, c.text, c.more); !taken.MatchString(answer) {
			t.Fatalf("%.8q: kannel says %q", c.text, answer)
		}
		for state := ""; state != "1"; {
			if state = next("/report").Get("state"); state != "8" && state != "1" && state != "4" {
				t.Errorf("%.8q: a report of state %s", c.text, state)
			}
		}
		if sent := sb.Messages(sms.Number("+" + number)); len(sent) != 1 || sent[0].Text != c.text || sent[0].From != "ACME" {
			t.Errorf("%.8q: the sandbox holds %d messages: %q", c.text, len(sent), sent[0].Text)
		}
	}
	if answer := send("12", "hello", ""); !taken.MatchString(answer) {
		t.Errorf("kannel says %q", answer)
	}
	for report := next("/report"); report.Get("to") != "12"; report = next("/report") {
	}
	if n := len(sb.Refused("")); n != 1 {
		t.Errorf("%d messages were refused", n)
	}
	// Kannel passes UCS-2 on as it came.
	for text, want := range map[string]string{"yes é": "yes é", "漢字": "\x6f\x22\x5b\x57"} {
		if _, err := sb.Reply(t.Context(), sandbox.Reply{Vendor: sandbox.SMPP, From: "+447700900001", To: "12345", Text: text}); err != nil {
			t.Fatal(err)
		}
		if got := next("/reply"); got.Get("from") != "+447700900001" || got.Get("to") != "12345" || got.Get("text") != want {
			t.Errorf("%q: the reply is %v", text, got)
		}
	}
}
