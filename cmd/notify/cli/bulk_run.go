package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/cmd/notify/cli/internal/sheet"
	"github.com/notifykit/notify/sms"
)

const (
	// marksTogether is how many rows share one sync of the disk.
	marksTogether = 256
	// asksTogether is how many rows the vendor is asked about at the same time.
	asksTogether = 16
	// stopAfter is how many rows in a row are refused because of the account, not
	// because of themselves, before the others are kept for later.
	stopAfter = 20
)

// A bulkRun sends the rows of a sheet.
type bulkRun struct {
	opened   *opened
	sheet    *bulkSheet
	journal  *journal
	flags    bulkFlags
	left     *leftRows // rows that are not sent, and why
	progress *progress

	began   time.Time               // the run before this one had ended by then
	stop    context.CancelCauseFunc // no further row is read
	reading error                   // of the sheet or the disk; read after the rows have ended
	blocked int                     // rows in a row that the account was refused for
}

// errBlocked is why a run ends by itself.
var errBlocked = fmt.Errorf("%d rows in a row were refused because of the account: the others were not sent; repair it and go on with --resume", stopAfter)

func (a *app) sendRows(ctx context.Context, o *opened, s *bulkSheet, f bulkFlags, c *rowCheck) error {
	answer := c.answer
	j, err := createOrResume(f, s)
	if err != nil {
		return err
	}
	if j.broken > 0 {
		a.errs.printf("%s: %s could not be read and were passed over\n", f.results, count(j.broken, "line"))
	}
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	interrupted := context.AfterFunc(ctx, func() {
		a.errs.printf("\nfinishing what is in flight; a second Ctrl-C ends at once, and --resume goes on\n")
	})
	defer interrupted()
	run := &bulkRun{began: time.Now(), opened: o, sheet: s, journal: j, flags: f, left: c.left, stop: stop, progress: a.newProgress(answer.Rows)}
	err = run.all(reading)
	run.progress.end()
	sum := j.count()
	sum.Unsent += answer.Rows - sum.rows()
	err = errors.Join(err, j.close(f.excel))
	answer.Sent, answer.Results = &sum, f.results
	err = errors.Join(err, a.show(answer, func() {
		a.out.printf("%s: %v\n%s has the result of each\n", count(answer.Rows, "row"), sum, f.results)
		if sum.Unknown > 0 || sum.Unsent > 0 || sum.Later > 0 {
			a.out.println(sum.next())
		}
	}))
	return sum.end(err)
}

func createOrResume(f bulkFlags, s *bulkSheet) (*journal, error) {
	if f.resume {
		return resumeJournal(f.results, s.key)
	}
	return createJournal(f.results)
}

// rows is how many rows were counted.
func (t tally) rows() int { return t.Accepted + t.Refused + t.Unknown + t.Unsent + t.LeftOut }

// next says what --resume does.
func (t tally) next() string {
	var does []string
	if t.Unknown > 0 {
		does = append(does, "asks the vendor about what is unknown")
	}
	if t.Unsent > 0 {
		does = append(does, "sends what is unsent")
	}
	if t.Later > 0 {
		does = append(does, fmt.Sprintf("sends again %d of those refused, for reasons that may pass", t.Later))
	}
	return "--resume " + strings.Join(does, ", and ")
}

// end gives the status of a run.
func (t tally) end(err error) error {
	switch {
	case t.Unknown > 0 && err != nil:
		return errors.Join(&told{StatusUnknown}, err)
	case err != nil:
		return err
	case t.Unknown > 0:
		return &told{StatusUnknown}
	case t.Refused > 0 || t.Unsent > 0:
		return &told{StatusRefused}
	}
	return nil
}

// all asks about what is doubtful and sends what is to be sent. What has left is
// waited for: reading alone ends with ctx.
func (b *bulkRun) all(ctx context.Context) error {
	doubtful := b.journal.doubtful()
	if err := b.settle(ctx, doubtful); err != nil {
		return err
	}
	results := b.opened.client.SendAll(context.WithoutCancel(ctx), b.messages(ctx), notify.BulkOptions{Concurrency: b.flags.concurrency})
	var writing error
	for m, r := range results {
		e := entryOf(m, r)
		b.progress.row(e.state())
		if writing = errors.Join(writing, b.journal.settle(e)); writing != nil {
			b.stop(writing)
		}
		b.watch(e)
	}
	if cause := context.Cause(ctx); errors.Is(cause, errBlocked) {
		return errors.Join(writing, b.reading, errBlocked)
	}
	return errors.Join(writing, b.reading)
}

// watch ends the run where the vendor refuses everything.
func (b *bulkRun) watch(e entry) {
	if e.outcome == sms.Rejected.String() && (e.reason == sms.AccountBlocked || e.reason == sms.Unauthorized) {
		b.blocked++
	} else {
		b.blocked = 0
	}
	if b.blocked == stopAfter {
		b.stop(errBlocked)
	}
}

func entryOf(m sms.Message, r notify.Result) entry {
	e := entry{row: rowOf(m), outcome: sms.OutcomeOf(r.Err).String(), reason: sms.ReasonOf(r.Err), id: r.Receipt.ID, provider: r.Receipt.Provider,
		key: m.Key, number: m.To.String(), segments: r.Receipt.Segments}
	if failed := sms.AsError(r.Err); failed != nil {
		e.provider, e.detail = failed.Provider, words(failed)
	}
	return e
}

