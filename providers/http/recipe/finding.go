package recipe

import (
	"errors"
	"time"

	"github.com/notifykit/notify/providers/kit"
)

// A Finding says how a message is found afterwards.
type Finding struct {
	// ByKey says that the gateway lists our key.
	ByKey bool
	// After is how long after a send its listing is complete, and Back how far back it
	// reaches. Zero: not known.
	After, Back time.Duration
}

// Find returns how a message is found afterwards, and whether it can be.
func (r *Recipe) Find() (Finding, bool) {
	if r.find == nil {
		return Finding{}, false
	}
	return Finding{ByKey: r.find.key != nil, After: r.find.after, Back: r.find.back}, true
}

// FindRequest returns the request that asks for a message.
func (r *Recipe) FindRequest(in Input) (*Request, error) { return r.fill(r.find.request, &in) }

// Listed returns the messages of an answer to FindRequest as they compare with the
// message asked for.
func (r *Recipe) Listed(a kit.Answer, in Input) ([]kit.Row, error) {
	f := r.find
	if a.Cut != nil {
		return nil, a.Cut
	}
	d, err := parseDoc(f.format, a.Body, nil)
	if err != nil {
		return nil, err
	}
	slots := make([]found, len(f.slots))
	d.fill(f.slots, slots)
	if !r.answer.holds(f.ok, a.Status, slots, true) {
		return nil, errors.New("the answer is no listing")
	}
	elements := []*doc{d}
	if !f.single {
		elements = d.elements(f.each)
	}
	if f.full > 0 && len(elements) >= f.full {
		return nil, errors.New("the listing is full, so that a message may be missing")
	}
	var rows []kit.Row
	for _, e := range elements {
		rows = append(rows, f.row(e, in))
	}
	return rows, nil
}

func (f *find) row(e *doc, in Input) kit.Row {
	row := kit.Row{ID: printableID(e.textAt(f.id)), Match: kit.Ignore}
	if at, err := f.layout.parse(e.textAt(f.at)); f.at != nil && err == nil {
		row.At = at
	}
	switch {
	case f.key != nil && e.textAt(f.key) == in.Key:
		row.Match = kit.Certain
	case f.key != nil || numberOf(e.textAt(f.to)) != in.To:
	case e.textAt(f.text) == in.Text:
		row.Match = kit.Same
	default:
		row.Match = kit.Other
	}
	return row
}
