package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A settler records ends, as many at once as have gathered while the last ones
// were written, and does not give up while the store fails: a worker is free only
// when the end of its message is on disk.
type settler struct {
	engine Engine
	log    *slog.Logger
	in     chan *settling
	cut    context.Context // ends when Close can wait no longer
	giveUp context.CancelFunc
	loop   sync.WaitGroup
	lost   atomic.Int64
}

type settling struct {
	end    End
	answer chan error
}

// mostEnds bounds one Settle.
const mostEnds = 512

func newSettler(e Engine, log *slog.Logger) *settler {
	s := &settler{engine: e, log: log, in: make(chan *settling)}
	s.cut, s.giveUp = context.WithCancel(context.Background())
	return s
}

func (s *settler) start() { s.loop.Go(s.run) }

func (s *settler) run() {
	for first := range s.in {
		all := []*settling{first}
		runtime.Gosched() // whoever is about to hand an end over does it first
	gather:
		for len(all) < mostEnds {
			select {
			case next, ok := <-s.in:
				if !ok {
					break gather
				}
				all = append(all, next)
			default:
				break gather
			}
		}
		ends := make([]End, len(all))
		for i, a := range all {
			ends[i] = a.end
		}
		for i, err := range s.engine.Settle(s.cut, ends) {
			all[i].answer <- err
		}
	}
}

// settle records end and returns when it is on disk, or never will be.
func (s *settler) settle(end End) {
	for failures := 0; ; failures++ {
		one := &settling{end: end, answer: make(chan error, 1)}
		s.in <- one
		err := <-one.answer
		switch {
		case err == nil:
			return
		case errors.Is(err, ErrState):
			s.log.Warn("outbox: another has taken over this message", "key", end.Lease.Key, "state", end.State)
			return
		case errors.Is(err, ErrClosed):
			s.lose(end, err)
			return
		}
		if failures == 0 {
			s.log.Error("outbox: an end cannot be recorded yet", "key", end.Lease.Key, "state", end.State, "error", err)
		}
		if sleep(s.cut, min(50*time.Millisecond<<min(failures, 6), 2*time.Second)) != nil {
			s.lose(end, err)
			return
		}
	}
}

func (s *settler) lose(end End, err error) {
	s.lost.Add(1)
	s.log.Error("outbox: an end is not recorded: the message is in doubt, as after a crash", "key", end.Lease.Key, "state", end.State, "error", err)
}

// close ends the loop; nobody settles any more.
func (s *settler) close() error {
	close(s.in)
	s.loop.Wait()
	s.giveUp()
	if n := s.lost.Load(); n > 0 {
		return fmt.Errorf("outbox: %d ends could not be recorded: these messages are in doubt, as after a crash", n)
	}
	return nil
}
