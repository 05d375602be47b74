package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/sms"
)

// ErrNotFound is returned if nothing is known of a message.
var ErrNotFound = errors.New("delivery: nothing is known of this message")

// A Tracker records the answers of Send and the reports of vendors. Any number of
// goroutines may use it at once. New starts nothing: Start does the work that needs
// time.
type Tracker struct {
	o       Options
	keys    keys
	group   group
	dropped atomic.Int64
	watched time.Time // up to here the loop has ended what was not reported

	mu      sync.Mutex // guards what follows
	stop    context.CancelFunc
	stopped chan struct{} // closed when the loop has ended
	closed  bool
}

// New returns a Tracker. It does no I/O. Its error holds every fault of o.
func New(o Options) (*Tracker, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	t := &Tracker{o: o, keys: keys{secret: slices.Clone(o.Secret)}}
	for _, k := range o.Keys {
		t.keys.all = append(t.keys.all, slices.Clone(k))
	}
	t.group.merge, t.group.most, t.group.lost = t.merge, o.Buffer, t.drop
	return t, nil
}

// merge stores records, within StoreTimeout.
func (t *Tracker) merge(records []Record) error {
	ctx, cancel := context.WithTimeout(context.Background(), t.o.StoreTimeout)
	defer cancel()
	err := t.o.Store.Merge(ctx, records, t.o.OnChange != nil)
	if err != nil {
		t.o.Logger.Error("delivery: the store failed", "records", len(records), "error", err)
	}
	return err
}

// drop logs answers of Send that could not be kept.
func (t *Tracker) drop(records []Record, err error) {
	t.dropped.Add(int64(len(records)))
	for _, r := range records {
		t.o.Logger.Error("delivery: what became of a message is not recorded", "key", r.Key, "provider", r.Provider, "id", r.VendorID, "error", err)
	}
}

// Note records how one Send ended. It is what notify.Config.Delivery calls; a program
// calls it for what it learns later, such as in outbox.Options.OnEnd. It waits until
// the store has it, for at most NoteTimeout. If the store fails, the answer stays what
// it is: Note logs the failure and tries again later.
func (t *Tracker) Note(ctx context.Context, m sms.Message, r sms.Receipt, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.o.NoteTimeout)
	defer cancel()
	_ = t.group.add(ctx, t.answer(m, r, err, now()), true)
}

// Dropped returns how many answers of Send could not be recorded, because the store
// failed for longer than Buffer lasts. Buffered returns how many wait to be tried
// again.
func (t *Tracker) Dropped() int64 { return t.dropped.Load() }

// Buffered returns how many answers of Send wait for a store that failed.
func (t *Tracker) Buffered() int { return t.group.buffered() }

// answer returns the records of an answer: one for each of the vendor's IDs, or one
// for the key if no vendor is known to have the message.
func (t *Tracker) answer(m sms.Message, r sms.Receipt, err error, at time.Time) []Record {
	to := cmp.Or(r.To, m.To)
	if !to.Valid() {
		to = ""
	}
	base := Record{
		Own: true, Key: clip(cmp.Or(r.Key, m.Key), 255), Ref: clip(r.Ref, 255), Provider: clip(r.Provider, 255),
		Number: t.keys.number(to), To: to.String(), Template: clip(m.Template, 255), Kind: m.Kind, Region: to.Region(),
		Segments: r.Segments, Answer: AnswerAccepted, Tries: triesOf(r, err), TriedAt: at, Put: at,
	}
	unsent := base
	unsent.ID = t.keys.unsent(base.Key)
	unsent.Segments = 0
	if err != nil {
		e := sms.AsError(err)
		unsent.Answer, unsent.Provider, unsent.Ref = AnswerOf(sms.OutcomeOf(err)), clip(e.Provider, 255), clip(e.Ref, 255)
		if unsent.Answer == AnswerUnknown {
			unsent.Sealed = t.keys.seal(unsent.ID, to)
		}
		return []Record{unsent}
	}
	ids := r.IDs
	if len(ids) == 0 && r.ID != "" {
		ids = []string{r.ID}
	}
	var records []Record
	for _, id := range ids {
		one := base
		one.ID, one.VendorID = t.keys.message(t.o.Account(r.Provider), id, r.SharedID, to), clip(id, 255)
		one.Sealed = t.keys.seal(one.ID, to)
		records = append(records, one)
	}
	if len(records) == 0 { // the vendor named no ID
		unsent.Segments = r.Segments
		unsent.Sealed = t.keys.seal(unsent.ID, to)
		return []Record{unsent}
	}
	for _, try := range base.Tries {
		if try.Outcome == sms.Unknown && !try.Skipped { // that vendor may have it too
			unsent.Answer, unsent.Provider, unsent.Ref = AnswerUnknown, try.Provider, ""
			return append(records, unsent)
		}
	}
	return records
}

