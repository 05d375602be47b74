package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// A receiver is a transport that takes callbacks and remembers them.
type receiver struct {
	mu    sync.Mutex
	posts []post
	do    func() (*http.Response, error) // nil: 204
}

type post struct {
	at        time.Time
	target    string
	signature string
	form      url.Values
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.posts = append(r.posts, post{time.Now(), q.URL.String(), q.Header.Get("X-Twilio-Signature"), form})
	r.mu.Unlock()
	if r.do != nil {
		return r.do()
	}
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: q}, nil
}

func (r *receiver) taken() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.posts)
}

// valid reports whether the signature is that of the vendor's documentation: of the
// URL and the sorted parameters. In internal/vendortest the vendor's own validator
// judges it.
func (p post) valid(token string) bool {
	mac := hmac.New(sha1.New, []byte(token))
	io.WriteString(mac, p.target)
	for _, name := range slices.Sorted(maps.Keys(p.form)) {
		io.WriteString(mac, name+p.form.Get(name))
	}
	return p.signature == base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestCallbacks(t *testing.T) {
	const target = "http://127.0.0.1:9/cb?b=2&a=%E4%B8%AD&empty="
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, sandbox.Options{Pace: time.Second, CallbackTransport: &r})
		_, m := createTwilio(t, sb, "StatusCallback", target, "From", "-", "MessagingServiceSid", sandbox.TwilioServiceSID)
		synctest.Wait()
		if n := len(r.taken()); n != 0 {
			t.Fatalf("%d callbacks for the first status", n)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		posts := r.taken()
		if len(posts) != 2 {
			t.Fatalf("%d callbacks, want one for sent and one for delivered", len(posts))
		}
		for i, status := range []string{"sent", "delivered"} {
			want := map[string]string{"MessageSid": m["sid"].(string), "SmsSid": m["sid"].(string), "MessageStatus": status, "SmsStatus": status,
				"AccountSid": sandbox.TwilioAccountSID, "From": sandbox.TwilioSender, "To": "+12025550123", "ApiVersion": "2010-04-01",
				"MessagingServiceSid": sandbox.TwilioServiceSID}
			if status == "delivered" {
				want["RawDlrDoneDate"] = "0001010000"
			}
			got := map[string]string{}
			for name := range posts[i].form {
				got[name] = posts[i].form.Get(name)
			}
			if !maps.Equal(got, want) {
				t.Errorf("%s: %v, want %v", status, got, want)
			}
			if !posts[i].valid(sandbox.TwilioAuthToken) || posts[i].valid("other") {
				t.Errorf("%s: the vendor's validator does not take the signature", status)
			}
			if after := time.Duration(i+1) * time.Second; posts[i].at.Sub(sb.Messages("")[0].At) != after {
				t.Errorf("%s came at another moment than after %v", status, after)
			}
		}
	})
}

func TestCallbacks_subaccountSignsWithItsOwnToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r})
		do(t, sb, twilioRequest("POST", "/2010-04-01/Accounts/"+sandbox.TwilioSubaccountSID+"/Messages.json",
			"To", "+12025550123", "From", sandbox.TwilioSender, "Body", "x", "StatusCallback", "http://localhost/cb"))
		time.Sleep(time.Second)
		synctest.Wait()
		if posts := r.taken(); len(posts) != 2 || !posts[0].valid(sandbox.TwilioSubaccountToken) || posts[0].valid(sandbox.TwilioAuthToken) {
			t.Errorf("%d callbacks, not signed with the subaccount's token", len(posts))
		}
	})
}

func TestCallbacks_whoIsTold(t *testing.T) {
	for _, c := range []struct {
		name, target string
		hosts        []string
		want         int
	}{
		{"loopback", "http://127.0.0.1:1/", nil, 2},
		{"loopback, IPv6", "http://[::1]:1/", nil, 2},
		{"localhost", "https://localhost/", nil, 2},
		{"another host", "http://example.com/", nil, 0},
		{"a host that only looks like it", "http://127.0.0.1.example.com/", nil, 0},
		{"another host, allowed", "http://example.com/", []string{"example.com"}, 2},
		{"its subdomain is another", "http://a.example.com/", []string{"example.com"}, 0},
		{"all allowed", "http://example.org/", []string{"*"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r receiver
				sb := newSandbox(t, sandbox.Options{CallbackTransport: &r, CallbackHosts: c.hosts})
				createTwilio(t, sb, "StatusCallback", c.target)
				time.Sleep(time.Minute)
				synctest.Wait()
				if n := len(r.taken()); n != c.want {
					t.Errorf("%d callbacks, want %d", n, c.want)
				}
			})
		})
	}
}

