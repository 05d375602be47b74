package sms

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// ParseNumber returns the Number that a person typed: a number with "+" and its
// country code, or, if region says in which country it was typed ("CN", "US"; two
// letters of ISO 3166), as it is dialed there. Blanks, dashes, dots, brackets and
// characters that are not seen are passed over; full-width and Arabic digits are
// read. Without a region "00" is read as "+"; with one, that region's own
// international prefix is ("00" in China, "011" in the United States).
//
// A number with its country code must be possible, not assigned, so vendors' test
// numbers are taken. A number as it is dialed in a region must be assigned, or as
// long as a mobile or a fixed line of that region. Digits that begin with the
// region's own country code are a number with it or a national one, whichever is
// a mobile number; if both are, they are refused.
//
// What is not one number is refused with an *Error, InvalidNumber and Rejected,
// that says why and does not show the number: extensions, exponents, list marks,
// notes in brackets, a last group after a spaced dash, letters and control
// characters. ".0" at the end, which spreadsheets add, is dropped.
//
// ParseNumber may be called by any number of goroutines. It takes 10 to 60 µs:
// parse a number once, where it enters the program.
func ParseNumber(s, region string) (Number, error) {
	r, err := parseNumber(s, region)
	if err != nil {
		return "", Refuse(Message{}, InvalidNumber, err)
	}
	return r.number, nil
}

// ErrPlusLost is the cause of an error of ParseFormNumber if a "+" that was not
// encoded may have become a blank.
var ErrPlusLost = errors.New("it begins with a blank, which may have been a \"+\": encode + as %2B")

// ParseFormNumber is ParseNumber for a value of a submitted HTML form, or of the
// query of a URL. In these a "+" that was not encoded arrives as a blank. So if
// the value begins with a blank and a digit, ParseFormNumber returns the number
// with "+" in front, or as it is dialed in region, whichever is a mobile number;
// if both are, or neither, its error matches ErrPlusLost.
func ParseFormNumber(value, region string) (Number, error) {
	if len(value) < 2 || value[0] != ' ' || value[1] < '0' || value[1] > '9' {
		return ParseNumber(value, region)
	}
	international, interErr := parseNumber("+"+value[1:], region)
	national, natErr := parseNumber(value[1:], region)
	plus, blank := interErr == nil && international.mobile(), natErr == nil && national.mobile()
	switch {
	case plus && (!blank || national.number == international.number):
		return international.number, nil
	case blank && !plus:
		return national.number, nil
	}
	return "", Refuse(Message{}, InvalidNumber, ErrPlusLost)
}

func parseNumber(s, region string) (reading, error) {
	region, err := knownRegion(region)
	if err != nil {
		return reading{}, err
	}
	typed, err := scan(s)
	if err != nil {
		return reading{}, err
	}
	if typed, err = typed.withoutDecimals(region); err != nil {
		return reading{}, err
	}
	whole, err := read(typed.whole(), region)
	if surplus := typed.surplus(whole, err, region); surplus != nil {
		return reading{}, surplus
	}
	return whole, err
}

// knownRegion returns region in upper case, or an error that names a region which
// the library does not know.
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
