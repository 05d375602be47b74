package cli

import (
	"strings"
	"unicode"
)

// Three borders keep what others have written, such as a vendor's words, from
// acting on what shows or reads it: the printer for the terminal, csvCell for CSV,
// yamlText and yamlComment for YAML. A fourth, for errors, is in package kit.

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

// lines is oneLine for a text of several lines, such as an error with several
// causes.
func lines(text string) string {
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = oneLine(line)
		if indent := len(line) - len(strings.TrimLeft(line, " ")); indent > 0 {
			all[i] = strings.Repeat(" ", indent) + strings.TrimLeft(all[i], " ")
		}
	}
	return strings.Join(all, "\n")
}

// yamlComment is the border for the comments of YAML. What is not a comment goes
// through yamlText.
func yamlComment(text string) string { return " " + oneLine(text) }

// yamlText replaces what the writer of YAML does not escape: everything that is
// not seen, but for line ends of a text.
func yamlText(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && unseen(c) {
			return ' '
		}
		return c
	}, text)
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
