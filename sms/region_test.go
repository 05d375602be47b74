package sms_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/notifykit/notify/sms"
)

func TestNumber_Region(t *testing.T) {
	for n, want := range map[sms.Number]string{
		"+8613800000000":                "CN",
		"+85261234567":                  "HK",
		"+85366123456":                  "MO",
		"+886912345678":                 "TW",
		"+12125550123":                  "US",
		"+14165550123":                  "CA",
		"+18765550123":                  "JM",
		"+16585550123":                  "JM",
		"+17875550123":                  "PR",
		"+15005550006":                  "US",
		"+15550100000":                  "US",
		"+77011234567":                  "KZ",
		"+79161234567":                  "RU",
		"+447911123456":                 "GG",
		"+447400123456":                 "GB",
		"+441481256789":                 "GG",
		"+447797712345":                 "JE",
		"+447624123456":                 "IM",
		"+590690001234":                 "GP",
		"+262692123456":                 "RE",
		"+262639012345":                 "YT",
		"+358181234567":                 "AX",
		"+358412345678":                 "FI",
		"+390669812345":                 "VA",
		"+393123456789":                 "IT",
		"+4779123456":                   "SJ",
		"+59995181234":                  "CW",
		"+5993181234":                   "BQ",
		"+881612345678":                 "",
		"+80012345678":                  "",
		"+2101234567":                   "",
		"":                              "",
		"+86":                           "",
		"+1234567":                      "US",
		"13800000000":                   "",
		"+0123456789":                   "",
		"+86138 0000 0000":              "",
		"+8613800000000,+8613900000000": "",
	} {
		if got := n.Region(); got != want {
			t.Errorf("%s: %q, want %q", n.E164(), got, want)
		}
	}
}

// The library is asked for the region of examples of every kind of number of
// every region, and of numbers like them.
func TestNumber_Region_agreesWithTheLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	regions, asked := 0, 0
	for region := range phonenumbers.GetSupportedRegions() {
		regions++
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			asked += agree(t, example)
			for range 12 {
				asked += agree(t, near(random, example))
			}
		}
	}
	if regions < 240 || asked < 8_000 {
		t.Errorf("%d numbers of %d regions were asked for: the library has 245 regions", asked, regions)
	}
}

// agree compares what the library and the table say of n; it gives 0 for a
// number that the library does not hold for assigned.
func agree(t *testing.T, n *phonenumbers.PhoneNumber) int {
	t.Helper()
	want := phonenumbers.GetRegionCodeForNumber(n)
	number := sms.Number(phonenumbers.Format(n, phonenumbers.E164))
	if want == "" || want == "ZZ" || !phonenumbers.IsValidNumber(n) || !number.Valid() {
		return 0
	}
	if n.GetCountryCode() == 1 && len(number) == len("+1")+7 {
		return 0 // Canada's 310 numbers of seven digits, which no one dials from abroad: their first digits are Los Angeles'
	}
	if got := number.Region(); got != want {
		t.Errorf("%s: %q, and the library says %q", number.E164(), got, want)
	}
	return 1
}

// near gives a number that differs from n in some of its last digits.
func near(random *rand.Rand, n *phonenumbers.PhoneNumber) *phonenumbers.PhoneNumber {
	digits := []byte(phonenumbers.GetNationalSignificantNumber(n))
	for i := len(digits) - 1 - random.IntN(len(digits)); i < len(digits); i++ {
		digits[i] = byte('0' + random.IntN(10))
	}
	changed, err := phonenumbers.Parse("+"+strconv.Itoa(int(n.GetCountryCode()))+string(digits), "")
	if err != nil {
		return n
	}
	return changed
}

func TestNumber_Region_doesNotAllocate(t *testing.T) {
	numbers := []sms.Number{"+8613800000000", "+18765550123", "+447911123456", "+77011234567", "nothing"}
	if n := testing.AllocsPerRun(100, func() {
		for _, number := range numbers {
			_ = number.Region()
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// The table is followed for any digits without running out of it.
func FuzzNumber_Region(f *testing.F) {
	for _, seed := range []string{"+8613800000000", "+1", "", "+99999999999", "+4479111234567"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		region := sms.Number(s).Region()
		if region != "" && (len(region) != 2 || strings.ToUpper(region) != region) {
			t.Errorf("%q: region %q", s, region)
		}
		if !sms.Number(s).Valid() && region != "" {
			t.Errorf("%q is no number and has the region %q", s, region)
		}
	})
}

func BenchmarkNumber_Region(b *testing.B) {
	for _, n := range []sms.Number{"+8613800000000", "+18765550123", "+447911123456"} {
		b.Run(n.E164(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = n.Region()
			}
		})
	}
}
