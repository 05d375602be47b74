package outbox

import "time"

// next is the machine: what becomes of a message when something happens to it.
// It has no clock and does nothing by itself. Every wait counts from when the
// store writes it.
func next(r record, e event, p policy) (record, action) {
	switch e.What {
	case taken:
		return handedOut(r, e, p)
	case unreadable:
		return cannotRead(r, e, p)
	case accepted:
		r.Tries++
		return ended(r, Accepted, "")
	case found:
		return ended(r, Accepted, "")
	case refused:
		return turnedDown(r, e, p)
	case unknown:
		return inDoubt(r, e, p)
	case never:
		r = answered(r)
		if r.Age >= p.GiveUp {
			return givenUp(r, p)
		}
		// Back to the queue first: the next hand-out has a mark of its own.
		return putBack(r, Queued, 0, "")
	case cannotTell:
		if wait, more := askAgain(r.Asked, p.AskFor); more {
			return putBack(r, Sending, wait, "")
		}
		return undecided(r, e, p, "the vendor was asked: it cannot tell")
	}
	return decided(r, e)
}

// handedOut is the beginning of a hand-out.
func handedOut(r record, e event, p policy) (record, action) {
	switch {
	case r.Asking && p.repeats():
		// Not called from here: the hand-out on disk says that no call is under way.
		if r, r.Doubt = answered(r), true; r.Age >= p.GiveUp {
			return givenUp(r, p)
		}
		return putBack(r, Queued, 0, "")
	case r.Asking && !p.CanAsk:
		return undecided(r, e, p, "no vendor can be asked")
	case r.Asking && e.Steady < askWait(r.Lost, p)-steadySlack:
		// The store's clock may have been set while the message waited for its time.
		return putBack(r, Sending, askWait(r.Lost, p)-e.Steady, "")
	case r.Asking:
		r.Asked++
		return r, action{Do: ask}
	case e.Lost && p.repeats():
		r.Doubt = true
		return begin(r, e, p)
	case e.Lost:
		return inDoubt(r, e, p)
	}
	return begin(r, e, p)
}

// steadySlack is how much the store's clock and this process's may differ while
// they count as running together.
const steadySlack = time.Second

// begin calls the Sender, unless the message is too late or has to wait.
func begin(r record, e event, p policy) (record, action) {
	switch {
	case e.Left <= 0, p.Code && r.Age >= p.GiveUp:
		return tooLate(r, p)
	case r.Doubt && !p.SendAgain:
		return ended(r, Held, "it may have been sent, and Options.OnUnknown is Hold")
	case e.Quiet > 0:
		return putBack(r, Queued, min(e.Quiet, e.Left), "")
	case e.Lapsed:
		return putBack(r, Queued, 0, "") // recorded only if no other process has it
	}
	if r.Age == ageless {
		r.Age = 0
	}
	r.State = Sending
	return r, action{Do: call}
}

// cannotRead keeps a message that this process cannot read for one that can. Only
// what is corrupt, or has been waiting for as long as it is tried, ends.
func cannotRead(r record, e event, p policy) (record, action) {
	if r.Age == ageless {
		r.Age = 0
	}
	switch doubt := r.Doubt || r.Asking || e.Lost; {
	case e.Hope == mayPass && r.Age < p.GiveUp:
		longest := time.Minute
		if p.Code {
			longest = longestCodeDelay
		}
		state := Queued
		if e.Lost || r.Asking {
			state = Sending
		}
		return putBack(r, state, min(max(r.Age/2, p.MinDelay), longest), "")
	case doubt:
		r.Doubt = true
		return ended(r, Held, "cannot be sent as it is")
	}
	return ended(r, Dead, "cannot be sent as it is")
}

// turnedDown follows a call after which the message was certainly not sent.
func turnedDown(r record, e event, p policy) (record, action) {
	if e.Hope == ownTurn {
		return waitsForTurn(r, e, p)
	}
	r.Tries++
	switch e.Hope {
	case hopeless:
		switch {
		case r.Doubt && !p.Code:
			return ended(r, Held, "")
		case r.Doubt:
			return ended(r, Expired, "")
		}
		return ended(r, Rejected, "")
	case expiredNow:
		return tooLate(r, p)
	case needsFix:
		return givenUp(r, p)
	}
	return again(r, e, p)
}

// waitsForTurn follows a call that a limit of ours refused. No vendor was called, so that
// the time in which a message is tried has not begun if this was the first call.
func waitsForTurn(r record, e event, p policy) (record, action) {
	if r.Age >= p.GiveUp {
		return givenUp(r, p)
	}
	wait := e.After
	if wait <= 0 {
		wait = delay(r.Tries, e.Draw, p)
	}
	if p.Code || r.Tries > 0 || r.Doubt {
		wait = min(wait, p.GiveUp-r.Age)
	} else {
		r.Age = ageless
	}
	return putBack(r, Queued, min(wait, e.Left), "")
}

