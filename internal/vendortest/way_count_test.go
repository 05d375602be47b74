package vendortest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// A counter is a sandbox that counts how often a vendor's list is read, and how many
// read it for one number at the same time.
type counter struct {
	*sandbox.Sandbox
	url string

	lists, together atomic.Int64
	hold            func() // called before Aliyun is asked to send; nil does not hold
	mu              sync.Mutex
	reading         map[string]bool
}

func newCounter(t *testing.T) *counter {
	c := &counter{Sandbox: sandboxtest.Start(t), reading: map[string]bool{}}
	target, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // a hang-up stays one
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := ""
		switch {
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/Messages.json"):
			number = r.URL.Query().Get("To")
		case r.Method == http.MethodPost:
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			form, _ := url.ParseQuery(string(body))
			switch form.Get("Action") {
			case "QuerySendDetails":
				number = form.Get("PhoneNumber")
			case "SendSms":
				if c.hold != nil {
					c.hold()
				}
			}
		}
		if number != "" {
			defer c.read(number)()
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *counter) read(number string) (end func()) {
	c.lists.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reading[number] {
		c.together.Add(1)
	}
	c.reading[number] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.reading, number)
	}
}

// want checks how many lists were read since the last check: one at least for each
// message, and no more than one layer's schedule allows.
func (c *counter) want(t *testing.T, messages, most int64) {
	t.Helper()
	if got := c.lists.Swap(0); got < messages || got > most || c.together.Load() != 0 {
		t.Errorf("the list was read %d times, %d of them while it was being read for the same number; want %d to %d, one after the other",
			got, c.together.Load(), messages, most)
	}
}

// slow is a process whose vendor's list is believed after a minute only, so that every
// question about what was not taken stays open. During a send it is asked at once and
// 200 ms later.
func (c *counter) slow(change func(*notify.Config)) notify.Config {
	return process(c.url, func(config *notify.Config) {
		o := config.Providers["one"].Settings.(twilio.Options)
		o.FindAfter = time.Minute
		config.Providers["one"] = notify.ProviderConfig{Driver: "twilio", Settings: o}
		config.FindFor = 300 * time.Millisecond
		if change != nil {
			change(config)
		}
	})
}

// After an unknown outcome one layer reads the vendor's list at a time, whatever sends.
func TestClient_listIsReadByOneLayerAtATime(t *testing.T) {
	lose := func(t *testing.T, c *counter, operation string) {
		t.Helper()
		if err := c.SetFaults(sandbox.Fault{Operation: operation, HangUp: sandbox.HangUpBefore}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("Send", func(t *testing.T) {
		c := newCounter(t)
		client := openProcess(t, c.slow(func(config *notify.Config) { config.Routes[0].Providers = []string{"one", "two"} }))
		lose(t, c, "send")
		if _, err := client.Send(t.Context(), notice()); sms.OutcomeOf(err) != sms.Unknown {
			t.Fatal(err)
		}
		c.want(t, 1, 2)
	})
	t.Run("SendAll", func(t *testing.T) {
		c := newCounter(t)
		client := openProcess(t, c.slow(nil))
		lose(t, c, "send")
		var all iter.Seq2[sms.Message, error] = func(yield func(sms.Message, error) bool) {
			for i := range 5 {
				m := notice()
				m.To, m.Key = sms.Number(fmt.Sprintf("+1202555012%d", i)), fmt.Sprint("key-", i)
				if !yield(m, nil) {
					return
				}
			}
		}
		for _, r := range client.SendAll(t.Context(), all, notify.BulkOptions{}) {
			if sms.OutcomeOf(r.Err) != sms.Unknown {
				t.Error(r.Err)
			}
		}
		c.want(t, 5, 10)
	})
	t.Run("outbox", func(t *testing.T) {
		c := newCounter(t)
		client := openProcess(t, c.slow(nil))
		lose(t, c, "send")
		templates, err := sms.NewRegistry(c.slow(nil).Templates...)
		if err != nil {
			t.Fatal(err)
		}
		box, err := outbox.New(outbox.Options{Engine: outboxtest.NewDisk().Open(), Sender: client, Templates: templates, FindAfter: 100 * time.Millisecond, AskFor: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Enqueue(t.Context(), notice()); err != nil {
			t.Fatal(err)
		}
		if err := box.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer box.Close(t.Context())
		await(t, box, notice().Key, outbox.Held)
		c.want(t, 2, 3) // two during the send, one by the outbox afterwards
	})
	t.Run("a batch", func(t *testing.T) {
		c := newCounter(t)
		// The first call holds the others up, which then share one.
		// The shared one is refused for a number, and the list says that none was taken.
		arrived, release := make(chan struct{}), make(chan struct{})
		calls := 0
		c.hold = func() {
			switch calls++; calls {
			case 1:
				close(arrived)
				<-release
			case 2:
				if err := c.SetFaults(sandbox.Fault{Vendor: sandbox.Aliyun, Operation: "send", Code: "isv.MOBILE_NUMBER_ILLEGAL", Times: 1}); err != nil {
					t.Error(err)
				}
			}
		}
		client, err := notify.New(notify.Config{
			Providers: map[string]notify.ProviderConfig{"aliyun": {Driver: "aliyun", Settings: aliyun.Options{
				AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Endpoint: c.url,
				Coalesce: true, MaxCalls: 1, FindAfter: 300 * time.Millisecond,
			}}},
			Templates: []sms.Template{{Name: "shipped", Text: "${name},您的订单${order}已发货。", Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}}}},
		}, aliyun.Driver())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		var sends sync.WaitGroup
		for i := range 4 {
			sends.Go(func() {
				m := sms.Message{To: sms.Number(fmt.Sprintf("+861380000000%d", i)), Template: "shipped", Params: sms.Params{"name": "张三", "order": "A"}, Key: fmt.Sprint("key-", i)}
				if _, err := client.Send(context.Background(), m); err != nil {
					t.Error(err)
				}
			})
			if i == 0 {
				<-arrived // the first one is under way
			}
		}
		gathered(t, 4)
		close(release)
		sends.Wait()
		c.want(t, 3, 3)
	})
}

// gathered waits until n sends are in the kit's gatherer: one in its call, the others
// waiting for that call to end.
func gathered(t *testing.T, n int) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		inside := 0
		for _, stack := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "kit.(*gatherer[...]).send(") {
				inside++
			}
		}
		if inside == n {
			return
		}
	}
	t.Fatalf("after a minute fewer than %d sends wait", n)
}

// await waits until a message of an outbox is in a state.
func await(t *testing.T, box *outbox.Outbox, key string, want outbox.State) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range time.Tick(20 * time.Millisecond) {
		status, err := box.Status(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		if status.State == want {
			return
		}
	}
}
