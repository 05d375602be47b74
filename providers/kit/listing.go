package kit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Listing asks the vendor which messages it has. The vendor's package makes one
// call and judges each message that was listed. The kit walks time windows and
// pages, knows which messages belong to other keys, and decides.
type Listing[O any] struct {
	// Exact says that the vendor lists our key, so that a message without it is
	// another's. Without it messages are told apart by their content, and any
	// message to the number that no key is known to own leaves a question undecided.
	Exact bool
	// Content returns what messages are compared by. It keeps two messages of one
	// number and text in one process apart. Optional with Exact.
	Content func(o O) (number, text string)
	// After is how long after a message may have left the listing is complete.
	// Defaults to sms.FindAfter. Common.FindAfter takes its place.
	After time.Duration
	// Back is how far back the vendor lists. Zero: without end.
	Back time.Duration
	// Window is the longest time that one query may cover. Zero: all at once. With
	// Zone set, the windows are calendar days of that zone.
	Window time.Duration
	Zone   *time.Location
	// Skew is how far the vendor's clock may be from ours. The windows are widened
	// by it. Defaults to a minute.
	Skew time.Duration
	// Calls is the most calls for one question; a longer listing is undecided.
	// Defaults to 10.
	Calls int
	// List makes one call.
	List func(ctx context.Context, q Query[O]) (Page, error)
}

// A Query asks for one page of a listing.
type Query[O any] struct {
	// Order and Message are what is looked for.
	Order   O
	Message sms.Message
	// Ref is the message's key as the vendor has it. If Batched, it is that of the
	// call that the message is known to have been part of.
	Ref     string
	Batched bool
	// From and To are the window.
	From, To time.Time
	// Page is empty for the first page, then the last answer's Next.
	Page string
	// Number counts the pages of the window from 1.
	Number int
}

// A Page is one page of a listing.
type Page struct {
	Rows []Row
	// Next is the token of the next page, and empty on the last one.
	Next string
	// Date is the vendor's clock at the answer; zero if it is not known.
	Date time.Time
}

// A Row is one message of the vendor's.
type Row struct {
	// ID is the vendor's message ID, as in a Receipt. May be empty if Mark is set.
	ID string
	// Mark tells the message from all others if ID does not: see Mark.
	Mark string
	// At is when the vendor took it; zero if it does not say, and then the message
	// counts as one of the time asked for.
	At time.Time
	// Segments is the number of billed parts; zero if the vendor does not say.
	Segments int
	// Match is how the message compares with the one asked for. Why is the reason of
	// a Maybe, in words.
	Match Match
	Why   string
}

// A Match is how a listed message compares with the one asked for.
type Match int

// The matches.
const (
	Ignore  Match = iota // it is certainly not the one: another number, a reply
	Other                // another message to the same number
	Maybe                // it may be the one, and nobody can tell
	Same                 // its content is the same
	Certain              // it has our key
)

// Mark returns the Mark of a message that is known by the ref of its call and its
// number, because the call took several messages.
func Mark(ref, number string) string { return ref + "\x00" + number }

const (
	defaultCalls = 10
	// usualSkew is how far clocks usually differ.
	usualSkew = time.Minute
	// grain is the precision of vendors' times.
	grain = time.Second
)

func (c *core[O]) findAfter() time.Duration {
	return cmp.Or(c.common.FindAfter, c.vendor.Listing.After, sms.FindAfter)
}

func (c *core[O]) ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	if c.vendor.Listing == nil {
		return sms.Receipt{}, undecided(c.unsupported("be asked about a message"))
	}
	s, err := c.search(q)
	if err != nil {
		return sms.Receipt{}, undecided(err)
	}
	return s.find(ctx)
}

func undecided(cause error) error { return fmt.Errorf("%w: %w", sms.ErrUndecided, cause) }

