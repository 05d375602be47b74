package middleware

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

const (
	// DefaultDeduplicateFor is how long [Deduplicate] remembers a key by default.
	DefaultDeduplicateFor = 24 * time.Hour

	claimWait = 30 * time.Second       // how long another process may take to answer
	claimPoll = 100 * time.Millisecond // how often the store is asked for that answer
)

// ErrKeyTaken is the cause of the refusal of a message whose Key was used for a message
// with other content.
var ErrKeyTaken = errors.New("the key was used for another message: every message needs a key of its own")

// Deduplicate sends one message for each Message.Key within ttl. If ttl is zero or
// negative, it is [DefaultDeduplicateFor]. A message without a Key is always sent.
//
// A later message with the same key and content is not sent. It has the result of the
// first one: its receipt if it was accepted, its error if the outcome is Unknown. If
// the first one was Rejected, the key is free and the message is sent.
//
// A duplicate that comes during the first send waits for it and has its result, even
// if that is Rejected. If the first caller's context ended the send before anything
// was sent, the next duplicate is sent instead. If the context of a waiting caller
// ends, its error is Canceled, Unknown.
//
// A message with the same key and another number, template, value, body, kind or
// sender is refused as InvalidMessage, Rejected, with [ErrKeyTaken]. If the Store
// fails, the message is refused as Internal, Rejected. A nil Store is
// NewMemoryStore(0).
func Deduplicate(s Store, ttl time.Duration) sms.Middleware {
	if ttl <= 0 {
		ttl = DefaultDeduplicateFor
	}
	if s == nil {
		s = NewMemoryStore(0)
	}
	return func(next sms.Sender) sms.Sender {
		return &deduplicate{next: next, store: s, ttl: ttl, sending: map[string]*sending{}}
	}
}

type deduplicate struct {
	next  sms.Sender
	store Store
	ttl   time.Duration

	mu      sync.Mutex
	sending map[string]*sending // by key
}

// sending is a message that this process is sending.
type sending struct {
	content [32]byte
	done    chan struct{} // nil until another waits; guarded by deduplicate.mu
	// What follows is set before done is closed.
	receipt sms.Receipt
	err     error
}

func (d *deduplicate) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if m.Key == "" {
		return d.next.Send(ctx, m)
	}
	if cause := over(ctx, m); cause != nil {
		return sms.Receipt{}, refuse(m, cause)
	}
	content := contentOf(m)
	for {
		f, done := d.join(m.Key, content)
		if done == nil {
			d.lead(ctx, m, f)
			return f.receipt, f.err
		}
		if f.content != content {
			return sms.Receipt{}, sms.Refuse(m, sms.InvalidMessage, ErrKeyTaken)
		}
		select {
		case <-done:
		case <-ctx.Done():
			return sms.Receipt{}, unknown(m, sms.Canceled, ctx.Err())
		}
		if sms.ReasonOf(f.err) != sms.Canceled || sms.OutcomeOf(f.err) == sms.Unknown {
			return f.receipt, f.err
		}
		if cause := over(ctx, m); cause != nil { // the first caller canceled before anything was sent
			return sms.Receipt{}, refuse(m, cause)
		}
	}
}

// join returns the message of this key that is being sent. If done is nil, the caller
// must send it with lead. Otherwise done is closed when its result is set.
func (d *deduplicate) join(key string, content [32]byte) (f *sending, done <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.sending[key]; f != nil {
		if f.done == nil {
			f.done = make(chan struct{})
		}
		return f, f.done
	}
	f = &sending{content: content}
	d.sending[key] = f
	return f, nil
}

// lead sets the result of f: it sends m, or reads the result from the store. It sets a
// result even if the Sender panics.
func (d *deduplicate) lead(ctx context.Context, m sms.Message, f *sending) {
	returned := false
	defer func() {
		if !returned {
			f.receipt, f.err = sms.Receipt{}, unanswered(m)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.sending, m.Key)
		if f.done != nil {
			close(f.done)
		}
	}()
	claim := Claim{Key: m.Key, Content: f.content}
	_, _ = rand.Read(claim.ID[:]) // never fails
	held, err := d.claim(ctx, claim)
	switch {
	case err != nil:
		f.err = d.unclaimed(ctx, m, err)
	case held.State == ClaimNew:
		d.send(ctx, m, claim, f)
	case held.State == ClaimAnswered:
		f.receipt, f.err = read(m, held.Answer)
	case held.State == ClaimOtherContent:
		f.err = sms.Refuse(m, sms.InvalidMessage, ErrKeyTaken)
	default:
		f.err = unknown(m, sms.Internal, fmt.Errorf("a message of this key was begun elsewhere and has no answer after %v", claimWait))
	}
	returned = true
}

// unanswered returns the error of a message whose Sender panicked or ended its
// goroutine.
func unanswered(m sms.Message) error {
	return unknown(m, sms.Internal, errors.New("the sender ended without an answer"))
}

