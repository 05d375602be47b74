package kernel_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
)

// A receiver is a transport that takes what is posted and remembers it.
type receiver struct {
	mu    sync.Mutex
	posts []string
	at    []time.Time
	reply string // what it answers; empty: ok
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts = append(r.posts, q.URL.Path+" "+string(body))
	r.at = append(r.at, time.Now())
	answer := r.reply
	if answer == "" {
		answer = "ok"
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(answer)), Request: q}, nil
}

func (r *receiver) got() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.posts, "\n")
}

func TestWebhooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, kernel.Options{CallbackTransport: &r, Pace: time.Second})
		get(t, sb, submit+"&id=early")
		if status, answer := request(t, sb, "PUT", "/_sandbox/webhooks", `{"acme":{"reports":"http://127.0.0.1/reports","replies":"http://127.0.0.1/replies"}}`); status != 200 || !strings.Contains(answer, "/reports") {
			t.Fatal(status, answer)
		}
		get(t, sb, submit+"&to=%2B12025550124&to=%2B12025550125&id=m")
		get(t, sb, submit+"&id=own&report=http://127.0.0.1/own")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		// A report holds at most two messages; a message's own address wins.
		for _, want := range []string{`/reports ["m0 delivered ","m1 delivered "]`, `/reports ["m2 delivered "]`, `/own ["own0 delivered "]`} {
			if strings.Count(r.got(), want) != 1 {
				t.Errorf("%q was not posted once:\n%s", want, r.got())
			}
		}
		if n := strings.Count(r.got(), "\n"); n != 2 {
			t.Errorf("%d reports, want 3:\n%s", n+1, r.got())
		}
		if status, answer := request(t, sb, "POST", "/_sandbox/replies", `{"vendor":"acme","from":"+12025550123","text":"STOP"}`); status != 200 {
			t.Error(answer)
		}
		if !strings.HasSuffix(r.got(), "/replies STOP") {
			t.Errorf("the reply was not posted:\n%s", r.got())
		}
		request(t, sb, "DELETE", "/_sandbox/webhooks", "")
		get(t, sb, submit+"&id=late")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if strings.Contains(r.got(), "late") || len(sb.Webhooks()) != 0 {
			t.Errorf("a report went to an address that was removed:\n%s", r.got())
		}
	})
}

func TestWebhooks_refused(t *testing.T) {
	sb := newSandbox(t, kernel.Options{})
	if err := sb.SetWebhooks(map[string]kernel.Webhooks{"acme": {Reports: "http://127.0.0.1/kept"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ body, want string }{
		{`[]`, "webhooks"},
		{`{"nobody":{}}`, `no vendor "nobody"`},
		{`{"acme":{"report":"x"}}`, "report"},
		{`{"acme":{"reports":"http://example.com/"}}`, "acme.reports: the URL is none, or its host"},
		{`{"acme":{"replies":"127.0.0.1"}}`, "acme.replies"},
		{`{"line":{"reports":"http://127.0.0.1/"}}`, "sends none for this vendor"},
	} {
		if status, answer := request(t, sb, "PUT", "/_sandbox/webhooks", c.body); status != 400 || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %d, %q lacks %q", c.body, status, answer, c.want)
		}
	}
	if sb.Webhooks()["acme"].Reports != "http://127.0.0.1/kept" {
		t.Error("a refused body has replaced what was set")
	}
	if status, _ := request(t, sb, "POST", "/_sandbox/webhooks", "{}"); status != 405 {
		t.Errorf("POST: %d", status)
	}
}

// What a receiver does not take comes again, as often as the vendor repeats it.
func TestReports_areRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiver{reply: "no"}
		sb := newSandbox(t, kernel.Options{CallbackTransport: &r, Pace: time.Second})
		get(t, sb, submit+"&id=m&report=http://127.0.0.1/own")
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(r.at) != 3 || r.at[1].Sub(r.at[0]) != time.Minute || r.at[2].Sub(r.at[1]) != time.Minute {
			t.Errorf("posted at %v, want three times a minute apart", r.at)
		}
		r.mu.Lock()
		r.reply = ""
		r.mu.Unlock()
		get(t, sb, submit+"&id=m&report=http://127.0.0.1/own")
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(r.at) != 4 {
			t.Errorf("%d posts, want one more", len(r.at))
		}
	})
}

func TestFault_fails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, kernel.Options{CallbackTransport: &r, Pace: time.Second})
		request(t, sb, "PUT", "/_sandbox/faults", `[{"fails":"ABSENT","times":1}]`)
		get(t, sb, submit+"&id=lost&report=http://127.0.0.1/own")
		get(t, sb, submit+"&id=well&report=http://127.0.0.1/own")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		for _, want := range []string{`["lost0 failed ABSENT"]`, `["well0 delivered "]`} {
			if !strings.Contains(r.got(), want) {
				t.Errorf("%s was not reported:\n%s", want, r.got())
			}
		}
		if m := sb.Messages(""); m[0].Status != "acme failed" || m[1].Status != "acme delivered" {
			t.Errorf("the messages are %v", m)
		}
	})
}

// A message whose moment comes after it was forgotten is not reported.
func TestReports_holdNoMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, kernel.Options{CallbackTransport: &r, Pace: time.Hour, MaxMessages: 10})
		for i := range 100 {
			get(t, sb, submit+fmt.Sprintf("&id=m%d&report=http://127.0.0.1/own", i))
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if n := strings.Count(r.got(), "delivered"); n != 10 {
			t.Errorf("%d reports, want those of the 10 messages that are kept", n)
		}
	})
}

func TestRefused(t *testing.T) {
	sb := newSandbox(t, kernel.Options{})
	request(t, sb, "PUT", "/_sandbox/faults", `[{"vendor":"acme","code":"BAD","message":"no +12025550124","to":"+12025550124"}]`)
	get(t, sb, submit+"&to=%2B12025550124")
	get(t, sb, submit+"&dry=1")
	if n := len(sb.Messages("")); n != 1 {
		t.Errorf("%d messages: a refused one and a dry run are not among them", n)
	}
	status, body := get(t, sb, "/_sandbox/refused?to=%2B12025550124")
	if status != 200 || !strings.HasPrefix(body, `{"refused":[{"vendor":"acme","operation":"submit","to":"+12025550124","code":"BAD","message":"no +12025550124","at":"`) {
		t.Errorf("status %d, %s", status, body)
	}
	if _, body := get(t, sb, "/_sandbox/refused?to="+"%2B12025550123"); body != `{"refused":[]}` {
		t.Errorf("of the number that was not refused: %s", body)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, sb.Refused("")[0]); strings.Contains(text, "2025550124") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
	if _, body := request(t, sb, "DELETE", "/_sandbox/refused", ""); body != `{"removed":1}` {
		t.Errorf("removed: %s", body)
	}
	if status, _ := request(t, sb, "PUT", "/_sandbox/refused", "[]"); status != 405 {
		t.Errorf("PUT: %d", status)
	}
	if status, _ := get(t, sb, "/_sandbox/refused?to=1"); status != 400 {
		t.Errorf("a number that is none: %d", status)
	}
}
