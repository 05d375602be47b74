package main_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/sandbox"
)

// callers is the file of n rows that go to Twilio by the route init writes; people's go to
// Aliyun.
func callers(n int) string {
	var b strings.Builder
	b.WriteString("to,name,order\n")
	for i := range n {
		fmt.Fprintf(&b, "+120255501%02d,Ann,A-%d\n", i, i)
	}
	return b.String()
}

var bulkShipped = []string{"bulk", "people.csv", "--template", "shipped", "--region", "CN"}

// crash starts a bulk of the rows and kills it when the vendor has taken some of them and
// has answered for none.
func (w *world) crash(rows string) {
	w.Helper()
	w.unlimited()
	w.write("people.csv", rows)
	if err := w.sandbox.SetFaults(sandbox.Fault{Operation: "send", Latency: 10 * time.Minute}); err != nil {
		w.Fatal(err)
	}
	cmd := w.command(bulkShipped...)
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.awaitSent(3)
	if err := cmd.Process.Kill(); err != nil {
		w.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		w.Fatal("it ended before it was killed")
	}
	if err := w.sandbox.SetFaults(); err != nil {
		w.Fatal(err)
	}
}

// perOrder counts the messages that vendors have for each order.
func (w *world) perOrder() map[string]int {
	orders := map[string]int{}
	for _, m := range w.sandbox.Messages("") {
		orders[regexp.MustCompile(`A-\d+`).FindString(m.Text)]++
	}
	return orders
}

// A process dies while the vendor has messages it has not answered for, and the next one
// has another configuration, by which it would ask about other messages, or another
// vendor. No message is sent twice, whatever changed.
func TestBulk_resumedAfterADeploy(t *testing.T) {
	const n = 100 // more than are sent at once
	binary := build(t)
	for _, c := range []struct {
		name, rows string
		deploy     func(*world) // nil changes nothing
	}{
		{"nothing, by Aliyun", people(n), nil},
		{"nothing, by Twilio", callers(n), nil},
		{"the text, by Twilio", callers(n), func(w *world) {
			w.edit("notify.yaml", "${name}, your order ${order} has shipped.", "Hello ${name}! Order ${order} is on its way.")
		}},
		{"the vendor's template, by Aliyun", people(n), func(w *world) {
			w.edit("notify.yaml", "text: ${name},您的订单${order}已发货。", "text: ${name},您的订单${order}已发货!")
		}},
		{"the route, from Aliyun to Twilio", people(n), func(w *world) {
			w.edit("notify.yaml", "{regions: [CN], providers: [aliyun, twilio]}", "{regions: [CN], providers: [twilio]}")
		}},
		{"the redirect, by Aliyun", people(n), func(w *world) {
			w.edit("notify.yaml", "environments:\n", "redirect: \"+8613800000000\"\nenvironments:\n")
		}},
		{"the redirect, by Twilio", callers(n), func(w *world) {
			w.edit("notify.yaml", "environments:\n", "redirect: \"+12025550199\"\nenvironments:\n")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := worldOf(t, binary, sandbox.Options{})
			w.crash(c.rows)
			if c.deploy != nil {
				c.deploy(w)
			}
			out, errs, status := w.run(append(bulkShipped, "--resume")...)
			for again := 0; c.deploy == nil && status == 3 && again < 5; again++ {
				time.Sleep(time.Second) // find_after: the vendor's list is believed after it
				out, errs, status = w.run(append(bulkShipped, "--resume")...)
			}
			for order, sent := range w.perOrder() {
				if sent > 1 {
					t.Errorf("the vendors have order %s %d times", order, sent)
				}
			}
			results := w.results("people.results.csv")
			switch sent := len(w.sandbox.Messages("")); {
			case c.deploy == nil && (sent != n || results["accepted"] != n || status != 0):
				t.Errorf("%d of %d were sent, %v, status %d\n%s%s", sent, n, results, status, out, errs)
			case c.deploy != nil && (results["accepted"]+results["unknown"] != n || results["unknown"] == 0 || status != 3):
				t.Errorf("%d were sent, %v, status %d\n%s%s", sent, results, status, out, errs)
			}
		})
	}
}

// A list counts how often a vendor's list is read on the way to a sandbox, for each number
// at each vendor, and whether two read it for one number at the same time.
type list struct {
	mu       sync.Mutex // guards what follows
	reads    map[string]int
	reading  map[string]bool
	together int
}

// lists puts a list between the world and its sandbox. The endpoint is part of a
// configuration's mark: it must be there before a crash.
func (w *world) lists() *list {
	w.Helper()
	l := &list{reads: map[string]int{}, reading: map[string]bool{}}
	target, err := url.Parse(w.sandbox.URL)
	if err != nil {
		w.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // a killed client
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		number := ""
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/Messages.json") {
			number = "twilio " + r.URL.Query().Get("To")
		} else if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if form, _ := url.ParseQuery(string(body)); form.Get("Action") == "QuerySendDetails" {
				number = "aliyun " + form.Get("PhoneNumber")
			}
		}
		if number != "" {
			defer l.read(number)()
		}
		proxy.ServeHTTP(rw, r)
	}))
	w.Cleanup(server.Close)
	w.edit("notify.yaml", w.sandbox.URL, server.URL)
	return l
}

func (l *list) read(number string) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads[number]++
	if l.reading[number] {
		l.together++
	}
	l.reading[number] = true
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.reading, number)
	}
}

// For each row in doubt one layer reads the vendor's list: once if the vendor has the
// message, and once more, when it can be sure, if it does not.
func TestBulk_resumeReadsTheListByOneLayer(t *testing.T) {
	const n = 100 // more than are sent at once
	binary := build(t)
	for vendor, rows := range map[string]string{"Aliyun": people(n), "Twilio": callers(n)} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			w := worldOf(t, binary, sandbox.Options{})
			l := w.lists()
			w.crash(rows)
			taken := map[string]bool{}
			for _, m := range w.sandbox.Messages("") {
				taken[m.To.E164()] = true
			}
			w.ok(append(bulkShipped, "--resume")...)
			all, err := csv.NewReader(strings.NewReader(rows)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range all[1:] {
				asked, number := []string{"aliyun " + row[0], "twilio +86" + row[0]}, "+86"+row[0]
				if strings.HasPrefix(row[0], "+") {
					asked, number = []string{"twilio " + row[0]}, row[0]
				}
				for i, at := range asked {
					least, most := 1-i, 2 // the next provider is asked if the first has no message; a killed process's may arrive late
					if taken[number] {
						most = 1 - i
					}
					if got := l.reads[at]; got < least || got > most {
						t.Errorf("%s, taken before the crash: %v: the list was read %d times, want %d to %d", at, taken[number], got, least, most)
					}
				}
			}
			if l.together > 0 {
				t.Errorf("%d times while it was being read for the same number", l.together)
			}
			if got := len(w.sandbox.Messages("")); got != n {
				t.Errorf("the vendor has %d messages of %d", got, n)
			}
		})
	}
}
