package main_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// build makes the command as a user would get it.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "notify")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// A running sandbox is what a test needs of it.
type running struct {
	url   string
	lines *bufio.Scanner
	cmd   *exec.Cmd
	errs  *strings.Builder
}

// start runs "notify sandbox" on a free port and reads where it is.
func start(t *testing.T, binary string, args ...string) *running {
	t.Helper()
	r := &running{cmd: exec.CommandContext(t.Context(), binary, append([]string{"sandbox", "--addr", "127.0.0.1:0"}, args...)...), errs: &strings.Builder{}}
	r.cmd.Env = append(os.Environ(), "ALIYUN_ACCESS_KEY_ID=my-key", "ALIYUN_ACCESS_KEY_SECRET=my-secret")
	r.cmd.Stderr = r.errs
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.lines = bufio.NewScanner(out)
	if r.lines.Scan() {
		r.url = regexp.MustCompile(`https?://\S+`).FindString(r.lines.Text())
	}
	if r.url == "" {
		t.Fatalf("it does not say where it is: %q", r.lines.Text())
	}
	return r
}

// stop interrupts it, as Ctrl-C does, and gives the rest of what it printed.
func (r *running) stop(t *testing.T) string {
	t.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var rest strings.Builder
	for r.lines.Scan() {
		rest.WriteString(r.lines.Text() + "\n")
	}
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v, want exit status 0", err)
	}
	return rest.String()
}

// create sends a message as an HTTP client of Twilio's would, and gives the status.
func create(t *testing.T, base, account, token string) int {
	t.Helper()
	form := url.Values{"To": {"+12025550123"}, "From": {sandbox.TwilioSender}, "Body": {"hello"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/2010-04-01/Accounts/"+account+"/Messages.json", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(account, token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestSandbox(t *testing.T) {
	binary := build(t)
	t.Run("is used with what it prints, and ends by Ctrl-C", func(t *testing.T) {
		sb := start(t, binary)
		if status := create(t, sb.url, sandbox.TwilioAccountSID, sandbox.TwilioAuthToken); status != 201 {
			t.Errorf("status %d", status)
		}
		answer, err := http.Get(sb.url + "/_sandbox/messages")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var list struct{ Messages []struct{ Text string } }
		if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || len(list.Messages) != 1 || list.Messages[0].Text != "hello" {
			t.Errorf("%v, %d messages", err, len(list.Messages))
		}
		printed := sb.stop(t)
		for _, want := range []string{"/inbox", sandbox.AliyunKeyID, sandbox.AliyunKeySecret, sandbox.TwilioAuthToken, sandbox.TwilioServiceSID, "endpoint: " + sb.url} {
			if !strings.Contains(printed, want) {
				t.Errorf("it does not print %q:\n%s", want, printed)
			}
		}
		if sb.errs.Len() > 0 {
			t.Errorf("it complains: %s", sb.errs)
		}
	})
	t.Run("lenient: tells what the vendor would have refused", func(t *testing.T) {
		sb := start(t, binary, "--lenient")
		if status := create(t, sb.url, sandbox.TwilioAccountSID, "wrong"); status != 201 {
			t.Errorf("status %d", status)
		}
		sb.stop(t)
		if want := "twilio would have refused create: 20003: Authenticate\n"; sb.errs.String() != want {
			t.Errorf("got %q, want %q", sb.errs, want)
		}
	})
	t.Run("the configuration's accounts, signatures and templates", func(t *testing.T) {
		sb := start(t, binary, "--config", filepath.Join("testdata", "notify.yaml"))
		defer sb.stop(t)
		status := create(t, sb.url, "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "mine")
		if status != 400 { // the account is taken, and the well-known sender is not its own
			t.Errorf("the file's account: status %d", status)
		}
		if status := create(t, sb.url, sandbox.TwilioAccountSID, sandbox.TwilioAuthToken); status != 201 {
			t.Errorf("the well-known account: status %d", status)
		}
	})
	t.Run("HTTPS, with a certificate for clients to trust", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "sandbox.pem")
		sb := start(t, binary, "--certificate", file)
		defer sb.stop(t)
		for sb.lines.Scan() && !strings.Contains(sb.lines.Text(), file) { // what it prints last is that the file is there
		}
		inPEM, err := os.ReadFile(file)
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(inPEM) {
			t.Fatalf("%v, %q", err, inPEM)
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
		defer transport.CloseIdleConnections()
		answer, err := (&http.Client{Transport: transport}).Get(sb.url + "/inbox")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 200 || !strings.HasPrefix(sb.url, "https://") {
			t.Errorf("%s: status %d", sb.url, answer.StatusCode)
		}
	})
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"an unknown command", []string{"sandpit"}, 2, "unknown command"},
		{"an unknown flag", []string{"sandbox", "--port", "1"}, 2, "unknown flag"},
		{"an argument too many", []string{"sandbox", "now"}, 2, "unknown command"},
		{"an address that is none", []string{"sandbox", "--addr", "here"}, 1, "--addr takes another address"},
		{"a file that is missing", []string{"sandbox", "--config", "missing.yaml"}, 1, "missing.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), binary, c.args...).CombinedOutput()
			var status int
			if exit, ok := err.(*exec.ExitError); ok {
				status = exit.ExitCode()
			}
			if status != c.status || !strings.Contains(string(out), c.want) {
				t.Errorf("exit status %d, want %d; it says %s", status, c.status, out)
			}
		})
	}
	t.Run("help", func(t *testing.T) {
		out, err := exec.CommandContext(t.Context(), binary, "sandbox", "--help").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--lenient") || !strings.Contains(string(out), "Examples:") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}
