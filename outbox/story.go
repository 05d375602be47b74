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

// A story is what the outbox remembers of a message, in Record.Story.
type story struct {
	Version  int       `json:"v"`
	To       string    `json:"to,omitempty"` // masked
	Template string    `json:"template,omitempty"`
	Kind     sms.Kind  `json:"kind,omitempty"`
	First    time.Time `json:"first,omitzero"`  // the first try began; anew by Retry
	Again    bool      `json:"again,omitempty"` // a person had it sent again
	// Doubt: a try may have been sent, and nobody has found out.
	Doubt bool `json:"doubt,omitempty"`
	// Since and AskAt: the try that began at Since may have been sent; the vendor
	// can be asked from AskAt on.
	Since time.Time `json:"since,omitzero"`
	AskAt time.Time `json:"ask_at,omitzero"`
	Asked int       `json:"asked,omitempty"`

	Receipt *sms.Receipt `json:"receipt,omitempty"`
	Tries   []Try        `json:"tries,omitempty"`
	Left    int          `json:"left_out,omitempty"` // tries left out between the first ones and the last
}

const (
	storyVersion = 1
	firstTries   = 4  // kept for ever
	mostTries    = 20 // kept in all
)

// readStory reads a story. One that cannot be read begins anew, and says so:
// a message must not be stuck on it.
func readStory(text []byte) story {
	s := story{Version: storyVersion}
	if len(text) == 0 {
		return s
	}
	if err := json.Unmarshal(text, &s); err != nil || s.Version > storyVersion {
		return story{Version: storyVersion, Doubt: true, Tries: []Try{{Note: "the story so far cannot be read", Reason: sms.Internal}}}
	}
	s.Version = storyVersion
	return s
}

// write gives the story as it is stored.
func (s *story) write() []byte {
	text, err := json.Marshal(s)
	if err != nil { // an Outcome that does not exist, from a Sender
		text, _ = json.Marshal(story{Version: storyVersion, To: s.To, Doubt: s.Doubt, Since: s.Since, AskAt: s.AskAt})
	}
	return text
}

// about notes who the message is for, masked.
func (s *story) about(r stored) {
	s.To, s.Template, s.Kind = r.Message.To.String(), r.Message.Template, r.Kind
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
	s.Doubt = s.Doubt || outcome == sms.Unknown
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
	s.Doubt, s.Since, s.AskAt = false, time.Time{}, time.Time{}
	s.add(Try{At: at, Took: took, Outcome: sms.Accepted, Provider: r.Provider, RequestID: r.RequestID, Note: note})
}

// crashed notes a hand-out that has no recorded end.
func (s *story) crashed(since, askAt time.Time) {
	s.Doubt, s.Since, s.AskAt, s.Asked = true, since, askAt, 0
	s.add(Try{At: since, Outcome: sms.Unknown, Reason: sms.Internal, Note: "the process ended, or lost its lease, in the middle of the call"})
}

// err tells why the message is where it is: the last refusal, its outcome Unknown
// where any try may have been sent. Nil where nothing failed.
func (s *story) err(key string, state State) error {
	if state == Accepted {
		return nil
	}
	e := &sms.Error{Key: key, Kind: s.Kind, Outcome: sms.Rejected}
	if s.Doubt {
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
