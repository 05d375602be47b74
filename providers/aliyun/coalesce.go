package aliyun

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

const (
	// DefaultMaxCalls is Options.MaxCalls where that is zero.
	DefaultMaxCalls = 4
	// maxNumbers is how many numbers one SendSms takes
	// (isv.MOBILE_COUNT_OVER_LIMIT).
	maxNumbers = 1000
)

// A shared is what the messages of one call have in common: all of a SendSms but
// the numbers and the OutId.
type shared struct{ signature, template, params, extendCode string }

func (o order) shared() shared { return shared{o.signature, o.template, o.params, o.extendCode} }

// mayShare tells whether messages of a kind may wait for one another. A code may
// not, and to an international template the vendor promises nothing for several
// numbers.
func mayShare(k sms.Kind) bool { return k == sms.Notification || k == sms.Promotion }

// A coalescer puts messages that differ in their number alone into one call. It
// has no timer: a message goes at once while fewer than maxCalls calls of its
// like are in flight; else it gathers with others until one of them ends.
type coalescer struct {
	p        *Provider
	maxCalls int
	settling chan struct{} // one place for each member that settles: see settle
	stop     chan struct{} // closed by close

	mu      sync.Mutex
	closed  bool              // guarded by mu
	groups  map[shared]*group // guarded by mu; those with a call in flight
	running sync.WaitGroup    // Sends and calls; Add only under mu, or while it is not zero
}

// A group is the messages of one like. All is guarded by coalescer.mu. Messages
// wait only while maxCalls calls are in flight.
type group struct {
	calls   int
	waiting []*member
}

// A member is a message in a group, for as long as its Send lasts.
type member struct {
	ctx  context.Context // its own: it ends this message's wait, and no one else's call
	m    sms.Message
	o    order
	left bool          // its caller left before the call; guarded by coalescer.mu
	gone bool          // it is in a call; guarded by coalescer.mu
	done chan struct{} // closed when the answer is there

	receipt sms.Receipt
	err     error    // nil: accepted, unless refused
	refused *refusal // a refusal that may be another member's: to be settled
}

func newCoalescer(p *Provider, maxCalls int) *coalescer {
	return &coalescer{p: p, maxCalls: maxCalls, settling: make(chan struct{}, maxCalls), stop: make(chan struct{}), groups: map[shared]*group{}}
}

// close refuses further messages, ends the waits of members that settle, and
// waits for all else: what has gathered still goes out.
func (c *coalescer) close() {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.stop)
	}
	c.mu.Unlock()
	c.running.Wait()
}

// send sends m, at once in a call of its own or with others.
func (c *coalescer) send(ctx context.Context, m sms.Message, o order) (sms.Receipt, error) {
	mem, ok := c.enter(ctx, m, o)
	if !ok {
		return sms.Receipt{}, carrier.Refuse(c.p.name, m, errClosed())
	}
	defer c.running.Done()
	if mem == nil { // its own key is the OutId then, and its own context ends the call
		defer c.ended(o.shared())
		return c.p.submit(ctx, m, o)
	}
	select {
	case <-mem.done:
	case <-ctx.Done():
		if outcome, over := c.leave(mem); over {
			return sms.Receipt{}, carrier.Refuse(c.p.name, m, &sms.Error{Reason: sms.Canceled, Outcome: outcome, Err: ctx.Err()})
		}
	}
	if mem.refused != nil {
		return c.settle(mem)
	}
	return mem.receipt, mem.err
}

// enter takes a place for a call, or a nil member is not given and it waits in
// its group.
func (c *coalescer) enter(ctx context.Context, m sms.Message, o order) (waits *member, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false
	}
	c.running.Add(1)
	g := c.groups[o.shared()]
	if g == nil {
		g = &group{}
		c.groups[o.shared()] = g
	}
	if g.calls < c.maxCalls {
		g.calls++
		return nil, true
	}
	mem := &member{ctx: ctx, m: m, o: o, done: make(chan struct{})}
	g.waiting = append(g.waiting, mem)
	return mem, true
}

// leave tells what is known of a member whose caller leaves. Where the answer is
// there already, that counts.
func (c *coalescer) leave(mem *member) (outcome sms.Outcome, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-mem.done:
		return 0, false
	default:
	}
	if mem.gone {
		return sms.Unknown, true
	}
	mem.left = true
	return sms.Rejected, true
}

// ended gives the place of a call on to what has gathered since. Only then a
// goroutine starts: it makes that call, and those that gather during it.
func (c *coalescer) ended(like shared) {
	if batch := c.next(like); batch != nil {
		c.running.Go(func() {
			for ; batch != nil; batch = c.next(like) {
				c.call(batch)
			}
		})
	}
}

// next takes what has gathered, or gives the place up where nothing has.
func (c *coalescer) next(like shared) []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.groups[like]
	if batch := g.take(c.p.name, time.Now()); len(batch) > 0 {
		return batch
	}
	if g.calls--; g.calls == 0 {
		delete(c.groups, like)
	}
	return nil
}

// take takes a call's worth of members, in the order of their coming and no
// number twice: a vendor that saw one twice might send it once.
func (g *group) take(provider string, now time.Time) []*member {
	var batch []*member
	numbers := map[string]bool{}
	rest := g.waiting[:0]
	for _, mem := range g.waiting {
		switch {
		case mem.left || mem.ctx.Err() != nil: // its Send finds its context over by itself
			mem.left = true
		case mem.m.Expired(now):
			mem.err = carrier.Refuse(provider, mem.m, sms.Refuse(mem.m, sms.Expired, nil))
			close(mem.done)
		case len(batch) == maxNumbers || numbers[mem.o.phone]:
			rest = append(rest, mem)
		default:
			mem.gone = true
			numbers[mem.o.phone] = true
			batch = append(batch, mem)
		}
	}
	clear(g.waiting[len(rest):])
	g.waiting = rest
	return batch
}

// call makes one call for all members of batch and answers each of them.
func (c *coalescer) call(batch []*member) {
	defer func() {
		if recover() != nil { // Options.Credentials or Transport: no member may wait for ever, nor the program end
			for _, mem := range batch {
				mem.err = carrier.Refuse(c.p.name, mem.m, errPanicked())
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, mem := range batch {
			close(mem.done)
		}
	}()
	if len(batch) == 1 {
		mem := batch[0]
		mem.receipt, mem.err = c.p.submit(mem.ctx, mem.m, mem.o)
		return
	}
	c.p.submitAll(batch)
}

func errClosed() *sms.Error {
	return sms.Refuse(sms.Message{}, sms.Internal, sms.ErrClosed)
}

func errPanicked() *sms.Error {
	return &sms.Error{Reason: sms.Internal, Outcome: sms.Unknown, Err: errors.New("a function of the options panicked during the call")}
}
