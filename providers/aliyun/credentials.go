package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

// Credentials sign calls. They print without their secrets.
type Credentials struct {
	AccessKeyID, AccessKeySecret string
	// SecurityToken belongs to a temporary key.
	SecurityToken string
	// Expires is when the key ends. It is asked for anew two minutes before. Zero:
	// it is kept until the vendor refuses it.
	Expires time.Time
}

// renewBefore is how long before its end a key is asked for anew: longer than a
// call lasts, and than clocks usually differ.
const renewBefore = 2 * time.Minute

func (c Credentials) validAt(now time.Time) bool {
	return c.AccessKeyID != "" && (c.Expires.IsZero() || now.Before(c.Expires))
}

func (c Credentials) freshAt(now time.Time) bool { return c.validAt(now.Add(renewBefore)) }

// A keyring gives the key for a call: the configured one, or the one that was
// asked for last.
type keyring struct {
	ask     func(context.Context) (Credentials, error) // nil: kept never changes
	timeout time.Duration

	mu     sync.Mutex
	kept   Credentials // guarded by mu
	asking *question   // guarded by mu; nil: nobody asks
}

// A question is one call of ask. Its answer is written before done is closed.
type question struct {
	done   chan struct{}
	answer Credentials
	err    error
	left   bool // whoever asked has left: the answer is nobody else's
}

func newKeyring(o Options) *keyring {
	return &keyring{
		ask:     o.Credentials,
		timeout: cmp.Or(o.Timeout, carrier.DefaultTimeout),
		kept:    Credentials{AccessKeyID: o.AccessKeyID, AccessKeySecret: o.AccessKeySecret, SecurityToken: o.SecurityToken},
	}
}

// get gives a key that is good for one call. Of many callers one asks, in its own
// goroutine and with its own context, and the others wait for the answer; where
// the asking one leaves, the next one asks.
func (k *keyring) get(ctx context.Context) (Credentials, error) {
	if k.ask == nil {
		return k.kept, nil
	}
	for {
		k.mu.Lock()
		if k.kept.freshAt(time.Now()) {
			defer k.mu.Unlock()
			return k.kept, nil
		}
		q := k.asking
		if q == nil {
			q = &question{done: make(chan struct{}), left: true}
			k.asking = q
			k.mu.Unlock()
			return k.put(ctx, q)
		}
		k.mu.Unlock()
		select {
		case <-q.done:
		case <-ctx.Done():
			return Credentials{}, canceled(ctx)
		}
		if !q.left {
			return q.answer, q.err
		}
	}
}

// put asks, and keeps the answer for others.
func (k *keyring) put(ctx context.Context, q *question) (Credentials, error) {
	defer func() { // also where ask panics: the others must not wait for ever
		k.mu.Lock()
		defer k.mu.Unlock()
		k.asking = nil
		close(q.done)
	}()
	bounded, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	c, err := k.ask(bounded)
	if ctx.Err() != nil && err != nil {
		return Credentials{}, canceled(ctx)
	}
	q.answer, q.err = k.take(bounded, c, err)
	q.left = false
	return q.answer, q.err
}

func (k *keyring) take(bounded context.Context, c Credentials, err error) (Credentials, error) {
	now := time.Now()
	switch {
	case err != nil:
	case c.AccessKeyID == "" || c.AccessKeySecret == "":
		err = errors.New("the access key is empty or has no secret")
	case !c.validAt(now):
		err = fmt.Errorf("the access key has expired %v ago", now.Sub(c.Expires).Round(time.Second))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		k.kept = c
		return c, nil
	}
	if k.kept.validAt(now) {
		return k.kept, nil
	}
	return Credentials{}, noKey(bounded, k.timeout, err)
}

// forget drops a key that the vendor has refused, so that the next call asks.
func (k *keyring) forget(c Credentials) {
	if k.ask == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == c {
		k.kept = Credentials{}
	}
}

// noKey classifies a failure of Options.Credentials. Nothing was sent: Rejected.
//
// It is not Internal, as a failing store of ours is: that stops a message
// altogether, and another vendor needs no key of this one. It is not
// Unauthorized: the vendor has refused nothing, and whoever gives the keys may
// answer the next time. It is the way to this vendor that is down: Unavailable.
// A function that knows better returns an *sms.Error or a Reason.
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
		err = fmt.Errorf("no access key: %w", detached(carrier.WithoutURL(err)))
	}
	return sms.Refuse(sms.Message{}, reason, err)
}

// detached keeps a context's error, and the Reason for one, out of reach where it
// is not the end of the caller's own context.
func detached(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sms.Canceled) {
		return errors.New(err.Error())
	}
	return err
}

func canceled(ctx context.Context) *sms.Error {
	return sms.Refuse(sms.Message{}, sms.Canceled, ctx.Err())
}
