package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/sms"
)

// stored is what Entry.Data holds: a byte for the version, one for the form, and
// JSON, sealed or not. Every version that was ever written is read.
type stored struct {
	Message sms.Message `json:"message"`
	// Kind is the template's at the time, or the message's own; never unset.
	Kind sms.Kind `json:"kind"`
	// Due is when it was to be sent by the clock of the process that put it, quiet
	// hours apart. The version before counted a code's age from it.
	Due time.Time `json:"due"`
	// Lasts is the age of the record at which the message expires. It is nil for one
	// that does not, and for what the version before wrote.
	Lasts *time.Duration `json:"lasts,omitempty"`
}

// lasts is the age of its record at which the message expires; forever if it does
// not. The version before knew the time alone, and no first due time in the store:
// there the age counts from 1970.
func (s stored) lasts() time.Duration {
	switch {
	case s.Lasts != nil:
		return *s.Lasts
	case s.Message.Expires.IsZero():
		return forever
	}
	return sinceEpoch(s.Message.Expires)
}

const (
	storedVersion = 1
	formPlain     = 0
	formSealed    = 1
	storedHead    = 2 // version and form
)

var (
	errShort   = errors.New("the stored message is cut short")
	errVersion = unreadableYet{errors.New("the stored message was written by a later version: run that one")}
	errForm    = unreadableYet{errors.New("the stored message has a form that this version does not know: run a later one")}
	errPlain   = unreadableYet{errors.New("the stored message is not sealed, and Options.RefusePlain is set")}
)

// unreadableYet is why this process cannot read a message that another may read.
type unreadableYet struct{ error }

// Unwrap returns the cause.
func (u unreadableYet) Unwrap() error { return u.error }

// encode makes Data, sealed where there are keys.
func (k *keys) encode(s stored) ([]byte, error) {
	data, err := s.write(append(make([]byte, 0, 256), storedVersion, formPlain))
	if err != nil {
		return nil, fmt.Errorf("the message cannot be stored: %w", err)
	}
	if k.own == nil {
		return data, nil
	}
	return k.own.seal([]byte{storedVersion, formSealed}, data[storedHead:], s.Message.Key), nil
}

// decode reads what encode wrote for the message with this key.
func (k *keys) decode(data []byte, key string) (stored, error) {
	if len(data) < storedHead {
		return stored{}, errShort
	}
	if data[0] != storedVersion {
		return stored{}, errVersion
	}
	text := data[storedHead:]
	switch data[1] {
	case formPlain:
		if k.refusePlain {
			return stored{}, errPlain
		}
	case formSealed:
		var err error
		if text, err = k.open(data, key); err != nil {
			return stored{}, err
		}
	default:
		return stored{}, errForm
	}
	s, ok := readStored(text, key)
	if !ok {
		s = stored{}
		if err := json.Unmarshal(text, &s); err != nil {
			// The JSON error may quote the message: it is not told.
			return stored{}, errors.New("the stored message is no JSON of a message")
		}
	}
	if s.Message.Key != key {
		return stored{}, errors.New("the stored message has another key than its record")
	}
	return s, nil
}

// sinceEpoch is the age, in 1970, of what happens at t.
func sinceEpoch(t time.Time) time.Duration { return t.Sub(time.Unix(0, 0)) }
