package outbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

// A Try is one line of a message's story: a call to the Sender, or what was done
// instead. It holds no number, no value and no body.
type Try struct {
	// At is when it began, Took how long it lasted.
	At   time.Time     `json:"at"`
	Took time.Duration `json:"took,omitempty"`
	// Outcome and Reason are those of the call; Reason is empty where it was
	// accepted, and where there was none.
	Outcome sms.Outcome `json:"outcome"`
	Reason  sms.Reason  `json:"reason,omitempty"`
	// Provider, Code, RequestID and Text are what is known of a refusal.
	Provider   string        `json:"provider,omitempty"`
	Code       string        `json:"code,omitempty"`
	RequestID  string        `json:"request_id,omitempty"`
	Text       string        `json:"text,omitempty"`
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// Note says what was no call: a crash, an answer of the vendor when asked, a
	// decision of a person.
	Note string `json:"note,omitempty"`
}

// A story is what the outbox remembers of a message, in Record.Story. Versions of
// the program that run at the same time read each other's: a field is added, and
// never changed.
type story struct {
	Version  int      `json:"v"`
	To       string   `json:"to,omitempty"` // masked
	Template string   `json:"template,omitempty"`
	Kind     sms.Kind `json:"kind,omitempty"`
	// Start is the Age of the record when the first try began; anew by Retry. Nil:
	// none has begun, and a code counts from when it was due.
	Start *time.Duration `json:"start,omitempty"`
	// Doubt: a call may have been taken. Asking, Lost and Asked are the machine's.
	Doubt  bool `json:"doubt,omitempty"`
	Asking bool `json:"asking,omitempty"`
	Lost   bool `json:"lost,omitempty"`
	Asked  int  `json:"asked,omitempty"`
	// Mark is that of the configuration that made the last call in doubt.
	Mark string `json:"mark,omitempty"`
	// Turn is when the message has its turn in our own pace for a vendor, by the clock of
	// the process that was given it. Zero: none was given since its last try.
	Turn time.Time `json:"turn,omitzero"`

	Receipt *sms.Receipt `json:"receipt,omitempty"`
	Tries   []Try        `json:"tries,omitempty"`
	Left    int          `json:"left_out,omitempty"` // tries left out between the first ones and the last

	// First and Since are times that the version before wrote: when the first try
	// began, and that of which nothing is known. They are read and not written.
	First time.Time `json:"first,omitzero"`
	Since time.Time `json:"since,omitzero"`

	later error  // it was written by a later version: it is kept as it is
	text  []byte // as it was read
}

const (
	storyVersion = 1
	firstTries   = 4  // kept for ever
	mostTries    = 20 // kept in all
)

// readStory reads a story. One that is corrupt begins anew, and says so: a message
// must not be stuck on it.
func readStory(text []byte) story {
	s := story{Version: storyVersion, text: text}
	if len(text) == 0 {
		return s
	}
	err := json.Unmarshal(text, &s)
	switch {
	case err != nil:
		return story{Version: storyVersion, Doubt: true, Tries: []Try{{Note: "the story so far cannot be read", Reason: sms.Internal}}}
	case s.Version > storyVersion:
		return story{Version: s.Version, text: text, later: unreadableYet{errors.New("its story was written by a later version: run that one")}}
	}
	return s
}

// relate turns the times that the version before wrote into ages of the record.
func (s *story) relate(l Lease, m stored, code bool) {
	if !s.First.IsZero() {
		start := s.First.Sub(l.Last.Now.Add(-l.Last.Age))
		s.Start, s.First = &start, time.Time{}
	}
	if s.Start == nil && code && l.Last.Age > sinceEpoch(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) {
		start := sinceEpoch(m.Due)
		s.Start = &start
	}
	if !s.Since.IsZero() {
		s.Asking, s.Lost, s.Since = true, true, time.Time{}
		s.Doubt = s.unanswered() > 1 // the version before noted the last call here too
	}
}

// unanswered counts the calls that may have been taken, and of which no vendor said
// that it never took them.
func (s *story) unanswered() (n int) {
	for _, t := range s.Tries {
		switch {
		case t.Outcome == sms.Unknown:
			n++
		case n > 0 && t.Note == neverNote:
			n--
		}
	}
	return n
}

