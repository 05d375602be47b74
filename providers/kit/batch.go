package kit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

// A Batch sends several messages in one call. The kit gathers messages that are
// alike, with Common.Coalesce only, and hands each one its own result. Nothing
// else calls it: limits, retries and breakers see one message at a time.
type Batch[O any] struct {
	// Max is the most numbers that one call takes.
	Max int
	// Like returns what messages of one call have in common: template, values,
	// sender. It returns "" for a message that must go alone, such as a code.
	Like func(o O, m sms.Message) string
	// Number returns the recipient as the vendor's listing has it. Two messages to
	// one number never share a call.
	Number func(o O) string
	// Ref returns the ref of a new call, in place of the key of a single message.
	// Optional.
	Ref func() string
	// Send submits the orders, at least two, in one call. It returns one Result for
	// each, in their order, or an error that holds for the call as a whole.
	Send func(ctx context.Context, orders []O, ref string) ([]Result, error)
	// Doubt reports whether one number may be the cause of a refusal of the whole
	// call, so that it is not known whether the others get the message. Then each
	// message is looked up in the Listing, and sent alone if the vendor does not have
	// it. Optional; needs a Listing.
	Doubt func(e *sms.Error) bool
}

// A Result is the vendor's result for one message of a call.
type Result struct {
	Accepted
	Err error // nil: accepted
}

// call makes one call for all members of batch and gives each its result.
func (g *gatherer[O]) call(batch []*member[O]) {
	defer func() {
		if v := recover(); v != nil { // no member may wait for ever, nor the program end
			for _, m := range batch {
				m.err = g.c.Explain(m.m, panicked(v))
			}
		}
		g.finish(batch)
	}()
	if len(batch) == 1 {
		m := batch[0]
		m.receipt, m.err = g.c.submit(m.ctx, m.m, m.o, m.text)
		return
	}
	g.submitAll(batch)
}

// submitAll sends at least two messages. Its context is no caller's: the call ends
// by its timeout alone.
func (g *gatherer[O]) submitAll(batch []*member[O]) {
	c := g.c
	ref, began := "", time.Now()
	if c.vendor.Batch.Ref != nil {
		ref = c.vendor.Batch.Ref()
	}
	orders := make([]O, len(batch))
	for i, m := range batch {
		orders[i] = m.o
		if ref != "" {
			c.claims.claim(Mark(ref, c.vendor.Batch.Number(m.o)), m.m.Key, began)
		}
	}
	results, err := c.vendor.Batch.Send(context.Background(), orders, ref)
	if err == nil && len(results) != len(batch) {
		err = &Refusal{Reason: sms.Internal, Outcome: sms.Unknown, Cause: errors.New("the answer does not have one result for each number")}
	}
	if err != nil {
		g.refused(batch, err, ref, began)
		return
	}
	for i, m := range batch {
		g.result(m, results[i], ref)
	}
}

func (g *gatherer[O]) result(m *member[O], r Result, ref string) {
	err := r.Err
	if err == nil {
		err = g.c.confirmed(&r.Accepted)
	}
	if err == nil {
		m.receipt = g.c.receipt(m.m, m.o, m.text, r.Accepted)
		if ref != "" {
			m.receipt.Ref = ref
		}
		return
	}
	e := g.c.Explain(m.m, err, g.c.hidden(m.o)...)
	e.Message, e.Ref = maskNumbers(e.Message), cmp.Or(ref, g.c.echoed(m.m))
	m.err = e
}

