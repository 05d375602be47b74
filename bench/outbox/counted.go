package outbox

import (
	"context"
	"sync/atomic"

	"github.com/notifykit/notify/outbox"
)

// counted is an Engine whose commits of marks and ends are counted: the bare
// statements are given as many.
type counted struct {
	outbox.Engine
	commits, messages atomic.Int64
}

func (c *counted) Take(ctx context.Context, classes []string, n int) ([]outbox.Lease, error) {
	leases, err := c.Engine.Take(ctx, classes, n)
	c.add(len(leases))
	return leases, err
}

func (c *counted) Settle(ctx context.Context, ends []outbox.End) []error {
	c.add(len(ends))
	return c.Engine.Settle(ctx, ends)
}

func (c *counted) add(n int) {
	if n > 0 {
		c.commits.Add(1)
		c.messages.Add(int64(n))
	}
}

// group is how many messages a commit was for.
func (c *counted) group() int { return max(1, int(c.messages.Load()/max(1, c.commits.Load()))) }
