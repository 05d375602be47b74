package kernel_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// acme is an invented vendor over HTTP that answers for each number: GET
// /acme/submit?to=…&to=…&text=…, /acme/list and /acme/account.
func acme(d *kernel.Desk) (kernel.Vendor, error) {
	return kernel.Vendor{
		Name: "acme", Where: "under /acme",
		Match: func(r *http.Request, _ []byte) bool { return strings.HasPrefix(r.URL.Path, "/acme-old/") },
		Call: func(r *http.Request, _ []byte) kernel.Call {
			q := r.URL.Query()
			c := kernel.Call{Operation: strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/acme-old"), "/"), Each: true}
			c.Kind = map[string]kernel.Kind{"submit": kernel.Send, "list": kernel.List, "account": kernel.Look}[c.Operation]
			for _, to := range q["to"] {
				c.Numbers = append(c.Numbers, sms.Number(to))
			}
			c.Carry = func(o kernel.Order) kernel.Answer { return acmeCarry(d, c, q, o) }
			c.Refuse = func(code, words string, status int) kernel.Answer {
				a := kernel.JSON(max(status, 400), "application/json", map[string]string{"code": code, "words": words})
				a.Code, a.Words = code, words
				return a
			}
			return c
		},
		Show:         func(m *kernel.Message, _ *kernel.Record, s kernel.Status) { m.Status = "acme " + s.State.String() },
		ThrottleCode: "SLOW",
		CheckCode: func(code string) error {
			if code != strings.ToUpper(code) {
				return fmt.Errorf("%q is not in capitals", code)
			}
			return nil
		},
		Report: func(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error) {
			if !s.Final() {
				return nil, nil
			}
			var ids []string
			for _, m := range messages {
				ids = append(ids, m.ID+" "+s.String()+" "+m.Fails)
			}
			body, _ := json.Marshal(ids)
			return one(http.NewRequest("POST", to, bytes.NewReader(body)))
		},
		MaxReports: 2, Repeat: []time.Duration{time.Minute, time.Minute},
		Acknowledged: func(_ int, body []byte) bool { return string(body) == "ok" },
		Reply: func(r kernel.Reply) ([]*http.Request, error) {
			return one(http.NewRequest("POST", r.URL, strings.NewReader(r.Text)))
		},
	}, nil
}

func one(r *http.Request, err error) ([]*http.Request, error) { return []*http.Request{r}, err }

func acmeCarry(d *kernel.Desk, c kernel.Call, q url.Values, o kernel.Order) kernel.Answer {
	now := time.Now()
	if c.Kind == kernel.List {
		n := 0
		d.Newest(now, func(r *kernel.Record, _ kernel.Status) bool {
			if now.Sub(r.At) >= o.ListAfter {
				n++
			}
			return true
		})
		return kernel.JSON(200, "application/json", n)
	}
	var a kernel.Answer
	results := map[sms.Number]string{}
	for i, to := range c.Numbers {
		results[to] = "ok"
		if refused, ok := o.Refused[to]; ok {
			results[to] = refused.Code
			a.Rejected = append(a.Rejected, kernel.Rejection{To: to, Code: refused.Code, Message: refused.Message})
		} else if c.Kind == kernel.Send && q.Get("dry") == "" {
			a.Taken = append(a.Taken, kernel.Record{ReportTo: q.Get("report"), Message: kernel.Message{ID: fmt.Sprint(q.Get("id"), i), To: to, Text: q.Get("text"), At: now}})
		}
	}
	written := kernel.JSON(200, "application/json", results)
	written.Taken, written.Rejected = a.Taken, a.Rejected
	return written
}

// line is an invented vendor that is no HTTP service: "SEND +number text" by line,
// answered by "OK" or "NO code".
func line(d *kernel.Desk) (kernel.Vendor, error) {
	return kernel.Vendor{
		Name:         "line",
		ThrottleCode: "88",
		Show:         func(m *kernel.Message, _ *kernel.Record, s kernel.Status) { m.Status = s.State.String() },
		ServeConn: func(ctx context.Context, conn net.Conn) {
			for in := bufio.NewScanner(conn); in.Scan(); {
				to, text, _ := strings.Cut(strings.TrimPrefix(in.Text(), "SEND "), " ")
				open := d.Do(ctx, conn, kernel.Call{Operation: "SEND", Kind: kernel.Send, Numbers: []sms.Number{sms.Number(to)},
					Carry: func(kernel.Order) kernel.Answer {
						return kernel.Answer{Body: []byte("OK 123456\n"), Taken: []kernel.Record{{Message: kernel.Message{ID: "123456", To: sms.Number(to), Text: text, At: time.Now()}}}}
					},
					Refuse: func(code, _ string, _ int) kernel.Answer {
						return kernel.Answer{Code: code, Body: []byte("NO " + code + "\n")}
					},
				})
				if !open {
					return
				}
			}
		},
	}, nil
}

const to = "+12025550123"

func newSandbox(t *testing.T, o kernel.Options) *kernel.Sandbox {
	t.Helper()
	sb := kernel.New(o, acme, line)
	if err := sb.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return sb
}

// get calls the handler and returns status and body; -1 if the connection was cut.
func get(t *testing.T, sb *kernel.Sandbox, target string) (status int, body string) {
	t.Helper()
	return request(t, sb, "GET", target, "")
}

func request(t *testing.T, sb *kernel.Sandbox, method, target, body string) (status int, answer string) {
	t.Helper()
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p == any(http.ErrAbortHandler) {
			status, answer = -1, w.Body.String()
		} else if p != nil {
			panic(p)
		}
	}()
	sb.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

const submit = "/acme/submit?to=%2B12025550123&text=hello"

// Every fault works for a vendor that knows nothing of faults.
func TestFaults_everyOneForEveryVendor(t *testing.T) {
	for _, c := range []struct {
		name, fault, target string
		status              int
		body                string
		taken, refused      int
	}{
		{"none", `{"vendor":"line","status":0,"latency":"1ns"}`, submit, 200, `{"+12025550123":"ok"}`, 1, 0},
		{"a code", `{"vendor":"acme","code":"BAD","operation":"list"}`, "/acme/list", 400, `"BAD"`, 0, 0},
		{"a code for one number", `{"vendor":"acme","code":"BAD","to":"+12025550123"}`, submit + "&to=%2B12025550124", 200, `{"+12025550123":"BAD","+12025550124":"ok"}`, 1, 1},
		{"a code for all", `{"vendor":"acme","code":"BAD"}`, submit + "&to=%2B12025550124", 400, `"BAD"`, 0, 2},
		{"a code for another number", `{"vendor":"acme","code":"BAD","to":"+12025550199"}`, submit, 200, `"ok"`, 1, 0},
		{"throttled", `{"throttle":true}`, submit, 400, `"SLOW"`, 0, 1},
		{"throttled with a status", `{"throttle":true,"status":429}`, submit, 429, `"SLOW"`, 0, 1},
		{"a page", `{"status":502}`, submit, 502, "<h1>502 Bad Gateway</h1>", 0, 0},
		{"hang up before", `{"hang_up":"before"}`, submit, -1, "", 0, 0},
		{"hang up after", `{"hang_up":"after"}`, submit, -1, "", 1, 0},
		{"garbage", `{"spoil":"garbage"}`, submit, 200, strings.Repeat("<", len(`{"+12025550123":"ok"}`)), 1, 0},
		{"cut", `{"spoil":"cut"}`, submit, -1, `{"+1202555`, 1, 0},
		{"slow", `{"spoil":"slow","latency":"20ms"}`, submit, 200, `"ok"`, 1, 0},
		{"the vendor's word", `{"operation":"SUBMIT","status":502}`, submit, 502, "", 0, 0},
		{"the common word send", `{"operation":"send","status":502}`, submit, 502, "", 0, 0},
		{"the common word list", `{"operation":"list","status":502}`, submit, 200, "", 1, 0},
		{"the common word look", `{"operation":"look","status":502}`, "/acme/account", 502, "", 0, 0},
		{"another path of the vendor", `{"status":502}`, "/acme-old/submit?to=%2B12025550123", 502, "", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			sb := newSandbox(t, kernel.Options{})
			if status, answer := request(t, sb, "PUT", "/_sandbox/faults", "["+c.fault+"]"); status != 200 {
				t.Fatal(answer)
			}
			if status, body := get(t, sb, c.target); status != c.status || !strings.Contains(body, c.body) || c.body == "" && status == -1 && body != "" {
				t.Errorf("status %d, %q; want %d, %q", status, body, c.status, c.body)
			}
			if taken, refused := len(sb.Messages("")), len(sb.Refused("")); taken != c.taken || refused != c.refused {
				t.Errorf("%d taken and %d refused, want %d and %d", taken, refused, c.taken, c.refused)
			}
		})
	}
}

