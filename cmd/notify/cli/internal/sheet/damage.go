package sheet

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// faultValues are what spreadsheets write where a formula failed, in several
// languages.
var faultValues = regexp.MustCompile(`^(?i:#(N/?A|NV|N/D|ND|REF!|BEZUG!|VALUE!|WERT!|VALEUR!|¡?VALOR!|¡?REF!|NAME\?|¿?NOMBRE\??|NOM\?|NOME\?|DIV/0!|¡?DIV/0!|NULL!|NULO!|NUL!|NUM!|ZAHL!|NOMBRE!|¡?NUM!|SPILL!|ÜBERLAUF!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!|GETTING_DATA|ERROR!)|Err:5[0-9]{2})$`)

// narrow is what a spreadsheet shows of a number in a column that is too narrow.
var narrow = regexp.MustCompile(`^#{3,}$`)

// amount is a long number that a spreadsheet has rounded.
var amount = regexp.MustCompile(`^[+-]?([0-9]+[.,][0-9]+[eE][+-]?[0-9]+|[0-9]+[eE]\+[0-9]+)$`)

// damaged says what a spreadsheet has done to a value.
func damaged(value string) error {
	trimmed := strings.TrimSpace(value)
	switch {
	case faultValues.MatchString(trimmed):
		return fmt.Errorf("a formula of the spreadsheet failed: it wrote %q", trimmed)
	case narrow.MatchString(trimmed):
		return fmt.Errorf("the column of the spreadsheet was too narrow: it wrote %q", trimmed[:3]+"…")
	case amount.MatchString(trimmed):
		return fmt.Errorf("a spreadsheet has turned it into an amount such as 1.38E+10: give its column the format Text, and enter the values again")
	case strings.ContainsRune(value, utf8.RuneError):
		return fmt.Errorf("it holds a character that could not be read: is the file in another encoding?")
	}
	return nil
}
