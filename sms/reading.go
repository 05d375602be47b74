package sms

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// A reading is the number that digits mean.
type reading struct {
	number Number
	valid  bool // it is assigned, as far as is known
	parsed *phonenumbers.PhoneNumber
}

func (r reading) mobile() bool {
	if !r.valid {
		return false
	}
	switch phonenumbers.GetNumberType(r.parsed) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return true
	}
	return false
}

// length reports whether a mobile or fixed line of region may have as many digits.
func (r reading) length(region string) bool {
	return hasLength(region, len(phonenumbers.GetNationalSignificantNumber(r.parsed)))
}

// spelled reports whether r is what was dialed, but for a trunk prefix or the
// country code: not, for example, what follows the code of a carrier.
func (r reading) spelled(dialed, region string) bool {
	head, ends := strings.CutSuffix(dialed, phonenumbers.GetNationalSignificantNumber(r.parsed))
	return ends && (head == "" || head == phonenumbers.GetNddPrefixForRegion(region, true) || head == strconv.Itoa(int(r.parsed.GetCountryCode())))
}

// read returns the number that the digits mean in region, which is known or
// empty.
func read(dialed, region string) (reading, error) {
	if region == "" {
		if rest, ok := strings.CutPrefix(dialed, "00"); ok {
			dialed = "+" + rest
		}
		if dialed[0] != '+' {
			return reading{}, errors.New("the country is not known: write \"+\" and the country code first, or give a region")
		}
	}
	code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
	if strings.HasPrefix(dialed, code) {
		return readOwnCode(dialed, code, region)
	}
	parsed, err := phonenumbers.ParseAndKeepRawInput(dialed, region)
	if err != nil {
		return reading{}, notParsed(err, region)
	}
	switch parsed.GetCountryCodeSource() {
	case phonenumbers.PhoneNumber_FROM_NUMBER_WITH_PLUS_SIGN, phonenumbers.PhoneNumber_FROM_NUMBER_WITH_IDD:
		return readingOf(parsed)
	}
	r, err := readingOf(parsed)
	if err == nil && r.valid {
		return r, nil
	}
	if other, wrong := phonenumbers.Parse("+"+dialed, ""); wrong == nil && phonenumbers.IsValidNumber(other) {
		return reading{}, fmt.Errorf("it is no number as dialed in %s, and with \"+\" in front it is one under +%d: write + and the country code", region, other.GetCountryCode())
	}
	return enough(r, err, dialed, region)
}

// enough returns r if its length is one that numbers of the region have:
// numbering plans grow faster than tables.
func enough(r reading, err error, dialed, region string) (reading, error) {
	switch {
	case err != nil || r.valid:
		return r, err
	case !r.length(region):
		return reading{}, fmt.Errorf("no mobile or fixed line in %s has so many digits", region)
	case !r.spelled(dialed, region):
		return reading{}, fmt.Errorf("it is no number as dialed in %s", region)
	}
	return r, nil
}

// readOwnCode reads digits that begin with the country code of their region,
// which may be the country code or the first digits of a national number.
func readOwnCode(dialed, code, region string) (reading, error) {
	international, interErr := parseAs("+"+dialed, region)
	national, natErr := parseAs("+"+code+dialed, region)
	if interErr == nil && natErr == nil && international.number == national.number {
		return enough(international, nil, dialed, region)
	}
	for _, has := range []func(reading) bool{
		func(r reading) bool { return r.mobile() },
		func(r reading) bool { return r.valid },
		func(r reading) bool { return r.length(region) },
	} {
		first, second := interErr == nil && has(international), natErr == nil && has(national)
		switch {
		case first && second:
			return reading{}, fmt.Errorf("it may be a number of %s, or one with the country code %s without its \"+\": write + and the country code", region, code)
		case first:
			return international, nil
		case second:
			return enough(national, nil, dialed, region)
		}
	}
	if natErr != nil {
		return reading{}, natErr
	}
	return enough(national, nil, dialed, region)
}

// parseAs reads a number with its country code, of which not all was given.
func parseAs(international, region string) (reading, error) {
	parsed, err := phonenumbers.Parse(international, "")
	if err != nil {
		return reading{}, notParsed(err, region)
	}
	return readingOf(parsed)
}

// readingOf returns what is known of a number.
func readingOf(parsed *phonenumbers.PhoneNumber) (reading, error) {
	if err := possible(parsed); err != nil {
		return reading{}, err
	}
	code, national := strconv.Itoa(int(parsed.GetCountryCode())), phonenumbers.GetNationalSignificantNumber(parsed)
	r := reading{number: Number("+" + code + national), valid: phonenumbers.IsValidNumber(parsed), parsed: parsed}
	if !r.number.Valid() {
		return reading{}, fmt.Errorf("it comes to %d digits with its country code: a number has %d to 15", len(r.number)-1, fewestDigits)
	}
	if strings.HasPrefix(national, code) && !r.mobile() {
		once, err := phonenumbers.Parse("+"+national, "")
		if err == nil && (reading{valid: phonenumbers.IsValidNumber(once), parsed: once}).mobile() {
			return reading{}, fmt.Errorf("the country code %s stands there twice: give it once", code)
		}
	}
	return r, nil
}

// hasLength reports whether mobile or fixed lines of region have numbers of n
// digits, without country code and trunk prefix.
func hasLength(region string, n int) bool {
	for i := range regionLengths {
		if regionNames[2*i:2*i+2] == region {
			return regionLengths[i]&(1<<n) != 0
		}
	}
	return true // a region without numbers of its own
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

const mexico = 52

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
		national := phonenumbers.GetNationalSignificantNumber(n)
		if code == mexico && (len(national) == 11 && national[0] == '1' || len(national) == 13 && national[:3] == "521") {
			return fmt.Errorf("it has the 1 that Mexican mobile numbers had after +%d until 2019: leave out the 1", code)
		}
		return fmt.Errorf("it has too many digits for a number under +%d", code)
	}
	return fmt.Errorf("no number under +%d has so many digits", code)
}
