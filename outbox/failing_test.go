package outbox_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/notifykit/notify/outbox"
)

// failing is an Engine that fails on demand, as one does whose disk is full or
// whose database is away.
type failing struct {
	outbox.Engine
	now atomic.Bool
}

var errAway = errors.New("the database is away")

func (f *failing) fail(now bool) { f.now.Store(now) }

func (f *failing) Put(ctx context.Context, entries []outbox.Entry) []error {
	if f.now.Load() {
		return slices.Repeat([]error{errAway}, len(entries))
	}
	return f.Engine.Put(ctx, entries)
}

func (f *failing) Exchange(ctx context.Context, ends []outbox.End, wants []outbox.Want, n int) ([]outbox.Lease, []error, error) {
	if f.now.Load() {
		return nil, nil, errAway
	}
	return f.Engine.Exchange(ctx, ends, wants, n)
}

func (f *failing) Await(ctx context.Context, classes []string) error {
	if f.now.Load() {
		return errAway
	}
	return f.Engine.Await(ctx, classes)
}
