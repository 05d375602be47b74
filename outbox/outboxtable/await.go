package outboxtable

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// wakes are how the calls of this process wake its Awaits.
type wakes struct {
	mu     sync.Mutex
	change chan struct{} // closed when there is a reason to look
	fresh  int           // how often something was put that is due
}

// look makes every Await look again.
func (w *wakes) look() { w.wake(0) }

// put ends every Await: something that is due was put.
func (w *wakes) put() { w.wake(1) }

func (w *wakes) wake(fresh int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fresh += fresh
	close(w.change)
	w.change = make(chan struct{})
}

func (w *wakes) get() (change <-chan struct{}, fresh int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.change, w.fresh
}

// Await waits until there may be something to claim. It looks when this process has
// changed something, when the next entry is due, and every Poll, for what others
// have put.
func (e *Engine) Await(ctx context.Context, classes []string) error {
	done, err := e.use()
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	_, began := e.wakes.get()
	for ctx.Err() == nil {
		change, _ := e.wakes.get()
		ready, next, err := e.look(ctx, classes)
		if err != nil || ready {
			return e.failed(ctx, err)
		}
		wait(ctx, change, min(next, e.o.Poll))
		if _, fresh := e.wakes.get(); fresh != began {
			return nil
		}
	}
	return e.failed(ctx, ctx.Err())
}

func wait(ctx context.Context, change <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-change:
	case <-t.C:
	}
}

// lookTime bounds one look, which the caller's context does not end: drivers close
// the connection of a statement that was cut off.
const lookTime = 10 * time.Second

// look reports whether any of classes has something that is due, and else how long
// until the next is.
func (e *Engine) look(ctx context.Context, classes []string) (ready bool, next time.Duration, err error) {
	next = e.o.Poll
	if len(classes) == 0 {
		return false, next, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	floors := make([]int64, len(classes))
	from := make(map[string]int64, len(classes))
	for i, c := range classes {
		floors[i] = e.floors.get(c)
		from[c] = floors[i]
	}
	query, args := e.bind("look", e.pairs(classes, floors), 2, nil)
	began := time.Now()
	r, err := e.store.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return false, 0, fmt.Errorf("look for what is due: %w", err)
	}
	defer r.Close()
	for r.Next() {
		var class string
		var due sql.NullInt64
		var now int64
		if err := r.Scan(&class, &due, &now); err != nil {
			return false, 0, err
		}
		switch left := span(due.Int64 - now); {
		case due.Valid && left <= 0:
			ready = true
		default:
			e.floors.set(class, from[class], now-floorSlack, time.Since(began))
			if due.Valid {
				next = min(next, left+time.Millisecond)
			}
		}
	}
	return ready, next, r.Err()
}

// pairs are classes and numbers as parameters.
func (e *Engine) pairs(classes []string, numbers []int64) []any {
	switch e.d {
	case PostgreSQL:
		return []any{e.array(classes), e.array(numbers)}
	case MySQL:
		var all []any
		for i, c := range classes {
			all = append(all, []byte(c), numbers[i])
		}
		return all
	}
	var all [][2]any
	for i, c := range classes {
		all = append(all, [2]any{c, numbers[i]})
	}
	text, err := json.Marshal(all)
	if err != nil {
		return []any{"[]"} // texts and numbers have a JSON form
	}
	return []any{string(text)}
}
