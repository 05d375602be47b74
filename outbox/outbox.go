package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// An Outbox takes messages durably and sends them. Any number of goroutines may
// use it at once, and any number of Outboxes, in as many processes, the same
// store.
type Outbox struct {
	o      Options
	engine Engine
	finder sms.Finder // nil: the Sender cannot be asked
	mark   string     // of the configuration that sends
	keys   *keys
	zones  zoneCache
	places map[string]int // of each class in o.Classes
	log    *slog.Logger

	mu      sync.Mutex // guards what follows
	started bool
	closed  bool

	d    *dispatcher   // set by Start
	shut chan struct{} // closed when Close has come to its end
}

// New makes an Outbox. It starts nothing, and does no I/O but to load time zones if
// Options.QuietHours is set: Enqueue works at once,
// and Start begins to send. Every fault of the options comes in one error.
func New(o Options) (*Outbox, error) {
	o = o.withDefaults()
	b := &Outbox{o: o, engine: o.Engine, keys: newKeys(o.Keys, o.OpenKeys, o.RefusePlain), places: map[string]int{}, log: o.Logger, mark: o.Mark, shut: make(chan struct{})}
	var zoneData error
	if len(o.QuietHours) > 0 {
		zoneData = b.zones.checkData()
	}
	if err := errors.Join(o.validate(), zoneData); err != nil {
		return nil, err
	}
	if b.finder = o.Finder; b.finder == nil {
		b.finder, _ = o.Sender.(sms.Finder)
	}
	if b.finder == nil {
		b.log.Warn("outbox: no vendor can be asked: Options.Sender is no sms.Finder and Options.Finder is nil, so a message whose outcome is unknown is held for a person")
	}
	for _, marked := range []any{o.Sender, o.Finder} {
		if m, ok := marked.(interface{ Mark() string }); ok && b.mark == "" {
			b.mark = m.Mark()
		}
	}
	for i, c := range o.Classes {
		b.places[c.Name] = i
	}
	return b, nil
}

// Engine gives Options.Engine.
func (b *Outbox) Engine() Engine { return b.engine }

// Start begins to send: what waits in the store, what comes, and what processes
// that are gone have left. ctx bounds the start only, which asks the store
// whether it is there; the workers live until Close. A program that only enqueues
// does not start.
func (b *Outbox) Start(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return ErrClosed
	case b.started:
		return errors.New("outbox: it is started already")
	}
	if err := b.engine.SetMark(ctx, b.mark); err != nil {
		return failure(err, "the store does not answer")
	}
	b.started = true
	b.d = newDispatcher(b)
	b.d.start()
	return nil
}

// Wake makes the workers look for messages at once: of this process, and of every
// process whose Engine listens (sqlbox.Options.Listen). Call it after the commit of a
// transaction that has put messages by EnqueueTx. Without it workers find them by
// themselves, a little later. Enqueue needs no Wake.
func (b *Outbox) Wake(ctx context.Context) error {
	if err := b.engine.Wake(ctx); err != nil {
		return failure(err, "wake the workers")
	}
	return nil
}

func (b *Outbox) closing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// Close takes no more messages, hands out none, and waits for the sends in flight
// until ctx ends; then it ends their contexts, and what they leave in doubt is as
// after a crash. What is queued stays for the next Start. It returns when no
// goroutine of the Outbox is left: soon after ctx ends, as Senders do. The Engine
// stays open. Closing again waits for the first Close.
//
// Its error says that sends had to be ended, or that an end could not be recorded.
func (b *Outbox) Close(ctx context.Context) error {
	b.mu.Lock()
	again := b.closed
	b.closed = true
	d := b.d
	b.mu.Unlock()
	if again {
		select {
		case <-b.shut:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer close(b.shut)
	if d == nil {
		return nil
	}
	return d.close(ctx)
}

// onEnd calls Options.OnEnd. One that panics keeps no message from its end.
func (b *Outbox) onEnd(ctx context.Context, r Record) {
	defer func() {
		if p := recover(); p != nil {
			b.log.Error("outbox: Options.OnEnd panicked", "key", r.Key, "type", fmt.Sprintf("%T", p))
		}
	}()
	b.o.OnEnd(ctx, b.status(r))
}

// policy is what the options say of a kind; zero is that of a message that cannot be
// read.
func (b *Outbox) policy(kind sms.Kind) policy {
	kind = kind.OrDefault()
	return policy{Code: kind.MayDouble(), SendAgain: b.o.OnUnknown[kind] == SendAgain, CanAsk: b.finder != nil || b.o.Known != nil,
		GiveUp: b.o.GiveUpAfter[kind], MinDelay: b.o.MinDelay, MaxDelay: b.o.MaxDelay,
		SendTimeout: b.o.SendTimeout, FindAfter: b.o.FindAfter, AskFor: b.o.AskFor}
}

// settleGrace is how long Close waits, after it has ended the sends, for their
// ends to be recorded.
const settleGrace = 5 * time.Second
