package sms

import (
	"strings"
	"unicode"
)

// IsFiller reports whether people and programs put c between the digits of a
// telephone number or of a code without meaning anything by it: blanks and other
// white space, dashes and what looks like one, and characters that are not seen,
// such as marks of writing direction. ParseNumber and package verify pass over
// these characters; a program that reads codes of its own may do the same.
func IsFiller(c rune) bool {
	if c < 0x80 {
		return c == ' ' || c == '-' || c >= '\t' && c <= '\r'
	}
	return unicode.In(c, unicode.Cf, unicode.Zs, unicode.Pd, unicode.White_Space, unicode.Dash, unicode.Hyphen,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || strings.ContainsRune(dashLike, c)
}

// dashLike are letters and symbols that look like a dash or a blank: Katakana's
// long vowel mark, a line of a box, Braille without dots.
const dashLike = "\u30fc\uff70\u2500\u2800\u02d7\u2043"

// isLineEnd reports whether c begins another line.
func isLineEnd(c rune) bool {
	return c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == '\u0085' || c == '\u2028' || c == '\u2029'
}

// digitOf returns the digit that c is, in ASCII: those of ASCII, full-width,
// Arabic and Persian ones are read.
func digitOf(c rune) (byte, bool) {
	for _, zero := range [...]rune{'0', '\uff10', '\u0660', '\u06f0'} {
		if c >= zero && c <= zero+9 {
			return byte('0' + c - zero), true
		}
	}
	return 0, false
}

func isPlus(c rune) bool { return c == '+' || c == '\uff0b' }

// isPunctuation reports whether people put c between the digits of a number.
func isPunctuation(c rune) bool {
	return IsFiller(c) || isDot(c) || strings.ContainsRune("()[]\uff08\uff09\u00b7", c)
}

func isDot(c rune) bool { return c == '.' || c == '\uff0e' }

func isOpening(c rune) bool { return strings.ContainsRune("([\uff08", c) }

func isClosing(c rune) bool { return strings.ContainsRune(")]\uff09", c) }

// isBlank reports whether c is seen as a blank.
func isBlank(c rune) bool { return unicode.Is(unicode.Zs, c) || c == '\t' }
