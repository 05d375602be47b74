// Package storeclock lets tests move the clock of a store that is another
// program's: a database's. The store adds what the context says to the time that
// it reads there.
package storeclock

import (
	"context"
	"time"
)

type key struct{}

// With gives a context in which the store's clock is ahead by d.
func With(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, key{}, d)
}

// Ahead tells by how much; zero outside of tests.
func Ahead(ctx context.Context) time.Duration {
	d, _ := ctx.Value(key{}).(time.Duration)
	return d
}
