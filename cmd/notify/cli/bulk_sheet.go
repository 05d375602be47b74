package cli

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/notifykit/notify/sms"
)

// A sheet is a CSV file of recipients: a header, then a row for each of them. It
// is read as a stream, as often as it is needed.
type sheet struct {
	path    string
	chinese bool // GB18030, which a Chinese Excel saves; else UTF-8
	comma   rune
	sum     [sha256.Size]byte // of the file, which keys are made from
	to      int               // the column of the number
	columns []string          // the variable of each column; empty: it is passed over
	ignored []string          // headings that are passed over
}

// A sheetRow is one recipient. row is its line, which is the number that a
// spreadsheet shows beside it.
type sheetRow struct {
	row    int
	fields []string
	err    error
}

// openSheet reads the file once, for its encoding and its sum, and its header for
// the variables of a template.
func openSheet(path, encoding string, t sms.Template, variables []string) (*sheet, error) {
	s := &sheet{path: path}
	valid, err := s.examine()
	switch {
	case err != nil:
		return nil, err
	case encoding == "gb18030" || encoding == "auto" && !valid:
		s.chinese = true
	case !valid:
		return nil, fmt.Errorf("%s is not UTF-8: leave --encoding out, or save the file as CSV UTF-8", path)
	}
	header, err := s.header()
	if err != nil {
		return nil, err
	}
	return s, s.readHeader(header, t, variables)
}

// examine tells whether the file is UTF-8.
func (s *sheet) examine() (valid bool, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	hash := sha256.New()
	r := bufio.NewReaderSize(io.TeeReader(f, hash), 64<<10)
	if mark, _ := r.Peek(2); bytes.Equal(mark, []byte{0xff, 0xfe}) || bytes.Equal(mark, []byte{0xfe, 0xff}) {
		return false, fmt.Errorf("%s is UTF-16: save it as CSV UTF-8", s.path)
	}
	valid = true
	for {
		c, size, err := r.ReadRune()
		if errors.Is(err, io.EOF) {
			copy(s.sum[:], hash.Sum(nil))
			return valid, nil
		}
		if err != nil {
			return false, err
		}
		valid = valid && (c != utf8.RuneError || size > 1)
	}
}

// reader opens the file as text.
func (s *sheet) reader() (*csv.Reader, io.Closer, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, nil, err
	}
	b := bufio.NewReaderSize(f, 64<<10)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = b.Discard(3)
	}
	var text io.Reader = b
	if s.chinese {
		text = simplifiedchinese.GB18030.NewDecoder().Reader(b)
	}
	r := csv.NewReader(text)
	r.FieldsPerRecord = -1 // told row by row
	if s.comma != 0 {
		r.Comma = s.comma
	}
	return r, f, nil
}

// header reads the first row, and finds out what parts its cells.
func (s *sheet) header() ([]string, error) {
	for _, s.comma = range []rune{',', ';', '\t'} {
		r, f, err := s.reader()
		if err != nil {
			return nil, err
		}
		fields, err := r.Read()
		f.Close()
		switch {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%s is empty: its first row is a header, \"to\" and the variables of the template", s.path)
		case err != nil:
			return nil, fmt.Errorf("%s: the header cannot be read: %w", s.path, err)
		case slices.ContainsFunc(fields, isTo):
			return fields, nil
		case s.comma == '\t':
			return nil, fmt.Errorf("%s has no column \"to\" in its first row: write a header, \"to\" and the variables of the template", s.path)
		}
	}
	return nil, nil
}

func isTo(heading string) bool { return strings.EqualFold(strings.TrimSpace(heading), "to") }

func (s *sheet) readHeader(header []string, t sms.Template, variables []string) error {
	s.columns = make([]string, len(header))
	s.to = slices.IndexFunc(header, isTo)
	for i, heading := range header {
		heading = strings.TrimSpace(heading)
		switch {
		case i == s.to:
		case slices.Contains(s.columns, heading) && heading != "":
			return fmt.Errorf("%s: the column %q stands there twice", s.path, heading)
		case slices.Contains(variables, heading):
			s.columns[i] = heading
		case heading != "":
			s.ignored = append(s.ignored, heading)
		}
	}
	var lacking []string
	for _, v := range variables {
		if !slices.Contains(s.columns, v) && !t.Variables[v].Optional {
			lacking = append(lacking, v)
		}
	}
	if len(lacking) > 0 {
		return fmt.Errorf("%s lacks the column %s, a variable of template %q: its header has %s", s.path,
			strings.Join(lacking, " and "), t.Name, strings.Join(header, ", "))
	}
	return nil
}

// each calls yield for every row but the header, until it says no.
func (s *sheet) each(yield func(sheetRow) bool) error {
	r, f, err := s.reader()
	if err != nil {
		return err
	}
	defer f.Close()
	for first := true; ; first = false {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var row sheetRow
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			row = sheetRow{row: wrong.StartLine, err: fmt.Errorf("the row cannot be read: %w", wrong.Err)}
		} else if err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		} else {
			line, _ := r.FieldPos(0)
			row = sheetRow{row: line, fields: fields}
		}
		if !first && !yield(row) {
			return nil
		}
	}
}

// message makes a Message of a row, with a Key made from file and row: the same
// file gives the same keys again.
func (s *sheet) message(r sheetRow, template, region string) (sms.Message, error) {
	m := sms.Message{Template: template, Key: s.key(r.row, template), Tags: map[string]string{rowTag: strconv.Itoa(r.row)}}
	if r.err != nil {
		return m, r.err
	}
	if len(r.fields) != len(s.columns) {
		return m, fmt.Errorf("it has %s, and the header has %d", count(len(r.fields), "cell"), len(s.columns))
	}
	number := strings.TrimSpace(r.fields[s.to])
	if scientific.MatchString(number) {
		return m, errors.New("a spreadsheet has turned the number into an amount such as 1.38E+10: give its column the format Text, and enter the numbers again")
	}
	var err error
	if m.To, err = sms.ParseNumber(number, region); err != nil {
		return m, err
	}
	m.Params = sms.Params{}
	for i, name := range s.columns {
		if name != "" && r.fields[i] != "" { // an optional variable may be empty; of the others Check tells
			m.Params[name] = r.fields[i]
		}
		if strings.ContainsRune(r.fields[i], utf8.RuneError) && name != "" {
			return m, fmt.Errorf("the value of %q holds a character that could not be read: is the file in another encoding?", name)
		}
	}
	return m, nil
}

// rowTag is the tag of a message that has its row.
const rowTag = "row"

// scientific is what becomes of a long number in a spreadsheet.
var scientific = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE]\+?[0-9]+$`)

func (s *sheet) key(row int, template string) string {
	sum := sha256.Sum256(fmt.Appendf(s.sum[:], "/%s/%d", template, row))
	return "bulk-" + base32.StdEncoding.EncodeToString(sum[:15])
}
