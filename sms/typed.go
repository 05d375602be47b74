package sms

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

const (
	// maxTyped bounds what ParseNumber looks at, in bytes: the longest number
	// with its prefixes, in full-width digits and with a blank after each.
	maxTyped = 128
	// maxDialed bounds the digits that the library sees: 15 of a number, and the
	// longest prefixes that people dial before one.
	maxDialed = 24
	// fewestDigits is how many digits a number in E.164 has at least.
	fewestDigits = 7
	// shortPart is how many digits a list mark or a note has at most.
	shortPart = 4
)

// A typedNumber is what somebody typed, in groups of digits.
type typedNumber struct {
	plus   bool
	groups []digitGroup
	after  string // the characters after the last group
}

type digitGroup struct {
	before string // the characters between the group before and this one
	typed  string // as it was typed
	digits string // in ASCII
}

// dialed returns the digits of the groups from one up to another.
func (t typedNumber) dialed(from, to int) string {
	var b strings.Builder
	if t.plus && from == 0 {
		b.WriteByte('+')
	}
	for _, g := range t.groups[from:to] {
		b.WriteString(g.digits)
	}
	return b.String()
}

func (t typedNumber) whole() string { return t.dialed(0, len(t.groups)) }

// scan takes the groups of digits out of s, and refuses what is not between the
// digits of a number.
func scan(s string) (typedNumber, error) {
	var t typedNumber
	if len(s) > maxTyped {
		return t, fmt.Errorf("it is %d bytes long: no number is longer than %d", len(s), maxTyped)
	}
	s = strings.TrimFunc(s, IsFiller)
	if exponent := exponential.FindStringSubmatch(s); exponent != nil {
		return t, fmt.Errorf("it ends in the exponent %q: a spreadsheet has turned it into an amount such as 1.38E+10: give its column the format Text, and enter the numbers again", exponent[1])
	}
	var between strings.Builder
	digits := 0
	for i, c := range s {
		digit, isDigit := digitOf(c)
		switch {
		case isDigit:
			if between.Len() > 0 || len(t.groups) == 0 {
				t.groups = append(t.groups, digitGroup{before: between.String()})
				between.Reset()
			}
			g := &t.groups[len(t.groups)-1]
			g.typed += string(c)
			g.digits += string(digit)
			digits++
			continue
		case isPlus(c) && (t.plus || digits > 0):
			return t, errors.New("a \"+\" stands after the first digit: give one number, \"+\" first")
		case isPlus(c):
			t.plus = true
			continue
		case isLineEnd(c):
			return t, errors.New("it holds a line's end: give one number, on one line")
		case c == '/' && digits >= fewestDigits: // "0171/1234567" is one number in German hands
			return t, errors.New("a \"/\" stands after what may be a whole number: give one number")
		case c != '/' && !isPunctuation(c):
			return t, refusedCharacter(c, s[:i], s[i:], digits)
		}
		between.WriteRune(c)
	}
	t.after = between.String()
	switch {
	case digits == 0:
		return t, errors.New("it has no digits")
	case digits > maxDialed:
		return t, errors.New("it has too many digits: give one number, which has at most 15")
	}
	return t, nil
}

// exponential is what becomes of a long number in a spreadsheet.
var exponential = regexp.MustCompile(`^[+-]?[0-9]+(?:[.,][0-9]*)?([eE][+-]?[0-9]+)$`)

// extension is what people write after a number of a switchboard.
var extension = regexp.MustCompile(`^[\pL#*;~]+[\pL.:;#=*\s]*[0-9]+\W*$`)

// refusedCharacter says why c, which rest begins with, is not part of a number.
func refusedCharacter(c rune, head, rest string, digits int) error {
	if at := strings.LastIndexFunc(head, isOpening); digits >= fewestDigits && at >= 0 && !strings.ContainsFunc(head[at:], isClosing) {
		return noteInBrackets(head[at:] + rest)
	}
	switch {
	case digits >= fewestDigits && extension.MatchString(rest):
		return fmt.Errorf("it ends in the extension %s: give the number alone", quotedPart(rest))
	case digits > 0 && digits <= shortPart && strings.ContainsRune(":、", c):
		return listMark(head + string(c))
	case unicode.IsLetter(c):
		return errors.New("it holds a letter: give digits only, without an extension")
	case unicode.IsControl(c):
		return errors.New("it holds a control character, such as NUL: give digits only")
	case strings.ContainsRune(",;|&、，；／\\", c):
		return errors.New("it holds a mark that parts several numbers: give one number")
	case c == unicode.ReplacementChar:
		return errors.New("it is not valid UTF-8")
	case unicode.IsDigit(c):
		return errors.New("it holds digits of a script that is not read here: give the digits 0 to 9")
	}
	return errors.New("it holds something else than digits, blanks, dashes and brackets")
}

func noteInBrackets(part string) error {
	return fmt.Errorf("it ends in the note %s: give the number alone", quotedPart(part))
}

func listMark(part string) error {
	return fmt.Errorf("it begins with the list mark %s: give the number alone", quotedPart(part))
}

// quotedPart quotes a part of what was typed. It shows no more than a few digits, and
// cuts the rest.
func quotedPart(part string) string {
	const most = 16
	part = strings.TrimFunc(part, isBlank)
	shown, digits := []rune{}, 0
	for _, c := range part {
		if _, digit := digitOf(c); digit {
			if digits++; digits > shortPart {
				c = '*'
			}
		}
		if len(shown) == most {
			shown = append(shown, '…')
			break
		}
		shown = append(shown, c)
	}
	return fmt.Sprintf("%q", string(shown))
}