// inDoubt follows a call that may have been taken, by this process or by one that
// is gone.
func inDoubt(r record, e event, p policy) (record, action) {
	if !e.Lost {
		r.Tries++
	}
	switch {
	case p.repeats():
		r.Doubt = true
		return again(r, e, p)
	case !p.CanAsk:
		return undecided(r, e, p, "")
	}
	r.Asking, r.Lost, r.Asked = true, e.Lost, 0
	return putBack(r, Sending, askWait(e.Lost, p), "")
}

// askWait is how long after a call the vendor is asked first. The call of a process
// that is gone is waited for from when that is discovered.
func askWait(lost bool, p policy) time.Duration {
	if lost {
		return p.SendTimeout + p.FindAfter
	}
	return p.FindAfter
}

// undecided is for a message of which no vendor can tell.
func undecided(r record, e event, p policy, note string) (record, action) {
	r = answered(r)
	r.Doubt = true
	if !p.SendAgain {
		return ended(r, Held, note)
	}
	r, a := again(r, e, p)
	if a.Do == put {
		a.Note = noteAgain
	}
	return r, a
}

const noteAgain = "sent again, though it may have been sent: Options.OnUnknown"

// again puts a message off until its next try, or gives it up.
func again(r record, e event, p policy) (record, action) {
	if r.Age >= p.GiveUp {
		return givenUp(r, p)
	}
	wait := max(delay(r.Tries, e.Draw, p), e.After)
	return putBack(r, Queued, min(wait, p.GiveUp-r.Age, e.Left), "")
}

// tooLate is the end of a message that nobody needs any more.
func tooLate(r record, p policy) (record, action) {
	if r.Doubt && !p.Code {
		return ended(r, Held, "too late")
	}
	return ended(r, Expired, "too late")
}

// givenUp is the end of a message that is not tried again.
func givenUp(r record, p policy) (record, action) {
	switch {
	case p.Code:
		return ended(r, Expired, "")
	case r.Doubt:
		return ended(r, Held, "")
	}
	return ended(r, Dead, "")
}

// decided follows what a person has decided.
func decided(r record, e event) (record, action) {
	held := r.State == Held
	waits := held || r.State == Dead
	switch {
	case e.What == cancel && r.State == Queued:
		return ended(r, Canceled, "canceled")
	case e.What == drop && waits:
		return ended(r, Canceled, "dropped by a person")
	case e.What == markSent && held:
		return ended(r, Accepted, "a person said that it was sent")
	case e.What == reported && (held || r.Asking):
		return ended(r, Accepted, "a report shows that the vendor has it")
	case e.What == retry && waits:
		r.Doubt, r.Age = false, 0
		return putBack(r, Queued, 0, "a person had it sent again")
	}
	return r, action{Do: nothing}
}

func putBack(r record, s State, wait time.Duration, note string) (record, action) {
	r.State = s
	return r, action{Do: put, Wait: max(wait, 0), Note: note}
}

func ended(r record, s State, note string) (record, action) {
	r = answered(r)
	r.State = s
	if s == Accepted {
		r.Doubt = false
	}
	return r, action{Do: end, Note: note}
}

// answered is r without a question.
func answered(r record) record {
	r.Asking, r.Lost, r.Asked = false, false, 0
	return r
}

const (
	firstAsk   = 15 * time.Second
	longestAsk = 5 * time.Minute
)

// askAgain returns how long to wait after the asked-th question that had no answer,
// and whether there is another one: they end when they have lasted for askFor.
func askAgain(asked int, askFor time.Duration) (wait time.Duration, more bool) {
	wait = firstAsk
	for sum := wait; asked > 1; asked-- {
		wait = min(2*wait, longestAsk)
		if sum += wait; sum > askFor {
			return 0, false
		}
	}
	return wait, wait <= askFor
}

// longestCodeDelay bounds the wait for a code, which is of use for minutes.
const longestCodeDelay = 10 * time.Second

// delay doubles with every try and is half random.
func delay(tries int, draw float64, p policy) time.Duration {
	longest := p.MaxDelay
	if p.Code {
		longest = min(longest, longestCodeDelay)
	}
	d := p.MinDelay
	for ; tries > 1 && d < longest; tries-- {
		d *= 2
	}
	d = min(d, longest)
	return d/2 + time.Duration(draw*float64(d/2))
}