// search prepares the search for q's message.
func (c *core[O]) search(q sms.Question) (*search[O], error) {
	m := q.Message
	switch {
	case m.Key == "":
		return nil, errors.New("the message has no key: take the one of the error or the receipt")
	case q.Since.IsZero():
		return nil, errors.New("the question does not say since when to look: set Since")
	case c.Closed():
		return nil, doubtful(Refuse(c.Name, m, errClosed()))
	case c.vendor.Listing.Back > 0 && time.Since(q.Since) > c.vendor.Listing.Back:
		return nil, fmt.Errorf("the vendor lists the last %v only", c.vendor.Listing.Back)
	}
	m.Kind = c.Templates.KindOf(m)
	if err := c.Templates.Check(m); err != nil {
		return nil, doubtful(Refuse(c.Name, m, err))
	}
	m.Expires = time.Time{} // the vendor may have taken it before
	o, text, err := c.order(m, q.Since)
	if err != nil {
		return nil, doubtful(c.refuse(m, err))
	}
	return &search[O]{core: c, q: q, m: m, o: o, text: text, ref: c.Ref(m.Key)}, nil
}

// doubtful keeps sms.OutcomeOf from taking a refusal of the question for a refusal
// of the message.
func doubtful(e *sms.Error) *sms.Error {
	e.Outcome = sms.Unknown
	return e
}

// A search goes through the vendor's listing.
type search[O any] struct {
	core *core[O]
	q    sms.Question
	m    sms.Message
	o    O
	text string // as the recipient reads it

	ref     string
	batched bool

	from, sure time.Time // by the vendor's clock: may be, and certainly is, since then
	mine       *Row
	same       []Row
	maybe      []Row
	others     []Row
	calls      int
}

// find reads the listing and decides.
func (s *search[O]) find(ctx context.Context) (sms.Receipt, error) {
	if s.flying() { // before the listing, which may lack what ends while it is made
		return sms.Receipt{}, undecided(errFlying)
	}
	asked := time.Now()
	if err := s.read(ctx, asked); err != nil {
		if !isKits(err) {
			return sms.Receipt{}, undecided(err)
		}
		return sms.Receipt{}, undecided(doubtful(s.core.Explain(s.m, err, s.core.hidden(s.o)...)))
	}
	if s.mine != nil {
		return s.receipt(*s.mine)
	}
	if s.flying() {
		return sms.Receipt{}, undecided(errFlying)
	}
	if err := s.dropOwned(ctx); err != nil {
		return sms.Receipt{}, undecided(err)
	}
	return s.decide(asked)
}

var errFlying = errors.New("the same text is being sent to this number at this moment")

// isKits reports whether an error is of a kind that Explain knows.
func isKits(err error) bool {
	_, refused := errors.AsType[*Refusal](err)
	_, failed := errors.AsType[*Failure](err)
	_, ours := errors.AsType[*sms.Error](err)
	return refused || failed || ours
}

func (s *search[O]) decide(asked time.Time) (sms.Receipt, error) {
	after := s.core.findAfter()
	switch {
	case len(s.maybe) > 0:
		return sms.Receipt{}, undecided(errors.New(s.maybe[len(s.maybe)-1].Why))
	case len(s.same) > 1:
		return sms.Receipt{}, undecided(fmt.Errorf("the vendor has %d such messages", len(s.same)))
	case len(s.same) == 1:
		return s.receipt(s.same[0])
	case len(s.others) > 0:
		return sms.Receipt{}, undecided(errors.New("the vendor has another message to this number since then that no message of ours is known to be"))
	case asked.Sub(s.q.Latest()) < after:
		return sms.Receipt{}, undecided(fmt.Errorf("the vendor may not list it yet: ask again %v after the message may have left", after))
	}
	return sms.Receipt{}, sms.ErrNotFound
}

func (s *search[O]) flying() bool {
	content := s.core.vendor.Listing.Content
	return content != nil && s.core.claims.isFlying(content(s.o))
}

// read goes through every window and page until the message is found.
func (s *search[O]) read(ctx context.Context, now time.Time) error {
	for _, w := range s.windows(now) {
		page := Page{}
		for number := 1; number == 1 || page.Next != ""; number++ {
			if s.calls++; s.calls > cmp.Or(s.core.vendor.Listing.Calls, defaultCalls) {
				return fmt.Errorf("the vendor lists more messages to this number than %d calls show", s.calls-1)
			}
			var err error
			page, err = s.list(ctx, Query[O]{Order: s.o, Message: s.m, Ref: s.ref, Batched: s.batched, From: w[0], To: w[1], Page: page.Next, Number: number})
			if err != nil {
				return err
			}
			if s.calls == 1 {
				s.setClock(page.Date)
			}
			for _, row := range page.Rows {
				s.look(row)
			}
			if s.mine != nil {
				return nil
			}
		}
	}
	return nil
}

