package sheet

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// readHeader finds out what separates cells, and which column each name has. It
// never shows a cell that may be a person's: without a header the first row is.
func (s *Sheet) readHeader(o Options) error {
	candidates := []rune{',', ';', '\t', '|'}
	if first, err := s.records(',').next(); errors.Is(err, io.EOF) {
		return fmt.Errorf("%s is empty: its first row is a header, %q and the variables of the template", s.Path, To)
	} else if err == nil && first.err == nil {
		line := strings.Join(first.cells, ",") // "sep=," has two cells
		if rest, ok := strings.CutPrefix(line, "sep="); ok && utf8.RuneCountInString(rest) == 1 {
			only, _ := utf8.DecodeRuneInString(rest)
			candidates, s.skip = []rune{only}, first.lines[0]
		}
	}
	for _, s.comma = range candidates {
		rec, err := s.first()
		if err != nil || rec.err != nil {
			continue
		}
		headings := rec.cells
		for len(headings) > 0 && trim(headings[len(headings)-1]) == "" {
			headings = headings[:len(headings)-1]
		}
		if slices.ContainsFunc(headings, func(h string) bool { return named(h, To, o) }) {
			s.header = rec.lines
			return s.columnsOf(headings, o)
		}
	}
	return fmt.Errorf("%s has no column %q in its first row: write a header, %q and the variables of the template, or name the column with --column %s=HEADING",
		s.Path, heading(To, o), To, To)
}

// first returns the first record after what is skipped.
func (s *Sheet) first() (record, error) {
	r := s.records(s.comma)
	for {
		rec, err := r.next()
		if err != nil || rec.lines[0] > s.skip {
			return rec, err
		}
	}
}

// heading is the word above the column of a name.
func heading(name string, o Options) string {
	if other, ok := o.Headings[name]; ok {
		return other
	}
	return name
}

func named(cell, name string, o Options) bool {
	return strings.EqualFold(trim(cell), trim(heading(name, o)))
}

func (s *Sheet) columnsOf(headings []string, o Options) error {
	s.columns = make([]string, len(headings))
	for i, h := range headings {
		for _, name := range append([]string{To}, o.Names...) {
			if !named(h, name, o) {
				continue
			}
			if slices.Contains(s.columns, name) {
				return fmt.Errorf("%s: the column %q stands there twice", s.Path, heading(name, o))
			}
			s.columns[i] = name
			break
		}
		if s.columns[i] == "" && trim(h) != "" {
			s.Passed = append(s.Passed, shown(h, i))
		}
	}
	var lacking []string
	for _, name := range o.Names {
		if !slices.Contains(s.columns, name) && !slices.Contains(o.Optional, name) {
			lacking = append(lacking, fmt.Sprintf("%q", heading(name, o)))
		}
	}
	if len(lacking) > 0 {
		return fmt.Errorf("%s lacks the column %s, a variable of the template: add it, or name it with --column; besides %q its header has %s",
			s.Path, strings.Join(lacking, " and "), heading(To, o), strings.Join(append(s.Passed, "nothing else")[:max(1, len(s.Passed))], ", "))
	}
	return nil
}

// shown is a heading as it may be printed. One that is long or has many digits may
// be a person's cell.
func shown(h string, i int) string {
	h = trim(h)
	digits := strings.Count(masked(h), "*")
	if digits > 0 || utf8.RuneCountInString(h) > 40 {
		return fmt.Sprintf("number %d", i+1)
	}
	return fmt.Sprintf("%q", h)
}
