package middleware_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

var (
	seeds    = flag.Int("seeds", 2000, "how many runs the simulation makes")
	fromSeed = flag.Uint64("seed", 1, "the seed of the first run: with -seeds 1 one is played again")
)

// What the simulated stack promises, by its parts.
const (
	perMinute  = 3 // messages that a number may get
	failures   = 5 // of a vendor in a row that open its breaker
	listsAfter = 50 * time.Second
	findAfter  = time.Minute // above listsAfter: when "not there" is "never"
	askedFor   = 100 * time.Second
	callTime   = 3 * time.Second
)

// Many callers send through the recommended stack at once to vendors that fail in
// every way, answer late, forget to answer and list what they took a while
// later; callers leave and messages expire. Whatever happens, the promises hold.
func TestSimulation(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = min(n, 200)
	}
	for i := range n {
		seed := *fromSeed + uint64(i)
		if faults := simulate(t, seed, plan{}); len(faults) > 0 {
			t.Fatalf("seed %d (go test ./middleware -run Simulation -seeds 1 -seed %d):\n%v", seed, seed, errors.Join(faults...))
		}
	}
}

// Each planted fault is found within the seeds that the test runs: so the
// simulation would find it if somebody wrote it.
func TestSimulation_findsPlantedFaults(t *testing.T) {
	for name, p := range planted() {
		t.Run(name, func(t *testing.T) {
			for i := range *seeds {
				if faults := simulate(t, *fromSeed+uint64(i), p); len(faults) > 0 {
					t.Logf("found by seed %d: %v", *fromSeed+uint64(i), faults[0])
					return
				}
			}
			t.Errorf("not found in %d seeds", *seeds)
		})
	}
}

// simulate runs one seed in a bubble and gives the promises that were broken. A
// goroutine that is left fails t.
func simulate(t *testing.T, seed uint64, p plan) (faults []error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &simulation{chance: rand.New(rand.NewPCG(seed, 7)), start: time.Now()}
		defer middleware.SetJitter(func(longest time.Duration) time.Duration { return time.Duration(s.draw(int(longest))) })()
		stack := s.stack(p)
		var all sync.WaitGroup
		for i := range 24 {
			s.newCaller(i)
		}
		for _, c := range s.callers {
			all.Go(func() { c.send(stack) })
		}
		all.Wait()
		faults = s.judge()
	})
	return faults
}

// A simulation is one run. Its vendors and callers draw from one chance, under mu.
type simulation struct {
	mu      sync.Mutex
	chance  *rand.Rand
	start   time.Time
	vendors []*simulated
	callers []*caller
	broken  []error // promises that were seen to be broken while it ran
}

func (s *simulation) draw(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chance.IntN(n)
}

func (s *simulation) breaks(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = append(s.broken, fmt.Errorf(format, args...))
}

// stack is the recommended order over two vendors. A plan puts its faults in.
func (s *simulation) stack(p plan) sms.Sender {
	var stacks []sms.Sender
	for _, name := range []string{"a", "b"} {
		v := &simulated{s: s, name: name, takes: map[string][]time.Time{}, wait: map[string]time.Time{}, health: s.draw(4)}
		s.vendors = append(s.vendors, v)
		var vendor sms.Sender = v
		if p.vendor != nil {
			vendor = p.vendor(v)
		}
		around := []sms.Middleware{middleware.Retry(middleware.RetryOptions{Attempts: 3, MinDelay: 100 * time.Millisecond, MaxDelay: 2 * time.Second})}
		if p.outsideRetry != nil {
			around = append([]sms.Middleware{p.outsideRetry}, around...)
		}
		if p.insideRetry != nil {
			around = append(around, p.insideRetry)
		}
		if p.outsideBreaker != nil {
			around = append(around, p.outsideBreaker)
		}
		finder, _ := vendor.(sms.Finder)
		around = append(around, middleware.Confirm(finder, askedFor), middleware.Breaker(middleware.BreakerOptions{Name: name, Failures: failures, OpenFor: 10 * time.Second}))
		if p.insideBreaker != nil {
			around = append(around, p.insideBreaker)
		}
		around = append(around, middleware.Timeout(callTime))
		stacks = append(stacks, sms.Chain(vendor, around...))
	}
	count := perMinute
	if p.limit != 0 {
		count = p.limit
	}
	var limiter middleware.Limiter = middleware.NewLimiter(middleware.Window{Count: count, Per: time.Minute})
	if p.limiter != nil {
		limiter = p.limiter(limiter)
	}
	return sms.Chain(middleware.Failover(stacks...), middleware.Validate(nil),
		middleware.RateLimit(limiter, middleware.RateLimitOptions{Name: "per_number", Key: middleware.ByNumber}))
}

// A caller sends one message.
type caller struct {
	s      *simulation
	m      sms.Message
	begins time.Duration
	leaves time.Duration // zero: never
	began  time.Time
	ended  time.Time
	err    error
}

func (s *simulation) newCaller(i int) {
	c := &caller{s: s, begins: time.Duration(s.draw(100_000))*time.Millisecond + time.Duration(i)} // no two at one moment
	kinds := []sms.Kind{sms.Verification, sms.Notification, sms.Promotion}
	c.m = sms.Message{To: sms.Number(fmt.Sprintf("+861380000000%d", s.draw(4))), Body: "Hello", Kind: kinds[s.draw(3)], Key: fmt.Sprintf("m%d", i)}
	switch s.draw(5) {
	case 0:
		c.leaves = time.Duration(1+s.draw(8000)) * time.Millisecond
	case 1:
		c.leaves = time.Duration(60+s.draw(60)) * time.Second
	case 2:
		c.m.Expires = s.start.Add(c.begins + time.Duration(1+s.draw(6000))*time.Millisecond)
	}
	s.callers = append(s.callers, c)
}

