package outbox

import "time"

// from lets everything happen that may happen in n.
func (w *walker) from(n node) {
	switch {
	case n.a == call:
		w.calling(n)
	case n.a == ask:
		w.asked(n)
	case n.r.State == Held || n.r.State == Dead:
		w.person(n)
	case n.r.State == Queued || n.r.State == Sending:
		w.waiting(n)
		w.person(n)
	}
}

// calling is what may come of a call. A process may die at any moment, and its
// call goes on.
func (w *walker) calling(n node) {
	took, lost, flies := n.w, n.w, n.w
	took.hidden = 1
	flies.flying = true
	lost.gone, flies.gone = true, true
	taken := took
	taken.gone = true
	for _, is := range []world{lost, flies, taken} { // the process dies
		w.reach(n, node{r: n.r, w: is, a: put}, false)
	}
	w.step(n, event{What: accepted, Left: forever}, took, true)
	for _, h := range []hope{hopeless, expiredNow, needsFix, mayPass, ownTurn} {
		for _, after := range []time.Duration{0, 10 * time.Minute} {
			for _, left := range []time.Duration{forever, time.Minute} {
				w.step(n, event{What: refused, Hope: h, After: after, Left: left}, n.w, true)
			}
		}
	}
	for _, is := range []world{n.w, took} {
		w.step(n, event{What: unknown, Left: forever}, is, true)
	}
}

// asked is what a vendor may answer: the truth about what is in its listings, or
// nothing.
func (w *walker) asked(n node) {
	died := n.r // and has not recorded that it asked
	died.Asked--
	w.reach(n, node{r: died, w: n.w, a: put}, false)
	if n.w.copies > 0 {
		w.step(n, event{What: found, Left: forever}, n.w, true)
	} else {
		w.step(n, event{What: never, Left: forever}, n.w, true)
	}
	w.step(n, event{What: cannotTell, Left: forever}, n.w, true)
}

// waiting is what may happen to what is put off: it is handed out when it is due,
// by a clock that may have been set, young or old.
func (w *walker) waiting(n node) {
	for _, stepped := range []bool{false, true} {
		steady, is := forever, n.w
		if is.hidden > 0 || is.flying {
			steady = is.waited // the clock may have been set before
		}
		if stepped {
			steady, is.waited = 0, 0
		}
		for _, is := range settle(is) {
			for _, old := range []bool{false, true} {
				m := node{r: n.r, w: n.w, a: n.a}
				if old && m.r.Age != ageless {
					m.r.Age = testGiveUp
				}
				// A record that is old is handed out in one step; the walk of circles begins there.
				lost := n.w.gone && !n.r.Asking
				w.hand(m, event{What: taken, Lost: lost, Left: forever, Steady: steady}, is, !stepped)
				w.hand(m, event{What: taken, Lost: lost, Left: forever, Steady: steady, Quiet: time.Hour}, is, false)
				w.hand(m, event{What: taken, Lost: lost, Left: time.Minute, Steady: steady, Quiet: time.Hour}, is, false)
				w.hand(m, event{What: taken, Lost: lost, Left: -1, Steady: steady}, is, !stepped)
				w.hand(m, event{What: taken, Lost: lost, Left: forever, Steady: steady, Lapsed: true}, is, false)
				for _, h := range []hope{hopeless, mayPass} {
					w.hand(m, event{What: unreadable, Lost: lost, Left: forever, Steady: steady, Hope: h}, is, true)
				}
			}
		}
	}
}

// hand is a step of a node that may be older than when it was put off.
func (w *walker) hand(m node, e event, is world, progress bool) {
	w.reach(node{}, m, false)
	w.step(m, e, is, progress)
}

// settle is what the vendor may have after the time that was really waited for.
func settle(is world) []world {
	all := []world{is}
	if is.flying {
		landed, fell := is, is
		landed.flying, fell.flying = false, false
		landed.hidden = 1
		if is.waited >= testSend+testFind {
			landed.copies, landed.hidden = 1, 0
			all = []world{landed, fell}
		} else {
			all = []world{is, landed, fell}
		}
	}
	if is.waited >= testFind {
		for i := range all {
			if !is.flying || all[i].flying {
				all[i].copies, all[i].hidden = all[i].copies+all[i].hidden, 0
			}
		}
	}
	return all
}

// person is what a person may decide. One who has it sent again answers for what
// was there before.
func (w *walker) person(n node) {
	w.step(n, event{What: cancel, Left: forever}, n.w, false)
	w.step(n, event{What: drop, Left: forever}, n.w, false)
	sure := n.w
	sure.sure = true
	w.step(n, event{What: markSent, Left: forever}, sure, false)
	w.step(n, event{What: reported, Left: forever}, sure, false)
	w.step(n, event{What: retry, Left: forever}, world{}, false)
}

// circle reports whether old messages can go round for ever.
func (w *walker) circle() bool {
	const (
		open = 1
		done = 2
	)
	state := map[node]int{}
	var visit func(n node) bool
	visit = func(n node) bool {
		state[n] = open
		for _, to := range w.edges[n] {
			if to.r.Age < testGiveUp {
				continue
			}
			if state[to] == open || state[to] == 0 && visit(to) {
				return true
			}
		}
		state[n] = done
		return false
	}
	for n := range w.edges {
		if state[n] == 0 && visit(n) {
			return true
		}
	}
	return false
}