// refused gives every member the error of the call as a whole.
func (g *gatherer[O]) refused(batch []*member[O], err error, ref string, began time.Time) {
	c := g.c
	e := c.classify(err)
	for _, words := range []*string{&e.Code, &e.Message, &e.RequestID} {
		if strings.ContainsAny(*words, "0123456789") {
			for _, m := range batch {
				*words = redact.Words(*words, sms.Message{To: m.m.To})
			}
		}
	}
	doubtful := e.Outcome == sms.Rejected && c.vendor.Batch.Doubt != nil && c.vendor.Listing != nil && c.vendor.Batch.Doubt(e)
	why := &callRefusal{cause: e, ref: ref, began: began, members: len(batch)}
	for _, m := range batch {
		if doubtful {
			m.refused = why
			continue
		}
		told := c.Explain(m.m, e, c.hidden(m.o)...)
		told.Ref = cmp.Or(ref, c.echoed(m.m))
		m.err = told
	}
}

// maskNumbers masks what may be another recipient's number.
func maskNumbers(words string) string {
	const shortest = 7
	var b strings.Builder
	for i := 0; i < len(words); {
		j := i
		for j < len(words) && words[j] >= '0' && words[j] <= '9' {
			j++
		}
		switch {
		case j-i >= shortest:
			b.WriteString("****")
		case j > i:
			b.WriteString(words[i:j])
		default:
			j = i + 1
			b.WriteByte(words[i])
		}
		i = j
	}
	return b.String()
}

// A callRefusal is the refusal of a call of several messages, of which one may be
// the cause.
type callRefusal struct {
	cause   *sms.Error // masked for all members
	ref     string
	began   time.Time
	members int
}

// settle finds out what became of a member of a refused call. A message that the
// vendor has is accepted. One that the vendor certainly does not have is sent in a
// call of its own. Otherwise the outcome is Unknown, and at once if the caller's
// deadline is before the vendor's listing can decide.
func (g *gatherer[O]) settle(m *member[O]) (sms.Receipt, error) {
	ctx, cancel := context.WithCancel(m.ctx)
	defer cancel()
	defer context.AfterFunc(g.ctx, cancel)()
	f := &memberFinder[O]{g: g, m: m}
	defer f.release()
	schedule := sms.Schedule{After: g.c.findAfter()}
	r, err := schedule.Settle(ctx, f, sms.Question{Message: m.m, Since: m.refused.began, Until: m.refused.began})
	switch {
	case err == nil:
		return r, nil
	case !errors.Is(err, sms.ErrNotFound):
		return sms.Receipt{}, g.doubt(m, err)
	case m.m.Expired(time.Now()):
		return sms.Receipt{}, Refuse(g.c.Name, m.m, sms.Refuse(sms.Message{}, sms.Expired, nil))
	}
	return g.c.submit(m.ctx, m.m, m.o, m.text)
}

// doubt is the error of a member whose outcome nobody knows. Its Reason is not the
// code's: a number is not blocked because another one is.
func (g *gatherer[O]) doubt(m *member[O], cause error) *sms.Error {
	if err := m.ctx.Err(); err != nil {
		return Refuse(g.c.Name, m.m, &sms.Error{Reason: sms.Canceled, Outcome: sms.Unknown, Err: err})
	}
	e := g.c.Explain(m.m, m.refused.cause)
	e.Reason, e.Outcome, e.RetryAfter, e.Ref = sms.Unavailable, sms.Unknown, 0, m.refused.ref
	e.Err = fmt.Errorf("the vendor refused a call with %d numbers, perhaps because of another one: %s", m.refused.members, cause)
	return e
}

// A memberFinder asks about a member of a refused call. As many members settle at a
// time as calls may be in flight: the first question takes a place, and release
// frees it.
type memberFinder[O any] struct {
	g    *gatherer[O]
	m    *member[O]
	held bool
}

func (f *memberFinder[O]) release() {
	if f.held {
		<-f.g.settling
	}
}

func (f *memberFinder[O]) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	if !f.held {
		select {
		case f.g.settling <- struct{}{}:
			f.held = true
		case <-ctx.Done():
			return sms.Receipt{}, undecided(ctx.Err())
		}
	}
	s, err := f.g.c.search(q)
	if err != nil {
		return sms.Receipt{}, undecided(err)
	}
	s.ref, s.batched = f.m.refused.ref, true
	return s.find(ctx)
}
