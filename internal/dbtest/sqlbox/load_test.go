package sqlbox_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/notifykit/notify/outbox"
)

// A load enqueues messages by several goroutines for each Outbox. A message whose
// Enqueue fails is enqueued again with the same key.
type load struct {
	*testing.T
	boxes []*outbox.Outbox
	end   context.CancelFunc
	loop  sync.WaitGroup

	mu     sync.Mutex // guards what follows
	keys   []string   // acknowledged
	failed []error
	change chan struct{} // closed when a key is acknowledged
}

func (l *load) start(goroutines int) {
	ctx, end := context.WithCancel(l.Context())
	l.end, l.change = end, make(chan struct{})
	l.Cleanup(func() { l.stop() })
	for i, b := range l.boxes {
		for j := range goroutines {
			l.loop.Go(func() {
				for k := 0; ctx.Err() == nil; k++ {
					l.enqueue(ctx, b, fmt.Sprintf("k%d-%d-%d", i, j, k))
				}
			})
		}
	}
}

func (l *load) enqueue(ctx context.Context, b *outbox.Outbox, key string) {
	for ctx.Err() == nil {
		err := b.Enqueue(ctx, notice(key))
		l.mu.Lock()
		if err == nil {
			l.keys = append(l.keys, key)
			close(l.change)
			l.change = make(chan struct{})
		} else if ctx.Err() == nil {
			l.failed = append(l.failed, err)
		}
		l.mu.Unlock()
		if err == nil {
			return
		}
	}
}

// enough waits until n messages are acknowledged.
func (l *load) enough(n int) {
	l.Helper()
	for {
		l.mu.Lock()
		have, change := len(l.keys), l.change
		l.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-change:
		case <-l.Context().Done():
			l.Fatal("nothing is acknowledged")
		}
	}
}

// stop ends the load and returns the keys of what was acknowledged.
func (l *load) stop() []string {
	l.end()
	l.loop.Wait()
	return l.acknowledged()
}

func (l *load) acknowledged() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.keys)
}

func (l *load) failures() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.failed)
}
