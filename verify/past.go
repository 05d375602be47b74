package verify

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	pastKept   = 128  // sends that are remembered of each group, and of all
	pastFewest = 8    // a group with fewer sends is not drawn from
	pastGroups = 1024 // groups that are remembered
)

// pastSends remembers how the last sends went, so that a number that nothing is
// sent to takes as long, and ends as often in a vendor's fault, as one that a
// code is sent to. Sends are grouped, because each region may have another vendor.
type pastSends struct {
	mu     sync.Mutex // guards what follows
	all    pastRing
	groups map[pastGroup]*pastRing
}

type pastGroup struct{ purpose, region string }

func groupOf(s Subject) pastGroup { return pastGroup{s.Purpose, s.To.Region()} }

// A pastRing holds the last sends of a group.
type pastRing struct {
	last [pastKept]pastSend
	n    int // sends noted so far
	at   time.Time
}

type pastSend struct {
	took       time.Duration
	failed     bool
	reason     sms.Reason
	outcome    sms.Outcome
	retryAfter time.Duration
}

// errPast is the cause of a pretended error: the vendor's words, the number and
// the key of the send that it was drawn from are another person's.
var errPast = errors.New("verify: the vendor refused")

// note remembers how a send went. It passes over refusals that may be due to the
// number, which is another person's, and callers that left.
func (p *pastSends) note(ctx context.Context, of Subject, took time.Duration, err error) {
	s := pastSend{took: took}
	if err != nil {
		e := sms.AsError(err)
		s.failed, s.reason, s.outcome, s.retryAfter = true, sms.ReasonOf(err), sms.OutcomeOf(err), e.RetryAfter
		left := s.reason == sms.Canceled && ctx.Err() != context.DeadlineExceeded
		if left || maybeForNumber(err) {
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all.add(s)
	p.group(groupOf(of)).add(s)
}

// group returns the ring of a group. A new one takes the place of the one that was
// used longest ago if there are too many.
func (p *pastSends) group(g pastGroup) *pastRing {
	if r := p.groups[g]; r != nil {
		return r
	}
	if p.groups == nil {
		p.groups = map[pastGroup]*pastRing{}
	}
	if len(p.groups) >= pastGroups {
		var oldest pastGroup
		var at time.Time
		for g, r := range p.groups {
			if at.IsZero() || r.at.Before(at) {
				oldest, at = g, r.at
			}
		}
		delete(p.groups, oldest)
	}
	r := &pastRing{}
	p.groups[g] = r
	return r
}

func (r *pastRing) add(s pastSend) {
	r.last[r.n%len(r.last)] = s
	r.n++
	r.at = time.Now()
}

// draw returns one of the sends of a group at random, of all sends if the group has
// had too few. Without any it returns the zero one, accepted at once.
func (p *pastSends) draw(of Subject) pastSend {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := p.groups[groupOf(of)]
	if from == nil || from.n < pastFewest {
		from = &p.all
	}
	if from.n == 0 {
		return pastSend{}
	}
	return from.last[rand.IntN(min(from.n, len(from.last)))]
}

// pretend draws a past send, waits until as much time has passed since began as
// that send took, and ends as it did.
func (p *pastSends) pretend(ctx context.Context, of Subject, began time.Time) error {
	s := p.draw(of)
	timer := time.NewTimer(s.took - time.Since(began))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		if ctx.Err() != context.DeadlineExceeded {
			return &sms.Error{Reason: sms.Canceled, Err: ctx.Err()}
		}
	}
	if !s.failed {
		return nil
	}
	return &sms.Error{Reason: s.reason, Outcome: s.outcome, RetryAfter: s.retryAfter, Err: errPast}
}
