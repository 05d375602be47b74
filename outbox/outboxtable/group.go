package outboxtable

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/notifykit/notify/outbox"
)

const (
	// groupWriters are how many groups are written at once.
	groupWriters = 2
	// groupTime is how long a group may take. One of its keys may be locked by a
	// transaction of the program's (EnqueueTx): then each call goes on alone.
	groupTime = 250 * time.Millisecond
	// groupCall is the most entries of a call that joins a group.
	groupCall = 50
)

// A call is one Put that may be written with others.
type call struct {
	ctx     context.Context
	entries []outbox.Entry
	answers []error
	done    chan error // holds how it ended
}

// grouped writes a call with others that come at the same time: a commit costs a sync
// of the disk, however much is in it.
func (e *Engine) grouped(ctx context.Context, entries []outbox.Entry, answers []error) error {
	c := &call{ctx: ctx, entries: entries, answers: answers, done: make(chan error, 1)}
	select {
	case e.calling <- c:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-c.done // ctx ends it, in the group or alone
}

// write writes groups until the Engine ends.
func (e *Engine) writeGroups() {
	for {
		select {
		case <-e.life.Done():
			return
		case first := <-e.calling:
			e.writeGroup(e.gather(first))
		}
	}
}

// gather adds to first what waits.
func (e *Engine) gather(first *call) []*call {
	runtime.Gosched() // callers that are about to put join this group
	all, n := []*call{first}, len(first.entries)
	for n+groupCall <= putRows {
		select {
		case next := <-e.calling:
			all, n = append(all, next), n+len(next.entries)
		default:
			return all
		}
	}
	return all
}

func (e *Engine) writeGroup(all []*call) {
	p := &putting{}
	for _, c := range all {
		p.entries = append(p.entries, c.entries...)
	}
	ctx, cancel := context.WithTimeout(e.life, groupTime)
	defer cancel()
	if err := e.put(ctx, p); err != nil {
		for _, c := range all { // a key that is there is the same message
			e.loop.Go(func() { e.writeAlone(c) })
		}
		return
	}
	answers := make([]error, len(p.entries))
	p.answer(answers)
	for _, c := range all {
		copy(c.answers, answers[:len(c.entries)])
		answers = answers[len(c.entries):]
		c.done <- nil
	}
}

func (e *Engine) writeAlone(c *call) {
	p := &putting{entries: c.entries}
	err := e.put(c.ctx, p)
	if err == nil {
		p.answer(c.answers)
	} else {
		err = fmt.Errorf("put: %w", err)
	}
	c.done <- err
}