// triesOf returns the attempts of an answer.
func triesOf(r sms.Receipt, err error) []Try {
	attempts := sms.AppendAttempts(nil, r, err, 0)
	if len(attempts) > mostTries { // the first and the last ones say most
		attempts = slices.Concat(attempts[:mostTries/2], attempts[len(attempts)-mostTries/2:])
	}
	tries := make([]Try, 0, len(attempts))
	for _, a := range attempts {
		t := Try{Provider: clip(a.Provider, 255), Outcome: sms.OutcomeOf(a.Err), Skipped: a.Skipped, At: a.At.Round(time.Microsecond).UTC(), Took: a.Took}
		if a.Err != nil {
			e := sms.AsError(a.Err)
			t.Reason, t.Code, t.Message = sms.ReasonOf(a.Err), clip(e.Code, 64), clip(e.Message, 255)
		}
		tries = append(tries, t)
	}
	return tries
}

// now returns the time as records have it.
func now() time.Time { return time.Now().UTC().Round(time.Microsecond) }

// mostTries is how many attempts a record keeps.
const mostTries = 16

// clip returns text in at most n bytes, as every database takes it.
func clip(text string, n int) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
	if len(text) > n {
		text = strings.ToValidUTF8(text[:n], "")
	}
	return text
}

// Report records a delivery report. It returns nil once the store has it, and OnOptOut
// too if it says so: only then may the vendor be answered.
func (t *Tracker) Report(ctx context.Context, r sms.Report) error {
	return t.Reports(ctx, []sms.Report{r})
}

// Reports records several delivery reports at once.
func (t *Tracker) Reports(ctx context.Context, reports []sms.Report) error {
	arrived := now()
	var records []Record
	for _, r := range reports {
		if r.ID != "" || r.Key != "" {
			records = append(records, t.reported(r, arrived))
		}
	}
	if len(records) > 0 {
		if err := t.group.add(ctx, records, false); err != nil {
			return err
		}
	}
	return t.optedOut(ctx, reports)
}

// reported returns the record of a report.
func (t *Tracker) reported(r sms.Report, arrived time.Time) Record {
	to := r.To
	if !to.Valid() {
		to = ""
	}
	one := Record{
		ID: t.keys.message(t.o.Account(r.Provider), cmp.Or(r.ID, "key:"+r.Key), r.SharedID, to), VendorID: clip(r.ID, 255),
		Key: clip(r.Key, 255), Ref: clip(r.Ref, 255), Provider: clip(r.Provider, 255), Number: t.keys.number(to), To: to.String(),
		Segments: r.Segments, Put: arrived,
	}
	if r.Price != "" {
		one.Price = strings.TrimSpace(clip(r.Price, 32) + " " + clip(r.Currency, 8))
	}
	one.report(r, arrived)
	one.Code, one.Message, one.At = clip(one.Code, 64), clip(one.Message, 255), one.At.UTC().Round(time.Microsecond)
	return one
}

// mostOfKey is how many records of one key are looked at.
const mostOfKey = 100

// Status returns what became of the message with this key, or ErrNotFound. A report
// alone does not make a message known: it may be another application's.
func (t *Tracker) Status(ctx context.Context, key string) (Status, error) {
	records, err := t.records(ctx, key)
	if err != nil {
		return Status{}, err
	}
	s, ok := statusOf(records)
	if !ok {
		return Status{}, ErrNotFound
	}
	return s, nil
}

// records returns the records of a key, and those that echo the reference of a call for
// several messages in place of the key.
func (t *Tracker) records(ctx context.Context, key string) ([]Record, error) {
	if key == "" {
		return nil, ErrNotFound
	}
	records, err := t.o.Store.Find(ctx, Query{Key: key}, mostOfKey)
	if err != nil {
		return nil, err
	}
	for _, own := range slices.Clone(records) {
		if !own.Own || own.VendorID != "" || own.Ref == "" || own.Ref == key || own.Number == (Hash{}) {
			continue
		}
		same, err := t.o.Store.Find(ctx, Query{Numbers: []Hash{own.Number}}, mostOfKey)
		if err != nil {
			return nil, err
		}
		for _, r := range same {
			if !r.Own && r.Key == "" && r.Ref == own.Ref {
				r.Key = key
				records = append(records, r)
			}
		}
	}
	return records, nil
}

// Known returns the receipt of a message of unknown outcome if a report has shown that
// a vendor has it, and otherwise sms.ErrNotFound, which here says nothing about the
// vendor. It is meant for outbox.Options.Known.
func (t *Tracker) Known(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	records, err := t.records(ctx, q.Key)
	if err != nil {
		return sms.Receipt{}, err
	}
	for _, r := range records {
		asked := len(q.Providers) == 0 || slices.Contains(q.Providers, r.Provider)
		if r.Answer == AnswerAccepted && r.VendorID != "" && asked && slices.Contains(t.keys.numbers(q.To), r.Number) {
			return sms.Receipt{Provider: r.Provider, Key: q.Key, ID: r.VendorID, To: q.To, Segments: r.Segments}, nil
		}
	}
	return sms.Receipt{}, sms.ErrNotFound
}

// Forget removes every record of a number and returns how many there were.
func (t *Tracker) Forget(ctx context.Context, n sms.Number) (int, error) {
	return t.o.Store.Forget(ctx, t.keys.numbers(n))
}
