// Package outbox measures the outbox on its engines beside the bare statements
// with the same commits, in one run.
package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sms"
)

// A Case is an engine and what it is measured with.
type Case struct {
	Open    func() (outbox.Engine, func() error, error) // on an empty store
	Workers int
	// Bare opens the store that Open was asked for last, for the bare statements.
	Bare       func() (*sql.DB, error)
	PostgreSQL bool // it is one, else SQLite
}

// Figures are what was measured of a Case.
type Figures struct {
	One, Many, Batches float64 // enqueued a second: one goroutine, 64, batches of 1,000
	Slow               float64 // sent a second from a backlog, by a sender of 50 ms
	P50, P99           time.Duration
	Code               time.Duration // of a code behind the backlog, the longest of 50
	Bare               Round         // of ours and the bare statements, sender of 0 ms
}

// Measure measures c with n messages. The times of one run differ by half from
// those of the next on a busy machine.
func (c Case) Measure(ctx context.Context, n int) (f Figures, err error) {
	for _, step := range []func(context.Context, int, *Figures) error{c.enqueue, c.backlog, c.latency} {
		if err := step(ctx, n, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

var registry = func() *sms.Registry {
	r, err := sms.NewRegistry(
		sms.Template{Name: "code", Kind: sms.Verification, Text: "Your code is ${code}."},
		sms.Template{Name: "sale", Kind: sms.Promotion, Text: "Everything for half its price, until Sunday."},
	)
	if err != nil {
		panic(err) // a defect of this file
	}
	return r
}()

func message(i int) sms.Message {
	return sms.Message{To: sms.Number(fmt.Sprintf("+86139%08d", i)), Template: "sale", Key: fmt.Sprintf("sale-%d", i)}
}

// box opens an Outbox on a new store.
func (c Case) box(send sms.SenderFunc, workers int) (*outbox.Outbox, *counted, func() error, error) {
	opened, closed, err := c.Open()
	if err != nil {
		return nil, nil, nil, err
	}
	e := &counted{Engine: opened}
	b, err := outbox.New(outbox.Options{Engine: e, Sender: send, Templates: registry, Workers: workers, Classes: []outbox.Class{{Name: "verification"}, {Name: "notification"}, {Name: "promotion", Workers: max(1, workers-1)}}})
	if err != nil {
		return nil, nil, nil, err
	}
	return b, e, func() error {
		err := b.Close(context.Background())
		if failed := closed(); err == nil {
			err = failed
		}
		return err
	}, nil
}

func nothing(context.Context, sms.Message) (sms.Receipt, error) {
	return sms.Receipt{Provider: "none"}, nil
}

func (c Case) enqueue(ctx context.Context, n int, f *Figures) error {
	b, _, closed, err := c.box(nothing, c.Workers)
	if err != nil {
		return err
	}
	err = puts(ctx, n, f, func(ctx context.Context, batch []sms.Message) error { return b.Enqueue(ctx, batch...) })
	if err != nil {
		return err
	}
	return closed()
}

func (c Case) backlog(ctx context.Context, n int, f *Figures) (err error) {
	if f.Bare, err = c.Round(ctx, n); err != nil {
		return err
	}
	slow, err := c.sent(ctx, n/4, 50*time.Millisecond)
	f.Slow = slow.PerSecond
	return err
}

func (c Case) ours(ctx context.Context, n int) (Speed, error) { return c.sent(ctx, n, 0) }

// sent measures how a backlog of n is sent by a Sender that takes so long.
func (c Case) sent(ctx context.Context, n int, takes time.Duration) (s Speed, err error) {
	var sent atomic.Int64
	done := make(chan struct{})
	b, e, closed, err := c.box(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		if takes > 0 {
			time.Sleep(takes)
		}
		if int(sent.Add(1)) == n {
			close(done)
		}
		return nothing(ctx, m)
	}, c.Workers)
	if err != nil {
		return s, err
	}
	if err := fill(ctx, b, n); err != nil {
		return s, err
	}
	db, err := c.Bare()
	if err != nil {
		return s, err
	}
	defer db.Close()
	s, err = c.measured(db, n, func() error {
		if err := b.Start(ctx); err != nil {
			return err
		}
		<-done
		return nil
	})
	if err != nil {
		return s, err
	}
	s.Group = e.group()
	return s, closed()
}

// fill enqueues n promotions.
func fill(ctx context.Context, b *outbox.Outbox, n int) error {
	for i := 0; i < n; i += 1000 {
		if err := b.Enqueue(ctx, messages(i, min(1000, n-i))...); err != nil {
			return err
		}
	}
	return nil
}

// latency measures from Enqueue's call to the Sender's: alone, and of codes that
// come while promotions wait.
func (c Case) latency(ctx context.Context, n int, f *Figures) error {
	came := make(chan string, 1)
	b, _, closed, err := c.box(coming(came), 8)
	if err != nil {
		return err
	}
	if err := b.Start(ctx); err != nil {
		return err
	}
	codes := 0
	one := func() (time.Duration, error) {
		codes++
		return code(ctx, b, fmt.Sprintf("code-%d", codes), came)
	}
	var alone []time.Duration
	for range 300 {
		took, err := one()
		if err != nil {
			return err
		}
		alone = append(alone, took)
		time.Sleep(10 * time.Millisecond)
	}
	slices.Sort(alone)
	f.P50, f.P99 = alone[len(alone)/2], alone[len(alone)*99/100]
	if err := fill(ctx, b, n); err != nil {
		return err
	}
	for range 50 {
		took, err := one()
		if err != nil {
			return err
		}
		f.Code = max(f.Code, took)
	}
	return closed()
}
