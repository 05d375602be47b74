package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

const (
	// maxPages is how many pages of a number's messages are read; where there are
	// more, Find cannot decide.
	maxPages = 10
	// unsureClock is how far Twilio's clock may be from ours where its answer does
	// not tell its time.
	unsureClock = time.Minute
	// grain is the precision of Twilio's times.
	grain = time.Second
)

// Ask asks Twilio whether it has the message; see [sms.Finder]. Twilio has no ID of ours,
// so the message is looked for by what it is: one to that number, with that
// text, made since then by Twilio's own clock, and not known to be another key's
// in this process. Between two processes that send the same text to the same
// number at the same time it cannot tell.
//
// It is found where there is exactly one such message. It is ErrUndecided where
// there are several; where there is one whose text cannot be compared, because
// it was a content template, has been redacted, or may be ours as a Messaging
// Service rewrites texts (other quotes, shortened links); while the same text is
// being sent to the number; and where the list is refused, cut, not permitted or
// too long. It is ErrNotFound where there is none, at least Options.FindAfter
// after Question.Until. The list is asked by number alone and the time compared here,
// because a message that still waits in Twilio's queue has no DateSent.
//
// A caller's ctx that ends leaves it undecided.
func (p *Provider) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	r, err := p.lookedFor(q.Message, q.Since)
	if err != nil {
		return sms.Receipt{}, undecided(err)
	}
	if p.ledger.isFlying(r.to, r.text) { // before the list: what ends while it is made may be missing in it
		return sms.Receipt{}, undecided(errFlying)
	}
	asked := time.Now()
	s := search{p: p, m: q.Message, r: r, since: q.Since}
	if err := s.read(ctx); err != nil {
		return sms.Receipt{}, undecided(err)
	}
	switch {
	case s.mine != nil:
		return s.receipt(*s.mine)
	case p.ledger.isFlying(r.to, r.text):
		return sms.Receipt{}, undecided(errFlying)
	case s.unsure != "":
		return sms.Receipt{}, undecided(errors.New(s.unsure))
	case len(s.found) > 1:
		return sms.Receipt{}, undecided(fmt.Errorf("the vendor has %d such messages", len(s.found)))
	case len(s.found) == 1:
		return s.receipt(s.found[0])
	case asked.Sub(q.Latest()) < p.findAfter:
		return sms.Receipt{}, undecided(fmt.Errorf("the vendor does not list it yet: ask again %v after the first try", p.findAfter))
	}
	return sms.Receipt{}, sms.ErrNotFound
}

// lookedFor makes m what Send has made of it.
func (p *Provider) lookedFor(m sms.Message, since time.Time) (request, error) {
	switch {
	case m.Key == "":
		return request{}, errors.New("the message has no key: take the one of the error or the receipt")
	case since.IsZero():
		return request{}, errors.New("it is not said since when to look")
	}
	if err := p.templates.Check(m); err != nil {
		return request{}, unsure(carrier.Refuse(p.name, m, err))
	}
	m.Expires = time.Time{} // it may have been taken before
	r, err := p.request(m, since)
	if err != nil {
		return request{}, unsure(carrier.Refuse(p.name, m, err))
	}
	return r, nil
}

var errFlying = errors.New("the same text is being sent to this number at this moment")

// undecided wraps why it cannot be said.
func undecided(cause error) error { return fmt.Errorf("%w: %w", sms.ErrUndecided, cause) }

// unsure keeps sms.OutcomeOf from taking a refusal of the question for one of
// the message.
func unsure(e *sms.Error) *sms.Error {
	e.Outcome = sms.Unknown
	return e
}

// A search goes through the list of messages to one number.
type search struct {
	p     *Provider
	m     sms.Message
	r     request
	since time.Time

	from   time.Time // since, by Twilio's clock
	mine   *listed   // one that is known to be this key's
	found  []listed
	unsure string // why it cannot be decided, where that is so
}

func (s *search) read(ctx context.Context) error {
	token, number := "", ""
	for i := range maxPages {
		page, c, ok := s.p.list(ctx, s.m.To, token, number)
		if !ok {
			return unsure(s.p.refusal(c, s.m, s.r))
		}
		if i == 0 {
			s.from = vendorTime(s.since, c.answer)
		}
		for _, l := range page.messages {
			s.look(l)
		}
		if !page.more {
			return nil
		}
		if token, number = page.next, page.number; token == "" && number == "" {
			return errors.New("the list goes on, and does not say where")
		}
	}
	return fmt.Errorf("the vendor has more than %d messages to this number", maxPages*perPage)
}

// vendorTime gives the earliest time by Twilio's clock that since may be. Its
// answer, which is older than now, tells how far its clock is ahead at the least.
func vendorTime(since time.Time, a carrier.Answer) time.Time {
	date, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return since.Add(-unsureClock)
	}
	return since.Add(time.Until(date) - grain)
}

// look decides what one listed message is to the search.
func (s *search) look(l listed) {
	mine, others := s.p.ledger.owner(l.sid, s.m.Key)
	switch {
	case mine:
		s.mine = &l
	case others, l.direction == "inbound", l.to != "" && l.to != s.r.to:
	case !l.created.IsZero() && l.created.Before(s.from):
	default:
		s.compare(l)
	}
}

// compare looks at a message of the time and number that nobody has claimed.
func (s *search) compare(l listed) {
	switch {
	case !s.p.ledger.remembers(s.since):
		s.unsure = "it is too long ago to know which messages are of other keys"
	case l.created.IsZero() || l.to == "" || !isID(l.sid):
		s.unsure = "Twilio lists a message without its time, number or SID"
	case s.r.content != "":
		s.unsure = "the text of a content template is Twilio's own and cannot be compared"
	case l.body == "":
		s.unsure = "Twilio has a message whose text was redacted"
	case l.body == s.r.text:
		s.found = append(s.found, l)
	case mayBeRewritten(s.r.text, l.body):
		s.unsure = "Twilio has a message that may be this one with its text rewritten"
	}
}

// receipt claims the one that was found.
func (s *search) receipt(l listed) (sms.Receipt, error) {
	if !s.p.ledger.claim(l.sid, s.m.Key, time.Now()) {
		return sms.Receipt{}, undecided(errors.New("another message with the same text was found first"))
	}
	return sms.Receipt{Provider: s.p.name, Key: s.m.Key, ID: l.sid, Segments: segments(l.segments, s.r.text)}, nil
}

// mayBeRewritten tells whether theirs may be ours as Twilio rewrites texts: other
// quotes and look-alike letters (smart encoding), shortened links, words put
// before or after. What is left of ours without links, in plain letters and
// digits, is then found in theirs in the same order. A text that is another one
// and passes all the same only makes Find undecided.
func mayBeRewritten(ours, theirs string) bool {
	rest := theirs
	for word := range strings.FieldsSeq(ours) {
		if strings.Contains(word, "://") || strings.HasPrefix(strings.ToLower(word), "www.") {
			continue
		}
		for i := range len(word) {
			c := word[i]
			if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
				continue
			}
			at := strings.IndexByte(rest, c)
			if at < 0 {
				return false
			}
			rest = rest[at+1:]
		}
	}
	return true
}
