// Package aheadtest moves the clock of a verify.Store whose clock is a
// database's, for its tests.
package aheadtest

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/internal/storeclock"
	"github.com/notifykit/notify/verify"
)

// A Store is a verify.Tally whose clock is ahead by By, in nanoseconds.
type Store struct {
	verify.Tally
	By *atomic.Int64
}

func (a Store) ctx(ctx context.Context) context.Context {
	return storeclock.With(ctx, time.Duration(a.By.Load()))
}

// Take is the Tally's.
func (a Store) Take(ctx context.Context, id verify.ID, limits []verify.Limit) (int, time.Duration, error) {
	return a.Tally.Take(a.ctx(ctx), id, limits)
}

// Return is the Tally's.
func (a Store) Return(ctx context.Context, id verify.ID, limits []verify.Limit) error {
	return a.Tally.Return(a.ctx(ctx), id, limits)
}

// Begin is the Tally's.
func (a Store) Begin(ctx context.Context, s verify.BeginStep) (verify.Begun, error) {
	return a.Tally.Begin(a.ctx(ctx), s)
}

// Check is the Tally's.
func (a Store) Check(ctx context.Context, s verify.CheckStep) (verify.Checked, error) {
	return a.Tally.Check(a.ctx(ctx), s)
}

// Redeem is the Tally's.
func (a Store) Redeem(ctx context.Context, to verify.Subject, proof, id verify.ID) (bool, error) {
	return a.Tally.Redeem(a.ctx(ctx), to, proof, id)
}

// TakeSent is the Tally's.
func (a Store) TakeSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) (int, time.Duration, []verify.Share, error) {
	return a.Tally.TakeSent(a.ctx(ctx), id, limits, cells)
}

// ReturnSent is the Tally's.
func (a Store) ReturnSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) error {
	return a.Tally.ReturnSent(a.ctx(ctx), id, limits, cells)
}

// CheckVerified is the Tally's.
func (a Store) CheckVerified(ctx context.Context, s verify.CheckStep, cells []verify.Cell) (verify.Checked, error) {
	return a.Tally.CheckVerified(a.ctx(ctx), s, cells)
}
