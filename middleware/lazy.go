package middleware

import (
	"context"
	"sync"
	"time"
)

// A lazyDeadline is its parent with a sooner deadline. Until somebody asks for
// Done it is one allocation, without a timer and without a place in the
// parent's list of children; a Sender that only looks at Deadline and Err, or
// answers at once, pays for nothing more.
//
// Once asked, it has one inner context of the standard library. Value goes to
// that, because the standard library finds a parent it knows by way of Value:
// contexts made from this one then hang on the inner one and need no goroutine.
type lazyDeadline struct {
	context.Context // the parent
	at              time.Time

	mu       sync.Mutex
	inner    context.Context // nil until Done is asked for
	cancel   context.CancelFunc
	released bool
}

// Deadline is the sooner one.
func (l *lazyDeadline) Deadline() (time.Time, bool) { return l.at, true }

// Done makes the inner context at the first call.
func (l *lazyDeadline) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inner == nil {
		l.inner, l.cancel = context.WithDeadline(l.Context, l.at)
		if l.released {
			l.cancel()
		}
	}
	return l.inner.Done()
}

// Err never contradicts Done: it is the inner context's as soon as there is one,
// and before that, Done would make one that has ended.
func (l *lazyDeadline) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inner != nil {
		return l.inner.Err()
	}
	if err := l.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(l.at) {
		return context.DeadlineExceeded
	}
	if l.released {
		return context.Canceled
	}
	return nil
}

// Value asks the inner context where there is one.
func (l *lazyDeadline) Value(key any) any {
	l.mu.Lock()
	inner := l.inner
	l.mu.Unlock()
	if inner != nil {
		return inner.Value(key)
	}
	return l.Context.Value(key)
}

// release ends the context after the call, as a CancelFunc does.
func (l *lazyDeadline) release() {
	l.mu.Lock()
	cancel := l.cancel
	l.released = true
	l.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}