func TestFaults_ofVendors(t *testing.T) {
	sb := newSandbox(t, kernel.Options{})
	for _, c := range []struct{ fault, want string }{
		{`{"vendor":"nobody","status":502}`, `there is no "nobody" here: write acme or line`},
		{`{"vendor":"acme","code":"bad"}`, "not in capitals"},
		{`{"vendor":"line","status":502}`, "is no HTTP service"},
		{`{"throttle":true,"code":"BAD","vendor":"acme"}`, "throttle excludes code"},
		{`{"throttle":true,"hang_up":"after"}`, "hang_up excludes"},
		{`{"fails":"X","status":502}`, "fails excludes"},
	} {
		if status, answer := request(t, sb, "PUT", "/_sandbox/faults", "["+c.fault+"]"); status != 400 || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %d, %q lacks %q", c.fault, status, answer, c.want)
		}
	}
}

// A vendor over a connection meets the same faults as one over HTTP.
func TestServeConn_faults(t *testing.T) {
	for _, c := range []struct {
		name, fault, want string
		open              bool
		taken             int
	}{
		{"none", `{"vendor":"acme","status":502}`, "OK 123456\n", true, 1},
		{"a status is for HTTP", `{"status":502}`, "OK 123456\n", true, 1},
		{"a code", `{"vendor":"line","code":"13"}`, "NO 13\n", true, 0},
		{"throttled", `{"throttle":true}`, "NO 88\n", true, 0},
		{"latency", `{"latency":"5ms"}`, "OK 123456\n", true, 1},
		{"hang up before", `{"hang_up":"before"}`, "", false, 0},
		{"hang up after", `{"hang_up":"after"}`, "", false, 1},
		{"garbage", `{"spoil":"garbage"}`, "<<<<<<<<<<", true, 1},
		{"cut", `{"spoil":"cut"}`, "OK 12", false, 1},
		{"slow", `{"spoil":"slow","latency":"10ms"}`, "OK 123456\n", true, 1},
		{"the common word", `{"operation":"send","to":"+12025550123","hang_up":"before"}`, "", false, 0},
		{"another number", `{"to":"+12025550199","hang_up":"before"}`, "OK 123456\n", true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			sb, err := kernel.Listen("", kernel.Options{}, acme, line)
			if err != nil {
				t.Fatal(err)
			}
			defer sb.Close()
			if status, answer := request(t, sb, "PUT", "/_sandbox/faults", "["+c.fault+"]"); status != 200 {
				t.Fatal(answer)
			}
			conn, err := net.Dial("tcp", sb.Addr("line"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "SEND %s hello\n", to)
			answer := make([]byte, len(c.want))
			_, err = io.ReadFull(conn, answer)
			if string(answer) != c.want || err != nil && len(c.want) > 0 {
				t.Fatalf("%q, %v; want %q", answer, err, c.want)
			}
			if !c.open {
				if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
					t.Error("the connection was not cut")
				}
			}
			if n := len(sb.Messages(to)); n != c.taken {
				t.Errorf("%d messages, want %d", n, c.taken)
			}
		})
	}
}

func TestNew_refusesVendors(t *testing.T) {
	broken := func(v kernel.Vendor) kernel.Opener {
		return func(*kernel.Desk) (kernel.Vendor, error) { return v, nil }
	}
	sb := kernel.New(kernel.Options{}, acme, acme, broken(kernel.Vendor{Name: "A B"}), broken(kernel.Vendor{Name: "empty"}),
		func(*kernel.Desk) (kernel.Vendor, error) { return kernel.Vendor{}, errors.New("keys[0]: wrong") })
	defer sb.Close()
	for _, want := range []string{`"acme": there are two`, `"A B": Name must`, `"empty": Show is required`, "keys[0]: wrong"} {
		if sb.Err() == nil || !strings.Contains(sb.Err().Error(), want) {
			t.Errorf("%v lacks %q", sb.Err(), want)
		}
	}
	if status, body := get(t, sb, submit); status != 500 || !strings.Contains(body, "keys[0]") {
		t.Errorf("it answers %d, %s", status, body)
	}
}
