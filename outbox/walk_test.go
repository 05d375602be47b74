package outbox

import (
	"fmt"
	"time"
)

// This file walks all states that the machine can reach, in a world that knows
// what the vendor has. It imports nothing of the package but the machine, so that
// mutants of it are walked alike.

type nextFunc func(record, event, policy) (record, action)

// A world is what is true, whether or not the outbox knows.
type world struct {
	copies int // at the vendor, and in its listings; those of before a person's decision do not count
	hidden int // at the vendor, and not yet in its listings
	flying bool
	// waited is how long the message was really put off since the last call, if the
	// store's clock ran all the time.
	waited time.Duration
	sure   bool // a person has said that it was sent
	gone   bool // the last hand-out left no end
}

// plain leaves out what makes no difference.
func (w world) plain() world {
	w.copies, w.hidden = min(w.copies, 1), min(w.hidden, 1)
	switch {
	case w.hidden == 0 && !w.flying, w.waited < testFind:
		w.waited = 0
	case w.waited < testSend+testFind:
		w.waited = testFind
	default:
		w.waited = testSend + testFind
	}
	return w
}

type node struct {
	r record
	w world
	a do // what is under way: call, ask; else put or end
}

const (
	testGiveUp = time.Hour
	testSend   = time.Minute
	testFind   = 2 * time.Minute
)

// policies are those that processes of different configurations may have.
func policies() map[string]policy {
	base := policy{GiveUp: testGiveUp, MinDelay: 30 * time.Second, MaxDelay: time.Minute, SendTimeout: testSend, FindAfter: testFind, AskFor: time.Minute}
	with := func(code, again, ask bool) policy {
		p := base
		p.Code, p.SendAgain, p.CanAsk = code, again, ask
		return p
	}
	return map[string]policy{
		"code":              with(true, true, true),
		"code, hold":        with(true, false, true),
		"code, hold, mute":  with(true, false, false),
		"notice":            with(false, false, true),
		"notice, mute":      with(false, false, false),
		"notice, again":     with(false, true, true),
		"notice, both mute": with(false, true, false),
	}
}

// A walker visits every node once.
type walker struct {
	next   nextFunc
	mixed  []policy // those that may follow each other
	seen   map[node]bool
	todo   []node
	faults map[string]bool
	edges  map[node][]node // of messages that are old, for the search of circles
	visit  func(from record, e event, p policy, to record, a action)
}

// walk returns what is broken, and how many nodes there are.
func walk(next nextFunc, mixed []policy, visit func(record, event, policy, record, action)) (faults []string, nodes int) {
	w := &walker{next: next, mixed: mixed, seen: map[node]bool{}, faults: map[string]bool{}, edges: map[node][]node{}, visit: visit}
	for _, age := range []time.Duration{ageless, 0} {
		w.reach(node{}, node{r: record{State: Queued, Age: age}, a: put}, false)
	}
	for len(w.todo) > 0 && len(w.seen) < 5_000 && len(w.faults) == 0 {
		n := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		w.from(n)
	}
	if len(w.seen) >= 5_000 {
		w.fault("there are too many states")
	}
	if w.circle() {
		w.fault("an old message does not come to an end")
	}
	for f := range w.faults {
		faults = append(faults, f)
	}
	return faults, len(w.seen)
}

func (w *walker) fault(format string, args ...any) { w.faults[fmt.Sprintf(format, args...)] = true }

func (w *walker) reach(from, to node, counts bool) {
	to.r.Tries, to.w = min(to.r.Tries, 2), to.w.plain()
	if to.r.Age > 0 && to.r.Age < testGiveUp {
		to.r.Age = 10 * time.Minute
	}
	if counts && from.r.Age >= testGiveUp {
		w.edges[from] = append(w.edges[from], to)
	}
	if !w.seen[to] {
		w.seen[to] = true
		w.todo = append(w.todo, to)
	}
}

// step lets e happen in n and holds the answer against what is true.
func (w *walker) step(n node, e event, world world, progress bool) {
	for _, p := range w.mixed {
		r, a := w.next(n.r, e, p)
		if w.visit != nil {
			w.visit(n.r, e, p, r, a)
		}
		if broken := checkPerson(n.r, e, r, a); broken != "" {
			w.fault("%s: %v of %+v", broken, e.What, n.r)
		}
		if a.Do == nothing {
			continue
		}
		if broken := check(n, e, p, r, a, world); broken != "" {
			w.fault("%s: %v of %+v", broken, e.What, n.r)
		}
		to := node{r: r, w: world, a: a.Do}
		switch {
		case a.Do == put && r.State == Sending:
			to.w.waited = to.w.waited + a.Wait
			to.w.gone = !r.Asking
		case a.Do == call:
			to.w.waited, to.w.gone = 0, true
		case a.Do == end || r.State == Queued:
			to.w.gone = false
		}
		w.reach(n, to, progress)
	}
}

