package kit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// renewBefore is how long before its end a key is asked for anew: longer than a
// call lasts, and than clocks usually differ.
const renewBefore = 2 * time.Minute

// RingOptions configure a Ring.
type RingOptions[K comparable] struct {
	// Fixed is the key if Ask is nil.
	Fixed K
	// Ask returns a key. It must return when its context ends, which is after
	// Timeout at the latest. Nil: the key is Fixed and never changes.
	Ask func(ctx context.Context) (K, error)
	// Check reports what is wrong with a key that Ask returned. Optional.
	Check func(K) error
	// Expires returns when a key ends; zero: it is kept until Forget. Optional.
	Expires func(K) time.Time
	// Timeout bounds one call of Ask. Defaults to DefaultTimeout.
	Timeout time.Duration
}

// A Ring keeps a credential that changes: a temporary key that is asked for again
// shortly before it expires, by one goroutine at a time. It prints as "key ring".
type Ring[K comparable] struct {
	options func() RingOptions[K] // behind a function: package fmt cannot print a key through it

	mu     sync.Mutex
	kept   func() K     // guarded by mu; nil: none
	asking *question[K] // guarded by mu; nil: nobody asks
}

// A question is one call of Ask. Its result is written before done is closed.
type question[K comparable] struct {
	done   chan struct{}
	key    func() K
	err    error
	leaver bool // the caller who asked has left: the result is nobody else's
}

// NewRing returns a Ring. It does no I/O.
func NewRing[K comparable](o RingOptions[K]) *Ring[K] {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	r := &Ring[K]{options: func() RingOptions[K] { return o }}
	if o.Ask == nil {
		r.kept = func() K { return o.Fixed }
	}
	return r
}

// String returns "key ring".
func (r *Ring[K]) String() string { return "key ring" }

// Last returns the key that was used last, to mask it. It asks nobody.
func (r *Ring[K]) Last() (key K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept != nil {
		key = r.kept()
	}
	return key
}

// Get returns a key that is good for one call. If Ask fails, a key that has not
// expired stays in use. Without one the error is an *sms.Error, Rejected: nothing
// was sent. Its Reason is the one in Ask's error, else Unavailable, because the
// vendor has refused nothing and another vendor needs no key of this one.
func (r *Ring[K]) Get(ctx context.Context) (K, error) {
	o := r.options()
	if o.Ask == nil {
		return o.Fixed, nil
	}
	for {
		r.mu.Lock()
		if r.kept != nil && r.valid(r.kept(), time.Now().Add(renewBefore)) {
			defer r.mu.Unlock()
			return r.kept(), nil
		}
		q := r.asking
		if q == nil {
			q = &question[K]{done: make(chan struct{}), leaver: true}
			r.asking = q
			r.mu.Unlock()
			return r.put(ctx, q)
		}
		r.mu.Unlock()
		var none K
		select {
		case <-q.done:
		case <-ctx.Done():
			return none, canceled(ctx)
		}
		switch {
		case q.leaver: // the next one asks
		case q.err != nil:
			return none, q.err
		default:
			return q.key(), nil
		}
	}
}

// Forget drops a key that the vendor has refused, so that the next call asks.
func (r *Ring[K]) Forget(key K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.options().Ask != nil && r.kept != nil && r.kept() == key {
		r.kept = nil
	}
}

func (r *Ring[K]) valid(key K, at time.Time) bool {
	expires := r.options().Expires
	if expires == nil {
		return true
	}
	end := expires(key)
	return end.IsZero() || at.Before(end)
}

// put asks, and keeps the result for others.
func (r *Ring[K]) put(ctx context.Context, q *question[K]) (K, error) {
	o := r.options()
	defer func() { // also if Ask panics: the others must not wait for ever
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asking = nil
		close(q.done)
	}()
	bounded, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	key, err := o.Ask(bounded)
	var none K
	if ctx.Err() != nil && err != nil {
		return none, canceled(ctx)
	}
	q.leaver = false
	if q.key, q.err = r.take(bounded, key, err); q.err != nil {
		return none, q.err
	}
	return q.key(), nil
}

func (r *Ring[K]) take(bounded context.Context, key K, err error) (func() K, error) {
	o, now := r.options(), time.Now()
	var none K
	switch {
	case err != nil:
	case key == none:
		err = errors.New("the key is empty")
	case o.Check != nil && o.Check(key) != nil:
		err = o.Check(key)
	case !r.valid(key, now):
		err = fmt.Errorf("the key expired %v ago", now.Sub(o.Expires(key)).Round(time.Second))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.kept = func() K { return key }
		return r.kept, nil
	}
	if r.kept != nil && r.valid(r.kept(), now) {
		return r.kept, nil
	}
	return nil, noKey(bounded, o.Timeout, err)
}

// noKey classifies a failure of Ask.
func noKey(bounded context.Context, timeout time.Duration, err error) *sms.Error {
	reason := sms.Unavailable
	if e, ok := errors.AsType[*sms.Error](err); ok && e != nil && e.Reason != "" {
		reason = e.Reason
	} else if r, ok := errors.AsType[sms.Reason](err); ok {
		reason = r
	}
	if reason == sms.Canceled { // the caller has not left
		reason = sms.Unavailable
	}
	if bounded.Err() != nil {
		err = fmt.Errorf("no access key within %v", timeout)
	} else {
		err = fmt.Errorf("no access key: %w", detached(clean(WithoutURL(err))))
	}
	return sms.Refuse(sms.Message{}, reason, err)
}

// detached hides a context's error, and the Reason for one, from errors.Is if it is
// not the end of the caller's own context.
func detached(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sms.Canceled) {
		return errors.New(err.Error())
	}
	return err
}

func canceled(ctx context.Context) *sms.Error {
	return sms.Refuse(sms.Message{}, sms.Canceled, ctx.Err())
}
