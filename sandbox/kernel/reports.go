package kernel

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	reportTimeout = 15 * time.Second
	// maxReports bounds the messages whose reports are still to come. Those of
	// further ones are not sent, and the log says so.
	maxReports = 20_000
	// maxPosts bounds the reports that are on their way at the same time.
	maxPosts = 64
	// maxAcknowledgement is how much of a receiver's answer is read.
	maxAcknowledgement = 8 << 10
)

// reports sends what vendors report of their messages: one goroutine waits for
// the next moment, and one for each request posts it. A message is looked up by
// its place when its moment comes, so what waits holds no texts.
type reports struct {
	*Sandbox
	client *http.Client
	posts  chan struct{} // holds a token for each request on its way
	wake   chan struct{} // holds one token after a change of due

	mu      sync.Mutex // guards what follows, and the Add of running against Wait
	closed  bool
	started bool
	due     dueHeap
	running sync.WaitGroup
}

// A due is the next report of one message.
type due struct {
	at    time.Time
	seq   uint64
	desk  *Desk
	state State // the state to report: Sent, or Delivered for the end
	tries int   // how often it was posted before
}

// dueHeap has the earliest first.
type dueHeap []due

func (h dueHeap) Len() int      { return len(h) }
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h dueHeap) Less(i, j int) bool {
	return cmp.Or(h[i].at.Compare(h[j].at), cmp.Compare(h[i].seq, h[j].seq)) < 0
}
func (h *dueHeap) Push(x any) { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

func newReports(s *Sandbox) *reports {
	c := &reports{Sandbox: s, posts: make(chan struct{}, maxPosts), wake: make(chan struct{}, 1)}
	transport := s.options.CallbackTransport
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: maxPosts, IdleConnTimeout: 10 * time.Second}
	}
	c.client = &http.Client{Transport: transport, Timeout: reportTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

func (c *reports) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
	if c.options.CallbackTransport == nil {
		c.client.CloseIdleConnections()
	}
}

// begin starts the reports of messages that were just taken. Their answer has left.
func (c *reports) begin(d *Desk, taken []Record) {
	if c.options.Pace < 0 || d.vendor.Report == nil && d.vendor.Deliver == nil {
		return
	}
	for i := range taken {
		r := &taken[i]
		to := c.addressOf(d, r)
		if to == "" {
			continue
		}
		if u, err := url.Parse(to); d.vendor.Deliver == nil && (err != nil || !c.allowed(u.Hostname())) {
			c.options.Logger.Warn("sandbox: report not sent: the host of its address is neither a loopback one nor among CallbackHosts", "message", r.ID)
			continue
		}
		if !c.plan(due{at: c.moment(r, Sent), seq: r.seq, desk: d, state: Sent}) {
			c.options.Logger.Warn("sandbox: report not sent: too many are waiting", "message", r.ID)
		}
	}
}

// moment returns when a state is reported.
func (c *reports) moment(r *Record, s State) time.Time {
	at := r.due(s, c.options.Pace)
	if r.ReportForm == reportLate {
		at = at.Add(9 * at.Sub(r.departure()))
	}
	return at
}

// addressOf returns where the reports of a message go; empty is nowhere.
func (c *reports) addressOf(d *Desk, r *Record) string {
	if d.vendor.Deliver != nil {
		return "a connection"
	}
	if r.ReportTo != "" {
		return r.ReportTo
	}
	return c.webhook(d.vendor.Name).Reports
}

// plan adds one, and reports whether there was room for it.
func (c *reports) plan(next due) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return true
	case len(c.due) >= maxReports:
		return false
	}
	heap.Push(&c.due, next)
	if !c.started {
		c.started = true
		c.running.Go(c.run)
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return true
}

// run posts what is due until the sandbox is closed.
func (c *reports) run() {
	for {
		now := time.Now()
		c.mu.Lock()
		var batch []due
		for len(c.due) > 0 && !c.due[0].at.After(now) && len(batch) < maxPosts {
			batch = append(batch, heap.Pop(&c.due).(due))
		}
		var wait time.Duration = time.Hour
		if len(c.due) > 0 {
			wait = c.due[0].at.Sub(now)
		}
		c.mu.Unlock()
		for _, group := range c.group(batch) {
			select {
			case c.posts <- struct{}{}:
			case <-c.ctx.Done():
				return
			}
			c.running.Go(func() {
				defer func() { <-c.posts }()
				c.post(group)
			})
		}
		timer := time.NewTimer(max(wait, 0))
		select {
		case <-timer.C:
		case <-c.wake:
		case <-c.ctx.Done():
		}
		timer.Stop()
		if c.ctx.Err() != nil {
			return
		}
	}
}

