package redisstore

import (
	"context"
	"time"

	"github.com/notifykit/notify/storekit/redislua"
	"github.com/notifykit/notify/verify"
)

// A group is the limits of one subject, which one script takes.
type group struct {
	*call
	places []int // of the limits among those asked for
}

// groups sorts limits by their subjects.
func (s *Store) groups(id verify.ID, limits []verify.Limit) (all []*group) {
	by := map[string]*group{}
	for i, l := range limits {
		tag, key := s.limit(l)
		g := by[tag]
		if g == nil {
			g = &group{call: &call{args: []any{s.clock(), id.String()}}}
			by[tag] = g
			all = append(all, g)
		}
		g.keys = append(g.keys, key)
		g.places = append(g.places, i)
	}
	return all
}

func callsOf(groups []*group) (calls []*call) {
	for _, g := range groups {
		calls = append(calls, g.call)
	}
	return calls
}

// Take takes one token of every limit, or none.
func (s *Store) Take(ctx context.Context, id verify.ID, limits []verify.Limit) (refused int, wait time.Duration, err error) {
	refused, wait, _, err = s.TakeSent(ctx, id, limits, nil)
	return refused, wait, err
}

// TakeSent takes and counts in one trip. Where one refuses, what the others took
// is given back in a second.
func (s *Store) TakeSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) (refused int, wait time.Duration, shares []verify.Share, err error) {
	if len(limits)+len(cells) == 0 {
		return -1, 0, nil, ctx.Err()
	}
	now := time.Now().Add(s.skew())
	groups := s.groups(id, limits)
	for _, g := range groups {
		g.script = takeScript
		g.args = append(g.args, redislua.Micros(verify.RepeatFor))
		for _, place := range g.places {
			g.args = append(g.args, redislua.Windows(now, limits[place].Windows)...)
		}
	}
	counts := s.counts(cells, 1, 0)
	if err := run(ctx, s.client, append(callsOf(groups), counts...)...); err != nil {
		return -1, 0, nil, wrapped("take", err)
	}
	refused = -1
	var back []*call
	for _, g := range groups {
		v, err := g.answer.Slice()
		if err != nil || len(v) < 2 {
			return -1, 0, nil, wrapped("take", errAnswer)
		}
		if place, _ := v[0].(int64); place > 0 {
			if w := redislua.Duration(v[1]); w > wait {
				refused, wait = g.places[place-1], w
			}
			continue
		}
		if one := g.fresh(v[2:]); one != nil {
			back = append(back, one)
		}
	}
	if wait > 0 {
		back = append(back, s.counts(cells, -1, 0)...)
		if len(back) > 0 {
			if err := run(ctx, s.client, back...); err != nil {
				return -1, 0, nil, wrapped("give back what was taken before another limit refused", err)
			}
		}
		return refused, wait, nil, nil
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

// fresh is the call that gives back what a script has newly taken.
func (g *group) fresh(places []any) *call {
	back := &call{script: giveScript, args: g.args[:2:2]}
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
	groups := s.groups(id, limits)
	for _, g := range groups {
		g.script = giveScript
	}
	return wrapped("return", run(ctx, s.client, append(callsOf(groups), s.counts(cells, -1, 0)...)...))
}

// counts are calls that count in cells.
func (s *Store) counts(cells []verify.Cell, sent, verified int) (calls []*call) {
	for _, c := range cells {
		calls = append(calls, &call{script: countScript, keys: []string{s.cell(c)}, args: []any{s.clock(), redislua.Micros(c.Per), sent, verified}})
	}
	return calls
}
