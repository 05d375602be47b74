package redisstore

import (
	"context"
	"slices"
	"time"

	"github.com/notifykit/notify/storekit/redislua"
	"github.com/notifykit/notify/verify"
)

// A group is the limits of one subject, which one script takes.
type group struct {
	keys   []string
	places []int // of the limits among those asked for
}

// groups sorts limits by their subjects, in the order in which these come.
func (s *Store) groups(kind string, limits []verify.Limit) (all []*group) {
	by := map[string]*group{}
	for i, l := range limits {
		tag, key := s.limit(kind, l)
		g := by[tag]
		if g == nil {
			g = &group{}
			by[tag] = g
			all = append(all, g)
		}
		g.keys = append(g.keys, key)
		g.places = append(g.places, i)
	}
	return all
}

// Take takes one token of every limit, or none.
func (s *Store) Take(ctx context.Context, id verify.ID, limits []verify.Limit) (refused int, wait time.Duration, err error) {
	refused, wait, _, err = s.TakeSent(ctx, id, limits, nil)
	return refused, wait, err
}

// TakeSent takes and counts. The limits of the first subject are taken before all
// others, while these are only asked: an address that has used up its own keeps no
// number's tokens, not even for a moment. So it is one trip for one subject, two for
// several, and one more if a limit refuses after others were taken.
func (s *Store) TakeSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) (refused int, wait time.Duration, shares []verify.Share, err error) {
	if len(limits)+len(cells) == 0 {
		return -1, 0, nil, ctx.Err()
	}
	t := &taking{Store: s, id: id, limits: limits, now: time.Now().Add(s.skew())}
	groups, counts := s.groups("limit", limits), s.counts(cells, 1, 0)
	if len(groups) > 1 {
		if refused, wait, err = t.take(ctx, groups[:1], groups[1:], nil); err != nil || wait > 0 {
			return refused, wait, nil, err
		}
		groups = groups[1:]
	}
	if refused, wait, err = t.take(ctx, groups, nil, counts); err != nil || wait > 0 {
		return refused, wait, nil, err
	}
	for _, c := range counts {
		v, err := c.answer.Int64Slice()
		if err != nil || len(v) != 2 {
			return -1, 0, nil, wrapped("take", errAnswer)
		}
		shares = append(shares, verify.Share{Sent: int(v[0]), Verified: int(v[1])})
	}
	return -1, 0, shares, nil
}

// A taking is a Take, and what gives back what it has taken so far.
type taking struct {
	*Store
	id     verify.ID
	limits []verify.Limit
	now    time.Time
	back   []*call
}

// take takes groups, asks others, and runs counts, in one trip. If one refuses, it
// gives back in a second one what was taken by then.
func (t *taking) take(ctx context.Context, groups, others []*group, counts []*call) (refused int, wait time.Duration, err error) {
	var calls []*call
	for i, g := range slices.Concat(groups, others) {
		calls = append(calls, t.call(g, i >= len(groups)))
	}
	if err := run(ctx, t.client, append(calls, counts...)...); err != nil {
		return -1, 0, wrapped("take", err)
	}
	refused = -1
	for i, g := range slices.Concat(groups, others) {
		v, err := calls[i].answer.Slice()
		if err != nil || len(v) < 2 {
			return -1, 0, wrapped("take", errAnswer)
		}
		if place, _ := v[0].(int64); place > 0 {
			if w := redislua.Duration(v[1]); w > wait {
				refused, wait = g.places[place-1], w
			}
			continue
		}
		if one := t.fresh(g, v[2:]); one != nil {
			t.back = append(t.back, one)
		}
	}
	if wait <= 0 {
		return -1, 0, nil
	}
	for _, c := range counts {
		args := slices.Clone(c.args)
		args[2] = -1 // see counts
		t.back = append(t.back, &call{script: c.script, keys: c.keys, args: args})
	}
	if len(t.back) > 0 {
		if err := run(ctx, t.client, t.back...); err != nil {
			return -1, 0, wrapped("give back what was taken before another limit refused", err)
		}
	}
	return refused, wait, nil
}

// call is the call that takes a group, or asks it.
func (t *taking) call(g *group, ask bool) *call {
	c := &call{script: takeScript, keys: g.keys, args: []any{t.clock(), t.id.String(), redislua.Micros(verify.RepeatFor), 0}}
	if ask {
		c.args[3] = 1
	}
	for _, place := range g.places {
		c.args = append(c.args, redislua.Windows(t.now, t.limits[place].Windows)...)
	}
	return c
}

// countAnswer counts an answer. It returns how long to wait if a limit refuses.
func (s *Store) countAnswer(ctx context.Context, limits []verify.Limit) (wait time.Duration, err error) {
	if len(limits) == 0 {
		return 0, nil
	}
	var calls []*call
	now := time.Now().Add(s.skew())
	for _, g := range s.groups("answers", limits) {
		c := &call{script: answersScript, keys: g.keys, args: []any{s.clock(), verify.CounterSlots}}
		for _, place := range g.places {
			c.args = append(c.args, redislua.Windows(now, limits[place].Windows)...)
		}
		calls = append(calls, c)
	}
	if err := run(ctx, s.client, calls...); err != nil {
		return 0, wrapped("count the answer", err)
	}
	for _, c := range calls {
		text, err := c.answer.Text()
		if err != nil {
			return 0, wrapped("count the answer", errAnswer)
		}
		wait = max(wait, redislua.Duration(text))
	}
	return wait, nil
}

// fresh is the call that gives back what a script has newly taken.
func (t *taking) fresh(g *group, places []any) *call {
	back := t.giveCall(t.id)
	for _, p := range places {
		if n, ok := p.(int64); ok && n >= 1 && int(n) <= len(g.keys) {
			back.keys = append(back.keys, g.keys[n-1])
		}
	}
	if len(back.keys) == 0 {
		return nil
	}
	return back
}

// Return gives back the tokens of id.
func (s *Store) Return(ctx context.Context, id verify.ID, limits []verify.Limit) error {
	return s.ReturnSent(ctx, id, limits, nil)
}

// ReturnSent gives back and counts.
func (s *Store) ReturnSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) error {
	if len(limits)+len(cells) == 0 {
		return ctx.Err()
	}
	calls := s.counts(cells, -1, 0)
	for _, g := range s.groups("limit", limits) {
		c := s.giveCall(id)
		c.keys = g.keys
		calls = append(calls, c)
	}
	return wrapped("return", run(ctx, s.client, calls...))
}

func (s *Store) giveCall(id verify.ID) *call {
	return &call{script: giveScript, args: []any{s.clock(), id.String()}}
}

// counts are calls that count in cells.
func (s *Store) counts(cells []verify.Cell, sent, verified int) (calls []*call) {
	for _, c := range cells {
		calls = append(calls, &call{script: countScript, keys: []string{s.cell(c)}, args: []any{s.clock(), redislua.Micros(c.Per), sent, verified}})
	}
	return calls
}
