package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/notifykit/notify/sms"
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("delivery: the tracker is closed")

const (
	flushEvery = time.Second // what the store refused is tried again
	watchEvery = time.Minute // messages without a final report, and old records
	overlap    = time.Hour   // records may be stored as much later than they were put
	mostAtOnce = 500         // records of one step of the two
)

// Start begins what needs time: writing again what the store refused, ending messages
// that were never reported as StateLost, removing old records, and calling OnChange.
// It may run in every process. It ends when ctx ends or with Close.
func (t *Tracker) Start(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return ErrClosed
	case t.stop != nil:
		return errors.New("delivery: the tracker was started before")
	}
	ctx, t.stop = context.WithCancel(ctx)
	t.stopped = make(chan struct{})
	go t.loop(ctx, t.stopped)
	return nil
}

// Close ends what Start began and writes what waits, until ctx ends. It returns an
// error if something could not be written; it may then be called again. Note and
// Report may still be called, so a Client may be closed after the Tracker.
func (t *Tracker) Close(ctx context.Context) error {
	t.mu.Lock()
	stop, stopped := t.stop, t.stopped
	t.closed = true
	t.mu.Unlock()
	if stop != nil {
		stop()
		select {
		case <-stopped:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	written := make(chan error, 1)
	go func() {
		t.group.ended.Wait()
		written <- t.group.flush()
	}()
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Tracker) loop(ctx context.Context, stopped chan struct{}) {
	defer close(stopped)
	flush, watch := time.NewTicker(flushEvery), time.NewTicker(watchEvery)
	defer flush.Stop()
	defer watch.Stop()
	var tell <-chan time.Time
	l := newTeller(t)
	if t.o.OnChange != nil {
		ticker := time.NewTicker(tellEvery)
		defer ticker.Stop()
		tell = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tell:
			if err := l.step(ctx); err != nil && ctx.Err() == nil {
				t.o.Logger.Error("delivery: changes cannot be told", "error", err)
			}
		case <-flush.C:
			_ = t.group.flush() // merge has logged it
		case <-watch.C:
			if err := t.watch(ctx); err != nil && ctx.Err() == nil {
				t.o.Logger.Error("delivery: old records cannot be looked at", "error", err)
			}
		}
	}
}

// watch ends what was never reported, and removes what is old.
func (t *Tracker) watch(ctx context.Context) error {
	at := now()
	before := at.Add(-t.o.LostAfter)
	for {
		pending, err := t.o.Store.Pending(ctx, t.watched, before, mostAtOnce)
		if err != nil {
			return err
		}
		ends := make([]Record, len(pending))
		for i, r := range pending {
			ends[i] = Record{ID: r.ID, State: sms.StateLost, At: at, Put: r.Put}
		}
		if len(ends) > 0 {
			if err := t.merge(JoinAll(ends)); err != nil {
				return err
			}
		}
		if len(pending) < mostAtOnce {
			break
		}
	}
	t.watched = before.Add(-overlap)
	for {
		n, err := t.o.Store.Trim(ctx, at.Add(-t.o.Retention), at.Add(-t.o.ForeignRetention), mostAtOnce)
		if err != nil || n < mostAtOnce {
			return err
		}
	}
}
