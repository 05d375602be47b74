package notify

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/notifykit/notify/sms"
)

// DefaultConcurrency is the default of BulkOptions.Concurrency.
const DefaultConcurrency = 64

// ErrUsed is the cause of the error of a second range over what SendAll
// returned.
var ErrUsed = errors.New("notify: the messages of this SendAll were ranged over already: call SendAll again")

// A Result is the result of one message of SendAll.
type Result struct {
	Receipt sms.Receipt
	// Err is nil if a vendor accepted the message. Otherwise it holds an *sms.Error. If
	// the source yielded an error, Err is Rejected with that error as its cause.
	Err error
}

// BulkOptions are the options of SendAll. The zero value is ready for use.
type BulkOptions struct {
	// Concurrency is the most messages in flight. Defaults to DefaultConcurrency (64).
	Concurrency int
	// Late is called for each result that the loop did not read because it ended
	// early, one after the other, before the loop's statement ends. If Late is nil,
	// these results are dropped.
	Late func(sms.Message, Result)
}

// SendAll sends the messages of a source, several at a time, and yields each with its
// result in the order of completion. It holds no more than Concurrency messages at
// once.
//
//   - SendAll reads and sends nothing before the range begins. The sequence may be
//     ranged over once. A second range yields ErrUsed and sends nothing.
//   - An error that the source yields is a result. SendAll then reads the next message.
//   - If ctx ends, SendAll reads no more messages, and yields the results of those that
//     it has read. Check ctx.Err after the loop.
//   - If the loop ends by break, return or a panic, SendAll reads no more messages,
//     waits for those in flight, and calls Late for their results.
//
// SendAll ranges over the source in a goroutine of its own and waits for it. A source
// that blocks must return when ctx ends. It may change the maps of a message after it
// has yielded the message. A panic in the source or in a Send continues in the loop,
// after all messages in flight have ended.
func (c *Client) SendAll(ctx context.Context, messages iter.Seq2[sms.Message, error], o BulkOptions) iter.Seq2[sms.Message, Result] {
	var used atomic.Bool
	return func(yield func(sms.Message, Result) bool) {
		if !used.CompareAndSwap(false, true) {
			yield(sms.Message{}, Result{Err: sms.Refuse(sms.Message{}, sms.Internal, ErrUsed)})
			return
		}
		if messages != nil {
			newBulk(ctx, c, o).run(messages, yield)
		}
	}
}

// A bulk is one range over SendAll.
type bulk struct {
	ctx    context.Context // of this one range, with which the bulk ends
	client *Client
	late   func(sms.Message, Result)

	// slots holds one entry for each message between the source and the loop. It is
	// taken before the message is read, so that no message is read that would wait.
	slots   chan struct{}
	results chan result   // with room for every slot, so that a Send never waits for the loop
	left    chan struct{} // closed when the loop was left
	sends   sync.WaitGroup
}

// A result is a Result on its way to the loop, or a panic.
type result struct {
	message  sms.Message
	result   Result
	panicked *panicked
}

type panicked struct{ value any }

// errGoexit is what a goroutine that ended without a panic panics with in the loop.
var errGoexit = errors.New("notify: the source or a Sender of a SendAll has ended its goroutine (runtime.Goexit)")

// newPanicked makes one of what recover gave.
func newPanicked(recovered any) *panicked {
	if recovered == nil {
		return &panicked{errGoexit}
	}
	return &panicked{recovered}
}

func newBulk(ctx context.Context, c *Client, o BulkOptions) *bulk {
	n := o.Concurrency
	if n <= 0 {
		n = DefaultConcurrency
	}
	return &bulk{ctx: ctx, client: c, late: o.Late,
		slots: make(chan struct{}, n), results: make(chan result, n), left: make(chan struct{})}
}

// run yields every result, or passes it to late if the loop has ended. When it returns,
// no goroutine is left.
func (b *bulk) run(messages iter.Seq2[sms.Message, error], yield func(sms.Message, Result) bool) {
	go b.read(messages)
	defer b.leave()
	for r := range b.results {
		if r.panicked != nil {
			panic(r.panicked.value)
		}
		<-b.slots
		if !yield(r.message, r.result) {
			return
		}
	}
}

// leave ends the reading and waits for what is in flight. After a whole loop
// nothing is left to do.
func (b *bulk) leave() {
	close(b.left)
	var first *panicked
	defer func() { // after a panic in late too
		for range b.results {
		}
	}()
	for r := range b.results {
		switch {
		case r.panicked != nil && first == nil:
			first = r.panicked
		case r.panicked == nil && b.late != nil:
			b.late(r.message, r.result)
		}
	}
	if first != nil {
		panic(first.value)
	}
}

// read ranges over the source and starts a Send for each message. It closes
// results after the last of them.
func (b *bulk) read(messages iter.Seq2[sms.Message, error]) {
	finished := false
	defer func() {
		if !finished {
			b.results <- result{panicked: newPanicked(recover())}
		}
		b.sends.Wait()
		close(b.results)
	}()
	if b.next() {
		for m, err := range messages {
			b.take(m.Clone(), err)
			if !b.next() {
				break
			}
		}
	}
	finished = true
}

// next waits for a slot for the next message; false: no more is read.
func (b *bulk) next() bool {
	select {
	case b.slots <- struct{}{}:
	case <-b.left:
	case <-b.ctx.Done():
	}
	return !b.over()
}

func (b *bulk) over() bool {
	select {
	case <-b.left:
		return true
	default:
		return b.ctx.Err() != nil
	}
}

// take starts the Send of m, which was read in a slot of its own.
func (b *bulk) take(m sms.Message, err error) {
	select {
	case <-b.left: // while the source was at it
		b.results <- result{message: m, result: Result{Err: sms.Refuse(m, sms.Canceled, errors.New("the loop over the results was left before it was sent"))}}
		return
	default:
	}
	if err != nil {
		b.results <- result{message: m, result: Result{Err: sourceError(m, err)}}
		return
	}
	b.sends.Go(func() { b.send(m) })
}

// sourceError makes an error of the source a Rejected *sms.Error: nothing was
// sent for it.
func sourceError(m sms.Message, err error) error {
	if sms.OutcomeOf(err) == sms.Rejected {
		return err
	}
	e := sms.Refuse(m, sms.Internal, err)
	if reason := sms.ReasonOf(err); reason != "" {
		e.Reason = reason
	}
	return e
}

// send sends m. A panic goes on in the loop, where somebody may recover it.
func (b *bulk) send(m sms.Message) {
	r := result{message: m}
	finished := false
	defer func() {
		if !finished {
			r.panicked = newPanicked(recover())
		}
		b.results <- r
	}()
	r.result.Receipt, r.result.Err = b.client.Send(b.ctx, m)
	finished = true
}
