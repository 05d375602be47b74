package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/notifykit/notify/verify"
)

// The first letter of a row's id is what it is.
func recordID(s verify.Subject) string             { return "r" + s.To.E164() + " " + s.Purpose }
func proofID(s verify.Subject, p verify.ID) string { return "p" + p.String() + recordID(s) }
func answersID(l verify.Limit) string              { return "a" + l.Scope + " " + l.Of }
func cellID(c verify.Cell) string                  { return "c" + c.Scope + " " + c.Of + " " + c.Per.String() }

// place returns the row of a limit, and its name there. The limits of one number share
// a row, because they are taken together; no other two do, so that steps for one do
// not wait for those of another.
func place(l verify.Limit) (row, name string) {
	if number, rest, _ := strings.Cut(l.Of, " "); strings.HasPrefix(number, "+") {
		return "n" + number, l.Scope + " " + rest
	}
	return "t" + l.Scope + " " + l.Of, ""
}

// A limitRow is what a row of limits holds, by their names.
type limitRow map[string]taken

// taken is what was taken of one limit.
type taken struct {
	Tokens verify.Tokens `json:"tokens"`
	Until  int64         `json:"until"` // when they say nothing any more, in microseconds since 1970
}

func ids(limits []verify.Limit, cells []verify.Cell) (all []string) {
	for _, l := range limits {
		row, _ := place(l)
		all = append(all, row)
	}
	for _, c := range cells {
		all = append(all, cellID(c))
	}
	return all
}

// TakeBegin does Take and then, unless a limit refuses, Begin.
func (s *Store) TakeBegin(ctx context.Context, id verify.ID, limits []verify.Limit, b verify.BeginStep) (refused int, wait time.Duration, begun verify.Begun, err error) {
	record := recordID(b.Subject)
	err = s.run(ctx, append(ids(limits, nil), record), func(st *step) error {
		begun = verify.Begun{}
		if refused, wait, err = st.take(id, limits); err != nil || wait > 0 {
			return err
		}
		begun, err = st.begin(record, b)
		return err
	})
	if err != nil {
		return -1, 0, verify.Begun{}, wrapped("take and begin", err)
	}
	return refused, wait, begun, nil
}

// Take takes one token of every limit, or none.
func (s *Store) Take(ctx context.Context, id verify.ID, limits []verify.Limit) (refused int, wait time.Duration, err error) {
	refused, wait, _, err = s.TakeSent(ctx, id, limits, nil)
	return refused, wait, err
}

// TakeSent takes and counts.
func (s *Store) TakeSent(ctx context.Context, id verify.ID, limits []verify.Limit, cells []verify.Cell) (refused int, wait time.Duration, shares []verify.Share, err error) {
	if len(limits)+len(cells) == 0 {
		return -1, 0, nil, ctx.Err()
	}
	err = s.run(ctx, ids(limits, cells), func(st *step) error {
		shares = nil
		if refused, wait, err = st.take(id, limits); err != nil || wait > 0 {
			return err
		}
		shares, err = st.sent(cells, 1)
		return err
	})
	if err != nil {
		return -1, 0, nil, wrapped("take", err)
	}
	return refused, wait, shares, nil
}

// take takes one token of every limit, or none.
func (st *step) take(id verify.ID, limits []verify.Limit) (refused int, wait time.Duration, err error) {
	refused = -1
	rows, err := st.limitRows(limits)
	if err != nil {
		return -1, 0, err
	}
	for i, l := range limits {
		row, name := place(l)
		if w := rows[row][name].Tokens.Wait(st.now, l.Windows, id); w > wait {
			refused, wait = i, w
		}
	}
	if wait > 0 {
		return refused, wait, nil
	}
	return -1, 0, st.putLimits(rows, limits, func(t verify.Tokens, l verify.Limit) verify.Tokens { return t.Take(st.now, l.Windows, id) })
}

// limitRows reads the rows of limits.
func (st *step) limitRows(limits []verify.Limit) (map[string]limitRow, error) {
	rows := make(map[string]limitRow, len(limits))
	for _, l := range limits {
		row, _ := place(l)
		if rows[row] != nil {
			continue
		}
		var r limitRow
		if err := st.get(row, &r); err != nil {
			return nil, err
		}
		if r == nil {
			r = limitRow{}
		}
		rows[row] = r
	}
	return rows, nil
}

// putLimits changes the tokens of limits, and writes their rows without what is over.
func (st *step) putLimits(rows map[string]limitRow, limits []verify.Limit, change func(verify.Tokens, verify.Limit) verify.Tokens) error {
	for _, l := range limits {
		row, name := place(l)
		next := change(rows[row][name].Tokens, l)
		rows[row][name] = taken{next, next.Until(l.Windows).UnixMicro()}
	}
	for id, row := range rows {
		last := int64(0)
		for name, one := range row {
			if one.Until <= st.now.UnixMicro() {
				delete(row, name)
			}
			last = max(last, one.Until)
		}
		if err := st.put(id, row, time.UnixMicro(last)); err != nil {
			return err
		}
	}
	return nil
}

