package killtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// Options are what Run is told.
type Options struct {
	Place string // of the store, as open takes it
	Open  func(place string) (outbox.Engine, error)
	Kills int  // by turns at random moments and at each of Steps
	Ask   bool // the vendor can be asked what became of a message
	// Vendor is "twilio", which is asked by content; empty: Aliyun, by key. Its listings
	// show a message Lag after it was taken.
	Vendor string
	Lag    time.Duration
	// Step is where every process kills itself; empty: each at another.
	Step string
	// Together is how many processes RunTogether lets work on the store at once.
	Together int
}

// Kills is how many processes a test kills by default: 8, and 50 with NOTIFY_LONG=1.
func Kills() int {
	if os.Getenv("NOTIFY_LONG") == "1" {
		return 50
	}
	return 8
}

// Counts are what became of all messages.
type Counts struct {
	Kills, Acknowledged  int
	Lost                 int // acknowledged, and neither accepted nor held
	Doubled              int // notices that the vendor has twice
	CodesTwice           int // codes that the vendor has twice
	Held                 int // for a person
	HeldUntouched        int // held although never handed to a worker
	HeldEnded            int // held although an end was recorded
	AcceptedNowhere      int // said to be accepted, and the vendor does not have it
	SentUnacknowledged   int // by a process that was killed before Enqueue answered
	Settled              time.Duration
	HandedOut, EndedSeen int
}

// String is one line for people.
func (c Counts) String() string {
	return fmt.Sprintf("%d kills: %d acknowledged, lost %d, notices twice %d, codes twice %d (at most %d in flight), held %d (never handed to a worker %d, had ended %d), accepted and not at the vendor %d; settled in %v after the last",
		c.Kills, c.Acknowledged, c.Lost, c.Doubled, c.CodesTwice, c.Kills*Workers, c.Held, c.HeldUntouched, c.HeldEnded, c.AcceptedNowhere, c.Settled.Round(time.Millisecond))
}

// Run kills processes and then lets one bring everything to its end. It fails t
// where a promise is broken, and gives the counts.
func Run(t *testing.T, o Options) Counts {
	t.Helper()
	sb := o.sandbox(t)
	seed := rand.Uint64()
	chance := rand.New(rand.NewPCG(seed, 0))
	log := newLog()
	for run := range o.Kills {
		p := o.plan(sb, run)
		p.After = 1 + chance.IntN(40)
		if p.Step = o.Step; p.Step != "" {
			p.After = 24
		} else if n := run % (len(Steps) + 1); n < len(Steps) {
			p.Step = Steps[n]
		}
		if err := log.kill(t, p, after(time.Duration(100+chance.IntN(700))*time.Millisecond)); err != nil {
			t.Fatalf("seed %d, run %d, step %q: %v", seed, run, p.Step, err)
		}
	}
	c := Counts{Kills: o.Kills, Acknowledged: len(log.acknowledged), HandedOut: len(log.taken), EndedSeen: len(log.ended)}
	finish(t, o, sb, log, &c)
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
	return c
}

// sandbox is the vendor.
func (o Options) sandbox(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	sb := sandboxtest.StartWith(t, sandbox.Options{MaxMessages: 1_000_000})
	if o.Lag > 0 {
		if err := sb.SetFaults(sandbox.Fault{Operation: "list", ListAfter: o.Lag}); err != nil {
			t.Fatal(err)
		}
	}
	return sb
}

func (o Options) plan(sb *sandbox.Sandbox, run int) plan {
	return plan{Place: o.Place, Endpoint: sb.URL, Ask: o.Ask, Run: run, Vendor: o.Vendor, Lag: o.Lag}
}

// keyOf is the key of the message to a number, which has one of its own.
func keyOf(to string) string {
	var run, i int
	if _, err := fmt.Sscanf(to[len(to)-8:], "%3d%5d", &run, &i); err != nil {
		return to
	}
	return message(run, i).Key
}

// finish lets a process bring everything to its end, counts, and fails t where a
// promise is broken.
func finish(t *testing.T, o Options, sb *sandbox.Sandbox, log *log, c *Counts) {
	t.Helper()
	began := time.Now()
	b := settle(t, o, sb)
	c.Settled = time.Since(began)
	judge(t, c, b, sb, log)
	t.Log(*c)
	// Between the mark on disk and the first line of whoever got it a kill at a random
	// moment may fall, which leaves the messages of one Take.
	if c.Lost+c.Doubled+c.HeldEnded+c.AcceptedNowhere > 0 || c.HeldUntouched > max(1, o.Together)*Workers || c.CodesTwice > c.Kills*Workers {
		t.Errorf("a promise is broken: %v", *c)
	}
	if c.Acknowledged == 0 || c.HandedOut == 0 {
		t.Error("nothing was done before the kills: this test shows nothing")
	}
	if o.Ask && c.Held > 0 {
		t.Errorf("%d are held although the vendor can be asked", c.Held)
	}
}

