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
	// DefaultDeduplicateFor is how long [Deduplicate] remembers a key where it was
	// given no time.
	DefaultDeduplicateFor = 24 * time.Hour

	claimWait = 30 * time.Second       // how long another process may take to answer
	claimPoll = 100 * time.Millisecond // how often it is asked about
)

// ErrKeyTaken is the cause of the error of a message whose Key was used for
// another content.
var ErrKeyTaken = errors.New("the key was used for another message: every message needs a key of its own")

// Deduplicate sends one message of each Message.Key within ttl; zero or less is
// [DefaultDeduplicateFor]. A message without a Key passes.
//
// What came of the first is what every later one of the same key and content is
// answered, without a send: its receipt where it was accepted, and its error
// where the outcome is Unknown, because it may have been. Rejected frees the key.
// Duplicates that come while the first is on its way wait for it and share its
// answer, a rejection too, but not the end of the first caller's own context: the
// next of them is then sent instead. A caller who does not wait any longer is
// answered Canceled and Unknown.
//
// The same key with another number, template, values, body, kind or sender is
// InvalidMessage, Rejected, with [ErrKeyTaken]. A Store that fails is Internal,
// Rejected. A nil Store is one of this process: NewMemoryStore(0).
func Deduplicate(s Store, ttl time.Duration) sms.Middleware {
	if ttl <= 0 {
		ttl = DefaultDeduplicateFor
	}
	if s == nil {
		s = NewMemoryStore(0)
	}
	return func(next sms.Sender) sms.Sender {
		return &deduplicate{next: next, store: s, ttl: ttl, flights: map[string]*flight{}}
	}
}

type deduplicate struct {
	next  sms.Sender
	store Store
	ttl   time.Duration

	mu      sync.Mutex
	flights map[string]*flight // by key: those of this process
}

// A flight is a message of this process on its way.
type flight struct {
	content [32]byte
	done    chan struct{} // nil until another waits; deduplicate.mu guards it
	// What follows is written before done is closed.
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
		f, done := d.board(m.Key, content)
		if done == nil {
			d.fly(ctx, m, f)
			return f.receipt, f.err
		}
		if f.content != content {
			return sms.Receipt{}, d.refusal(m, sms.InvalidMessage, ErrKeyTaken)
		}
		select {
		case <-done:
		case <-ctx.Done():
			return sms.Receipt{}, &sms.Error{Reason: sms.Canceled, Outcome: sms.Unknown, Key: m.Key, Kind: m.Kind, Err: ctx.Err()}
		}
		if sms.ReasonOf(f.err) != sms.Canceled || sms.OutcomeOf(f.err) == sms.Unknown {
			return f.receipt, f.err
		}
		if cause := over(ctx, m); cause != nil { // the first caller left before anything was sent
			return sms.Receipt{}, refuse(m, cause)
		}
	}
}

// board returns the flight of key. If done is nil, the caller must fly it, else done
// is closed when it has landed.
func (d *deduplicate) board(key string, content [32]byte) (f *flight, done <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.flights[key]; f != nil {
		if f.done == nil {
			f.done = make(chan struct{})
		}
		return f, f.done
	}
	f = &flight{content: content}
	d.flights[key] = f
	return f, nil
}

// fly sends m, or finds out what came of it elsewhere, and lands f whatever
// becomes of the Sender.
func (d *deduplicate) fly(ctx context.Context, m sms.Message, f *flight) {
	landed := false
	defer func() {
		if !landed {
			f.receipt, f.err = sms.Receipt{}, unanswered(m)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.flights, m.Key)
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
		f.err = d.refusal(m, sms.InvalidMessage, ErrKeyTaken)
	default:
		f.err = &sms.Error{Reason: sms.Internal, Outcome: sms.Unknown, Key: m.Key, Kind: m.Kind,
			Err: fmt.Errorf("a message of this key was begun elsewhere and has no answer after %v", claimWait)}
	}
	landed = true
}

// unanswered is the error of a message whose Sender has panicked, or has ended its
// goroutine.
func unanswered(m sms.Message) error {
	return &sms.Error{Reason: sms.Internal, Outcome: sms.Unknown, Key: m.Key, Kind: m.Kind, Err: errors.New("the sender ended without an answer")}
}

// send sends m and settles its claim; that of a Sender that panics, or ends its
// goroutine, as Unknown.
func (d *deduplicate) send(ctx context.Context, m sms.Message, c Claim, f *flight) {
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

// claim asks for the key until somebody has an answer, for a while.
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

// unclaimed is the error of a message whose key could not be claimed.
func (d *deduplicate) unclaimed(ctx context.Context, m sms.Message, err error) error {
	switch {
	case err == errInFlight:
		return &sms.Error{Reason: sms.Canceled, Outcome: sms.Unknown, Key: m.Key, Kind: m.Kind, Err: ctx.Err()}
	case ctx.Err() != nil:
		return refuse(m, ctx.Err())
	}
	return d.refusal(m, sms.Internal, fmt.Errorf("the store of keys: %w", err))
}

func (d *deduplicate) refusal(m sms.Message, r sms.Reason, err error) error {
	return sms.Refuse(m, r, err)
}

// settle writes down what came of the message, whether or not the caller is
// still there: Rejected frees the key, everything else keeps it. Where that fails
// the key stays claimed without an answer, which claims no more than is known.
func (d *deduplicate) settle(ctx context.Context, c Claim, r sms.Receipt, err error) error {
	if _, ok := d.store.(*MemoryStore); !ok { // which does not wait for anything
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
	}
	if sms.OutcomeOf(err) != sms.Rejected {
		_ = d.store.Keep(ctx, c.Key, c.ID, written(r, err), d.ttl)
		return err
	}
	failed := d.store.Free(ctx, c.Key, c.ID)
	if failed == nil {
		return err
	}
	e := *sms.AsError(err)
	failed = fmt.Errorf("the key was not freed: %v", failed)
	if e.Err != nil {
		failed = fmt.Errorf("%w; %w", e.Err, failed)
	}
	e.Err = failed
	return &e
}

// An answer is what a Store keeps of a message: its receipt, or what is known of
// an Unknown one. It holds no number and no value.
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
	data, _ := json.Marshal(a) // of strings and a kind that exists; what cannot be written is read as Unknown
	return data
}

func read(m sms.Message, data []byte) (sms.Receipt, error) {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return sms.Receipt{}, &sms.Error{Reason: sms.Internal, Outcome: sms.Unknown, Key: m.Key, Kind: m.Kind,
			Err: fmt.Errorf("what the store holds of this key cannot be read: %w", err)}
	}
	if a.Receipt != nil {
		return *a.Receipt, nil
	}
	return sms.Receipt{}, &sms.Error{Provider: a.Provider, Reason: cmp.Or(a.Reason, sms.Internal), Outcome: sms.Unknown, Code: a.Code,
		RequestID: a.RequestID, Key: m.Key, Kind: cmp.Or(a.Kind, m.Kind), Err: errors.New("an earlier message of this key, which may have been sent")}
}

// contentOf returns a hash of what would be sent. Every part is written with its
// length, so that no two messages run together to the same.
func contentOf(m sms.Message) [32]byte {
	kind := "" // with a template the template's own, whether or not the message names it
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
