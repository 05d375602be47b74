package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/notifykit/notify/middleware"
)

// A pace holds the calls to the Sender to Options.Limiter. Tokens are taken before
// messages are, so that a message never waits in a worker for its turn, and a
// refusal is waited out once, not asked for again by every worker. Only the
// dispatcher's loop uses it.
type pace struct {
	limiter middleware.Limiter // nil: no limit
	key     string
	held    []middleware.Token
}

// fresh is how long a token may be held: used later it would count for a time that
// has passed.
const fresh = time.Second

// first is how many tokens to take while nothing is known to wait.
func (p *pace) first(n int) int {
	if p.limiter == nil {
		return n
	}
	return 1
}

// tokens takes up to n, waiting for one at least, and gives how many there are.
func (p *pace) tokens(ctx context.Context, n int) (int, error) {
	if p.limiter == nil {
		return n, nil
	}
	p.drop(ctx)
	for len(p.held) < n {
		t, err := p.limiter.Take(ctx, p.key)
		switch {
		case err != nil:
			return 0, fmt.Errorf("the limit of calls cannot be counted: %w", err)
		case t.Wait <= 0:
			p.held = append(p.held, t)
		case len(p.held) > 0:
			return len(p.held), nil
		default:
			if err := sleep(ctx, t.Wait); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// drop gives back what is no longer fresh.
func (p *pace) drop(ctx context.Context) {
	kept := p.held[:0]
	for _, t := range p.held {
		if time.Since(t.At) < fresh {
			kept = append(kept, t)
			continue
		}
		_ = p.limiter.Return(ctx, t) // a token that stays taken delays a call, no more
	}
	p.held = kept
}

// use spends one token on a message that was taken. One that has grown old while
// the loop waited for the message is changed for a fresh one.
func (p *pace) use(ctx context.Context) {
	if p.limiter == nil {
		return
	}
	p.drop(ctx)
	if len(p.held) == 0 {
		if n, err := p.tokens(ctx, 1); n == 0 || err != nil {
			return // the limiter fails: a message that was taken goes, none is taken after it
		}
	}
	p.held = p.held[1:]
}

// release gives everything back.
func (p *pace) release() {
	ctx, cancel := context.WithTimeout(context.Background(), fresh)
	defer cancel()
	for _, t := range p.held {
		_ = p.limiter.Return(ctx, t)
	}
	p.held = nil
}

// sleep waits for d, or tells the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