// record is what the machine knows of the message.
func (s *story) record(l Lease, code bool) record {
	r := record{State: Queued, Asking: s.Asking, Lost: s.Lost, Doubt: s.Doubt, Asked: s.Asked, Tries: l.Last.Tries, Age: ageless}
	if l.Last.State == Sending {
		r.State = Sending
	}
	switch {
	case s.Start != nil:
		r.Age = max(0, l.Last.Age-*s.Start)
	case code, s.later != nil:
		r.Age = max(0, l.Last.Age)
	case l.Last.State == Sending: // the first try has left no end
		r.Age = max(0, l.Last.Now.Sub(l.Last.At))
	}
	return r
}

// keep takes over what the machine says, at an age of the record.
func (s *story) keep(r record, age time.Duration, code bool) {
	if s.Start == nil && r.Age != ageless && !code {
		start := age - r.Age
		s.Start = &start
	}
	s.Doubt, s.Asking, s.Lost, s.Asked = r.Doubt, r.Asking, r.Lost, r.Asked
	if !r.Asking {
		s.Mark = ""
	}
}

// write returns what is stored.
func (s *story) write() []byte {
	if s.later != nil {
		return s.text
	}
	text, err := s.encode()
	if err != nil { // an Outcome that does not exist, from a Sender
		short := story{Version: storyVersion, To: s.To, Start: s.Start, Doubt: s.Doubt, Asking: s.Asking, Lost: s.Lost, Asked: s.Asked, Mark: s.Mark}
		text, _ = short.encode()
	}
	return text
}

func (s *story) clone() story {
	c := *s
	c.Tries = slices.Clone(s.Tries)
	return c
}

// about notes what the message is about, as it may be kept after its end.
func (s *story) about(m stored) {
	s.To, s.Template, s.Kind = m.Message.To.String(), m.Message.Template, m.Kind
}

// did notes an action of the machine.
func (s *story) did(a action) {
	if a.Note != "" && s.later == nil {
		s.note(time.Now(), a.Note)
	}
}

func (s *story) add(t Try) {
	s.Tries = append(s.Tries, t)
	if len(s.Tries) > mostTries {
		s.Tries = slices.Delete(s.Tries, firstTries, firstTries+1)
		s.Left++
	}
}

func (s *story) note(at time.Time, note string) {
	s.add(Try{At: at, Outcome: sms.Rejected, Note: note})
}

// failed notes a call that was not accepted.
func (s *story) failed(m sms.Message, at time.Time, took time.Duration, err error) {
	e := sms.AsError(err)
	outcome := sms.OutcomeOf(err)
	s.add(Try{At: at, Took: took, Outcome: outcome, Reason: sms.ReasonOf(err), Provider: redact.Words(e.Provider, m),
		Code: redact.Words(e.Code, m), RequestID: redact.Words(e.RequestID, m), Text: redact.Words(words(e), m), RetryAfter: e.RetryAfter})
}

// words are what an Error says beside what a Try has fields for.
func words(e *sms.Error) string {
	switch {
	case len(e.Attempts) > 0:
		return e.Error()
	case e.Err == nil:
		return e.Message
	case e.Message == "":
		return e.Err.Error()
	}
	return e.Message + ": " + e.Err.Error()
}

// accepted notes the end that everybody wants.
func (s *story) accepted(at time.Time, took time.Duration, r sms.Receipt, note string) {
	r.Attempts = nil
	s.Receipt = &r
	s.add(Try{At: at, Took: took, Outcome: sms.Accepted, Provider: r.Provider, RequestID: r.RequestID, Note: note})
}

// crashed notes a hand-out that has no recorded end.
func (s *story) crashed(last Record) {
	s.Mark = last.Mark
	s.add(Try{At: last.At, Outcome: sms.Unknown, Reason: sms.Internal, Note: "the process ended, or lost its lease, in the middle of the call"})
}

// err tells why the message is where it is: the last refusal, its outcome Unknown
// where any try may have been sent. Nil where nothing failed.
func (s *story) err(key string, state State) error {
	if state == Accepted {
		return nil
	}
	e := &sms.Error{Key: key, Kind: s.Kind, Outcome: sms.Rejected}
	if s.Doubt || s.Asking || !s.Since.IsZero() {
		e.Outcome = sms.Unknown
	}
	for _, t := range slices.Backward(s.Tries) {
		if t.Reason == "" {
			continue
		}
		e.Reason, e.Provider, e.Code, e.RequestID, e.RetryAfter = t.Reason, t.Provider, t.Code, t.RequestID, t.RetryAfter
		e.Err = errors.New(cmp.Or(t.Text, t.Note))
		break
	}
	switch {
	case state == Expired && !s.Doubt:
		e.Reason = sms.Expired
	case e.Reason == "" && (state == Queued || state == Sending || state == Canceled):
		return nil
	}
	return e
}