// A receiver that fails changes nothing for the message or the next callback.
func TestCallbacks_failedReceiver(t *testing.T) {
	for name, answer := range map[string]func() (*http.Response, error){
		"no receiver": func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"an error":    func() (*http.Response, error) { return &http.Response{StatusCode: 500, Body: http.NoBody}, nil },
		"an answer slow": func() (*http.Response, error) {
			time.Sleep(10 * time.Second)
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := receiver{do: answer}
				sb := newSandbox(t, sandbox.Options{CallbackTransport: &r})
				createTwilio(t, sb, "StatusCallback", "http://127.0.0.1/")
				time.Sleep(time.Minute)
				synctest.Wait()
				posts := r.taken()
				if len(posts) != 2 || posts[0].form.Get("MessageStatus") != "sent" || posts[1].form.Get("MessageStatus") != "delivered" {
					t.Errorf("got %d callbacks, want sent, then delivered", len(posts))
				}
				if m := sb.Messages("")[0]; m.Status != "delivered" {
					t.Errorf("the message is %s", m.Status)
				}
			})
		})
	}
}

func TestCallbacks_canceledTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r})
		_, m := createTwilio(t, sb, "StatusCallback", "http://127.0.0.1/", "From", sandbox.TwilioServiceSID, "ScheduleType", "fixed",
			"SendAt", time.Now().Add(time.Hour).Format(time.RFC3339))
		do(t, sb, twilioRequest("POST", "Messages/"+m["sid"].(string)+".json", "Status", "canceled"))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if n := len(r.taken()); n != 0 {
			t.Errorf("%d callbacks for a message that never went", n)
		}
	})
}

// Close ends callbacks that are far off: synctest fails where a goroutine is left.
func TestCallbacks_closeEndsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r, Pace: 24 * time.Hour})
		for range 100 {
			createTwilio(t, sb, "StatusCallback", "http://127.0.0.1/")
		}
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
		createTwilio(t, sb, "StatusCallback", "http://127.0.0.1/")
		if n := len(r.taken()); n != 0 {
			t.Errorf("%d callbacks after Close", n)
		}
	})
}

// A slowWriter takes a while to send an answer.
type slowWriter struct {
	http.ResponseWriter
	flushed bool
}

func (w *slowWriter) Write(b []byte) (int, error) {
	time.Sleep(10 * time.Second)
	return w.ResponseWriter.Write(b)
}

func (w *slowWriter) Flush() { w.flushed = true }

// The answer to the create has left before the first callback comes, however
// fast the pace and slow the connection.
func TestCallbacks_afterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		sb := newSandbox(t, sandbox.Options{Pace: time.Nanosecond, CallbackTransport: &r})
		w := &slowWriter{ResponseWriter: httptest.NewRecorder()}
		start := time.Now()
		sb.ServeHTTP(w, twilioRequest("POST", "Messages.json", "To", "+12025550123", "From", sandbox.TwilioSender, "Body", "x", "StatusCallback", "http://127.0.0.1/"))
		synctest.Wait()
		posts := r.taken()
		if len(posts) != 2 || posts[0].at.Sub(start) < 10*time.Second || !w.flushed {
			t.Errorf("%d callbacks, flushed: %v; the first has to come after the answer was written and flushed", len(posts), w.flushed)
		}
	})
}

// The same over real connections, with the sandbox's own transport.
func TestCallbacks_overHTTP(t *testing.T) {
	arrived := make(chan string, 2)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- r.FormValue("MessageStatus")
	}))
	defer receiver.Close()
	sb := sandboxtest.StartWith(t, sandbox.Options{Pace: time.Nanosecond})
	createTwilio(t, sb, "StatusCallback", receiver.URL)
	if first, second := <-arrived, <-arrived; first != "sent" || second != "delivered" {
		t.Errorf("got %s, then %s", first, second)
	}
}
