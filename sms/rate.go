package sms

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// SpecialRate reports whether n is a premium-rate, shared-cost or toll-free number, by
// the phone-number library's data. Such numbers are billed in other ways than
// ordinary ones, and somebody may earn by what is sent to them. It is false for a
// number that is not assigned, as far as is known. It costs some µs.
func (n Number) SpecialRate() bool {
	const chineseMobile = "+861" // and ten digits: recognized without the library, whose look-up allocates
	if !n.Valid() || len(n) == len(chineseMobile)+10 && strings.HasPrefix(string(n), chineseMobile) {
		return false
	}
	code := int32(phonenumbers.GetCountryCodeForRegion(n.Region()))
	national, ok := strings.CutPrefix(string(n), "+"+strconv.Itoa(int(code)))
	digits, err := strconv.ParseUint(national, 10, 64)
	if !ok || err != nil {
		return false
	}
	parsed := &phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: &digits}
	if zeros := int32(len(national) - len(strings.TrimLeft(national, "0"))); zeros > 0 {
		leading := true
		parsed.ItalianLeadingZero, parsed.NumberOfLeadingZeros = &leading, &zeros
	}
	switch phonenumbers.GetNumberType(parsed) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.TOLL_FREE:
		return true
	}
	return false
}
