package outbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/middleware"
)

// A pace holds the calls to the Sender to Options.Limiter. Tokens are taken before
// messages are, so that a message never waits in a worker for its turn, and a
// refusal is waited out once. Its own goroutine takes them: a Limiter that hangs
// keeps no end of a message from being recorded.
type pace struct {
	limiter middleware.Limiter
	key     string
	failed  func(error, time.Duration)
	changed func() // there is another token

	mu    sync.Mutex
	held  []middleware.Token
	stale []middleware.Token // to be returned
	want  int
	asked chan struct{} // holds one if want has grown
}

// fresh is how long a token may be held: used later it would count for a time that
// has passed.
const fresh = time.Second

func newPace(l middleware.Limiter, key string, failed func(error, time.Duration), changed func()) *pace {
	return &pace{limiter: l, key: key, failed: failed, changed: changed, asked: make(chan struct{}, 1)}
}

// take returns up to n tokens, and asks for the others.
func (p *pace) take(n int) []middleware.Token {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.held[:0]
	for _, t := range p.held {
		if time.Since(t.At) < fresh {
			kept = append(kept, t)
		} else {
			p.stale = append(p.stale, t)
		}
	}
	got := slices.Clone(kept[:min(n, len(kept))])
	p.held = append(kept[:0], kept[len(got):]...)
	p.want = n - len(got)
	if p.want > 0 || len(p.stale) > 0 {
		select {
		case p.asked <- struct{}{}:
		default:
		}
	}
	return got
}

// give takes tokens back that were not used.
func (p *pace) give(tokens []middleware.Token) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = append(tokens, p.held...)
}

// run takes tokens until ctx ends, and then returns to the Limiter what is left.
func (p *pace) run(ctx context.Context) {
	failures := 0
	for {
		select {
		case <-ctx.Done():
			p.release()
			return
		case <-p.asked:
		}
		p.drop(ctx)
		for ctx.Err() == nil && p.wanted() {
			wait, err := p.next(ctx)
			switch {
			case err == nil:
				failures = 0
			case ctx.Err() == nil:
				failures++
				wait = backoff(failures)
				p.failed(err, wait)
			}
			_ = sleep(ctx, wait) // the loop sees its end
		}
	}
}

// next takes a token, or returns how long to wait for one.
func (p *pace) next(ctx context.Context) (time.Duration, error) {
	t, err := p.limiter.Take(ctx, p.key)
	if err != nil || t.Wait > 0 {
		return t.Wait, err
	}
	p.mu.Lock()
	p.held = append(p.held, t)
	p.mu.Unlock()
	p.changed()
	return 0, nil
}

// drop returns what is no longer fresh.
func (p *pace) drop(ctx context.Context) {
	p.mu.Lock()
	stale := p.stale
	p.stale = nil
	p.mu.Unlock()
	for _, t := range stale {
		_ = p.limiter.Return(ctx, t) // a token that stays taken delays a call, no more
	}
}

// release returns everything.
func (p *pace) release() {
	ctx, cancel := context.WithTimeout(context.Background(), fresh)
	defer cancel()
	p.mu.Lock()
	p.stale, p.held = append(p.stale, p.held...), nil
	p.mu.Unlock()
	p.drop(ctx)
}

func (p *pace) wanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held) < p.want
}

// backoff is how long to wait after so many failures in a row, at least one.
func backoff(failures int) time.Duration {
	return min(50*time.Millisecond<<min(failures-1, 10), 5*time.Second)
}

// sleep waits for d, or returns the error of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
