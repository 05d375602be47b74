package http_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// fakeSMSC is where Debian's package kannel-extras has Kannel's own fake SMSC.
const fakeSMSC = "/usr/lib/kannel/test/fakesmsc"

const kannelConfig = `group = core
admin-port = %[1]d
admin-password = admin
smsbox-port = %[2]d
box-allow-ip = "127.0.0.1"

group = smsc
smsc = fake
smsc-id = FAKE
port = %[3]d
connect-allow-ip = "127.0.0.1"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %[4]d
global-sender = 13013

group = sendsms-user
username = foo
password = bar

group = sms-service
keyword = default
text = "no"
`

// The Kannel recipe sends through Debian's kannel 1.4.5 and its fake SMSC, and reads
// the reports that it pushes. It runs with NOTIFY_LONG=1, if the two are installed.
func TestKannel(t *testing.T) {
	if os.Getenv("NOTIFY_LONG") != "1" {
		t.Skip("NOTIFY_LONG=1 starts Kannel")
	}
	for _, program := range []string{"bearerbox", "smsbox", fakeSMSC} {
		servertest.Program(t, "kannel kannel-extras", program)
	}
	hooks := make(chan kit.Hook, 100)
	receiver := httptest.NewServer(nethttp.HandlerFunc(func(_ nethttp.ResponseWriter, r *nethttp.Request) {
		hooks <- kit.Hook{Method: r.Method, URL: "http://" + r.Host + r.URL.String(), Header: r.Header, Kind: "reports"}
	}))
	defer receiver.Close()
	url, arrived := startKannel(t)
	o := http.Options{Recipe: "kannel", Endpoint: url, AllowNumberInURL: true, From: "ACME", Secrets: map[string]string{"username": "foo", "password": "bar"},
		ReportURL: receiver.URL + "/r?key={key}&status=%d"}
	p := open(t, o)
	for text, want := range map[string]string{
		"Hello & goodbye, 100%": "<ACME +12025550123 text Hello & goodbye, 100%>",
		"你好":                    "<ACME +12025550123 ucs-2 O%60Y%7D>", // UTF-16BE, percent-encoded
	} {
		if _, err := p.Send(t.Context(), sms.Message{To: "+12025550123", Body: text, Key: "order-1"}); err != nil {
			t.Fatal(err)
		}
		if got := await(t, arrived); !strings.HasSuffix(got, want) {
			t.Errorf("the SMSC got %s, want %s", got, want)
		}
		for {
			in, err := p.Hook(t.Context(), await(t, hooks))
			if err != nil || len(in.Reports) != 1 || in.Reports[0].Key != "order-1" {
				t.Fatalf("%v: %v", in.Reports, err)
			}
			if in.Reports[0].State == sms.StateDelivered {
				break
			}
		}
	}
	o.Secrets = map[string]string{"username": "foo", "password": "another"}
	if _, err := open(t, o).Send(t.Context(), sms.Message{To: "+12025550123", Body: "hello"}); sms.ReasonOf(err) != sms.Unauthorized || sms.OutcomeOf(err) != sms.Rejected {
		t.Errorf("another password: %v", err)
	}
}

// await receives a value, or fails after a minute.
func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(time.Minute):
		t.Fatal("nothing has come")
	}
	panic("not reached")
}

// startKannel starts Kannel on free ports. It returns the address of its smsbox and
// what reaches the SMSC.
func startKannel(t *testing.T) (url string, arrived <-chan string) {
	t.Helper()
	var listeners []net.Listener
	ports := make([]any, 4)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	for _, l := range listeners { // only now, so that no port is given twice
		l.Close()
	}
	file := filepath.Join(t.TempDir(), "kannel.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, kannelConfig, ports...), 0o600); err != nil {
		t.Fatal(err)
	}
	admin := fmt.Sprintf("http://127.0.0.1:%d/status.txt?password=admin", ports[0])
	run(t, "bearerbox", file)
	awaitStatus(t, admin, "Kannel bearerbox")
	run(t, "smsbox", file)
	messages := make(chan string, 100)
	go func(out io.Reader) {
		defer close(messages)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "Got message") {
				messages <- lines.Text()
			}
		}
	}(run(t, fakeSMSC, "-H", "127.0.0.1", "-r", fmt.Sprint(ports[2]), "-m", "0", "1 2 text nop"))
	awaitStatus(t, admin, "smsbox:", "(on-line", "(online")
	return fmt.Sprintf("http://127.0.0.1:%d", ports[3]), messages
}

// run starts a program until the test is over, and returns what it prints.
func run(t *testing.T, name string, args ...string) io.Reader {
	t.Helper()
	cmd := exec.Command(name, args...)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	if name != fakeSMSC { // a full pipe would stop it
		go func() { _, _ = io.Copy(io.Discard, out) }()
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		out.Close()
	})
	return out
}

// awaitStatus asks Kannel until its status holds all parts.
func awaitStatus(t *testing.T, url string, parts ...string) {
	t.Helper()
	ticks := time.NewTicker(50 * time.Millisecond) // another program, which has no signal
	defer ticks.Stop()
	var status string
	for range 600 {
		if answer, err := nethttp.Get(url); err == nil {
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			status = string(body)
			missing := false
			for _, part := range parts {
				missing = missing || !strings.Contains(status, part)
			}
			if !missing {
				return
			}
		}
		<-ticks.C
	}
	t.Fatalf("Kannel does not come up: %s", status)
}
