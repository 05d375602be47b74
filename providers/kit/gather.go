package kit

import (
	"context"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// defaultMaxCalls is Common.MaxCalls if that is zero.
const defaultMaxCalls = 4

// A gatherer puts messages that are alike into one call. It has no timer: a message
// is sent at once while fewer than maxCalls calls of its kind are in flight, and
// otherwise gathers with others until one of them ends.
type gatherer[O any] struct {
	c        *core[O]
	maxCalls int
	settling chan struct{} // one place for each member that settles
	ctx      context.Context
	stop     context.CancelFunc // ends the waits of members that settle

	mu      sync.Mutex
	closed  bool                 // guarded by mu
	groups  map[string]*group[O] // guarded by mu; those with a call in flight
	running sync.WaitGroup       // sends and calls; Add only under mu, or while it is not zero
}

// A group is the messages of one kind. It is guarded by gatherer.mu. Messages wait
// only while maxCalls calls are in flight.
type group[O any] struct {
	calls   int
	waiting []*member[O]
}

// A member is a message in a group, for as long as its send lasts.
type member[O any] struct {
	ctx  context.Context // the caller's: it ends this message's wait and nobody's call
	m    sms.Message
	o    O
	text string
	left bool          // the caller left before the call; guarded by gatherer.mu
	sent bool          // it is part of a call; guarded by gatherer.mu
	done chan struct{} // closed when the result is there

	receipt sms.Receipt
	err     error        // nil: accepted, unless refused is set
	refused *callRefusal // a refusal that may be another member's: to be settled
}

func newGatherer[O any](c *core[O], maxCalls int) *gatherer[O] {
	g := &gatherer[O]{c: c, maxCalls: maxCalls, settling: make(chan struct{}, maxCalls), groups: map[string]*group[O]{}}
	g.ctx, g.stop = context.WithCancel(context.Background())
	return g
}

// close refuses further messages, ends the waits of members that settle, and waits
// for everything else: what has gathered is still sent.
func (g *gatherer[O]) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.stop()
	g.running.Wait()
}

// send sends m, at once in a call of its own or with others of its kind.
func (g *gatherer[O]) send(ctx context.Context, like string, m sms.Message, o O, text string) (sms.Receipt, error) {
	waits, ok := g.enter(ctx, like, m, o, text)
	if !ok {
		return sms.Receipt{}, Refuse(g.c.Name, m, errClosed())
	}
	defer g.running.Done()
	if waits == nil {
		defer g.ended(like)
		return g.c.submit(ctx, m, o, text)
	}
	select {
	case <-waits.done:
	case <-ctx.Done():
		if outcome, over := g.leave(waits); over {
			return sms.Receipt{}, Refuse(g.c.Name, m, &sms.Error{Reason: sms.Canceled, Outcome: outcome, Err: ctx.Err()})
		}
	}
	if waits.refused != nil {
		return g.settle(waits)
	}
	return waits.receipt, waits.err
}

// enter takes a place for a call, and then waits is nil, or puts the message into
// its group.
func (g *gatherer[O]) enter(ctx context.Context, like string, m sms.Message, o O, text string) (waits *member[O], ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, false
	}
	g.running.Add(1)
	of := g.groups[like]
	if of == nil {
		of = &group[O]{}
		g.groups[like] = of
	}
	if of.calls < g.maxCalls {
		of.calls++
		return nil, true
	}
	waits = &member[O]{ctx: ctx, m: m, o: o, text: text, done: make(chan struct{})}
	of.waiting = append(of.waiting, waits)
	return waits, true
}

// leave reports what is known of a member whose caller leaves. A result that is
// there already counts.
func (g *gatherer[O]) leave(m *member[O]) (outcome sms.Outcome, over bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-m.done:
		return 0, false
	default:
	}
	if m.sent {
		return sms.Unknown, true
	}
	m.left = true
	return sms.Rejected, true
}

// ended gives the place of a call to what has gathered since. Only then a goroutine
// starts. It makes that call, and those for what gathers meanwhile.
func (g *gatherer[O]) ended(like string) {
	if batch := g.next(like); batch != nil {
		g.running.Go(func() {
			for ; batch != nil; batch = g.next(like) {
				g.call(batch)
			}
		})
	}
}

// next takes what has gathered, or frees the place if nothing has.
func (g *gatherer[O]) next(like string) []*member[O] {
	g.mu.Lock()
	defer g.mu.Unlock()
	of := g.groups[like]
	if batch := g.take(of, time.Now()); len(batch) > 0 {
		return batch
	}
	if of.calls--; of.calls == 0 {
		delete(g.groups, like)
	}
	return nil
}

// take takes the members of one call in the order in which they came, and no number
// twice.
func (g *gatherer[O]) take(of *group[O], now time.Time) []*member[O] {
	var batch []*member[O]
	numbers := map[string]bool{}
	rest := of.waiting[:0]
	for _, m := range of.waiting {
		number := g.c.vendor.Batch.Number(m.o)
		switch {
		case m.left || m.ctx.Err() != nil: // its send sees its own context end
			m.left = true
		case m.m.Expired(now):
			m.err = Refuse(g.c.Name, m.m, sms.Refuse(sms.Message{}, sms.Expired, nil))
			close(m.done)
		case len(batch) == g.c.vendor.Batch.Max || numbers[number]:
			rest = append(rest, m)
		default:
			m.sent = true
			numbers[number] = true
			batch = append(batch, m)
		}
	}
	clear(of.waiting[len(rest):])
	of.waiting = rest
	return batch
}

// finish marks the results of batch as there.
func (g *gatherer[O]) finish(batch []*member[O]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range batch {
		close(m.done)
	}
}
