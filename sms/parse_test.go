package sms_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/notifykit/notify/sms"
)

func TestParseNumber_takesWhatPeopleType(t *testing.T) {
	for _, c := range []struct {
		name, typed, region string
		want                sms.Number
	}{
		{"national with blanks", "138 0000 0000", "CN", "+8613800000000"},
		{"national with dashes", "138-0000-0000", "CN", "+8613800000000"},
		{"national in brackets", "(415) 555-0132", "US", "+14155550132"},
		{"national with a trunk prefix", "07400 123456", "GB", "+447400123456"},
		{"with the country code and no plus", "8613800000000", "CN", "+8613800000000"},
		{"plus and no region", "+8613800000000", "", "+8613800000000"},
		{"plus and another region", "+852 6123 4567", "CN", "+85261234567"},
		{"plus in brackets", "(+86) 138 0000 0000", "", "+8613800000000"},
		{"00 without a region", "0085200000000", "", "+85200000000"},
		{"the region's own prefix, China", "00852 6123 4567", "CN", "+85261234567"},
		{"the region's own prefix, United States", "011 86 138 0000 0000", "US", "+8613800000000"},
		{"a trunk prefix in brackets", "+44 (0)7400 123456", "", "+447400123456"},
		{"full-width digits and plus", "＋８６　１３８－００００－００００", "", "+8613800000000"},
		{"Arabic digits", "٠٥٠١٢٣٤٥٦٧", "SA", "+966501234567"},
		{"no-break spaces", "+86\u00a0138\u00a00000\u00a00000", "", "+8613800000000"},
		{"dots", "06.12.34.56.78", "FR", "+33612345678"},
		{"a slash after the area code", "0171/1234567", "DE", "+491711234567"},
		{"a dash that is none in ASCII", "138–0000–0000", "CN", "+8613800000000"},
		{"invisible marks of an address book", "\u202a+86 138 0000 0000\u202c", "", "+8613800000000"},
		{"a region in small letters", "13800000000", "cn", "+8613800000000"},
		{"an Italian zero that stays", "06 698 12345", "IT", "+390669812345"},
		{"a short number of a small country", "+683 4000", "", "+6834000"},
		{"Aliyun's test number", "15000000000", "CN", "+8615000000000"},
		{"a number not given out, China", "13000000000", "CN", "+8613000000000"},
		{"Twilio's test number", "+15005550006", "", "+15005550006"},
		{"a number of films", "+1 (555) 010-0000", "", "+15550100000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := sms.ParseNumber(c.typed, c.region)
			if err != nil || got != c.want {
				t.Errorf("%q, %v, want %q", got.E164(), err, c.want.E164())
			}
			if again, err := sms.ParseNumber(got.E164(), ""); err != nil || again != got {
				t.Errorf("parsed again: %q, %v", again.E164(), err)
			}
		})
	}
}