// sent counts codes sent, and gives the shares as they were.
func (st *step) sent(cells []verify.Cell, n int) ([]verify.Share, error) {
	shares := make([]verify.Share, len(cells))
	for i, c := range cells {
		var slots verify.Slots
		if err := st.get(cellID(c), &slots); err != nil {
			return nil, err
		}
		shares[i] = slots.Sum(st.now, c.Per)
		if n < 0 && len(slots) == 0 {
			continue
		}
		next := slots.Add(st.now, c.Per, n, 0)
		if err := st.put(cellID(c), next, next.Until(c.Per)); err != nil {
			return nil, err
		}
	}
	return shares, nil
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
	return wrapped("return", s.run(ctx, ids(limits, cells), func(st *step) error {
		rows, err := st.limitRows(limits)
		if err != nil {
			return err
		}
		err = st.putLimits(rows, limits, func(t verify.Tokens, _ verify.Limit) verify.Tokens { return t.Return(id) })
		if err != nil {
			return err
		}
		_, err = st.sent(cells, -1)
		return err
	}))
}

// Begin gives the code that counts.
func (s *Store) Begin(ctx context.Context, b verify.BeginStep) (begun verify.Begun, err error) {
	id := recordID(b.Subject)
	err = s.run(ctx, []string{id}, func(st *step) error {
		begun, err = st.begin(id, b)
		return err
	})
	if err != nil {
		return verify.Begun{}, wrapped("begin", err)
	}
	return begun, nil
}

func (st *step) begin(id string, b verify.BeginStep) (verify.Begun, error) {
	var r verify.Record
	if err := st.get(id, &r); err != nil {
		return verify.Begun{}, err
	}
	r, begun := r.Begin(st.now, b)
	return begun, st.put(id, r, r.Until())
}

// Check judges an answer.
func (s *Store) Check(ctx context.Context, c verify.CheckStep) (verify.Checked, error) {
	return s.CheckVerified(ctx, c, nil)
}

// CheckVerified judges and counts.
func (s *Store) CheckVerified(ctx context.Context, c verify.CheckStep, cells []verify.Cell) (checked verify.Checked, err error) {
	id, proof := recordID(c.Subject), proofID(c.Subject, c.Proof)
	rows := append(ids(nil, cells), id)
	for _, l := range c.Answers {
		rows = append(rows, answersID(l))
	}
	if c.Proof != (verify.ID{}) {
		rows = append(rows, proof)
	}
	err = s.run(ctx, rows, func(st *step) error {
		var r verify.Record
		if err := st.get(id, &r); err != nil {
			return err
		}
		counters := make([]verify.Counter, len(c.Answers))
		for i, l := range c.Answers {
			if err := st.get(answersID(l), &counters[i]); err != nil {
				return err
			}
		}
		r, counters, checked = verify.Judge(st.now, r, counters, c)
		if checked.Verdict == verify.Limited {
			return nil
		}
		for i, l := range c.Answers {
			if err := st.put(answersID(l), counters[i], counters[i].Until()); err != nil {
				return err
			}
		}
		if err := st.put(id, r, r.Until()); err != nil {
			return err
		}
		if checked.Verdict != verify.Right || checked.Again {
			return nil
		}
		if c.Proof != (verify.ID{}) {
			p := verify.NewProof(st.now, c)
			if err := st.put(proof, p, p.Until); err != nil {
				return err
			}
		}
		return st.verified(cells)
	})
	if err != nil {
		return verify.Checked{}, wrapped("check", err)
	}
	return checked, nil
}

// verified counts a code that was typed back.
func (st *step) verified(cells []verify.Cell) error {
	for _, c := range cells {
		var slots verify.Slots
		if err := st.get(cellID(c), &slots); err != nil {
			return err
		}
		next := slots.Add(st.now, c.Per, 0, 1)
		if err := st.put(cellID(c), next, next.Until(c.Per)); err != nil {
			return err
		}
	}
	return nil
}

// Redeem takes a proof away.
func (s *Store) Redeem(ctx context.Context, to verify.Subject, proof, id verify.ID) (ok bool, err error) {
	row := proofID(to, proof)
	err = s.run(ctx, []string{row}, func(st *step) error {
		var p verify.ProofRecord
		if err := st.get(row, &p); err != nil {
			return err
		}
		p, ok = p.Redeem(st.now, id)
		return st.put(row, p, p.Until)
	})
	if err != nil {
		return false, wrapped("redeem", err)
	}
	return ok, nil
}
