package aliyun

import (
	"regexp"
	"strings"

	"github.com/notifykit/notify/sms"
)

// The forms in which the vendor takes numbers: of the mainland 11 digits with
// +, +86, 0086, 86 or nothing before them; abroad the country code and the
// number, with +, 00 or nothing before them.
var (
	inland = regexp.MustCompile(`^(?:\+|\+?86|0086)?(1[3-9][0-9]{9})$`)
	abroad = regexp.MustCompile(`^(?:\+|00)?([1-9][0-9]{6,14})$`)
)

// readNumber reads a number as the vendor would, and reports whether it is one.
func readNumber(s string) (n sms.Number, mainland, ok bool) {
	if m := inland.FindStringSubmatch(s); m != nil {
		return sms.Number("+86" + m[1]), true, true
	}
	m := abroad.FindStringSubmatch(s)
	if m == nil || strings.HasPrefix(m[1], "86") {
		return "", false, false
	}
	return sms.Number("+" + m[1]), false, true
}

// readNumbers leaves out what is no number.
func readNumbers(list []string) []sms.Number {
	var numbers []sms.Number
	for _, s := range list {
		if n, _, ok := readNumber(s); ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// writeNumber is the form in which the vendor's records hold a number.
func writeNumber(n sms.Number) string {
	if rest, ok := strings.CutPrefix(string(n), "+86"); ok {
		return rest
	}
	return "00" + strings.TrimPrefix(string(n), "+")
}
