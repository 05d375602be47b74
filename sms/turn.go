package sms

import (
	"context"
	"errors"
	"time"
)

// ErrTurn is the cause of the Error, Canceled and Rejected, of a message whose turn has
// not come, sent with a context of [WithTurn]. Error.RetryAfter says how long it is until
// its turn. No vendor was called.
var ErrTurn = errors.New("its turn has not come")

type turnKey struct{}

// WithTurn returns ctx for a Send that does not wait for our own pace of a vendor: if the
// message's turn has not come, the error matches [ErrTurn]. A queue that keeps the message
// elsewhere until then uses it, such as package outbox; it passes in turn the time that
// the last such error led to, so that the message keeps its place. The zero turn is for the
// first time.
func WithTurn(ctx context.Context, turn time.Time) context.Context {
	return context.WithValue(ctx, turnKey{}, turn)
}

// TurnOf returns the turn that [WithTurn] has put into ctx, and whether there is one.
func TurnOf(ctx context.Context) (time.Time, bool) {
	turn, ok := ctx.Value(turnKey{}).(time.Time)
	return turn, ok
}
