package verify

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// pastSends remembers how the last sends went, so that a number that nothing is
// sent to takes as long, and ends as often in an error, as one that is.
type pastSends struct {
	mu   sync.Mutex // guards what follows
	last [64]pastSend
	n    int // sends noted so far
}

type pastSend struct {
	took       time.Duration
	failed     bool
	reason     sms.Reason
	outcome    sms.Outcome
	retryAfter time.Duration
}

// errPast is the cause of a pretended error: the vendor's words, the number and
// the key of the send that it stands for are another person's.
var errPast = errors.New("verify: the vendor refused")

// note keeps how a send went. That a caller left says nothing of the vendor.
func (p *pastSends) note(took time.Duration, err error) {
	s := pastSend{took: took}
	if err != nil {
		e := sms.AsError(err)
		if e.Reason == sms.Canceled {
			return
		}
		s.failed, s.reason, s.outcome, s.retryAfter = true, sms.ReasonOf(err), sms.OutcomeOf(err), e.RetryAfter
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last[p.n%len(p.last)] = s
	p.n++
}

// draw takes one of them at random; the zero one, accepted at once, where there
// was none yet.
func (p *pastSends) draw() pastSend {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n == 0 {
		return pastSend{}
	}
	return p.last[rand.IntN(min(p.n, len(p.last)))]
}

// pretend waits as long as one of them took and ends as it did.
func (p *pastSends) pretend(ctx context.Context) error {
	s := p.draw()
	timer := time.NewTimer(s.took)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return &sms.Error{Reason: sms.Canceled, Err: ctx.Err()}
	}
	if !s.failed {
		return nil
	}
	return &sms.Error{Reason: s.reason, Outcome: s.outcome, RetryAfter: s.retryAfter, Err: errPast}
}
