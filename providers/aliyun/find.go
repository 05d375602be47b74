package aliyun

import (
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

// Find asks the vendor whether it has m; see [sms.Finder]. It lists what went to
// the number, on each of the vendor's days (UTC+8) since then, and looks for
// m.Key among the OutIds: one call for each day and 50 messages.
//
// Found is a message whatever became of it: failed, delivered or without a
// report. The vendor's listing does not tell its BizId, so Receipt.ID is empty.
//
// It is ErrUndecided where there is a message of the same template in that time
// with another OutId or none; where the listing is refused, throttled, cut, not
// permitted or not complete; more than 30 days back; and less than
// Options.FindAfter after since where there is none. A caller's ctx that ends
// leaves it undecided.
func (p *Provider) Find(ctx context.Context, m sms.Message, since time.Time) (sms.Receipt, error) {
	o, err := p.lookedFor(m, since)
	if err != nil {
		return sms.Receipt{}, undecided(err)
	}
	asked := time.Now()
	s := search{p: p, m: m, o: o, since: since}
	if err := s.read(ctx, asked); err != nil {
		return sms.Receipt{}, undecided(err)
	}
	switch {
	case s.found:
		return sms.Receipt{Provider: p.name, Key: m.Key, Segments: o.segments()}, nil
	case s.unsure != nil:
		return sms.Receipt{}, undecided(s.unsure)
	case asked.Sub(since) < p.findAfter:
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

	calls  int
	found  bool
	unsure error // why it cannot be decided, where it is not found
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
	switch {
	case r.outID == s.m.Key && r.template == s.o.template:
		s.found = true
	case r.outID == s.m.Key:
		s.unsure = errors.New("the vendor has a message of this key with another template")
	case r.template == s.o.template && s.mayBeSince(r.sent):
		s.unsure = errors.New("the vendor has a message of the same template and time that does not carry this key")
	case r.template == "":
		s.unsure = errors.New("the vendor lists a message without its template")
	}
}

// mayBeSince tells whether a message was sent since then, by the vendor's clock.
func (s *search) mayBeSince(sent string) bool {
	at, err := time.ParseInLocation(time.DateTime, sent, china)
	return err != nil || !at.Before(s.since.Add(-usualSkew).Truncate(time.Second))
}
