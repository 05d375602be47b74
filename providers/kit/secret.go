package kit

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// CheckSecret returns an error if value cannot be a secret as somebody made it: it
// has quotes around it, or holds characters that nobody types. The error says which
// and where, and does not show the value.
func CheckSecret(value string) error {
	if !utf8.ValidString(value) {
		return errors.New("it is not UTF-8: save it as plain text")
	}
	runes := []rune(value)
	for i, r := range runes {
		switch {
		case r == '\ufeff' && i == 0:
			return errors.New("it begins with a byte order mark (U+FEFF): save the file without one")
		case r != ' ' && !unicode.IsPrint(r):
			return fmt.Errorf("it holds %U as character %d, which cannot be seen: take it out", r, i+1)
		}
	}
	if n := len(runes); n > 1 && closing[runes[0]] == runes[n-1] && runes[n-1] != 0 {
		return errors.New("it has quotes around it, which are no part of it: take them out (docker --env-file keeps quotes)")
	}
	if len(value) > 0 && (value[0] == ' ' || value[len(value)-1] == ' ') {
		return errors.New("it begins or ends with a blank: take it out")
	}
	return nil
}

// closing is the quote that ends a text which begins with another.
var closing = map[rune]rune{'"': '"', '\'': '\'', '`': '`', '“': '”', '‘': '’', '«': '»', '„': '“'}

// CheckKey is CheckSecret for a vendor whose keys hold printable ASCII only, without
// quotes.
func CheckKey(value string) error {
	if err := CheckSecret(value); err != nil {
		return err
	}
	i := 0
	for _, r := range value {
		i++
		switch {
		case r == '"' || r == '\'' || r == '`':
			return fmt.Errorf("it holds a quote as character %d, which no key does: take it out", i)
		case r < ' ' || r > '~':
			return fmt.Errorf("it holds %U as character %d, and a key has letters, digits and signs of ASCII only: copy it again", r, i)
		}
	}
	return nil
}
