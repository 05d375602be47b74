package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	callbackTimeout = 15 * time.Second
	// maxCallbacks bounds the messages whose callbacks are still to come; those
	// of further ones are not sent, and the log says so.
	maxCallbacks = 20_000
	// maxPosts bounds the callbacks that are on their way at the same time.
	maxPosts = 64
)

// callbacks owns the goroutines that tell senders how their messages fare: one
// for each message with a StatusCallback, from its creation to its end.
type callbacks struct {
	*Sandbox
	client  *http.Client
	ctx     context.Context
	cancel  context.CancelFunc
	posts   chan struct{} // holds a token for each POST on its way
	mu      sync.Mutex    // guards closed and the Add of running against Wait
	closed  bool
	running sync.WaitGroup
	waiting atomic.Int64
}

func newCallbacks(s *Sandbox) *callbacks {
	c := &callbacks{Sandbox: s, posts: make(chan struct{}, maxPosts)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	transport := s.options.CallbackTransport
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: maxPosts, IdleConnTimeout: 10 * time.Second}
	}
	c.client = &http.Client{Transport: transport, Timeout: callbackTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

func (c *callbacks) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.running.Wait()
	if c.options.CallbackTransport == nil {
		c.client.CloseIdleConnections()
	}
}

// start begins to tell of a message. Its answer has left by then.
func (c *callbacks) start(e *entry) {
	if c.options.Pace < 0 {
		return
	}
	if u, err := url.Parse(e.twilio.callback); err != nil || !c.allowed(u.Hostname()) {
		c.options.Logger.Warn("sandbox: status callback not sent: its host is neither a loopback one nor among CallbackHosts", "message", e.ID)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if c.waiting.Add(1) > maxCallbacks {
		c.waiting.Add(-1)
		c.options.Logger.Warn("sandbox: status callback not sent: too many are under way", "message", e.ID)
		return
	}
	c.running.Go(func() {
		defer c.waiting.Add(-1)
		c.tell(e)
	})
}

// tell sends one POST for sent and one for delivered, the second after the first
// has been answered or has failed.
func (c *callbacks) tell(e *entry) {
	pace := c.options.Pace
	for _, at := range []time.Time{e.sentAt(pace), e.deliveredAt(pace)} {
		if !c.sleep(c.ctx, time.Until(at)) {
			return
		}
		var form url.Values
		c.store.mu.Lock()
		if e.twilio.canceled.IsZero() {
			form = e.callbackForm(at, pace)
		}
		c.store.mu.Unlock()
		if form == nil {
			return
		}
		status, err := c.post(c.ctx, e.ID, e.Account, e.twilio.callback, form)
		if err != nil || status >= 300 {
			// An error's text has the address in it, which is the account's to write.
			c.options.Logger.Info("sandbox: a receiver did not take a status callback", "message", e.ID, "status", status)
		}
	}
}

// callbackForm is what Twilio tells of a message in this moment.
func (e *entry) callbackForm(at time.Time, pace time.Duration) url.Values {
	state := e.twilioState(at, pace)
	form := url.Values{
		"AccountSid": {e.Account}, "ApiVersion": {"2010-04-01"}, "From": {state.from}, "To": {string(e.To)},
		"MessageSid": {e.ID}, "MessageStatus": {state.status}, "SmsSid": {e.ID}, "SmsStatus": {state.status},
	}
	if e.twilio.service != "" {
		form.Set("MessagingServiceSid", e.twilio.service)
	}
	if state.status == "delivered" {
		form.Set("RawDlrDoneDate", at.UTC().Format("0601021504"))
	}
	return form
}

// post sends one signed form, and gives the status of the answer.
func (c *callbacks) post(ctx context.Context, id, account, target string, form url.Values) (status int, err error) {
	select {
	case c.posts <- struct{}{}:
		defer func() { <-c.posts }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, fmt.Errorf("sandbox: message %s: its callback is no address", id)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("User-Agent", "TwilioProxy/1.1")
	r.Header.Set("I-Twilio-Idempotency-Token", newUUID())
	r.Header.Set("X-Twilio-Signature", signCallback(c.Sandbox.twilio.token(account), target, form))
	answer, err := c.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("sandbox: message %s: nobody answered its callback", id)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxBody))
	return answer.StatusCode, answer.Body.Close()
}

func (v *twilioVendor) token(account string) string {
	if a := v.accounts[account]; a != nil {
		return a.Token
	}
	return ""
}

// signCallback signs as Twilio does: the address exactly as it was given, then
// each name and value, sorted by name; of a name that stands several times its
// distinct values, sorted.
func signCallback(token, target string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(mac, target)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Compact(slices.Sorted(slices.Values(form[name])))
		for _, value := range values {
			_, _ = io.WriteString(mac, name+value)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// allowed tells whether callbacks may go to a host.
func (c *callbacks) allowed(host string) bool {
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost") {
		return true
	}
	return slices.ContainsFunc(c.options.CallbackHosts, func(h string) bool { return h == "*" || strings.EqualFold(h, host) })
}