func TestParseNumber_refuses(t *testing.T) {
	for _, c := range []struct{ name, typed, region, want string }{
		{"nothing", "", "CN", "it has no digits"},
		{"blanks", "   ", "CN", "it has no digits"},
		{"a plus alone", "+", "", "it has no digits"},
		{"two pluses", "++8613800000000", "", `a "+" stands after the first digit: give one number, "+" first`},
		{"a plus in the middle", "138+0000+0000", "CN", `a "+" stands after the first digit: give one number, "+" first`},
		{"a national number without a region", "13800000000", "", `the country is not known: write "+" and the country code first, or give a region`},
		{"a letter", "1380000000O", "CN", "it holds a letter: give digits only, without an extension"},
		{"letters for digits", "1-800-FLOWERS", "US", "it holds a letter: give digits only, without an extension"},
		{"an extension", "+1 415 555 0132 ext. 7", "", `it ends in the extension "ext. 7": give the number alone`},
		{"an extension by a mark", "+14155550132#7", "", `it ends in the extension "#7": give the number alone`},
		{"an extension by a semicolon", "tel:+14155550132;ext=7", "", "it holds a letter: give digits only, without an extension"},
		{"a line's end between digits", "138\n00000000", "CN", "it holds a line's end: give one number, on one line"},
		{"a NUL", "138\x0000000000", "CN", "it holds a control character, such as NUL: give digits only"},
		{"two numbers", "13800000000,13900000000", "CN", "it holds a mark that parts several numbers: give one number"},
		{"two numbers in Chinese", "13800000000、13900000000", "CN", "it holds a mark that parts several numbers: give one number"},
		{"two numbers with a slash", "13800000000/13900000000", "CN", `a "/" stands after what may be a whole number: give one number`},
		{"two numbers with a blank", "13800000000 13900000000", "CN", "it has too many digits: give one number, which has at most 15"},
		{"three numbers with blanks", "13800000000 13900000000 13700000000", "CN", "it has too many digits: give one number, which has at most 15"},
		{"not UTF-8", "138\xff00000000", "CN", "it is not valid UTF-8"},
		{"digits of Bengali", "১৩৮০০০০০০০০", "CN", "it holds digits of a script that is not read here: give the digits 0 to 9"},
		{"one digit", "1", "CN", "it is no number as dialed in CN: it has too few digits"},
		{"a short code", "10086", "CN", "it lacks its area code, for a number under +86"},
		{"too short", "+86138", "", "it has too few digits for a number under +86"},
		{"too short for any country", "+861", "", "it has too few digits after its country code"},
		{"too long", "+8613800000000000", "", "it has too many digits for a number under +86"},
		{"a length that no number has", "+35612345678901", "", "it has too many digits for a number under +356"},
		{"a length between those that numbers have", "+35412345678", "", "no number under +354 has so many digits"},
		{"fewer than seven digits in all", "+491234", "", "it comes to 6 digits with its country code: a number has 7 to 15"},
		{"more than fifteen digits in all", "+49123456789012345", "", "it comes to 17 digits with its country code: a number has 7 to 15"},
		{"a country code that does not exist", "+2101234567", "", "it does not begin with a country code that exists"},
		{"a leading zero after plus", "+0138000000", "", "it does not begin with a country code that exists"},
		{"zeros", "0000000000", "", "it does not begin with a country code that exists"},
		{"a thousand digits", strings.Repeat("1", 1000), "", "it is 1000 bytes long: no number is longer than 128"},
		{"an unknown region", "13800000000", "XX", `the region "XX" is not known: give two letters of ISO 3166, such as CN`},
		{"an unknown region, with plus", "+8613800000000", "China", `the region "China" is not known: give two letters of ISO 3166, such as CN`},
		{"the arguments the wrong way round", "CN", "13800000000", "the region (11 bytes) is not known: give two letters of ISO 3166, such as CN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := sms.ParseNumber(c.typed, c.region)
			if n != "" {
				t.Fatalf("it was taken for %s", n.E164())
			}
			if sms.ReasonOf(err) != sms.InvalidNumber || sms.OutcomeOf(err) != sms.Rejected {
				t.Errorf("%v, %v, want invalid_number, rejected", sms.ReasonOf(err), sms.OutcomeOf(err))
			}
			if want := "sms: invalid number: " + c.want; err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

// The region that is not known is told, and is a fault of its own whatever the number.
func TestParseNumber_isAnError(t *testing.T) {
	_, err := sms.ParseNumber("nobody", "CN")
	e, ok := errors.AsType[*sms.Error](err)
	if !ok || e.Reason != sms.InvalidNumber || e.Provider != "" || e.Err == nil {
		t.Errorf("%#v", err)
	}
}

// The library keeps its expressions for later calls: by any number of goroutines.
func TestParseNumber_byManyGoroutines(t *testing.T) {
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for _, c := range [][2]string{{"138 0000 0000", "CN"}, {"(415) 555-0132", "US"}, {"07400 123456", "GB"}, {"+5511961234567", ""}} {
				if n, err := sms.ParseNumber(c[0], c[1]); err != nil || n.Region() == "" {
					t.Errorf("%q: %v", c[0], err)
				}
			}
		})
	}
	all.Wait()
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"138 0000 0000", "+15005550006", "0085200000000", "＋８６１３８", "+44 (0)20 7946 0958", "tel:+1;ext=3", "\u202a1\u202c", "+"} {
		f.Add(s, "CN")
		f.Add(s, "")
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, s, region string) {
		n, err := sms.ParseNumber(s, region)
		if err == nil {
			if !n.Valid() {
				t.Fatalf("%q in %q: %q is not valid", s, region, n.E164())
			}
			return
		}
		if n != "" || sms.ReasonOf(err) != sms.InvalidNumber || sms.OutcomeOf(err) != sms.Rejected {
			t.Fatalf("%q in %q: %q, %v, %v", s, region, n.E164(), sms.ReasonOf(err), sms.OutcomeOf(err))
		}
		digits := strings.Map(func(c rune) rune {
			if c < '0' || c > '9' {
				return -1
			}
			return c
		}, s)
		if len(digits) >= 7 && strings.Contains(err.Error(), digits) {
			t.Fatalf("%q shows the number", err)
		}
		if strings.ContainsFunc(err.Error(), unicode.IsControl) {
			t.Fatalf("%q holds a control character", err)
		}
	})
}

func ExampleParseNumber() {
	n, err := sms.ParseNumber("138 0000 0000", "CN")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n, "in", n.Region()) // masked: this is what a log may hold
	fmt.Println(n.E164())

	_, err = sms.ParseNumber("1380000000O", "CN")
	fmt.Println(err)
	// Output:
	// +86138****0000 in CN
	// +8613800000000
	// sms: invalid number: it holds a letter: give digits only, without an extension
}