// check holds one step against the promises, and returns what is broken.
func check(n node, e event, p policy, r record, a action, is world) string {
	there := is.copies + is.hidden
	doubt := there > 0 || is.flying
	switch {
	case a.Do == call && doubt && !p.SendAgain:
		return "a second call"
	case a.Do == call && (e.Left <= 0 || p.Code && n.r.Age >= p.GiveUp):
		return "a call that is too late"
	case a.Do == call && e.Lapsed:
		return "a call of what another process may have"
	case a.Do == call && e.Quiet > 0:
		return "a call in quiet hours"
	case a.Do == call && (n.r.Asking || r.State != Sending):
		return "a call that the store does not know of"
	case a.Do == call && r.Age < 0:
		return "a call does not begin the age"
	case a.Do == ask && (e.Steady < testFind || !p.CanAsk || !r.Asking):
		return "a question too early or to nobody"
	case a.Do == ask && p.repeats():
		return "a question about a code that is sent again"
	case a.Do == end && r.State == Accepted && there == 0 && !is.sure:
		return "accepted without evidence"
	case a.Do == end && (r.State == Rejected || r.State == Dead) && doubt:
		return fmt.Sprintf("%v although it may have been sent", r.State)
	case a.Do == end && r.State == Expired && doubt && !p.Code:
		return "a notice expires although it may have been sent"
	case r.Asking && r.State != Sending, r.Lost && !r.Asking:
		return "a question without a call"
	case r.Doubt && (r.State == Rejected || r.State == Dead || r.State == Accepted):
		return fmt.Sprintf("%v in doubt", r.State)
	case r.State == Held && !r.Doubt:
		return "held without a doubt"
	case a.Do == end && (r.State == Queued || r.State == Sending), a.Do == put && r.State != Queued && r.State != Sending:
		return fmt.Sprintf("%v is no end or no wait", r.State)
	case a.Do == put && a.Wait < 0, a.Do == put && r.State == Queued && e.Left < a.Wait && e.Left > 0:
		return fmt.Sprintf("a wait of %v, with %v left", a.Wait, e.Left)
	case e.What == unreadable && e.Hope == mayPass && r.Age < testGiveUp && a.Do == end:
		return "an end of what another process may read"
	case e.What == unreadable && a.Do == put && (a.Wait > time.Minute || p.Code && a.Wait > longestCodeDelay || a.Wait <= 0):
		return fmt.Sprintf("what cannot be read waits for %v", a.Wait)
	case e.What == unreadable && e.Hope == hopeless && a.Do != end:
		return "what is corrupt goes back"
	case e.What == refused && e.Hope == ownTurn && (r.Tries != n.r.Tries || r.State == Rejected):
		return "our own limit counts as a try or ends the message"
	case e.What == refused && e.After > 0 && a.Do == put && a.Wait < min(e.After, p.GiveUp-n.r.Age, e.Left):
		return "the time to wait is not waited for"
	case e.What == refused && e.Hope == mayPass && n.r.Age < p.GiveUp && a.Do != put:
		return "given up too early"
	case e.What == refused && e.Hope == hopeless && a.Do != end, e.What == refused && e.Hope == needsFix && a.Do != end:
		return "tried again without hope"
	case e.What == refused && e.Hope == hopeless && !doubt && !n.r.Doubt && r.State != Rejected:
		return fmt.Sprintf("%v although it was refused", r.State)
	case e.What == refused && e.Hope == expiredNow && !n.r.Doubt && r.State != Expired:
		return fmt.Sprintf("%v although it expired", r.State)
	case e.What == refused && e.Hope == needsFix && !n.r.Doubt && !p.Code && r.State != Dead:
		return fmt.Sprintf("%v although a person may fix it", r.State)
	case p.Code && r.State == Dead && e.What != unreadable:
		return "a code waits for a person"
	case (e.What == accepted || e.What == unknown || e.What == refused && e.Hope != ownTurn) && r.Tries == n.r.Tries && r.Tries < 2:
		return "a call does not count as a try"
	case e.What == taken && e.Lost && !p.repeats() && p.CanAsk && !r.Asking:
		return "the vendor is not asked after a crash"
	case e.What == taken && n.r.Asking && p.CanAsk && !p.repeats() && e.Steady >= testSend+testFind && a.Do != ask:
		return "the vendor is not asked"
	case e.What == unknown && p.repeats() && n.r.Age < p.GiveUp && r.State != Queued:
		return "a code is not sent again"
	case e.What == cannotTell && n.r.Asked == 1 && !r.Asking:
		return "the vendor is asked once only"
	case a.Do == call && r.Doubt != (n.r.Doubt || e.Lost):
		return "a call changes the doubt"
	case e.What == taken && p.SendAgain && (n.r.Doubt || e.Lost && p.Code) && !n.r.Asking && (p.Code || !e.Lost) && e.Left == forever && e.Quiet == 0 && !e.Lapsed && (n.r.Age < p.GiveUp || !p.Code) && a.Do != call:
		return "what may be sent twice is not sent again"
	case e.What == unreadable && a.Do == put && r.Age < 0:
		return "what cannot be read has no age"
	case e.What == unreadable && a.Do == put && !p.Code && a.Wait < min(time.Minute, max(r.Age/2, p.MinDelay)):
		return fmt.Sprintf("what cannot be read waits for %v only", a.Wait)
	case p.Code && r.State == Held && (e.What == refused || e.What == taken && e.Left <= 0 && !n.r.Asking && !e.Lost):
		return "a code that was refused, or is late, waits for a person"
	case (e.What == unknown || e.What == taken && e.Lost) && !p.CanAsk && r.Asking:
		return "a question to nobody"
	case a.Do == end && a.Note == noteAgain:
		return "the history says that it is sent again"
	case e.What == cannotTell && !p.SendAgain && !r.Asking && r.State != Held:
		return fmt.Sprintf("%v although no vendor can tell", r.State)
	case e.What == cannotTell && p.SendAgain && !r.Asking && n.r.Age < p.GiveUp && (r.State != Queued || a.Note != noteAgain):
		return fmt.Sprintf("%v although it is to be sent again", r.State)
	case e.What == cannotTell && r.Asking != (n.r.Asked < 3): // 15 and 30 seconds are within the minute
		return fmt.Sprintf("after %d questions it is asked again: %v", n.r.Asked, r.Asking)
	case e.What == refused && a.Do == put && p.Code && e.After == 0 && a.Wait > longestCodeDelay:
		return fmt.Sprintf("a code waits for %v", a.Wait)
	case e.What == refused && a.Do == put && !p.Code && a.Wait < min(p.MinDelay/2, e.Left):
		return fmt.Sprintf("a notice waits for %v", a.Wait)
	case e.What == found && r.Tries != n.r.Tries:
		return "a question counts as a try"
	case e.What == retry && (r.Age != 0 || r.Doubt || a.Wait != 0):
		return "a person's decision is not followed"
	case (e.What == taken || e.What == never) && !e.Lost && e.Left == forever && e.Quiet == 0 && !e.Lapsed && !n.r.Doubt && !n.r.Asking && (n.r.Age < p.GiveUp || !p.Code) && e.What == taken && a.Do != call:
		return "it is not sent"
	case a.Do == put && r.State == Queued && e.What == taken && e.Quiet > 0 && e.Left == forever && a.Wait < e.Quiet && !n.r.Asking && !e.Lost:
		return "quiet hours are not waited for"
	}
	return ""
}

// checkPerson holds what a person may decide, in which state, against the table.
func checkPerson(was record, e event, r record, a action) string {
	to := map[what]map[State]State{
		cancel:   {Queued: Canceled},
		drop:     {Held: Canceled, Dead: Canceled},
		markSent: {Held: Accepted},
		retry:    {Held: Queued, Dead: Queued},
		reported: {Held: Accepted},
	}
	of, decides := to[e.What]
	if was.Asking && e.What == reported {
		of = map[State]State{Sending: Accepted}
	}
	switch {
	case !decides && a.Do == nothing:
		return "nothing is done"
	case decides && of[was.State] == 0 && a.Do != nothing:
		return fmt.Sprintf("%v is changed to %v", was.State, r.State)
	case decides && of[was.State] != 0 && r.State != of[was.State]:
		return fmt.Sprintf("%v becomes %v", was.State, r.State)
	}
	return ""
}
