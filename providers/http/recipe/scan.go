package recipe

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep an answer may be nested.
const maxDepth = 64

// A state is what was found at a path.
type state uint8

const (
	absent    state = iota // not there, or null
	scalar                 // a text, number or boolean
	container              // a map or a list
	repeated               // a name on the way comes twice
)

// A found is what an answer has at one path.
type found struct {
	state state
	text  string
	all   []entry // of a path with "*": one for each element
}

type entry struct {
	state state
	text  string
}

var errJSON = errors.New("the answer is not the JSON that the gateway documents")

// A scanner reads JSON once. It checks all of it and keeps only what stands at the
// paths of a trie.
type scanner struct {
	data  []byte
	i     int
	out   []found
	depth int
	star  int // the element of the list that "*" is at; -1: none
}

// scanJSON fills out, one for each slot of t.
func scanJSON(data []byte, t *trie, out []found) error {
	data = trimBOM(data)
	s := &scanner{data: data, out: out, star: -1}
	s.space()
	if err := s.value(t); err != nil {
		return err
	}
	if s.space(); s.i != len(data) {
		return errJSON
	}
	return nil
}

func trimBOM(data []byte) []byte {
	if len(data) >= 3 && data[0] == 0xEF && data[1] == 0xBB && data[2] == 0xBF {
		return data[3:]
	}
	return data
}

func (s *scanner) space() {
	for s.i < len(s.data) && (s.data[s.i] == ' ' || s.data[s.i] == '\n' || s.data[s.i] == '\t' || s.data[s.i] == '\r') {
		s.i++
	}
}

// keep stores a value for the slots that end at t.
func (s *scanner) keep(t *trie, st state, text string) {
	if t == nil {
		return
	}
	for _, slot := range t.slots {
		f := &s.out[slot]
		if s.star < 0 {
			if f.state != repeated {
				f.state, f.text = st, text
			}
			continue
		}
		for len(f.all) <= s.star {
			f.all = append(f.all, entry{})
		}
		if e := &f.all[s.star]; e.state != repeated {
			e.state, e.text = st, text
		}
	}
}

func (s *scanner) value(t *trie) error {
	if s.i >= len(s.data) {
		return errJSON
	}
	switch c := s.data[s.i]; {
	case c == '{':
		s.keep(t, container, "")
		return s.object(t)
	case c == '[':
		s.keep(t, container, "")
		return s.array(t)
	case c == '"':
		text, err := s.string(t != nil && len(t.slots) > 0)
		if err == nil {
			s.keep(t, scalar, text)
		}
		return err
	case c == '-' || c >= '0' && c <= '9':
		begin := s.i
		if !s.number() {
			return errJSON
		}
		s.keepRaw(t, begin)
		return nil
	}
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(string(s.data[s.i:min(len(s.data), s.i+len(word))]), word) {
			begin := s.i
			s.i += len(word)
			if word != "null" {
				s.keepRaw(t, begin)
			} else {
				s.keep(t, absent, "")
			}
			return nil
		}
	}
	return errJSON
}

func (s *scanner) keepRaw(t *trie, begin int) {
	if t != nil && len(t.slots) > 0 {
		s.keep(t, scalar, string(s.data[begin:s.i]))
	}
}

func (s *scanner) number() bool {
	digits := func() bool {
		begin := s.i
		for s.i < len(s.data) && s.data[s.i] >= '0' && s.data[s.i] <= '9' {
			s.i++
		}
		return s.i > begin
	}
	if s.data[s.i] == '-' {
		s.i++
	}
	begin := s.i
	if !digits() || s.data[begin] == '0' && s.i > begin+1 {
		return false
	}
	if s.i < len(s.data) && s.data[s.i] == '.' {
		if s.i++; !digits() {
			return false
		}
	}
	if s.i < len(s.data) && s.data[s.i]|0x20 == 'e' {
		if s.i++; s.i < len(s.data) && (s.data[s.i] == '+' || s.data[s.i] == '-') {
			s.i++
		}
		return digits()
	}
	return true
}

func (s *scanner) enter() error {
	if s.depth++; s.depth > maxDepth {
		return errJSON
	}
	s.i++
	s.space()
	return nil
}

