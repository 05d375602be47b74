package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

const (
	// perPage is the most rows that one QuerySendDetails lists.
	perPage = 50
	// maxCalls bounds one Find; where the vendor has more, it cannot decide.
	maxCalls = 60
	// listed is how far back the vendor lists.
	listed = 30 * day
	// maxSkew is how far the vendor's clock may be from ours for it to take a call
	// at all (InvalidTimeStamp.Expired): the day of a message may be off by so much.
	maxSkew = 15 * time.Minute
	// usualSkew is how far clocks usually differ. It counts only for messages that
	// are not known by their OutId.
	usualSkew = time.Minute
)

// Ask asks the vendor whether it has the message; see [sms.Finder]. It lists what went to
// the number, on each of the vendor's days (UTC+8) since then, and looks for
// m.Key among the OutIds: one call for each day and 50 messages.
//
// Found is a message whatever became of it: failed, delivered or without a
// report. The vendor's listing does not tell its BizId, so Receipt.ID is empty.
//
// A message that went in a call with others ([IsBatch]) is known by that call's
// OutId and its number to the provider that sent it. To another one, after a
// restart, it is the only message that such a call took to that number by that
// template since then, and with that text where the vendor lists the text.
//
// It is ErrUndecided where there is a message of the same template in that time
// with another OutId or none; where the listing is refused, throttled, cut, not
// permitted or not complete; more than 30 days back; and less than
// Options.FindAfter after Question.Until if there is none. A caller's ctx that ends
// leaves it undecided.
func (p *Provider) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	m := q.Message
	o, err := p.lookedFor(m, q.Since)
	if err != nil {
		return sms.Receipt{}, undecided(err)
	}
	m.Kind = p.templates.Kind(m.Template)
	asked := time.Now()
	s := search{p: p, m: m, o: o, since: q.Since}
	if err := s.read(ctx, asked); err != nil {
		return sms.Receipt{}, undecided(err)
	}
	s.choose(asked)
	switch {
	case s.found:
		return sms.Receipt{Provider: p.name, Key: m.Key, Segments: o.segments()}, nil
	case s.unsure != nil:
		return sms.Receipt{}, undecided(s.unsure)
	case asked.Sub(q.Latest()) < p.findAfter:
		return sms.Receipt{}, undecided(fmt.Errorf("the vendor may not list it yet: ask again %v after the first try", p.findAfter))
	}
	return sms.Receipt{}, sms.ErrNotFound
}

// lookedFor makes of m what Send has made of it.
func (p *Provider) lookedFor(m sms.Message, since time.Time) (order, error) {
	switch {
	case m.Key == "":
		return order{}, errors.New("the message has no key: take the one of the error or the receipt")
	case since.IsZero():
		return order{}, errors.New("it is not said since when to look")
	case time.Since(since) > listed-day: // the first day has to be listed whole
		return order{}, fmt.Errorf("the vendor lists the last %d days only", listed/day)
	}
	if p.closed.Load() {
		return order{}, unsure(carrier.Refuse(p.name, m, errClosed()))
	}
	if err := p.templates.Check(m); err != nil {
		return order{}, unsure(carrier.Refuse(p.name, m, err))
	}
	o, err := p.order(m)
	if err != nil {
		return order{}, unsure(carrier.Refuse(p.name, m, err))
	}
	return o, nil
}

// undecided wraps why it cannot be said.
func undecided(cause error) error { return fmt.Errorf("%w: %w", sms.ErrUndecided, cause) }

// unsure keeps sms.OutcomeOf from taking a refusal of the question for one of the
// message.
func unsure(e *sms.Error) *sms.Error {
	e.Outcome = sms.Unknown
	return e
}

// A search goes through the vendor's listings.
type search struct {
	p     *Provider
	m     sms.Message
	o     order
	since time.Time

	// outID is that of the one call, for several messages, that m can have gone in;
	// empty: not known, and m may have gone alone.
	outID string

	calls  int
	found  bool
	unsure error    // why it cannot be decided, where it is not found
	likely []string // OutIds of calls for several messages, one of which may have taken m
}

