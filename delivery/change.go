package delivery

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

const (
	tellEvery  = 250 * time.Millisecond
	tellerFor  = 30 * time.Second // how long one process tells without renewing its lease
	mostTold   = 50               // changes of one step
	tellLatest = 10 * time.Second // before its lease ends, a teller begins no further call
)

// A teller calls OnChange for the changes that a store has queued.
type teller struct {
	t     *Tracker
	owner string
	later map[ID]later // whose last call failed
}

// later is when a call that failed is made again.
type later struct {
	at   time.Time
	wait time.Duration
}

func newTeller(t *Tracker) *teller { return &teller{t: t, owner: rand.Text(), later: map[ID]later{}} }

// delay makes the calls for a record wait, each time twice as long, up to a minute.
func (l *teller) delay(id ID) {
	wait := min(max(2*l.later[id].wait, time.Second), time.Minute)
	l.later[id] = later{at: time.Now().Add(wait), wait: wait}
}

// step tells what is queued, as long as this process holds the lease.
func (l *teller) step(ctx context.Context) error {
	for after := int64(0); ; {
		until := time.Now().Add(tellerFor)
		queued, err := l.t.o.Store.Changes(ctx, l.owner, tellerFor, after, mostTold)
		if err != nil || len(queued) == 0 {
			return err
		}
		if err := l.tell(ctx, queued, until); err != nil {
			return err
		}
		if after = queued[len(queued)-1].Seq; len(queued) < mostTold {
			return nil
		}
	}
}

// tell calls OnChange once for each record, with its newest state.
func (l *teller) tell(ctx context.Context, queued []Queued, until time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	failed, done := map[ID]bool{}, map[ID]bool{}
	var told []Queued
	for _, q := range queued {
		r := q.Record
		if time.Until(until) < tellLatest || ctx.Err() != nil {
			break
		}
		if time.Now().Before(l.later[r.ID].at) {
			failed[r.ID] = true
		}
		if !failed[r.ID] && !done[r.ID] && r.Own && r.Current() > r.Told {
			if err := l.call(ctx, r); err != nil {
				failed[r.ID] = true
				l.delay(r.ID)
				l.t.o.Logger.Warn("delivery: OnChange failed and is called again", "key", r.Key, "error", err)
			}
		}
		if !failed[r.ID] {
			done[r.ID] = true
			delete(l.later, r.ID)
			told = append(told, q)
		}
	}
	if len(told) == 0 {
		return nil
	}
	return l.t.o.Store.Tell(context.WithoutCancel(ctx), l.owner, told)
}

func (l *teller) call(ctx context.Context, r Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
		}
	}()
	s, _ := statusOf([]Record{r})
	return l.t.o.OnChange(ctx, Change{Status: s, Before: r.Told})
}
