package outbox

import (
	"context"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Status is what is known of a message. It holds no full number, no value and
// no body.
type Status struct {
	Key   string `json:"key"`
	State State  `json:"state"`
	Class string `json:"class"`
	// To is the masked number; To, Template and Kind are empty where the message
	// has not been looked at since it was put and cannot be read.
	To       string   `json:"to,omitempty"`
	Template string   `json:"template,omitempty"`
	Kind     sms.Kind `json:"kind,omitempty"`
	// At is when it is due (Queued), was handed out (Sending), or ended.
	At time.Time `json:"at"`
	// Tries is how many calls to the Sender there were.
	Tries int `json:"tries"`
	// Receipt is the vendor's, where State is Accepted.
	Receipt sms.Receipt `json:"receipt,omitzero"`
	// Err is why it is not accepted, an *sms.Error; nil where nothing has failed.
	// sms.OutcomeOf tells whether it may have been sent after all.
	Err error `json:"-"`
	// Story is all that happened, oldest first; LeftOut are the tries left out of
	// it, between the first four and the others.
	Story   []Try `json:"story,omitempty"`
	LeftOut int   `json:"left_out,omitempty"`
}

// Status tells where the message with this key stands, else ErrNotFound. Ended
// messages are known for the Engine's window, 24 hours by default.
func (b *Outbox) Status(ctx context.Context, key string) (Status, error) {
	r, err := b.engine.Last(ctx, key)
	if err != nil {
		return Status{}, failure(err, "the status of %q", key)
	}
	return b.status(r), nil
}

// List gives up to n messages in a state, by key, beginning after a key; n of 0
// is 100. It is how Held and Dead ones are found.
func (b *Outbox) List(ctx context.Context, state State, after string, n int) ([]Status, error) {
	if n <= 0 {
		n = 100
	}
	records, err := b.engine.List(ctx, state, after, n)
	if err != nil {
		return nil, failure(err, "the list of what is %v", state)
	}
	all := make([]Status, len(records))
	for i, r := range records {
		all[i] = b.status(r)
	}
	return all, nil
}

func (b *Outbox) status(r Record) Status {
	s := readStory(r.Story)
	if s.To == "" && len(r.Data) > 0 {
		if m, err := b.keys.decode(r.Data, r.Key); err == nil {
			s.about(m)
		}
	}
	st := Status{Key: r.Key, State: r.State, Class: r.Class, To: s.To, Template: s.Template, Kind: s.Kind,
		At: r.At, Tries: r.Tries, Err: s.err(r.Key, r.State), Story: s.Tries, LeftOut: s.Left}
	if s.Receipt != nil {
		st.Receipt = *s.Receipt
	}
	return st
}
