package cli

import (
	"strings"
	"unicode"
)

// csvCell is the border through which every text goes that others have written,
// such as a vendor's words, into a CSV file: one line, without control characters
// and marks of writing direction, and nothing that a spreadsheet takes for a
// formula. It may be applied again.
func csvCell(text string) string {
	text = oneLine(text)
	if text != "" && strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20", []rune(text)[0]) {
		return "'" + text
	}
	return text
}

// oneLine replaces what ends a line, moves a cursor or turns the direction of
// writing by a blank.
func oneLine(text string) string {
	if !strings.ContainsFunc(text, unseen) {
		return text
	}
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unseen(c) {
			return ' '
		}
		return c
	}, strings.ReplaceAll(text, "\r\n", " ")))
}

// unseen reports whether c changes how a terminal or an editor shows what is
// around it.
func unseen(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || unicode.Is(unicode.Bidi_Control, c)
}
