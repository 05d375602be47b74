package redislimit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/middleware/redislimit"
	"github.com/notifykit/notify/sms"
)

// childEnv holds the plan of a process of TestFourProcesses.
const childEnv = "NOTIFY_REDISLIMIT_CHILD"

const (
	many = 200 // calls of each process
	most = 300 // what the limit and the budget allow
)

var secret = []byte("0123456789abcdef0123456789abcdef")

// tally is what one process has got.
type tally struct {
	Taken      int64 // of the limit
	Claimed    int64 // keys of Deduplicate
	Sent       int64 // within the budget
	Suppressed int64 // numbers this process has found on the list, of those it has added
}

func (t *tally) add(o tally) {
	t.Taken, t.Claimed, t.Sent, t.Suppressed = t.Taken+o.Taken, t.Claimed+o.Claimed, t.Sent+o.Sent, t.Suppressed+o.Suppressed
}

// plan is what a process works on.
type plan struct {
	Addr, Prefix string
	Hours        int      // east of UTC: where it is noon
	Kind         sms.Kind // that it suppresses
}

// allKinds has one for each process.
var allKinds = []sms.Kind{sms.Verification, sms.Notification, sms.Promotion, sms.International}

// number is the nth one; all processes use the same.
func number(n int) sms.Number { return sms.Number(fmt.Sprintf("+86138%08d", n)) }

// child takes as often as it can, of all that is shared, and prints what it got.
func child(text string) error {
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	c := redis.NewClient(&redis.Options{Addr: p.Addr})
	defer c.Close()
	o := redislimit.Options{Prefix: p.Prefix}
	l, err := redislimit.NewLimiter(c, o, middleware.Window{Count: most, Per: time.Hour})
	if err != nil {
		return err
	}
	s, err := redislimit.NewStore(c, o, secret)
	if err != nil {
		return err
	}
	b, err := middleware.NewSharedBudget(redislimit.NewBudgetStore(c, o), dayOf(most, p.Hours))
	if err != nil {
		return err
	}
	work := worker{limit: l, store: s, list: redislimit.NewSuppressions(c, o), kind: p.Kind}
	work.sender = sms.Chain(sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
		return sms.Receipt{Segments: 1}, nil
	}), b.Middleware)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range many / 8 {
				work.once(g*many/8 + i)
			}
		})
	}
	all.Wait()
	return json.NewEncoder(os.Stdout).Encode(work.got())
}

// dayOf is a budget of a day in a zone.
func dayOf(segments, hours int) middleware.BudgetLimit {
	return middleware.BudgetLimit{Name: "daily", Segments: segments, Per: 24 * time.Hour, Zone: time.FixedZone("", hours*60*60)}
}

type worker struct {
	limit                            *redislimit.Limiter
	store                            *redislimit.Store
	list                             *redislimit.Suppressions
	sender                           sms.Sender
	kind                             sms.Kind
	taken, claimed, sent, suppressed atomic.Int64
}

func (w *worker) got() tally {
	return tally{w.taken.Load(), w.claimed.Load(), w.sent.Load(), w.suppressed.Load()}
}

// once asks each of the four for one thing, the nth.
func (w *worker) once(n int) {
	ctx := context.Background()
	if t, err := w.limit.Take(ctx, "k"); err == nil && t.Wait == 0 {
		w.taken.Add(1)
	}
	var id [16]byte
	copy(id[:], sms.NewKey())
	if got, err := w.store.Claim(ctx, middleware.Claim{Key: fmt.Sprint(n), ID: id}, time.Hour); err == nil && got.State == middleware.ClaimNew {
		w.claimed.Add(1)
	}
	if _, err := w.sender.Send(ctx, sms.Message{To: number(n), Body: "hello"}); err == nil {
		w.sent.Add(1)
	}
	if err := w.list.Add(ctx, number(n), middleware.Suppression{Reason: "opted out"}, w.kind); err == nil {
		if _, ok, err := w.list.Suppressed(ctx, number(n), w.kind); err == nil && ok {
			w.suppressed.Add(1)
		}
	}
}

// Of four processes at once exactly as many takes and segments pass as are
// allowed, each key is one process's, and what one has suppressed all see.
func TestFourProcesses(t *testing.T) {
	addr, o, noon := servertest.Redis(t), fresh(), 12-time.Now().UTC().Hour()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var got tally
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, kind := range allKinds {
		all.Go(func() {
			text, _ := json.Marshal(plan{addr, o.Prefix, noon, kind})
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), childEnv+"="+string(text))
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			var one tally
			if err == nil {
				err = json.Unmarshal(out, &one)
			}
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got.add(one)
		})
	}
	all.Wait()
	if want := (tally{Taken: most, Claimed: many, Sent: most, Suppressed: 4 * many}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	c := client(t)
	list := redislimit.NewSuppressions(c, o)
	for n := range many {
		for _, kind := range allKinds {
			if _, ok, err := list.Suppressed(t.Context(), number(n), kind); err != nil || !ok {
				t.Fatalf("number %d, kind %v: suppressed by one process, not so for another (%v)", n, kind, err)
			}
		}
	}
	b, err := middleware.NewSharedBudget(redislimit.NewBudgetStore(c, o), dayOf(most, noon))
	if err != nil {
		t.Fatal(err)
	}
	if spent, err := b.Spent(t.Context()); err != nil || spent[0] != most {
		t.Errorf("spent %d, %v: want %d", spent, err, most)
	}
}
