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

// Exchange is one commit for ends and marks.
func (c *counted) Exchange(ctx context.Context, ends []outbox.End, wants []outbox.Want, n int) ([]outbox.Lease, []error, error) {
	leases, answers, err := c.Engine.Exchange(ctx, ends, wants, n)
	if some := max(len(leases), len(ends)); some > 0 {
		c.commits.Add(1)
		c.messages.Add(int64(some))
	}
	return leases, answers, err
}

// group is how many messages a commit was for.
func (c *counted) group() float64 {
	return float64(c.messages.Load()) / float64(max(1, c.commits.Load()))
}