// messages gives the rows that are to be sent, each marked on disk before. When
// ctx ends, those that are marked and were not given are noted as unsent.
func (b *bulkRun) messages(ctx context.Context) iter.Seq2[sms.Message, error] {
	return func(yield func(sms.Message, error) bool) {
		var batch []sms.Message
		send := func() bool {
			given, err := b.give(ctx, batch, yield)
			left := batch[given:]
			batch = batch[:0]
			if len(left) == 0 && err == nil {
				return true
			}
			for _, m := range left {
				err = errors.Join(err, b.journal.settle(entry{row: rowOf(m), outcome: unsent, key: m.Key, number: m.To.String()}))
			}
			b.reading = err
			return false
		}
		going := true
		err := b.sheet.Each(func(r sheet.Row) bool {
			m, wanted, err := b.next(r)
			if err != nil {
				b.reading, going = err, false
				return false
			}
			if wanted {
				batch = append(batch, m)
			}
			if len(batch) == marksTogether {
				going = send()
			}
			return going && ctx.Err() == nil
		})
		if err != nil {
			b.reading = err
		} else if going && ctx.Err() == nil && len(batch) > 0 {
			send()
		}
	}
}

// next returns the message of a row, and whether it is to be sent now.
func (b *bulkRun) next(r sheet.Row) (sms.Message, bool, error) {
	m, err := b.sheet.message(r)
	if !b.journal.state(r.Line).waits() {
		return m, false, nil
	}
	left, ok := b.left.get(r.Line)
	if !ok && err == nil {
		return m, true, nil
	}
	e := entry{row: r.Line, outcome: leftOut, key: m.Key, at: time.Now(), detail: left.why, number: m.To.String()}
	if left.bad || err != nil {
		e.outcome, e.reason = sms.Rejected.String(), sms.InvalidMessage
	}
	return m, false, b.journal.settle(e)
}

// give marks a batch and gives it on, as far as ctx and the loop allow.
func (b *bulkRun) give(ctx context.Context, batch []sms.Message, yield func(sms.Message, error) bool) (given int, err error) {
	now := time.Now()
	entries := make([]entry, len(batch))
	for i, m := range batch {
		entries[i] = entry{row: rowOf(m), outcome: marked, key: m.Key, at: now, number: m.To.String(), mark: b.opened.client.Mark()}
	}
	if err := b.journal.mark(entries); err != nil {
		return 0, fmt.Errorf("rows cannot be marked, so they are not sent: %w", err)
	}
	for i, m := range batch {
		if ctx.Err() != nil {
			return i, nil
		}
		if !yield(m, nil) {
			return i + 1, nil
		}
	}
	return len(batch), nil
}

// settle asks the vendors about rows with a mark and no answer. One that was
// certainly never taken is noted as unsent, and sent after this; of one that
// nobody can tell of the row stays unknown.
func (b *bulkRun) settle(ctx context.Context, rows []int) error {
	if len(rows) == 0 {
		return nil
	}
	var asking sync.WaitGroup
	slots := make(chan struct{}, asksTogether)
	var failed atomic.Pointer[error]
	err := b.sheet.Each(func(r sheet.Row) bool {
		if _, doubtful := slices.BinarySearch(rows, r.Line); !doubtful {
			return true
		}
		m, err := b.sheet.message(r)
		before, lastErr := b.journal.last(r.Line)
		if err := errors.Join(err, lastErr); err != nil {
			failed.Store(&err)
			return false
		}
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			if err := b.journal.settle(b.find(ctx, m, before)); err != nil {
				failed.Store(&err)
			}
		})
		return ctx.Err() == nil
	})
	asking.Wait()
	if f := failed.Load(); f != nil {
		err = errors.Join(err, *f)
	}
	return err
}

// asking is when the vendors are asked about m: at once, because what they took they
// have by now as a rule, and again when they can say that they never took it. A row
// may have waited for its turn from its mark until the run before this one ended.
func (b *bulkRun) asking(ctx context.Context, m sms.Message) sms.Schedule {
	after := time.Duration(0)
	r, _ := b.opened.client.Resolve(ctx, m)
	for _, name := range r.Route {
		if p, ok := b.opened.client.Provider(name); ok {
			after = max(after, cmp.Or(p.Can().FindAfter, sms.FindAfter))
		}
	}
	return sms.Schedule{Gap: max(after, 1), MaxGap: max(after, 30*time.Second), For: after + 30*time.Second}
}

// find asks about one row.
func (b *bulkRun) find(ctx context.Context, m sms.Message, before entry) entry {
	e := before
	schedule := b.asking(ctx, m)
	if before.mark != "" && before.mark != b.opened.client.Mark() { // it can be found, but never be certain
		schedule.For = schedule.Gap
	}
	receipt, err := schedule.Settle(ctx, b.opened.client, sms.Question{Message: m, Since: before.at, Until: b.began, Mark: before.mark})
	switch {
	case err == nil:
		e.outcome, e.reason, e.id, e.provider, e.detail = sms.Accepted.String(), "", receipt.ID, receipt.Provider, "the vendor was asked, and has it"
	case errors.Is(err, sms.ErrUndecided):
		e.outcome, e.detail = sms.Unknown.String(), words(err)
	case errors.Is(err, sms.ErrNotFound):
		e.outcome, e.reason, e.detail = unsent, "", "the vendor was asked, and never took it"
	default:
		e.outcome, e.detail = sms.Unknown.String(), words(err)
	}
	return e
}