func (c *caller) send(stack sms.Sender) {
	time.Sleep(c.begins)
	ctx := context.Background()
	if c.leaves > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.leaves)
		defer cancel()
	}
	ctx = context.WithValue(ctx, callerKey{}, ctx) // its own, whatever a layer puts around it
	c.began = time.Now()
	_, c.err = stack.Send(ctx, c.m)
	c.ended = time.Now()
}

type callerKey struct{}

// A simulated vendor fails by chance, the more the worse its health is, and
// keeps what it took.
type simulated struct {
	s      *simulation
	name   string
	health int // 0 well, 3 mostly down

	mu    sync.Mutex
	takes map[string][]time.Time // by key
	wait  map[string]time.Time   // until then it wants no call for this key
	row   int                    // faults of its own in a row
	most  int                    // and the most there were
	final map[string]sms.Reason  // saidNo after which nobody may be asked
}

// saidNo are the vendor's, with the vendor's own code.
var saidNo = []sms.Reason{sms.InvalidNumber, sms.RecipientBlocked, sms.ContentRejected, sms.RecipientLimited,
	sms.TemplateRejected, sms.Unsupported, sms.Unauthorized, sms.AccountBlocked, sms.Throttled, sms.Unavailable}

func (v *simulated) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	v.watch(ctx, m)
	latency := time.Duration(v.s.draw(400_000)) * time.Microsecond
	if v.s.draw(12) == 0 {
		latency = time.Duration(v.s.draw(8000)) * time.Millisecond
	}
	what := v.s.draw(20)
	if v.health == 3 {
		what = 14 + v.s.draw(6)
	}
	takes := what < 12-2*v.health || what == 19
	before := v.s.draw(2) == 0 // taken at the call's beginning, or at its end
	if takes && before {
		v.take(m.Key)
	}
	select {
	case <-time.After(latency):
	case <-ctx.Done():
		v.fault()
		return sms.Receipt{}, &sms.Error{Provider: v.name, Code: "left", Reason: sms.Canceled, Key: m.Key, Kind: m.Kind, Err: ctx.Err()}
	}
	if takes && !before {
		v.take(m.Key)
	}
	switch {
	case takes && what != 19:
		v.mu.Lock()
		v.row = 0
		v.mu.Unlock()
		return sms.Receipt{Provider: v.name, Key: m.Key, ID: m.Key, Segments: 1}, nil
	case what >= 17: // no answer, taken or not
		v.fault()
		return sms.Receipt{}, &sms.Error{Provider: v.name, Code: "lost", Reason: sms.Unavailable, Key: m.Key, Kind: m.Kind}
	}
	return sms.Receipt{}, v.refuse(m)
}

func (v *simulated) take(key string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.takes[key] = append(v.takes[key], time.Now())
}

func (v *simulated) fault() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.row++
	v.most = max(v.most, v.row)
}

func (v *simulated) refuse(m sms.Message) error {
	e := &sms.Error{Provider: v.name, Code: "no", Reason: saidNo[v.s.draw(len(saidNo))], Outcome: sms.Rejected, Key: m.Key, Kind: m.Kind}
	if e.Reason.CountsAgainstVendor() {
		v.fault()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if e.Reason == sms.Throttled {
		e.RetryAfter = time.Duration(200+v.s.draw(1500)) * time.Millisecond
		v.wait[m.Key] = time.Now().Add(e.RetryAfter)
	}
	if !e.Reason.AnotherVendor() && !e.Reason.SameVendor() {
		if v.final == nil {
			v.final = map[string]sms.Reason{}
		}
		v.final[m.Key] = e.Reason
	}
	return e
}

// watch looks at what no call may be.
func (v *simulated) watch(ctx context.Context, m sms.Message) {
	now := time.Now()
	if own, ok := ctx.Value(callerKey{}).(context.Context); ok && own.Err() != nil {
		v.s.breaks("%s at %s: called after its caller had left", m.Key, v.name)
	}
	for _, c := range v.s.callers {
		if c.m.Key == m.Key && !c.m.Expires.IsZero() && now.After(c.m.Expires) {
			v.s.breaks("%s at %s: called %v after it had expired", m.Key, v.name, now.Sub(c.m.Expires))
		}
	}
	v.mu.Lock()
	until := v.wait[m.Key]
	v.mu.Unlock()
	if now.Before(until) {
		v.s.breaks("%s at %s: called %v before the vendor would have it", m.Key, v.name, until.Sub(now))
	}
	for _, other := range v.s.vendors {
		other.mu.Lock()
		reason, final := other.final[m.Key]
		other.mu.Unlock()
		if final {
			v.s.breaks("%s at %s: called after %s had said %v", m.Key, v.name, other.name, reason)
		}
	}
}

// Ask answers as vendors do: what was taken shows after a while, and that
// something is not there is certain later only.
func (v *simulated) Ask(ctx context.Context, m sms.Question) (sms.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return sms.Receipt{}, errors.Join(sms.ErrUndecided, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	for _, at := range v.takes[m.Key] {
		if now.Sub(at) >= listsAfter {
			return sms.Receipt{Provider: v.name, Key: m.Key, ID: m.Key}, nil
		}
	}
	if now.Sub(m.Latest()) < findAfter {
		return sms.Receipt{}, sms.ErrUndecided
	}
	return sms.Receipt{}, sms.ErrNotFound
}
