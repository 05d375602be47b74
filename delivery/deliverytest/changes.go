package deliverytest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

// wait returns the changes as "record state".
func wait(ctx context.Context, s delivery.Store, owner string, after int64) (all []delivery.Queued, err error) {
	return s.Changes(ctx, owner, time.Minute, after, 100)
}

func changes(ctx context.Context, s delivery.Store) error {
	merge := func(announce bool, r delivery.Record) error { return s.Merge(ctx, []delivery.Record{r}, announce) }
	first, second := numbered(2, "a", 1)[0], numbered(2, "a", 1)[1]
	sent := delivery.Record{ID: first.ID, State: sms.StateSent, At: at, Put: at}
	if err := errors.Join(merge(false, second), merge(true, first), merge(true, sent)); err != nil {
		return err
	}
	queued, err := wait(ctx, s, "one", 0)
	if err != nil {
		return err
	}
	for i, q := range queued {
		if q.Record.ID != first.ID || q.Record.State != sms.StateSent || q.Record.Key != "a" || i > 0 && q.Seq <= queued[i-1].Seq {
			return fmt.Errorf("change %d is %d, %+v: want the newest state of the record, in order", i, q.Seq, known(q.Record))
		}
	}
	if len(queued) != 2 {
		return fmt.Errorf("%d changes, want 2", len(queued))
	}
	if err := merge(true, sent); err != nil { // a repetition
		return err
	}
	if again, err := wait(ctx, s, "one", 0); err != nil || len(again) != 2 {
		return fmt.Errorf("after a repeated report %d changes, want 2; %w", len(again), err)
	}
	if later, err := wait(ctx, s, "one", queued[0].Seq); err != nil || len(later) != 1 || later[0].Seq != queued[1].Seq {
		return fmt.Errorf("%d changes after the first, want 1; %w", len(later), err)
	}
	if one, err := s.Changes(ctx, "one", time.Minute, 0, 1); err != nil || len(one) != 1 || one[0].Seq != queued[0].Seq {
		return fmt.Errorf("%d changes of at most one; %w", len(one), err)
	}
	if err := s.Tell(ctx, "one", queued[:1]); err != nil {
		return err
	}
	left, err := wait(ctx, s, "one", 0)
	if err != nil || len(left) != 1 || left[0].Seq != queued[1].Seq || left[0].Record.Told != sms.StateSent {
		return fmt.Errorf("after one was told: %d changes; %w", len(left), err)
	}
	if err := s.Tell(ctx, "one", left); err != nil {
		return err
	}
	foreign := delivery.Record{ID: delivery.ID{5}, VendorID: "f", State: sms.StateSent, Put: at}
	own := foreign
	own.Own, own.Key, own.TriedAt, own.Answer = true, "f", at, delivery.AnswerAccepted
	if err := errors.Join(merge(true, foreign), merge(true, own)); err != nil {
		return err
	}
	if queued, err = wait(ctx, s, "one", left[0].Seq); err != nil || len(queued) == 0 || !queued[0].Record.Own {
		return fmt.Errorf("a report before the answer: %d changes, want one once the record is ours; %w", len(queued), err)
	}
	return nil
}

func oneTeller(ctx context.Context, s delivery.Store) error {
	if err := s.Merge(ctx, numbered(1, "a", 1), true); err != nil {
		return err
	}
	mine, err := wait(ctx, s, "one", 0)
	if err != nil || len(mine) != 1 {
		return fmt.Errorf("the first gets %d changes, %w", len(mine), err)
	}
	if theirs, err := wait(ctx, s, "two", 0); err != nil || len(theirs) != 0 {
		return fmt.Errorf("a second teller gets %d changes while the first has the lease, %w", len(theirs), err)
	}
	if err := s.Tell(ctx, "two", mine); err != nil {
		return err
	}
	if mine, err = s.Changes(ctx, "one", 0, 0, 10); err != nil || len(mine) != 1 {
		return fmt.Errorf("another's Tell removed a change, %w", err)
	}
	// The lease was given back: it lasts for no time at all.
	if theirs, err := wait(ctx, s, "two", 0); err != nil || len(theirs) != 1 {
		return fmt.Errorf("after the lease has ended a second teller gets %d changes, %w", len(theirs), err)
	}
	if err := s.Tell(ctx, "one", mine); err != nil {
		return err
	}
	left, err := wait(ctx, s, "two", 0)
	if err != nil || len(left) != 1 {
		return fmt.Errorf("a Tell after the lease has ended removed a change, %w", err)
	}
	return nil
}
