package middleware_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// judge gives every promise that a run has broken.
func (s *simulation) judge() []error {
	faults := s.broken
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for _, c := range s.callers {
		taken := 0
		for _, v := range s.vendors {
			taken += len(v.takes[c.m.Key])
		}
		outcome := sms.OutcomeOf(c.err)
		switch {
		case taken > 1 && c.m.Kind != sms.Verification:
			fault("%s, a %v, was taken %d times", c.m.Key, c.m.Kind, taken)
		case outcome == sms.Rejected && taken > 0:
			fault("%s is called certainly not sent, and was taken: %v", c.m.Key, c.err)
		case outcome == sms.Accepted && taken == 0:
			fault("%s is called accepted, and nobody took it", c.m.Key)
		}
		s.judgeBreakers(c, fault)
	}
	s.judgeLimit(fault)
	return faults
}

// judgeBreakers: a vendor is passed over only after so many faults of its own.
func (s *simulation) judgeBreakers(c *caller, fault func(string, ...any)) {
	e, ok := errors.AsType[*sms.Error](c.err)
	if !ok {
		return
	}
	for _, a := range e.Attempts {
		tried, ok := errors.AsType[*sms.Error](a.Err)
		if !ok || tried.Code != "" || tried.Reason != sms.Unavailable || tried.Outcome != sms.Rejected {
			continue // the vendor's own words have a code
		}
		for _, v := range s.vendors {
			if v.name == a.Provider && v.most < failures {
				fault("%s: %s was passed over with %d faults of its own in a row at the most", c.m.Key, v.name, v.most)
			}
		}
	}
}

// judgeLimit: no more than the limit in any minute, and nobody is refused while
// there is room.
func (s *simulation) judgeLimit(fault func(string, ...any)) {
	for _, c := range s.callers {
		ours := false
		if e, ok := errors.AsType[*sms.Error](c.err); ok {
			ours = e.Reason == sms.RecipientLimited && e.Provider == "" && len(e.Attempts) == 0
		}
		held, sent := 0, 0
		for _, o := range s.callers {
			if o == c || o.m.To != c.m.To || o.began.After(c.began) || !o.began.After(c.began.Add(-time.Minute)) {
				continue
			}
			if sms.OutcomeOf(o.err) != sms.Rejected {
				held, sent = held+1, sent+1
			} else if !o.ended.Before(c.began) || limitedByTheVendor(o.err) { // it had its token at that moment
				held++
			}
		}
		switch {
		case ours && held < perMinute:
			fault("%s was refused by the limit with %d of %d held", c.m.Key, held, perMinute)
		case sms.OutcomeOf(c.err) != sms.Rejected && sent >= perMinute:
			fault("%s is the number's %dth message within a minute", c.m.Key, sent+1)
		}
	}
}

// limitedByTheVendor tells whether a refusal keeps its token.
func limitedByTheVendor(err error) bool {
	e, ok := errors.AsType[*sms.Error](err)
	return ok && e.Provider != "" && errors.Is(err, sms.RecipientLimited)
}
