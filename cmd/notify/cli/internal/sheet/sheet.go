// Package sheet reads a CSV file of people as spreadsheets save it: the first row
// is a header with a column "to", and each further one a person.
//
// It reads the file once, into a copy without a name, so that all passes over it
// see the same rows whatever becomes of the file. It guesses no encoding, and
// refuses what a spreadsheet, or a quotation mark in a wrong place, has damaged.
package sheet

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/notifykit/notify/sms"
)

// To is the name of the column of telephone numbers.
const To = "to"

// Options say what is looked for in a file.
type Options struct {
	Encoding string            // Auto, or a name of the WHATWG Encoding Standard
	Names    []string          // the columns besides To; their headings may differ in case
	Optional []string          // of Names: those that may be missing
	Headings map[string]string // the heading of a name, if it is another word
	Stdin    io.Reader         // is read if the path is "-"
}

// A Sheet is a file that was opened. It is read by one goroutine at a time.
type Sheet struct {
	Path   string
	Passed []string // headings that no name has

	spool   *spool
	text    text
	comma   rune
	skip    int      // lines before the header
	columns []string // the name of each column, empty if it has none
	header  []int    // the lines of the header
}

// A Row is one person's.
type Row struct {
	Line   int // where it begins, as a text editor counts
	To     string
	Values map[string]string // by name, those that are not empty
	Err    error             // why the row cannot be used
}

// Open reads path, or Options.Stdin if path is "-". Close must be called.
func Open(path string, o Options) (*Sheet, error) {
	copied, err := newSpool(path, o.Stdin)
	if err != nil {
		return nil, err
	}
	s := &Sheet{Path: path, spool: copied}
	if path == "-" {
		s.Path = "standard input"
	}
	if err := s.open(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Sheet) open(o Options) error {
	if err := s.examine(o.Encoding); err != nil {
		return err
	}
	return s.readHeader(o)
}

// Close gives the copy up.
func (s *Sheet) Close() error { return s.spool.Close() }

// Sum is the SHA-256 of the file's bytes.
func (s *Sheet) Sum() [sha256.Size]byte { return s.spool.sum }

// Each calls yield for each row, until it returns false. Each line of a row that
// cannot be read, and that takes several lines, is a row with an error: none of
// the people in it is missing. Rows of empty cells are no rows. An error means
// that the rest of the file cannot be read.
func (s *Sheet) Each(yield func(Row) bool) error {
	r := s.records(s.comma)
	r.columns = len(s.columns)
	for {
		rec, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		if slices.Contains(s.header, rec.lines[0]) || rec.lines[0] <= s.skip || rec.err == nil && blank(rec.cells) {
			continue
		}
		if rec.err == nil {
			if !yield(s.row(rec)) {
				return nil
			}
			continue
		}
		for i, line := range rec.lines {
			row := Row{Line: line, Err: rec.err}
			if i > 0 {
				row.Err = fmt.Errorf("the row that begins in line %d takes it in: %w", rec.lines[0], rec.err)
			}
			if !yield(row) {
				return nil
			}
		}
	}
}

func (s *Sheet) records(comma rune) *records {
	end := byte('\n')
	if s.text.returned {
		end = '\r'
	}
	return &records{r: bufio.NewReaderSize(s.decoded(), 64<<10), end: end, comma: comma}
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return trim(c) != "" })
}

// trim takes away what is not seen at both ends.
func trim(cell string) string { return strings.TrimFunc(cell, sms.IsFiller) }

func (s *Sheet) row(rec record) Row {
	row := Row{Line: rec.lines[0], Values: map[string]string{}}
	cells := rec.cells
	for len(cells) > len(s.columns) && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) != len(s.columns) {
		row.Err = fmt.Errorf("it has %d cells, and the header has %d", len(cells), len(s.columns))
		return row
	}
	for i, name := range s.columns {
		if name == "" || cells[i] == "" {
			continue
		}
		if err := damaged(cells[i]); err != nil {
			row.Err = fmt.Errorf("the value of %q: %w", name, err)
			return row
		}
		if name == To {
			row.To = strings.TrimSpace(cells[i])
			continue
		}
		row.Values[name] = cells[i]
	}
	return row
}
