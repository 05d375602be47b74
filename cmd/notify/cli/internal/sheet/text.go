package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Auto is the encoding of files that say what they are: UTF-8, or UTF-16 with a
// byte order mark. Nothing is guessed.
const Auto = "auto"

// ErrEncoding is matched by the error of Open for an encoding that is not known.
var ErrEncoding = errors.New("write auto, or a name of the WHATWG Encoding Standard, such as utf-8, gb18030 or windows-1252")

// text is how the bytes of a file become text.
type text struct {
	decoder  encoding.Encoding // nil: UTF-8
	mark     int64             // how many bytes a byte order mark takes
	returned bool              // lines end in CR alone
}

// examine finds out how to read the file, and refuses one that cannot be read so.
func (s *Sheet) examine(name string) error {
	begin := make([]byte, 4)
	n, _ := io.ReadFull(s.spool.reader(), begin)
	begin = begin[:n]
	name = strings.ToLower(strings.TrimSpace(name))
	switch {
	case bytes.HasPrefix(begin, []byte("PK\x03\x04")) || bytes.HasPrefix(begin, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return fmt.Errorf("%s is a spreadsheet, not a CSV file: save it as CSV UTF-8", s.Path)
	case bytes.HasPrefix(begin, []byte("\ufeff")):
		s.text.mark = 3
	case bytes.HasPrefix(begin, []byte{0xff, 0xfe}):
		s.text.decoder, s.text.mark = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 2
	case bytes.HasPrefix(begin, []byte{0xfe, 0xff}):
		s.text.decoder, s.text.mark = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 2
	case name != Auto && name != "" && name != "utf-8" && name != "utf8":
		decoder, err := htmlindex.Get(name)
		if err != nil || decoder == encoding.Replacement {
			return fmt.Errorf("the encoding %q is not known: %w", name, ErrEncoding)
		}
		if canonical, _ := htmlindex.Name(decoder); canonical != "utf-8" {
			s.text.decoder = decoder
		}
	}
	if s.text.decoder == nil {
		if err := s.examineUTF8(); err != nil {
			return err
		}
	}
	return s.examineLines()
}

// examineUTF8 refuses a file that is not UTF-8, and shows its first such line as
// each of two other encodings has it.
func (s *Sheet) examineUTF8() error {
	r := bufio.NewReaderSize(io.NewSectionReader(s.spool, s.text.mark, s.spool.size-s.text.mark), 64<<10)
	line, begin, at := 1, s.text.mark, s.text.mark
	for {
		c, size, err := r.ReadRune()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case c == 0:
			return s.hasNUL(line)
		case c == utf8.RuneError && size == 1:
			return s.notUTF8(line, begin, at)
		}
		at += int64(size)
		if c == '\n' {
			line, begin = line+1, at
		}
	}
}

func (s *Sheet) notUTF8(line int, begin, at int64) error {
	const around = 100
	from := max(begin, at-around)
	raw := make([]byte, 2*around)
	n, _ := s.spool.ReadAt(raw, from)
	raw = raw[:n]
	if end := bytes.IndexByte(raw[at-from:], '\n'); end >= 0 {
		raw = raw[:int(at-from)+end]
	}
	as := func(e encoding.Encoding) string {
		decoded, _ := e.NewDecoder().Bytes(bytes.TrimRight(raw, "\r"))
		return fmt.Sprintf("%q", masked(string(decoded)))
	}
	return fmt.Errorf("%s: line %d, byte %d is not UTF-8: save the file as CSV UTF-8, or say what it is:\n  --encoding gb18030 reads the line as %s\n  --encoding windows-1252 reads it as %s",
		s.Path, line, at-begin+1, as(simplifiedchinese.GB18030), as(charmap.Windows1252))
}

// masked hides what may be a telephone number: an error may be logged.
func masked(line string) string {
	runes := []rune(line)
	for i := 0; i < len(runes); {
		end, digits := i, 0
		for j := i; j < len(runes) && (isDigit(runes[j]) || digits > 0 && strings.ContainsRune(" -.()", runes[j])); j++ {
			if isDigit(runes[j]) {
				digits++
				end = j + 1
			}
		}
		if digits >= 5 {
			for j := i; j < end; j++ {
				runes[j] = '*'
			}
		}
		i = max(end, i+1)
	}
	return string(runes)
}

func isDigit(c rune) bool { return c >= '0' && c <= '9' || c >= '\uff10' && c <= '\uff19' }

// examineLines finds out how lines end, and refuses a NUL, which no text has.
func (s *Sheet) examineLines() error {
	r := bufio.NewReaderSize(s.decoded(), 64<<10)
	lines, returns := 1, 0
	for {
		c, err := r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			s.text.returned = lines == 1 && returns > 0
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", s.Path, err)
		case c == '\n':
			lines++
		case c == '\r':
			returns++
		case c == 0:
			return s.hasNUL(lines)
		}
	}
}

func (s *Sheet) hasNUL(line int) error {
	return fmt.Errorf("%s: line %d holds a NUL: it is not a CSV file, or UTF-16 without a mark, which --encoding utf-16le reads", s.Path, line)
}

// decoded reads the file as UTF-8, without its mark.
func (s *Sheet) decoded() io.Reader {
	r := io.NewSectionReader(s.spool, s.text.mark, s.spool.size-s.text.mark)
	if s.text.decoder == nil {
		return r
	}
	return s.text.decoder.NewDecoder().Reader(r)
}
