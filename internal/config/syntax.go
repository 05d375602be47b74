package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// checkBytes refuses what the parser must not be given, and returns where it is.
func checkBytes(data []byte) (line, column int, err error) {
	if len(data) > maxSize {
		return 1, 1, fmt.Errorf("it has more than %d bytes, the most that is read", maxSize)
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			err = errors.New("it is not UTF-8 here: save the file as UTF-8")
		case !readable(r):
			err = fmt.Errorf(`the character U+%04X is not read: take it out, or write "\u%04x" in double quotes`, r, r)
		}
		if err != nil {
			line = 1 + bytes.Count(data[:i], []byte("\n"))
			return line, 1 + utf8.RuneCount(data[bytes.LastIndexByte(data[:i], '\n')+1:i]), err
		}
		i += size
	}
	return 0, 0, nil
}

// readable reports whether r may stand in a file as it is. Control characters may
// not, as YAML has it. NEL and the separators of lines and paragraphs (U+0085,
// U+2028, U+2029) are line ends to some YAML parsers and texts to others.
func readable(r rune) bool {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return true
	case r < ' ' || r >= 0x7f && r < 0xa0, r == 0x2028 || r == 0x2029, r == 0xfffe || r == 0xffff:
		return false
	}
	return true
}

// A position is a line and a column, from 1.
type position struct{ line, column int }

// bareTags returns where a "!" stands alone. As the beginning of a value it is a tag
// that the parser drops without a word.
func bareTags(data []byte) map[position]bool {
	var places map[position]bool
	at := position{1, 1}
	for i, b := range data {
		switch {
		case b == '\n' || b == '\r' && (i+1 == len(data) || data[i+1] != '\n'):
			at = position{at.line + 1, 1}
			continue
		case b&0xc0 == 0x80: // inside a character
			continue
		case b == '!' && (i+1 == len(data) || bytes.IndexByte([]byte(" \t\r\n,[]{}"), data[i+1]) >= 0):
			if places == nil {
				places = map[position]bool{}
			}
			places[at] = true
		}
		at.column++
	}
	return places
}

// A lineReader gives the parser one line a call, so that the line that was given last
// is near the place of an error. It gives an empty line first, because the parser
// names no line in an error of the first one.
type lineReader struct {
	data     []byte
	end      int    // of the line that is being given, in data
	given    int    // lines of data
	current  []byte // the rest of the line that is being given
	bytewise int    // the line from which on one byte is given a call; 0: none
	begun    bool
	content  bool // a line was given that is neither empty nor a comment
}

func (r *lineReader) Read(p []byte) (int, error) {
	if !r.begun {
		r.begun = true
		return copy(p, "\n"), nil
	}
	if len(r.current) == 0 {
		if r.end == len(r.data) {
			return 0, io.EOF
		}
		r.current = r.data[r.end:]
		if end := bytes.IndexByte(r.current, '\n'); end >= 0 {
			r.current = r.current[:end+1]
		}
		r.end += len(r.current)
		r.given++
		if text := bytes.TrimSpace(r.current); !r.content && len(text) > 0 && text[0] != '#' {
			r.content = true
			if string(text) == "%YAML 1.2" { // the parser knows 1.1 only; what differs are types, which are not read
				r.current = []byte("%YAML 1.1\n")
			}
		}
	}
	if r.bytewise > 0 && r.given >= r.bytewise {
		p = p[:1]
	}
	n := copy(p, r.current)
	r.current = r.current[n:]
	return n, nil
}

// near returns the number of the line in which the parser stopped with a problem of a
// token. It parses again to find out, and takes off the four characters that the
// parser looks at ahead.
func (r *lineReader) near() int {
	again := &lineReader{data: r.data, bytewise: max(1, r.given-2)}
	for decoder, err := yaml.NewDecoder(again), error(nil); err == nil; {
		err = decoder.Decode(new(yaml.Node))
	}
	end := again.end - len(again.current)
	if end < len(r.data) {
		end = max(0, end-4)
	}
	return 1 + bytes.Count(bytes.TrimRight(r.data[:end+min(1, len(r.data)-end)], " \t\r\n"), []byte("\n"))
}

// last returns the number of the last line given that holds text and is not empty; 1
// if none does.
func (r *lineReader) last(text string) int {
	line, end := r.given, r.end
	for line > 1 {
		begin := bytes.LastIndexByte(r.data[:max(0, end-1)], '\n') + 1
		if one := r.data[begin:end]; len(bytes.TrimSpace(one)) > 0 && bytes.Contains(one, []byte(text)) {
			return line
		}
		line, end = line-1, begin
	}
	return 1
}

// parserProblems are what the parser says of tokens in a wrong order. It names the
// line where the map or list around them begins. All other problems are of single
// characters, whose line it names.
var parserProblems = []string{
	"did not find expected ',' or ']'", "did not find expected ',' or '}'", "did not find expected '-' indicator", "did not find expected <document start>",
	"did not find expected key", "did not find expected node content", "found duplicate %TAG directive", "found duplicate %YAML directive",
	"found incompatible YAML document", "found undefined tag handle",
}

const noAnchors = "anchors (&) and aliases (*) are not read: write the value out, or put quotes around a text that begins so"

// syntax returns the line and the words of the parser's error. The words hold nothing
// of the file, which may be a secret.
func syntax(err error, lines *lineReader) (line int, words error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if place, rest, ok := strings.Cut(message, ": "); ok && strings.HasPrefix(place, "line ") {
		line, _ = strconv.Atoi(place[len("line "):])
		message = rest
	}
	begins := line // the number of a line that the parser counts from 0, and of which the reader has put one before the first
	line--
	if name, ok := strings.CutPrefix(message, "unknown anchor '"); ok {
		name, _, _ = strings.Cut(name, "'")
		return lines.last("*" + name), errors.New(noAnchors)
	}
	if message == "did not find expected alphabetic or numeric character" { // of the name of an anchor: [*.yaml]
		return max(1, line), errors.New(noAnchors)
	}
	where := ""
	if slices.Contains(parserProblems, message) || line < 1 {
		line, where = lines.near(), ", in this line or above it"
		if strings.Contains(message, "',' or") && lines.end == len(lines.data) {
			line, where = begins, ""
		}
	}
	line = min(line, max(1, lines.given))
	switch near := lineOf(lines.data, line); {
	case strings.Contains(near, "${") && !strings.Contains(message, "end of stream"):
		message += `: a value with ${…} needs quotes around it where it stands in { } or [ ] or holds ": "`
	case strings.HasPrefix(strings.TrimLeft(near, " "), "\t"):
		message += ": indent with blanks, not with tabs"
	case strings.Contains(message, "',' or") && where == "":
		message += ": look for a bracket that is not closed"
	case message == "found unexpected end of stream":
		message += ": the quote that opens here is never closed"
	}
	return line, errors.New("it cannot be read as YAML" + where + ": " + message)
}

// lineOf returns a line of data by its number, from 1, without its end.
func lineOf(data []byte, line int) string {
	for n := 1; ; n++ {
		one, rest, more := bytes.Cut(data, []byte("\n"))
		if n == line {
			return string(one)
		}
		if !more {
			return ""
		}
		data = rest
	}
}

// indent returns the column of the first character of line that is not blank.
func indent(line string) int {
	return 1 + len(line) - len(strings.TrimLeft(line, " "))
}