// group puts those together that go in one request: of one vendor, to one address,
// of one state, which Failed is too, in one form, and one try.
func (c *reports) group(batch []due) [][]due {
	type key struct {
		desk  *Desk
		to    string
		state State
		fails bool
		form  string
		tries int
	}
	var groups [][]due
	at := map[key]int{}
	for _, d := range batch {
		k := key{desk: d.desk, state: d.state, tries: d.tries}
		c.store.with(d.seq, func(r *Record) { k.to, k.fails, k.form = c.addressOf(d.desk, r), r.Fails != "", r.ReportForm })
		i, ok := at[k]
		if !ok || len(groups[i]) >= max(1, d.desk.vendor.MaxReports) {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], d)
	}
	return groups
}

// post sends one report, and plans what follows it: the next state of each
// message, and the report again if it was not taken.
func (c *reports) post(group []due) {
	d, state, tries := group[0].desk, group[0].state, group[0].tries
	requests, messages, kept, id := c.build(group)
	if len(messages) > 0 && messages[0].ReportForm == reportTwice && tries == 0 {
		c.bring(d, requests, messages, state, id)
	}
	taken := c.bring(d, requests, messages, state, id)
	now := time.Now()
	for _, next := range kept {
		if state == Sent && tries == 0 {
			c.store.with(next.seq, func(r *Record) { next.at = c.moment(r, Delivered) })
			c.plan(due{at: next.at, seq: next.seq, desk: d, state: Delivered})
		}
		if !taken && tries < len(d.vendor.Repeat) {
			c.plan(due{at: now.Add(d.vendor.Repeat[tries]), seq: next.seq, desk: d, state: state, tries: tries + 1})
		}
	}
}

// bring brings one report, and reports whether it was taken.
func (c *reports) bring(d *Desk, requests []*http.Request, messages []Record, state State, id string) (taken bool) {
	if d.vendor.Deliver != nil {
		return len(messages) == 0 || d.vendor.Deliver(c.ctx, messages, ending(state, messages))
	}
	taken = true
	for _, request := range requests {
		if status, ok := c.send(c.ctx, d.vendor, request); !ok {
			taken = false
			// An error's text has the address in it, which is the account's to write.
			c.options.Logger.Info("sandbox: a receiver did not take a report", "message", id, "status", status)
		}
	}
	return taken
}

// ending returns Failed for the end of messages that fail, as all of a group do.
func ending(s State, messages []Record) State {
	if s == Delivered && messages[0].Fails != "" {
		return Failed
	}
	return s
}

// build returns the requests for a group, none if the vendor does not report the
// state; the messages of the group; what of it is still kept and not canceled; and
// one message's ID.
func (c *reports) build(group []due) (requests []*http.Request, messages []Record, kept []due, id string) {
	d, state := group[0].desk, group[0].state
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	to := ""
	for _, next := range group {
		i, ok := slices.BinarySearchFunc(c.store.records, next.seq, bySeq)
		if !ok || !c.store.records[i].Canceled.IsZero() {
			continue
		}
		r := c.store.records[i]
		kept, messages = append(kept, next), append(messages, *r)
		to, id = c.addressOf(d, r), r.ID
	}
	if len(messages) == 0 || to == "" || d.vendor.Deliver != nil {
		return nil, messages, kept, id
	}
	requests, err := d.vendor.Report(to, messages, ending(state, messages))
	if err != nil {
		c.options.Logger.Warn("sandbox: a report cannot be built", "message", id)
		return nil, nil, kept, id
	}
	return requests, messages, kept, id
}

// send posts a request, and returns the status of the answer, 0 for none, and
// whether the receiver has taken it.
func (c *reports) send(ctx context.Context, v Vendor, r *http.Request) (status int, taken bool) {
	answer, err := c.client.Do(r.WithContext(ctx))
	if err != nil {
		return 0, false
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxAcknowledgement))
	_ = answer.Body.Close()
	if v.Acknowledged != nil {
		return answer.StatusCode, v.Acknowledged(answer.StatusCode, body)
	}
	return answer.StatusCode, answer.StatusCode < 300
}

// allowed reports whether reports and replies may go to a host.
func (c *reports) allowed(host string) bool {
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost") {
		return true
	}
	return slices.ContainsFunc(c.options.CallbackHosts, func(h string) bool { return h == "*" || strings.EqualFold(h, host) })
}

// allowedURL returns an error if reports and replies may not go to an address.
func (c *reports) allowedURL(target string) error {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !c.allowed(u.Hostname()) {
		return errors.New("the URL is none, or its host is neither a loopback one nor among CallbackHosts")
	}
	return nil
}
