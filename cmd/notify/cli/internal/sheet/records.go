package sheet

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxRecord bounds one record, in bytes: a quotation mark that is not closed
// must not take the whole file into memory.
const maxRecord = 1 << 20

// errUnclosed ends the reading: after it nobody can say where a row begins.
var errUnclosed = errors.New("a quotation mark opens a cell and is not closed: close it, or take it away")

// A record is what one line holds, or several if a cell has line ends.
type record struct {
	lines []int // its lines that hold something, the first one first
	cells []string
	err   error // why it cannot be read
}

// records reads the records of a CSV file (RFC 4180), and knows which lines each
// one takes.
type records struct {
	r       *bufio.Reader
	end     byte // of a line
	comma   rune
	columns int // of the header; 0: not known yet
	line    int // the last one that was read
}

// next returns the next record that is not an empty line. An error is of the file,
// and ends the reading.
func (r *records) next() (record, error) {
	for {
		line, err := r.readLine()
		if err != nil {
			return record{}, err
		}
		if line != "" {
			return r.read(line)
		}
	}
}

// readLine returns a line without its end.
func (r *records) readLine() (string, error) {
	var line []byte
	for {
		part, err := r.r.ReadSlice(r.end)
		line = append(line, part...)
		switch {
		case len(line) > maxRecord:
			return "", fmt.Errorf("line %d is longer than %d bytes", r.line+1, maxRecord)
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && (!errors.Is(err, io.EOF) || len(line) == 0):
			return "", err
		default:
			r.line++
			text, _ := strings.CutSuffix(string(line), string(r.end))
			text, _ = strings.CutSuffix(text, "\r")
			return text, nil
		}
	}
}

// read reads a record that begins with line.
func (r *records) read(line string) (record, error) {
	first, size := r.line, len(line)
	rec := record{lines: []int{first}}
	marks := []int{strings.Count(line, string(r.comma))} // how many separators each line has
	for {
		if !strings.HasPrefix(line, `"`) {
			cell, rest, more := strings.Cut(line, string(r.comma))
			if strings.Contains(cell, `"`) {
				rec.err = fmt.Errorf("line %d has a quotation mark within a cell: write the cell in quotation marks, and each one within it twice", r.line)
				return rec, nil
			}
			rec.cells = append(rec.cells, cell)
			if !more {
				rec.err = r.swallowed(rec, marks)
				return rec, nil
			}
			line = rest
			continue
		}
		var cell strings.Builder
		opened := r.line
		line = line[1:]
		for {
			before, rest, found := strings.Cut(line, `"`)
			cell.WriteString(before)
			if found && strings.HasPrefix(rest, `"`) {
				cell.WriteByte('"')
				line = rest[1:]
				continue
			}
			if found {
				line = rest
				break
			}
			next, err := r.readLine()
			if size += len(next); errors.Is(err, io.EOF) || size > maxRecord {
				return rec, fmt.Errorf("line %d: %w", opened, errUnclosed)
			} else if err != nil {
				return rec, err
			}
			cell.WriteByte('\n')
			line = next
			marks = append(marks, strings.Count(line, string(r.comma)))
			if line != "" {
				rec.lines = append(rec.lines, r.line)
			}
		}
		rec.cells = append(rec.cells, cell.String())
		c, width := utf8.DecodeRuneInString(line)
		switch {
		case line == "":
			rec.err = r.swallowed(rec, marks)
			return rec, nil
		case c != r.comma:
			rec.err = fmt.Errorf("line %d has text after the quotation mark that closes a cell: write each quotation mark within a cell twice", r.line)
			return rec, nil
		}
		line = line[width:]
	}
}

// swallowed returns an error if a cell holds what are lines of their own, as after
// a quotation mark in a wrong place: a line of the cell has as many separators as
// the header, or all lines have.
func (r *records) swallowed(rec record, marks []int) error {
	if len(marks) == 1 || r.columns == 0 {
		return nil
	}
	whole := r.columns - 1
	bad := marks[0] >= whole && marks[len(marks)-1] >= whole
	for _, cell := range rec.cells {
		if lines := strings.Split(cell, "\n"); len(lines) > 1 {
			for _, line := range lines {
				bad = bad || strings.Count(line, string(r.comma)) >= whole
			}
		}
	}
	if !bad {
		return nil
	}
	return fmt.Errorf("lines %d to %d are one row, in which a cell holds what looks like whole rows: a quotation mark is missing or too many", rec.lines[0], rec.lines[len(rec.lines)-1])
}

// Cells returns the cells of one line of CSV.
func Cells(line string) ([]string, error) {
	r := &records{r: bufio.NewReaderSize(strings.NewReader(""), 16), end: '\n', comma: ','}
	rec, err := r.read(line)
	return rec.cells, errors.Join(err, rec.err)
}
