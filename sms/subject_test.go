package sms_test

import (
	"testing"

	"github.com/notifykit/notify/sms"
)

func TestNumber_Subject(t *testing.T) {
	for _, c := range []struct {
		name     string
		n, count sms.Number
	}{
		{"Argentina, Buenos Aires without the 9", "+541123456789", "+5491123456789"},
		{"Argentina, with it", "+5491123456789", "+5491123456789"},
		{"Argentina, an area code of three digits", "+543511234567", "+5493511234567"},
		{"Argentina, of four", "+542944123456", "+5492944123456"},
		{"Argentina, toll-free", "+548001234567", "+548001234567"},
		{"Argentina, too short", "+54112345678", "+54112345678"},
		{"Brazil, São Paulo without the ninth digit", "+551161234567", "+5511961234567"},
		{"Brazil, with it", "+5511961234567", "+5511961234567"},
		{"Brazil, an old number that began with 9", "+552199124567", "+5521999124567"},
		{"Brazil, a landline", "+551123456789", "+551123456789"},
		{"Brazil, no area code", "+550861234567", "+550861234567"},
		{"Mexico", "+525512345678", "+525512345678"},
		{"China", "+8613800000000", "+8613800000000"},
		{"the United States", "+15005550006", "+15005550006"},
		{"Chile, whose numbers have their 9", "+56961234567", "+56961234567"},
		{"Colombia", "+573001234567", "+573001234567"},
		{"Peru", "+51912345678", "+51912345678"},
		{"Uruguay", "+59894231234", "+59894231234"},
		{"Paraguay", "+595961456789", "+595961456789"},
		{"Ivory Coast, since 2021", "+2250123456789", "+2250123456789"},
		{"Benin, since 2024", "+2290195123456", "+2290195123456"},
		{"Italy, with its 0", "+390612345678", "+390612345678"},
		{"not a number", "+54112345678x", "+54112345678x"},
		{"masked", "+54112****789", "+54112****789"},
		{"empty", "", ""},
	} {
		if got := c.n.Subject(); got != c.count {
			t.Errorf("%s: %q counts as %q, want %q", c.name, c.n.E164(), got.E164(), c.count.E164())
		}
		if got := c.count.Subject(); got != c.count {
			t.Errorf("%s: its subject %q counts as %q", c.name, c.count.E164(), got.E164())
		}
	}
}

// ParseNumber keeps what was typed: what is sent to is the number of the person.
func TestParseNumber_keepsForms(t *testing.T) {
	for _, c := range []struct {
		typed, region string
		want          sms.Number
	}{
		{"+54 11 2345 6789", "", "+541123456789"},
		{"+54 9 11 2345 6789", "", "+5491123456789"},
		{"11 2345-6789", "AR", "+541123456789"},
		{"011 15 2345-6789", "AR", "+5491123456789"},
		{"+55 11 6123 4567", "", "+551161234567"},
		{"+55 11 96123 4567", "", "+5511961234567"},
		{"(11) 6123-4567", "BR", "+551161234567"},
		{"(11) 96123-4567", "BR", "+5511961234567"},
	} {
		if got, err := sms.ParseNumber(c.typed, c.region); err != nil || got != c.want {
			t.Errorf("%q, %s: %q, %v; want %q", c.typed, c.region, got.E164(), err, c.want.E164())
		}
	}
}

// A number that is its own subject costs nothing.
func TestNumber_Subject_allocations(t *testing.T) {
	n := sms.Number("+8613800000000")
	if allocs := testing.AllocsPerRun(100, func() { _ = n.Subject() }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