// read lists every day from since to now, until m is found.
func (s *search) read(ctx context.Context, now time.Time) error {
	last := now.Add(maxSkew).In(china).Format(time.DateOnly)
	for at := s.since.Add(-maxSkew).In(china); at.Format(time.DateOnly) <= last; at = at.AddDate(0, 0, 1) {
		if err := s.readDay(ctx, at.Format("20060102")); err != nil || s.found {
			return err
		}
	}
	return nil
}

// readDay lists one day to its end. A listing that ends before its own total
// tells nothing of what it lacks.
func (s *search) readDay(ctx context.Context, date string) error {
	seen := 0
	for page := 1; ; page++ {
		if s.calls++; s.calls > maxCalls {
			return fmt.Errorf("the vendor lists more than %d messages to this number", maxCalls*perPage)
		}
		r, e := s.p.call(ctx, s.m, readQuerySendDetails, func(key Credentials) (signedCall, error) {
			return signQuerySendDetails(s.o.phone, date, page, s.p.region, key)
		})
		if e != nil {
			return unsure(e)
		}
		total, err := strconv.Atoi(r.total)
		if err != nil || total < 0 {
			return errors.New("the vendor's listing does not say how many messages there are")
		}
		for _, row := range r.rows {
			s.look(row)
		}
		seen += len(r.rows)
		switch {
		case s.found || seen >= total:
			return nil
		case len(r.rows) == 0:
			return errors.New("the vendor's listing ends before its total")
		}
	}
}

// look decides what one listed message is to the search. One of the same template
// and without our OutId may still be ours: a call for several numbers carries one
// OutId for all of them.
func (s *search) look(r row) {
	own := s.m.Key
	if s.outID != "" {
		own = s.outID
	}
	switch {
	case r.outID == own && r.template == s.o.template:
		s.found = true
	case s.outID != "" && r.outID != own && r.outID != "": // another call, whatever it took
	case mayShare(s.m.Kind) && IsBatch(r.outID) && r.template == s.o.template:
		s.lookAtBatch(r)
	case r.outID == own:
		s.unsure = errors.New("the vendor has a message of this key with another template")
	case r.template == s.o.template && s.mayBeSince(r.sent):
		s.unsure = errors.New("the vendor has a message of the same template and time that does not carry this key")
	case r.template == "":
		s.unsure = errors.New("the vendor lists a message without its template")
	}
}

// lookAtBatch decides what a message is that went in a call with others.
func (s *search) lookAtBatch(r row) {
	mine, others := s.p.ledger.owner(r.outID, s.o.phone, s.m.Key)
	switch {
	case mine:
		s.found = true
	case others || !s.mayBeSince(r.sent):
	case r.text != "" && r.text != s.o.text:
		s.unsure = errors.New("the vendor has a message of the same template and time, sent with others, that reads otherwise")
	case !s.certainlySince(r.sent):
		s.unsure = errors.New("the vendor has a message of the same template, sent with others at about that time")
	default:
		s.likely = append(s.likely, r.outID)
	}
}

// choose takes the one likely message for m. Where there are more, or where m is
// known to have gone in another call, it stays undecided.
func (s *search) choose(now time.Time) {
	switch {
	case s.found || len(s.likely) == 0:
	case s.unsure == nil && len(s.likely) == 1 && s.p.ledger.stranger(s.m.Key, s.since) &&
		s.p.ledger.claim(s.likely[0], s.o.phone, s.m.Key, now):
		s.found = true
	default:
		s.unsure = cmp.Or(s.unsure, errors.New("the vendor has a message of the same template and time, sent with others, that may be another one"))
	}
}

// certainlySince tells whether a message was sent since then, and says when.
func (s *search) certainlySince(sent string) bool {
	at, err := time.ParseInLocation(time.DateTime, sent, china)
	return err == nil && !at.Before(s.since.Truncate(time.Second))
}

// mayBeSince tells whether a message was sent since then, by the vendor's clock.
func (s *search) mayBeSince(sent string) bool {
	at, err := time.ParseInLocation(time.DateTime, sent, china)
	return err != nil || !at.Before(s.since.Add(-usualSkew).Truncate(time.Second))
}
