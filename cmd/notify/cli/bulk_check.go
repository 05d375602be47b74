package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/cmd/notify/cli/internal/sheet"
	"github.com/notifykit/notify/sms"
)

// A badRow is a row that is not sent, and why.
type badRow struct {
	Row   int    `json:"row"`
	Error string `json:"error"`
}

// A destination counts the rows of one country that the first provider that takes
// them is to send.
type destination struct {
	Country  string `json:"country"`
	Provider string `json:"provider"`
	Rows     int    `json:"rows"`
	Segments int    `json:"segments"`
}

// A bulkAnswer is the result of a run, or of a check.
type bulkAnswer struct {
	Rows         int           `json:"rows"`
	Segments     int           `json:"segments"` // as counted beforehand
	Bad          []badRow      `json:"bad"`
	Repeated     []int         `json:"repeated"` // rows whose number an earlier row has
	LeftOut      int           `json:"left_out,omitempty"`
	Destinations []destination `json:"destinations"`
	Sent         *tally        `json:"sent,omitempty"`
	Results      string        `json:"results,omitempty"`
	Enqueued     int           `json:"enqueued,omitempty"`
}

// A rowCheck looks at every row before the first is sent.
type rowCheck struct {
	opened   *opened
	flags    bulkFlags
	excluded map[uint64]struct{}
	answer   bulkAnswer
	left     *leftRows // the rows that are not sent

	destinations map[[2]string]*destination
	first        map[uint64]int32 // the first row of each number
}

// A leftRow is why a row is not sent.
type leftRow struct {
	bad bool // else it was left out on purpose
	why string
}

// leftRows are the rows that are not sent, in four bytes for each row of the file: of a
// million rows all may be bad.
type leftRows struct {
	at      []int32 // by row; zero: it is sent; above: a reason; below: the row with the same number
	reasons []leftRow
	known   map[leftRow]int32 // the first of reasons
	n       int               // rows
}

// mostKnown bounds leftRows.known. A text that differs in each row would fill it.
const mostKnown = 1000

func (l *leftRows) set(row int, at int32) {
	for len(l.at) <= row {
		l.at = append(l.at, 0)
	}
	if l.at[row] == 0 {
		l.n++
	}
	l.at[row] = at
}

// leave notes a row and why it is not sent.
func (l *leftRows) leave(row int, why leftRow) {
	at, ok := l.known[why]
	if !ok {
		l.reasons = append(l.reasons, why)
		at = int32(len(l.reasons))
		if len(l.known) < mostKnown {
			if l.known == nil {
				l.known = map[leftRow]int32{}
			}
			l.known[why] = at
		}
	}
	l.set(row, at)
}

// repeat notes a row that has the number of an earlier one.
func (l *leftRows) repeat(row int, first int32) { l.set(row, -first) }

// get returns why a row is not sent, and whether that is so.
func (l *leftRows) get(row int) (leftRow, bool) {
	if l == nil || row >= len(l.at) || l.at[row] == 0 {
		return leftRow{}, false
	}
	if at := l.at[row]; at > 0 {
		return l.reasons[at-1], true
	}
	return leftRow{why: fmt.Sprintf("row %d has the same number", -l.at[row])}, true
}

// bad lists the rows that are bad.
func (l *leftRows) bad() []badRow {
	n := 0
	for row := range l.at {
		if at := l.at[row]; at > 0 && l.reasons[at-1].bad {
			n++
		}
	}
	list := make([]badRow, 0, n)
	for row, at := range l.at {
		if at > 0 && l.reasons[at-1].bad {
			list = append(list, badRow{row, l.reasons[at-1].why})
		}
	}
	return list
}

// all checks the rows of s.
func (c *rowCheck) all(ctx context.Context, s *bulkSheet) error {
	c.answer.Bad, c.answer.Repeated, c.answer.Destinations = []badRow{}, []int{}, []destination{}
	c.left, c.destinations, c.first = &leftRows{}, map[[2]string]*destination{}, map[uint64]int32{}
	err := s.Each(func(r sheet.Row) bool {
		c.row(ctx, s, r)
		return ctx.Err() == nil
	})
	for _, key := range slices.SortedFunc(maps.Keys(c.destinations), func(a, b [2]string) int { return strings.Compare(a[0]+" "+a[1], b[0]+" "+b[1]) }) {
		c.answer.Destinations = append(c.answer.Destinations, *c.destinations[key])
	}
	c.first, c.left.known = nil, nil
	c.answer.Bad = c.left.bad()
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case c.answer.Rows == 0:
		return fmt.Errorf("%s has no rows below its header: nothing was sent", s.Path)
	}
	return nil
}

