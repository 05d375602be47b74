package aliyun

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// lengths is what a value may have in characters; a min of zero takes an empty
// value, which is the vendor's to judge.
type lengths struct{ min, max int }

// usualLengths are the vendor's limits: 4 to 6 characters in a code template, up
// to 35 in others applied for after 2018-01-10 (its page on error codes,
// isv.PARAM_LENGTH_LIMIT, document 101346). Older templates may take more:
// Binding.Extra says so.
func usualLengths(k sms.Kind) lengths {
	if k == sms.Verification {
		return lengths{min: 4, max: 6}
	}
	return lengths{max: 35}
}

// checkValues refuses the values that this vendor alone would refuse, all of
// them in one error that names variables and shows no value.
func (b *binding) checkValues(template string, p sms.Params) error {
	var faults []kit.ValueFault
	for _, name := range b.variables {
		value, ok := p[name]
		if !ok {
			continue // optional, or Registry.Check has refused it
		}
		if f, bad := b.checkValue(value); bad {
			f.Variable = name
			faults = append(faults, f)
		}
	}
	return kit.RefuseValues(template, b.kind, faults)
}

func (b *binding) checkValue(value string) (f kit.ValueFault, bad bool) {
	n := utf8.RuneCountInString(value)
	switch {
	case n < b.limit.min:
		return kit.ValueFault{Code: "isv.PARAM_LENGTH_LIMIT", Reason: sms.InvalidMessage,
			Words: fmt.Sprintf("has %d characters, and the vendor takes %d to %d in a verification template", n, b.limit.min, b.limit.max)}, true
	case n > b.limit.max:
		return kit.ValueFault{Code: "isv.PARAM_LENGTH_LIMIT", Reason: sms.InvalidMessage,
			Words: fmt.Sprintf("has %d characters, and the vendor takes %d at most; where its template takes more, say so by %s in the binding", n, b.limit.max, extraMaxLength)}, true
	case holdsURL(value):
		return kit.ValueFault{Code: "isv.PARAM_NOT_SUPPORT_URL", Reason: sms.ContentRejected,
			Words: "holds a URL, which the vendor takes in a template's own text only"}, true
	case strings.ContainsFunc(value, isEmoji):
		return kit.ValueFault{Code: "isv.UNSUPPORTED_CONTENT", Reason: sms.ContentRejected, Words: "holds an emoji, which the vendor does not send"}, true
	}
	return kit.ValueFault{}, false
}

// webAddress finds what is certainly a URL: a scheme, "www.", or a host under a common
// domain with a path. A bare "acme.com" is left to the vendor, because it may be
// a name.
var webAddress = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://|(?:^|[^a-z0-9])www\.[a-z0-9]|[a-z0-9-]\.(?:com|cn|net|org|cc|me|io|top|info|vip|xyz|hk|tw)/[^\s]`)

func holdsURL(value string) bool {
	return strings.ContainsAny(value, "./") && webAddress.MatchString(value)
}

// isEmoji tells what Unicode shows as an emoji by itself (Emoji_Presentation),
// and the marks that make one of a plain character. The vendor refuses "special
// symbols" too, without a list, and traditional characters: those it judges.
func isEmoji(c rune) bool { return unicode.Is(emoji, c) }

var emoji = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x20e3, Hi: 0x20e3, Stride: 1}, // the frame of a keycap
		{Lo: 0x231a, Hi: 0x231b, Stride: 1},
		{Lo: 0x23e9, Hi: 0x23ec, Stride: 1},
		{Lo: 0x23f0, Hi: 0x23f3, Stride: 3},
		{Lo: 0x25fd, Hi: 0x25fe, Stride: 1},
		{Lo: 0x2614, Hi: 0x2615, Stride: 1},
		{Lo: 0x2648, Hi: 0x2653, Stride: 1},
		{Lo: 0x267f, Hi: 0x2693, Stride: 20},
		{Lo: 0x26a1, Hi: 0x26a1, Stride: 1},
		{Lo: 0x26aa, Hi: 0x26ab, Stride: 1},
		{Lo: 0x26bd, Hi: 0x26be, Stride: 1},
		{Lo: 0x26c4, Hi: 0x26c5, Stride: 1},
		{Lo: 0x26ce, Hi: 0x26d4, Stride: 6},
		{Lo: 0x26ea, Hi: 0x26ea, Stride: 1},
		{Lo: 0x26f2, Hi: 0x26f3, Stride: 1},
		{Lo: 0x26f5, Hi: 0x26fa, Stride: 5},
		{Lo: 0x26fd, Hi: 0x2705, Stride: 8},
		{Lo: 0x270a, Hi: 0x270b, Stride: 1},
		{Lo: 0x2728, Hi: 0x2728, Stride: 1},
		{Lo: 0x274c, Hi: 0x274e, Stride: 2},
		{Lo: 0x2753, Hi: 0x2755, Stride: 1},
		{Lo: 0x2757, Hi: 0x2757, Stride: 1},
		{Lo: 0x2795, Hi: 0x2797, Stride: 1},
		{Lo: 0x27b0, Hi: 0x27bf, Stride: 15},
		{Lo: 0x2b1b, Hi: 0x2b1c, Stride: 1},
		{Lo: 0x2b50, Hi: 0x2b55, Stride: 5},
		{Lo: 0xfe0f, Hi: 0xfe0f, Stride: 1}, // "show this as an emoji"
	},
	R32: []unicode.Range32{
		{Lo: 0x1f000, Hi: 0x1faff, Stride: 1},
		{Lo: 0xe0020, Hi: 0xe007f, Stride: 1}, // tags, which flags are made of
	},
}
