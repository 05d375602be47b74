package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/notifykit/notify/cmd/notify/cli/internal/sheet"
	"github.com/notifykit/notify/sms"
)

// A bulkSheet is a file of recipients of a template.
type bulkSheet struct {
	*sheet.Sheet
	template, region string
}

// openSheet copies the file, and finds the columns of the template in its header.
func (a *app) openSheet(path string, t sms.Template, variables []string, f bulkFlags) (*bulkSheet, error) {
	o := sheet.Options{Encoding: f.encoding, Names: variables, Headings: map[string]string{}, Stdin: a.in}
	for _, v := range variables {
		if t.Variables[v].Optional {
			o.Optional = append(o.Optional, v)
		}
	}
	for _, column := range f.columns {
		name, heading, ok := strings.Cut(column, "=")
		switch {
		case !ok || heading == "":
			return nil, misuse("--column: write NAME=HEADING, such as to=Mobile")
		case name != sheet.To && !slices.Contains(variables, name):
			return nil, misuse("--column: template %q has no variable %q: it has %s", t.Name, name, strings.Join(append([]string{sheet.To}, variables...), ", "))
		case o.Headings[name] != "":
			return nil, misuse("--column: %q is given twice", name)
		}
		o.Headings[name] = heading
	}
	s, err := sheet.Open(path, o)
	if errors.Is(err, sheet.ErrEncoding) {
		return nil, misuse("--encoding: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return &bulkSheet{s, t.Name, f.region}, nil
}

// message makes a Message of a row, with a Key made from file and row: the same
// file gives the same keys again.
func (s *bulkSheet) message(r sheet.Row) (sms.Message, error) {
	m := sms.Message{Template: s.template, Key: s.key(r.Line), Tags: map[string]string{rowTag: strconv.Itoa(r.Line)}, Params: r.Values}
	if r.Err != nil {
		return m, r.Err
	}
	var err error
	m.To, err = sms.ParseNumber(r.To, s.region)
	return m, err
}

// rowTag is the tag of a message that has its row.
const rowTag = "row"

func rowOf(m sms.Message) int {
	row, _ := strconv.Atoi(m.Tags[rowTag]) // message has written it
	return row
}

func (s *bulkSheet) key(row int) string {
	fileSum := s.Sum()
	sum := sha256.Sum256(fmt.Appendf(fileSum[:], "/%s/%d", s.template, row))
	return "bulk-" + base32.StdEncoding.EncodeToString(sum[:15])
}

// digits returns what a number counts as, as an integer: a set of them takes little memory.
func digits(n sms.Number) uint64 {
	v, _ := strconv.ParseUint(strings.TrimPrefix(n.Subject().E164(), "+"), 10, 64) // of 15 digits at most
	return v
}

// readNumbers reads a file of telephone numbers, one a line.
func readNumbers(path, region string) (map[uint64]struct{}, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	numbers := map[uint64]struct{}{}
	lines, header := bufio.NewReader(f), true // the first line may be one
	for line := 1; ; line++ {
		text, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if text = strings.TrimFunc(text, sms.IsFiller); text != "" && !strings.HasPrefix(text, "#") && !(header && strings.EqualFold(text, sheet.To)) {
			header = false
			n, err := sms.ParseNumber(text, region)
			if err != nil {
				return nil, fmt.Errorf("%s: line %d: %w: write one number a line", path, line, err)
			}
			numbers[digits(n)] = struct{}{}
		}
		if err != nil {
			return numbers, nil
		}
	}
}
