package sms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/notifykit/notify/sms"
)

// A number that was damaged is read as it was meant, or refused; it never becomes
// another person's. Want begins with "+", or is a part of the error.
func TestParseNumber_damaged(t *testing.T) {
	for _, c := range []struct{ typed, region, want string }{
		{"491701234567.0", "DE", "+491701234567"},
		{"+491701234567.0", "DE", "+491701234567"},
		{"+491701234567.00", "", "+491701234567"},
		{"13800000000.0", "CN", "+8613800000000"},
		{"13800000000.00", "CN", "+8613800000000"},
		{"138 0000 0000.0", "CN", "+8613800000000"},
		{"1３８00000000．0", "CN", "+8613800000000"},
		{"4155550132.0", "US", "+14155550132"},
		{"415.555.0132.0", "US", "+14155550132"},
		{"06.12.34.56.00", "FR", "+33612345600"},
		{"13.800.000.000", "CN", "+8613800000000"},
		{"13800000000.5", "CN", `".5"`},
		{"138000.0", "CN", `".0"`},
		{"13800000000,0", "CN", "parts several numbers"},
		{"0170 1234567 (2)", "DE", `the note "(2)"`},
		{"0170 1234567(2)", "DE", `the note "(2)"`},
		{"0170 1234567 [2]", "DE", `the note "[2]"`},
		{"0170 1234567 （2）", "DE", `the note "（2）"`},
		{"0170 1234567 (priv)", "DE", `the note "(priv)"`},
		{"+49 170 1234567 (2)", "", `the note "(2)"`},
		{"0170 1234567 (2", "DE", `the note "(2"`},
		{"138 0000 0000 (13900000000)", "CN", `the note "(1390*******)"`},
		{"0170 1234567 - 2", "DE", `"- 2"`},
		{"0170 1234567 – 2", "DE", `"– 2"`},
		{"0170-1234567-2", "DE", `"-2"`},
		{"0170 1234567 22", "DE", `"22"`},
		{"+49 170 1234567 - 2", "", `"- 2"`},
		{"138 0000 0000 - 12", "CN", `"- 12"`},
		{"1. 13800000000", "CN", `the list mark "1."`},
		{"1) 13800000000", "CN", `the list mark "1)"`},
		{"12) 13800000000", "CN", `the list mark "12)"`},
		{"(1) 13800000000", "CN", `the list mark "(1)"`},
		{"1、13800000000", "CN", `the list mark "1、"`},
		{"1: 13800000000", "CN", `the list mark "1:"`},
		{"2 - 13800000000", "CN", `the list mark "2`},
		{"2 13800000000", "CN", `the list mark "2"`},
		{"113800000000", "CN", "no number as dialed in CN"},
		{"1.38E+10", "CN", `the exponent "E+10"`},
		{"1.38e10", "CN", `the exponent "e10"`},
		{"1,38E+10", "DE", `the exponent "E+10"`},
		{"138E8", "CN", `the exponent "E8"`},
		{"+4.917E+11", "DE", `the exponent "E+11"`},
		{"+1 415 555 0132 ext. 7", "", `the extension "ext. 7"`},
		{"415-555-0132 x7", "US", `the extension "x7"`},
		{"+14155550132#7", "", `the extension "#7"`},
		{"+14155550132;ext=7", "", `the extension ";ext=7"`},
		{"010-12345678 转 12", "CN", `the extension "转 12"`},
		{"4915112345678", "DE", "+4915112345678"},
		{"62812345678", "ID", "+62812345678"},
		{"38343201234", "XK", "+38343201234"},
		{"8613800000000", "CN", "+8613800000000"},
		{"77011234567", "KZ", "+77011234567"},
		{"7012345678", "KZ", "+77012345678"},
		{"9123456789", "IN", "+919123456789"},
		{"55999991234", "BR", "+5555999991234"},
		{"5511961234567", "BR", "+5511961234567"},
		{"3931234567", "IT", "+393931234567"},
		{"393123456789", "IT", "+393123456789"},
		{"14155550132", "US", "+14155550132"},
		{"+494915112345678", "DE", "the country code 49 stands there twice"},
		{"+62628123456789", "", "the country code 62 stands there twice"},
		{"0049 4915112345678", "DE", "the country code 49 stands there twice"},
		{"85298765432", "CN", "write + and the country code"},
		{"90512345678", "HK", "HK"},
		{"447400123456", "CN", "write + and the country code"},
		{"6591234567", "MY", "write + and the country code"},
		{"905321234567", "HK", "write + and the country code"},
		{"13800000000\n13900000000", "CN", "a line's end"},
		{"138\n00000000", "CN", "a line's end"},
	} {
		got, err := sms.ParseNumber(c.typed, c.region)
		if strings.HasPrefix(c.want, "+") {
			if got.E164() != c.want {
				t.Errorf("%q in %s: %q, %v, want %s", c.typed, c.region, got.E164(), err, c.want)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q in %s: %q, %v, want an error with %s", c.typed, c.region, got.E164(), err, c.want)
		}
	}
}

// Each region's own mobile number, in each form that people write, and damaged in
// each way: what is read is that number, or nothing.
func TestParseNumber_neverAnotherPersons(t *testing.T) {
	undamaged := []string{"%s", " %s", "%s\n", "\u202a%s\u202c", "(%s"}
	damaged := []string{"%s.0", "%s.00", "%s (2)", "%s(2)", "%s - 2", "%s - 12", "1. %s", "1) %s", "(1) %s", "12) %s", "%s ext 7", "%s x12", "%s#3", "1: %s"}
	regions, forms, taken := 0, 0, 0
	for region := range phonenumbers.GetSupportedRegions() {
		example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
		if example == nil {
			continue
		}
		want := sms.Number(phonenumbers.Format(example, phonenumbers.E164))
		if !want.Valid() {
			continue
		}
		regions++
		written := []string{want.E164(), want.E164()[1:], phonenumbers.Format(example, phonenumbers.INTERNATIONAL), phonenumbers.Format(example, phonenumbers.NATIONAL)}
		if region == "AR" {
			written[3] = "011 15-2345-6789" // the library writes this one without its area code
		}
		for _, form := range written {
			for _, how := range undamaged {
				got, err := sms.ParseNumber(fmt.Sprintf(how, form), region)
				if forms++; got != want {
					// What two countries could mean is refused, never taken for the other.
					if got != "" || !strings.Contains(err.Error(), "write + and the country code") {
						t.Errorf("%s, %q: %q, %v, want %s", region, fmt.Sprintf(how, form), got.E164(), err, want.E164())
					}
				}
			}
			for _, how := range damaged {
				got, err := sms.ParseNumber(fmt.Sprintf(how, form), region)
				switch {
				case got == want:
					taken++
				case got != "":
					t.Errorf("%s, %q became %s, want %s or an error", region, fmt.Sprintf(how, form), got.E164(), want.E164())
				case strings.HasPrefix(how, "%s.0") && !strings.Contains(err.Error(), "write + and the country code"):
					t.Errorf("%s, %q: %v", region, fmt.Sprintf(how, form), err)
				}
			}
		}
	}
	t.Logf("%d regions, %d forms, %d damaged ones read as what was meant", regions, forms, taken)
	if regions < 230 {
		t.Errorf("%d regions were tried", regions)
	}
}

func TestParseFormNumber(t *testing.T) {
	for _, c := range []struct{ value, region, want string }{
		{" 6581234567", "US", "+6581234567"},
		{" 6581234567", "", "+6581234567"},
		{" 8613800000000", "CN", "+8613800000000"},
		{" 85261234567", "CN", "+85261234567"},
		{" 4917012345678", "DE", "+4917012345678"},
		{" 13800000000", "CN", "+8613800000000"},
		{" 138 0000 0000", "CN", "+8613800000000"},
		{" 07400 123456", "GB", "+447400123456"},
		{" 14155550132", "US", "+14155550132"},
		{"+6581234567", "US", "+6581234567"},
		{"13800000000", "CN", "+8613800000000"},
		{"  13800000000", "CN", "+8613800000000"},
		{" 010 12345678", "CN", "encode + as %2B"}, // a landline
		{" 1234", "US", "encode + as %2B"},
		{" 9123456789", "IN", "+919123456789"},
		{" +8613800000000", "CN", "+8613800000000"},
	} {
		got, err := sms.ParseFormNumber(c.value, c.region)
		if strings.HasPrefix(c.want, "+") {
			if got.E164() != c.want {
				t.Errorf("%q in %q: %q, %v, want %s", c.value, c.region, got.E164(), err, c.want)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) || sms.ReasonOf(err) != sms.InvalidNumber {
			t.Errorf("%q in %q: %q, %v, want an error with %s", c.value, c.region, got.E164(), err, c.want)
		}
	}
}

// listed are the characters that people do not see, or take for a blank or a dash.
func listed() []rune {
	all := []rune{0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x061c, 0x2002, 0x2007, 0x2009, 0x2010, 0x2011,
		0x2013, 0x2060, 0x00ad, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f,
		// siblings
		0x00a0, 0x202f, 0x3000, 0xfeff, 0x2212, 0x2014, 0xff0d, 0xfe63, 0xfe0f, 0x034f, 0x3164, 0x115f, 0x180e, 0x2800, 0x30fc, 0xff70, 0x2500, 0x2043, '\t', ' ', '-'}
	for c := rune(0x2000); c <= 0x200a; c++ {
		all = append(all, c)
	}
	return all
}

func TestIsFiller_inNumbers(t *testing.T) {
	const number = "13800000000"
	for _, c := range listed() {
		if !sms.IsFiller(c) {
			t.Errorf("%U is no filler", c)
		}
		for at := range len(number) + 1 {
			typed := number[:at] + string(c) + number[at:]
			if got, err := sms.ParseNumber(typed, "CN"); got != "+8613800000000" {
				t.Errorf("%U before digit %d: %q, %v", c, at, got.E164(), err)
			}
		}
	}
	for _, c := range "0aO.+()/,;#*·~_'\"\x00" {
		if sms.IsFiller(c) {
			t.Errorf("%q is a filler", c)
		}
	}
	if !slices.ContainsFunc([]rune("\n\r\v\f\u2028"), sms.IsFiller) {
		t.Error("white space is no filler")
	}
}