// A log is what the killed processes told.
type log struct {
	mu                         sync.Mutex // guards the maps
	acknowledged, taken, ended map[string]bool
	takes                      map[int]int           // messages that each run has taken
	busy                       map[int]chan struct{} // closed when a run has taken busyAfter of them
}

// busyAfter is how many messages a process has taken that is in the middle of its
// work.
const busyAfter = 20

// working is closed when a run is in the middle of its work.
func (l *log) working(run int) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy[run] == nil {
		l.busy[run] = make(chan struct{})
	}
	return l.busy[run]
}

func newLog() *log {
	return &log{acknowledged: map[string]bool{}, taken: map[string]bool{}, ended: map[string]bool{}, takes: map[int]int{}, busy: map[int]chan struct{}{}}
}

// note keeps a line of a process.
func (l *log) note(run int, line string) {
	what, key, _ := strings.Cut(line, " ")
	l.mu.Lock()
	defer l.mu.Unlock()
	switch what {
	case "acknowledged":
		l.acknowledged[key] = true
	case "taken":
		l.taken[key] = true
		if l.takes[run]++; l.takes[run] == busyAfter && l.busy[run] != nil {
			close(l.busy[run])
		}
	case "ended":
		l.ended[key] = true
	}
}

// after is closed after a time.
func after(d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(d, func() { close(c) })
	return c
}

// kill runs a process until it is dead: by itself, where the plan names a step,
// else by this one when its time has come.
func (l *log) kill(t *testing.T, p plan, come <-chan struct{}) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if p.Step == "" {
		ended := make(chan struct{})
		var killer sync.WaitGroup
		killer.Go(func() {
			select {
			case <-come:
				_ = cmd.Process.Kill()
			case <-ended:
			}
		})
		defer func() { close(ended); killer.Wait() }()
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		l.note(p.Run, lines.Text())
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == -1 {
		return nil // by a signal
	}
	return fmt.Errorf("the process was not killed: %v", err)
}

// settle brings everything to its end.
func settle(t *testing.T, o Options, sb *sandbox.Sandbox) *outbox.Outbox {
	t.Helper()
	e, err := o.Open(o.Place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	b, err := newBox(e, o.plan(sb, 0), func(s sms.Sender) sms.Sender { return s })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(context.WithoutCancel(t.Context())) })
	deadline := time.Now().Add(3 * time.Minute)
	for counts, err := range b.Watch(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if counts.States[outbox.Queued]+counts.States[outbox.Sending] == 0 {
			return b
		}
		if time.Now().After(deadline) {
			t.Fatalf("after three minutes not everything has ended: %v", counts)
		}
	}
	return b
}

// judge holds the outbox against the vendor.
func judge(t *testing.T, c *Counts, b *outbox.Outbox, sb *sandbox.Sandbox, l *log) {
	t.Helper()
	taken := map[string]int{}
	for _, m := range sb.Messages("") {
		taken[keyOf(string(m.To))]++
	}
	for key, n := range taken {
		switch {
		case n > 1 && strings.HasSuffix(key, "-code"):
			c.CodesTwice++
		case n > 1:
			c.Doubled++
			t.Errorf("the vendor has %s %d times", key, n)
		}
		if !l.acknowledged[key] {
			c.SentUnacknowledged++
		}
	}
	for key := range l.acknowledged {
		st, err := b.Status(t.Context(), key)
		switch {
		case err != nil:
			c.Lost++
			t.Errorf("%s was acknowledged: %v", key, err)
		case st.State == outbox.Accepted && taken[key] == 0:
			c.AcceptedNowhere++
			t.Errorf("%s is accepted, and the vendor does not have it: %+v", key, st)
		case st.State == outbox.Accepted:
		case st.State == outbox.Held:
			c.Held++
			if !l.taken[key] {
				c.HeldUntouched++
			}
			if l.ended[key] {
				c.HeldEnded++
			}
		default:
			c.Lost++
			t.Errorf("%s has come to %v: %v", key, st.State, st.Err)
		}
	}
}