func (s *search[O]) list(ctx context.Context, q Query[O]) (p Page, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	return s.core.vendor.Listing.List(ctx, q)
}

// windows returns the times to list, oldest first.
func (s *search[O]) windows(now time.Time) (list [][2]time.Time) {
	l := s.core.vendor.Listing
	skew := cmp.Or(l.Skew, usualSkew)
	from, to := s.q.Since.Add(-skew), now.Add(skew)
	if l.Zone != nil {
		y, m, d := from.In(l.Zone).Date()
		for at := time.Date(y, m, d, 0, 0, 0, 0, l.Zone); !at.After(to); at = at.AddDate(0, 0, 1) {
			list = append(list, [2]time.Time{at, at.AddDate(0, 0, 1)})
		}
		return list
	}
	for l.Window > 0 && to.Sub(from) > l.Window {
		list = append(list, [2]time.Time{from, from.Add(l.Window)})
		from = from.Add(l.Window)
	}
	return append(list, [2]time.Time{from, to})
}

// setClock learns the vendor's clock from the date of its first answer, which is
// older than now. Without one the clocks may differ by usualSkew.
func (s *search[O]) setClock(date time.Time) {
	if date.IsZero() {
		s.from, s.sure = s.q.Since.Add(-usualSkew).Truncate(grain), s.q.Since.Truncate(grain)
		return
	}
	s.from = s.q.Since.Add(time.Until(date) - grain)
	s.sure = s.from
}

// look decides what one listed message is to the search.
func (s *search[O]) look(row Row) {
	row.Mark = cmp.Or(row.Mark, row.ID)
	mine, others := false, false
	if row.Mark != "" {
		mine, others = s.core.claims.owner(row.Mark, s.m.Key)
	}
	switch {
	case row.Match == Ignore:
	case row.Match == Certain, mine:
		s.mine = &row
	case others, !row.At.IsZero() && row.At.Before(s.from):
	case row.Match == Maybe:
		s.maybe = append(s.maybe, row)
	case row.Match == Other:
		if !s.core.vendor.Listing.Exact {
			s.others = append(s.others, row)
		}
	default:
		s.lookAtSame(row)
	}
}

// lookAtSame decides about a message of the same content and time that no key has
// claimed.
func (s *search[O]) lookAtSame(row Row) {
	switch {
	case !s.core.claims.remembers(s.q.Since):
		row.Why = "it is too long ago to know which messages are of other keys"
	case row.Mark == "":
		row.Why = "the vendor lists a message without its ID"
	case !row.At.IsZero() && row.At.Before(s.sure):
		row.Why = "the vendor has such a message of about that time"
	case row.Mark != row.ID && s.core.claims.has(s.m.Key):
		row.Why = "the vendor has such a message, and this one is known to have gone in another call"
	default:
		s.same = append(s.same, row)
		return
	}
	s.maybe = append(s.maybe, row)
}

// dropOwned removes messages that the asker knows to belong to other keys.
func (s *search[O]) dropOwned(ctx context.Context) error {
	if s.q.Owned == nil {
		return nil
	}
	var ids []string
	for _, rows := range [][]Row{s.same, s.maybe, s.others} {
		for _, row := range rows {
			if row.ID != "" {
				ids = append(ids, row.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	owned, err := s.q.Owned(ctx, s.core.Name, ids)
	if err != nil {
		return fmt.Errorf("it is not known which messages belong to other keys: %w", err)
	}
	isOwned := func(row Row) bool { return row.ID != "" && slices.Contains(owned, row.ID) }
	s.same, s.maybe, s.others = slices.DeleteFunc(s.same, isOwned), slices.DeleteFunc(s.maybe, isOwned), slices.DeleteFunc(s.others, isOwned)
	return nil
}

// receipt claims the message that was found.
func (s *search[O]) receipt(row Row) (sms.Receipt, error) {
	if row.Match != Certain && !s.core.claims.claim(row.Mark, s.m.Key, time.Now()) {
		return sms.Receipt{}, undecided(errors.New("another message with the same text was found first"))
	}
	return s.core.receipt(s.m, s.o, s.text, Accepted{ID: row.ID, Segments: row.Segments}), nil
}
