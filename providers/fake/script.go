package fake

import (
	"errors"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// A script says how calls end. The most special part of it is asked first: what
// is next for the number, the number, what is next, all.
type script struct {
	nextTo map[sms.Number][]*failure
	to     map[sms.Number]*failure
	queue  []*failure // of the next calls, whatever their number
	all    *failure
}

// A failure is how one call ends; nil stands for accepted.
type failure struct {
	err   error
	taken bool // the message was taken although the call failed
}

// FailNext lets the next call end in err. Called several times it makes a
// script, in order; nil is a call that is accepted. A call that FailNumber or
// FailNextNumber decides takes nothing off the script.
//
// A bare [sms.Reason] is made an *sms.Error that is Rejected. An outcome that is
// Unknown is said by an *sms.Error; the message is then not taken (LoseNext is
// for one that is). Any other error is as unclassified errors are: Unknown,
// Internal. Provider, Key and Kind are filled in.
func (p *Provider) FailNext(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script.queue = append(p.script.queue, newFailure(err))
}

// Fail lets every call end in err, as FailNext describes it, for which FailNext
// and FailNumber say nothing else. Nil ends that.
func (p *Provider) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script.all = newFailure(err)
}

// FailNumber lets every call for the number end in err, as FailNext describes
// it. Nil ends that.
func (p *Provider) FailNumber(to sms.Number, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		delete(p.script.to, to)
		return
	}
	if p.script.to == nil {
		p.script.to = map[sms.Number]*failure{}
	}
	p.script.to[to] = newFailure(err)
}

// FailNextNumber is FailNext for one number alone, so that tests that share a
// fake do not meet.
func (p *Provider) FailNextNumber(to sms.Number, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.script.nextTo == nil {
		p.script.nextTo = map[sms.Number][]*failure{}
	}
	p.script.nextTo[to] = append(p.script.nextTo[to], newFailure(err))
}

// LoseNext lets the next call, in the order of FailNext, lose its answer: the
// message is taken, so that Sent and Find have it, and the caller is told
// Unavailable, Unknown.
func (p *Provider) LoseNext() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script.queue = append(p.script.queue, &failure{err: &sms.Error{Reason: sms.Unavailable, Err: errLost}, taken: true})
}

// next takes what the script says of a call for the number; nil is accepted.
func (s *script) next(to sms.Number) *failure {
	if queue := s.nextTo[to]; len(queue) > 0 {
		s.nextTo[to] = queue[1:]
		return queue[0]
	}
	if f, ok := s.to[to]; ok {
		return f
	}
	if len(s.queue) > 0 {
		f := s.queue[0]
		s.queue = s.queue[1:]
		return f
	}
	return s.all
}

func newFailure(err error) *failure {
	if err == nil {
		return nil
	}
	return &failure{err: err}
}

// in makes the error of a call for m.
func (f *failure) in(provider string, m sms.Message) *sms.Error {
	if _, classified := errors.AsType[*sms.Error](f.err); !classified {
		if reason, ok := errors.AsType[sms.Reason](f.err); ok {
			e := sms.Refuse(m, reason, nil)
			if f.err != error(reason) {
				e.Err = f.err // what was said beside the reason
			}
			return kit.Refuse(provider, m, e)
		}
	}
	e := kit.Refuse(provider, m, f.err)
	if e.Message != "" {
		e.Message = redact.Words(e.Message, m)
	}
	return e
}
