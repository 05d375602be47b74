package sms

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
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
)

// ParseNumber makes a Number of what a person typed: a number with "+" and its
// country code, or, where region says in which country it was typed ("CN",
// "US"; two letters of ISO 3166), as it is dialed there. Blanks, dashes, dots
// and brackets are passed over; full-width and Arabic digits are read. Where no
// region is given, "00" is read as "+"; with one, that region's own
// international prefix holds ("00" in China, "011" in the United States).
//
// It checks that such a number is possible, not that it is assigned, so that
// vendors' test numbers are taken. What is not one number is an *Error,
// InvalidNumber and Rejected, that says why and does not show what was typed.
// Extensions, letters and control characters are refused.
//
// It may be called by any number of goroutines and costs 10 to 30 µs: parse a
// number once, where it enters the program.
func ParseNumber(s, region string) (Number, error) {
	n, err := parseNumber(s, region)
	if err != nil {
		return "", Refuse(Message{}, InvalidNumber, err)
	}
	return n, nil
}

func parseNumber(s, region string) (Number, error) {
	region, err := knownRegion(region)
	if err != nil {
		return "", err
	}
	dialed, err := dialedDigits(s)
	if err != nil {
		return "", err
	}
	if region == "" {
		if rest, ok := strings.CutPrefix(dialed, "00"); ok {
			dialed = "+" + rest
		}
		if dialed[0] != '+' {
			return "", errors.New("the country is not known: write \"+\" and the country code first, or give a region")
		}
	}
	parsed, err := phonenumbers.Parse(dialed, region)
	if err != nil {
		return "", notParsed(err, region)
	}
	if err := possible(parsed); err != nil {
		return "", err
	}
	n := Number(phonenumbers.Format(parsed, phonenumbers.E164))
	if !n.Valid() {
		return "", fmt.Errorf("it comes to %d digits with its country code: a number has %d to 15", len(n)-1, fewestDigits)
	}
	return n, nil
}

// knownRegion gives region in upper case, and an error that names a region
// which the library does not know.
func knownRegion(region string) (string, error) {
	if region == "" {
		return "", nil
	}
	upper := strings.ToUpper(region)
	if len(region) == 2 && phonenumbers.GetCountryCodeForRegion(upper) != 0 {
		return upper, nil
	}
	if len(region) > 16 || strings.ContainsFunc(region, func(c rune) bool { return !unicode.IsLetter(c) }) {
		// It may be the number, where the two arguments were given the wrong way round.
		return "", fmt.Errorf("the region (%d bytes) is not known: give two letters of ISO 3166, such as CN", len(region))
	}
	return "", fmt.Errorf("the region %q is not known: give two letters of ISO 3166, such as CN", region)
}

// dialedDigits takes out of s everything but its digits and a leading "+".
func dialedDigits(s string) (string, error) {
	if len(s) > maxTyped {
		return "", fmt.Errorf("it is %d bytes long: no number is longer than %d", len(s), maxTyped)
	}
	var b strings.Builder
	for _, c := range strings.Trim(s, pasted) {
		digit, isDigit := digitOf(c)
		switch {
		case isDigit:
			b.WriteByte(digit)
		case isPlus(c):
			if b.Len() > 0 {
				return "", errors.New("a \"+\" stands after the first digit: give one number, \"+\" first")
			}
			b.WriteByte('+')
		case c == '/':
			if b.Len() >= fewestDigits { // "0171/1234567" is one number in German hands
				return "", errors.New("a \"/\" stands after what may be a whole number: give one number")
			}
		case !isPunctuation(c):
			return "", refusedCharacter(c)
		}
	}
	switch dialed := b.String(); {
	case strings.Trim(dialed, "+") == "":
		return "", errors.New("it has no digits")
	case len(dialed) > maxDialed:
		return "", errors.New("it has too many digits: give one number, which has at most 15")
	default:
		return dialed, nil
	}
}

// pasted are the blanks and the invisible marks of writing direction that come
// along, at both ends, when a number is copied from an address book.
const pasted = " \u00a0\u3000\u200b\u200e\u200f\u202a\u202c\u2066\u2069\ufeff"

func digitOf(c rune) (byte, bool) {
	for _, zero := range [...]rune{'0', '\uff10', '\u0660', '\u06f0'} { // ASCII, full-width, Arabic, Persian
		if c >= zero && c <= zero+9 {
			return byte('0' + c - zero), true
		}
	}
	return 0, false
}

func isPlus(c rune) bool { return c == '+' || c == '\uff0b' }

// isPunctuation tells what people put between digits: blanks, dashes, dots, brackets.
func isPunctuation(c rune) bool {
	return unicode.Is(unicode.Zs, c) || unicode.Is(unicode.Pd, c) || strings.ContainsRune(".()[]\uff08\uff09\uff0e\u00b7\u2212\u00ad\u2060", c)
}

func refusedCharacter(c rune) error {
	switch {
	case unicode.IsLetter(c):
		return errors.New("it holds a letter: give digits only, without an extension")
	case unicode.IsControl(c):
		return errors.New("it holds a control character, such as a tab or a line's end: give digits only")
	case strings.ContainsRune(",;|&、，；／\\", c):
		return errors.New("it holds a mark that parts several numbers: give one number")
	case c == unicode.ReplacementChar:
		return errors.New("it is not valid UTF-8")
	case unicode.IsDigit(c):
		return errors.New("it holds digits of a script that is not read here: give the digits 0 to 9")
	}
	return errors.New("it holds something else than digits, blanks, dashes and brackets")
}

func notParsed(err error, region string) error {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return errors.New("it does not begin with a country code that exists")
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return errors.New("it has too many digits: give one number, which has at most 15")
	case region == "":
		return errors.New("it has too few digits after its country code")
	}
	return fmt.Errorf("it is no number as dialed in %s: it has too few digits", region)
}

// possible asks the library whether a number so long exists under its country code.
func possible(n *phonenumbers.PhoneNumber) error {
	code := n.GetCountryCode()
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
		return nil
	case phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return fmt.Errorf("it lacks its area code, for a number under +%d", code)
	case phonenumbers.TOO_SHORT:
		return fmt.Errorf("it has too few digits for a number under +%d", code)
	case phonenumbers.TOO_LONG:
		return fmt.Errorf("it has too many digits for a number under +%d", code)
	}
	return fmt.Errorf("no number under +%d has so many digits", code)
}
