package redact

import (
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

// fewest is from how many characters on a value is hidden: shorter ones, such
// as "3" or "yes", stand in any sentence, and masking them would leave no words.
const fewest = 4

// part is how many bytes of a text are enough to hide them where the rest is
// not there: long enough not to be a phrase of the vendor's own.
const part = 16

// hiddenOf lists what no words about m may hold.
func hiddenOf(m sms.Message, secrets []string) hidden {
	h := hidden{parts: map[string]struct{}{}, digits: numberDigits(m.To)}
	h.add(m.Body)
	for _, value := range m.Params {
		h.add(value)
	}
	if !m.To.Valid() { // a cast: no one knows its form
		h.add(m.To.E164())
	}
	for _, s := range secrets {
		if s != "" {
			h.texts = append(h.texts, s)
		}
	}
	slices.Sort(h.texts)
	h.texts = slices.Compact(h.texts)
	h.needles = formsOf(h.texts)
	return h
}

func (h *hidden) add(text string) {
	if utf8.RuneCountInString(text) < fewest {
		return
	}
	h.texts = append(h.texts, text)
	h.texts = append(h.texts, codesIn(text)...)
	for i := 0; i+part <= min(len(text), maxRead); i++ {
		h.parts[text[i:i+part]] = struct{}{}
	}
}

// codesIn lists the runs of at least four digits in a text.
func codesIn(text string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(text, notDigit), func(run string) bool { return len(run) < fewest })
}

func notDigit(c rune) bool { return c < '0' || c > '9' }

// formsOf lists the forms in which each of the texts may be said back.
func formsOf(texts []string) []string {
	var forms []string
	for _, t := range texts {
		forms = append(forms, t, oneLine(t), html.EscapeString(t), asciiJSON(t))
		if trimmed := strings.TrimSpace(t); utf8.RuneCountInString(trimmed) >= fewest {
			forms = append(forms, trimmed)
		}
		if quoted, err := json.Marshal(t); err == nil {
			inner := string(quoted[1 : len(quoted)-1])
			forms = append(forms, inner, plainJSON.Replace(inner))
		}
		query, path := url.QueryEscape(t), url.PathEscape(t)
		spaced := strings.ReplaceAll(query, "+", "%20")
		for _, escaped := range []string{query, path, spaced} {
			forms = append(forms, escaped, lowerHex(escaped), url.QueryEscape(escaped))
		}
	}
	slices.Sort(forms)
	return slices.DeleteFunc(slices.Compact(forms), func(f string) bool { return f == "" })
}

// plainJSON undoes what encoding/json escapes for HTML's sake and others do not.
var plainJSON = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&")

// asciiJSON writes text as encoders do that leave nothing but ASCII.
func asciiJSON(text string) string {
	const hex = "0123456789abcdef"
	quoted, err := json.Marshal(text)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, c := range plainJSON.Replace(string(quoted[1 : len(quoted)-1])) {
		if c < utf8.RuneSelf {
			b.WriteRune(c)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, c) {
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[unit>>shift&0xf])
			}
		}
	}
	return b.String()
}

// lowerHex writes the percent escapes of a URL in small letters: %e4 for %E4.
func lowerHex(escaped string) string {
	b := []byte(escaped)
	for i := range b {
		near := i >= 1 && escaped[i-1] == '%' || i >= 2 && escaped[i-2] == '%'
		if near && b[i] >= 'A' && b[i] <= 'F' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}