func (c *rowCheck) row(ctx context.Context, s *bulkSheet, r sheet.Row) {
	c.answer.Rows++
	m, err := s.message(r)
	if err == nil {
		number := digits(m.To)
		if _, excluded := c.excluded[number]; excluded {
			c.answer.LeftOut++
			c.left.leave(r.Line, leftRow{why: "its number is in the file of --exclude"})
			return
		}
		if first, repeated := c.first[number]; repeated {
			c.answer.Repeated = append(c.answer.Repeated, r.Line)
			if c.flags.unique {
				c.answer.LeftOut++
				c.left.repeat(r.Line, first)
				return
			}
		} else {
			c.first[number] = int32(r.Line)
		}
		err = c.message(ctx, m)
	}
	if err != nil {
		c.left.leave(r.Line, leftRow{bad: true, why: words(err)})
	}
}

// message returns why m would not be sent, and counts it if it would. It asks the
// providers of m's route in order, and goes on to the next only if sending would.
// A provider that cannot show what it would send may send it.
func (c *rowCheck) message(ctx context.Context, m sms.Message) error {
	r, err := c.opened.client.Resolve(ctx, m)
	if err != nil {
		return err
	}
	var first error
	for _, name := range r.Route {
		provider, _ := c.opened.client.Provider(name)
		p, err := provider.Preview(r)
		if err == nil || errors.Is(err, errors.ErrUnsupported) {
			c.count(m, name, p.Segments)
			return nil
		}
		if first == nil {
			first = err
		}
		if !sms.MayRepeat(err, r.Message, sms.Reason.AnotherVendor) {
			return err
		}
	}
	return first
}

func (c *rowCheck) count(m sms.Message, provider string, segments int) {
	key := [2]string{m.To.Region(), provider}
	d := c.destinations[key]
	if d == nil {
		d = &destination{Country: key[0], Provider: provider}
		c.destinations[key] = d
	}
	d.Rows++
	d.Segments += segments
	c.answer.Segments += segments
}

// providers are those that are to send.
func (c *rowCheck) providers() []string {
	used := map[string]bool{}
	for key := range c.destinations {
		used[key[1]] = true
	}
	return slices.Sorted(maps.Keys(used))
}

// words returns an error without the name of the package that made it.
func words(err error) string { return strings.TrimPrefix(err.Error(), "sms: ") }

// showChecked reports the check alone. No number is in it: a row says where.
func (a *app) showChecked(answer bulkAnswer, path string, f bulkFlags) error {
	err := a.show(answer, func() {
		const most = 50
		var t table
		for _, b := range answer.Bad[:min(most, len(answer.Bad))] {
			t.cells([]cell{{fmt.Sprintf("%s:%d", path, b.Row), red}, {b.Error, 0}})
		}
		t.write(a.out, a.colours())
		if rest := len(answer.Bad) - most; rest > 0 {
			a.out.printf("and %s more; --json lists all\n", count(rest, "bad row"))
		}
		var to table
		for _, d := range answer.Destinations {
			to.row(cmp.Or(d.Country, "no country"), d.Provider, count(d.Rows, "row"), count(d.Segments, "segment"))
		}
		to.write(a.out, a.colours())
		a.out.printf("%s, %d bad, %s\n", count(answer.Rows, "row"), len(answer.Bad), count(answer.Segments, "segment"))
		if n := len(answer.Repeated); n > 0 {
			a.out.printf("%s with a number that an earlier row has, the first in row %d; --unique leaves them out\n", count(n, "row"), answer.Repeated[0])
		}
		if answer.LeftOut > 0 {
			a.out.printf("%s left out by --unique or --exclude\n", count(answer.LeftOut, "row"))
		}
	})
	switch {
	case err != nil:
		return err
	case len(answer.Bad) > 0 && !f.check:
		return errors.New("nothing was sent: correct the bad rows, or --skip-bad leaves them out")
	case len(answer.Bad) > 0:
		return &told{StatusRefused}
	}
	return nil
}