// next is called behind an element: it reports whether there is another.
func (s *scanner) next(end byte) (more bool, err error) {
	s.space()
	switch {
	case s.i >= len(s.data):
		return false, errJSON
	case s.data[s.i] == end:
		s.i++
		s.depth--
		return false, nil
	case s.data[s.i] != ',':
		return false, errJSON
	}
	s.i++
	s.space()
	return true, nil
}

func (s *scanner) object(t *trie) error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.i < len(s.data) && s.data[s.i] == '}' {
		s.i++
		s.depth--
		return nil
	}
	var seen uint64 // of the children of t
	for more := true; more; {
		if s.i >= len(s.data) || s.data[s.i] != '"' {
			return errJSON
		}
		key, err := s.string(t != nil && len(t.kids) > 0)
		if err != nil {
			return err
		}
		if s.space(); s.i >= len(s.data) || s.data[s.i] != ':' {
			return errJSON
		}
		s.i++
		s.space()
		var kid *trie
		if t != nil {
			for i, step := range t.steps {
				if step == key && step != "*" {
					kid = t.kids[i]
					if twice := seen&(1<<(i%64)) != 0; twice {
						s.repeat(kid)
					}
					seen |= 1 << (i % 64)
				}
			}
		}
		if err = s.value(kid); err != nil {
			return err
		}
		if more, err = s.next('}'); err != nil {
			return err
		}
	}
	return nil
}

// repeat marks everything below a name that comes twice.
func (s *scanner) repeat(t *trie) {
	t.each(func(slot int) {
		f := &s.out[slot]
		if s.star < 0 {
			f.state = repeated
			return
		}
		for len(f.all) <= s.star {
			f.all = append(f.all, entry{})
		}
		f.all[s.star].state = repeated
	})
}

func (s *scanner) array(t *trie) error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.i < len(s.data) && s.data[s.i] == ']' {
		s.i++
		s.depth--
		return nil
	}
	every := t.child("*", false)
	for n, more := 0, true; more; n++ {
		var kid *trie
		if t != nil && len(t.kids) > 0 {
			kid = t.child(strconv.Itoa(n), false)
		}
		begin := s.i
		if every != nil {
			s.star = n
			err := s.value(every)
			every.each(func(slot int) {
				for len(s.out[slot].all) <= n {
					s.out[slot].all = append(s.out[slot].all, entry{})
				}
			})
			s.star = -1
			if err != nil {
				return err
			}
		}
		if every == nil || kid != nil {
			s.i = begin
			if err := s.value(kid); err != nil {
				return err
			}
		}
		var err error
		if more, err = s.next(']'); err != nil {
			return err
		}
	}
	return nil
}

// string reads a string, and returns its text if keep is set.
func (s *scanner) string(keep bool) (string, error) {
	s.i++
	begin := s.i
	plain := true
	for ; s.i < len(s.data); s.i++ {
		switch c := s.data[s.i]; {
		case c == '"':
			raw := s.data[begin:s.i]
			s.i++
			switch {
			case !keep:
				return "", nil
			case plain && utf8.Valid(raw):
				return string(raw), nil
			}
			return strings.ToValidUTF8(unescape(raw), "\uFFFD"), nil
		case c < 0x20:
			return "", errJSON
		case c == '\\':
			plain = false
			s.i++
			switch {
			case s.i < len(s.data) && strings.IndexByte(`"\/bfnrt`, s.data[s.i]) >= 0:
			case s.i+4 < len(s.data) && s.data[s.i] == 'u' && isHex(s.data[s.i+1:s.i+5]):
				s.i += 4
			default:
				return "", errJSON
			}
		}
	}
	return "", errJSON
}

func isHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// unescape decodes a string whose escapes have been checked.
func unescape(raw []byte) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			b.WriteByte(raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'b', 'f', 'n', 'r', 't':
			b.WriteByte("\b\f\n\r\t"[strings.IndexByte("bfnrt", c)])
		case 'u':
			n, _ := strconv.ParseUint(string(raw[i+1:i+5]), 16, 32)
			i += 4
			r := rune(n)
			if utf16.IsSurrogate(r) && i+6 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
				low, _ := strconv.ParseUint(string(raw[i+3:i+7]), 16, 32)
				if pair := utf16.DecodeRune(r, rune(low)); pair != utf8.RuneError {
					b.WriteRune(pair)
					i += 6
					continue
				}
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