// unknown returns the error of a message that may have been sent.
func unknown(m sms.Message, r sms.Reason, cause error) *sms.Error {
	e := sms.Refuse(m, r, cause)
	e.Outcome = sms.Unknown
	return e
}

// send sends m and settles its claim. If the Sender panics or ends its goroutine, the
// outcome is Unknown.
func (d *deduplicate) send(ctx context.Context, m sms.Message, c Claim, f *sending) {
	returned := false
	defer func() {
		if !returned {
			_ = d.settle(ctx, c, sms.Receipt{}, unanswered(m))
		}
	}()
	receipt, err := d.next.Send(ctx, m)
	returned = true
	f.receipt, f.err = receipt, d.settle(ctx, c, receipt, err)
}

// claim claims the key. If another process is sending the message, claim waits for the
// result for up to claimWait.
func (d *deduplicate) claim(ctx context.Context, c Claim) (Claimed, error) {
	for began := clock(); ; {
		held, err := d.store.Claim(ctx, c, d.ttl)
		if err != nil || held.State != ClaimInFlight || clock()-began >= claimWait {
			return held, err
		}
		if err := wait(ctx, claimPoll); err != nil {
			return held, errInFlight
		}
	}
}

var errInFlight = errors.New("the caller has left while another process was sending")

// unclaimed returns the error of a message whose key could not be claimed.
func (d *deduplicate) unclaimed(ctx context.Context, m sms.Message, err error) error {
	switch {
	case err == errInFlight:
		return unknown(m, sms.Canceled, ctx.Err())
	case ctx.Err() != nil:
		return refuse(m, ctx.Err())
	}
	return sms.Refuse(m, sms.Internal, fmt.Errorf("the store of keys: %w", err))
}

// settle records the result of the message, even if ctx has ended. It frees the key of
// a message that was Rejected and keeps every other one. If the store fails, the key
// stays claimed without a result.
func (d *deduplicate) settle(ctx context.Context, c Claim, r sms.Receipt, err error) error {
	if _, ok := d.store.(*MemoryStore); !ok { // a MemoryStore does not wait
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
	}
	if sms.OutcomeOf(err) != sms.Rejected {
		_ = d.store.Keep(ctx, c.Key, c.ID, written(r, err), d.ttl)
		return err
	}
	if failed := d.store.Free(ctx, c.Key, c.ID); failed != nil {
		return with(err, fmt.Errorf("the key was not freed: %v", failed))
	}
	return err
}

// An answer is what a Store keeps of a message: the receipt of one that was accepted,
// or the error of one whose outcome is Unknown. It holds no number and no value.
type answer struct {
	Receipt   *sms.Receipt `json:"receipt,omitempty"`
	Reason    sms.Reason   `json:"reason,omitempty"`
	Provider  string       `json:"provider,omitempty"`
	Code      string       `json:"code,omitempty"`
	RequestID string       `json:"request_id,omitempty"`
	Kind      sms.Kind     `json:"kind,omitempty"`
}

func written(r sms.Receipt, err error) []byte {
	a := answer{Receipt: &r}
	if e := sms.AsError(err); e != nil {
		a = answer{Reason: sms.ReasonOf(e), Provider: e.Provider, Code: e.Code, RequestID: e.RequestID, Kind: e.Kind}
	}
	data, _ := json.Marshal(a) // strings and a valid kind do not fail; nothing is read as Unknown
	return data
}

func read(m sms.Message, data []byte) (sms.Receipt, error) {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return sms.Receipt{}, unknown(m, sms.Internal, fmt.Errorf("what the store holds of this key cannot be read: %w", err))
	}
	if a.Receipt != nil {
		return *a.Receipt, nil
	}
	return sms.Receipt{}, &sms.Error{Provider: a.Provider, Reason: cmp.Or(a.Reason, sms.Internal), Outcome: sms.Unknown, Code: a.Code,
		RequestID: a.RequestID, Key: m.Key, Kind: cmp.Or(a.Kind, m.Kind), Err: errors.New("an earlier message of this key, which may have been sent")}
}

// contentOf returns a hash of what would be sent. Each part is hashed with its length,
// so that different messages have different input.
func contentOf(m sms.Message) [32]byte {
	kind := "" // of a message with a template: the template's, which the name implies
	if m.Template == "" {
		kind = m.Kind.OrDefault().String()
	}
	var onStack [1024]byte
	text := onStack[:0]
	for _, part := range [...]string{m.To.E164(), m.Template, m.Body, m.From, kind} {
		text = appendPart(text, part)
	}
	var few [16]string
	names := few[:0]
	for name := range m.Params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text = appendPart(appendPart(text, name), m.Params[name])
	}
	return sha256.Sum256(text)
}

func appendPart(text []byte, part string) []byte {
	return append(binary.BigEndian.AppendUint64(text, uint64(len(part))), part...)
}
