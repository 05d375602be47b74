package recipe

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/notifykit/notify/providers/kit"
)

// An edit is a new value at a path of a document.
type edit struct {
	path path
	text string
}

// changed returns an answer with other values: by path, or in a text by the names of
// the pattern's placeholders. Types and the order of names stay.
func (r *Recipe) changed(a kit.Answer, edits []edit, words map[string]string) Response {
	out := Response{Status: a.Status, Header: http.Header{}, Body: a.Body}
	for name, list := range a.Header {
		if name != "Content-Length" && name != "Transfer-Encoding" {
			out.Header[name] = list
		}
	}
	if r.answer.format == "text" {
		out.Body = []byte(r.changedText(string(a.Body), words))
		return out
	}
	d, err := parseDoc(r.answer.format, a.Body, nil)
	if err != nil || len(a.Body) == 0 {
		return out
	}
	d.edit(edits)
	out.Body = d.write(r.answer.format)
	return out
}

func (d *doc) edit(edits []edit) {
	for _, e := range edits {
		at, st := d.get(e.path)
		if st != scalar && !(at != nil && at.null) {
			continue
		}
		if old := at.text; len(old) >= 8 && !at.null && len(e.path) > 0 {
			d.replace(old, e.text) // an ID may stand in a link too
		}
		at.text, at.null = e.text, false
		if !at.quoted && !jsonNumber.MatchString(e.text) && e.text != "true" && e.text != "false" {
			at.quoted = true
		}
	}
}

func (d *doc) replace(old, text string) {
	if d.kind == leafNode && d.quoted {
		d.text = strings.ReplaceAll(d.text, old, text)
	}
	for _, kid := range d.kids {
		kid.replace(old, text)
	}
}

func (r *Recipe) changedText(s string, words map[string]string) string {
	for _, p := range r.answer.patterns {
		c, ok := matchText(p, strings.TrimSpace(s))
		if !ok {
			continue
		}
		var b strings.Builder
		i := 0
		for _, part := range p.parts {
			if part.name == "" {
				b.WriteString(part.literal)
				continue
			}
			value := c.values[i]
			if changed, ok := words[c.names[i]]; ok {
				value = changed
			}
			b.WriteString(value)
			i++
		}
		return b.String()
	}
	return s
}

// write returns the document in a format.
func (d *doc) write(format string) []byte {
	switch format {
	case "json":
		return d.json(nil)
	case "xml":
		var b bytes.Buffer
		b.WriteString(xml.Header)
		for i, kid := range d.kids {
			kid.xml(&b, d.names[i])
		}
		return b.Bytes()
	case "form", "query":
		var pairs []string
		for i, kid := range d.kids {
			pairs = append(pairs, url.QueryEscape(d.names[i])+"="+url.QueryEscape(kid.text))
		}
		return []byte(strings.Join(pairs, "&"))
	}
	return nil
}

func (d *doc) json(out []byte) []byte {
	switch d.kind {
	case mapNode, listNode:
		open, end := byte('{'), byte('}')
		if d.kind == listNode {
			open, end = '[', ']'
		}
		out = append(out, open)
		for i, kid := range d.kids {
			if i > 0 {
				out = append(out, ',')
			}
			if d.kind == mapNode {
				out = append(append(out, quoteJSON(d.names[i])...), ':')
			}
			out = kid.json(out)
		}
		return append(out, end)
	}
	if d.quoted {
		return append(out, quoteJSON(d.text)...)
	}
	return append(out, d.text...)
}

func (d *doc) xml(b *bytes.Buffer, name string) {
	b.WriteString("<" + name)
	for i, kid := range d.kids {
		if strings.HasPrefix(d.names[i], "@") {
			b.WriteString(" " + d.names[i][1:] + `="`)
			_ = xml.EscapeText(b, []byte(kid.text))
			b.WriteByte('"')
		}
	}
	b.WriteByte('>')
	if d.kind == leafNode {
		_ = xml.EscapeText(b, []byte(d.text))
	}
	for i, kid := range d.kids {
		switch {
		case strings.HasPrefix(d.names[i], "@"):
		case d.names[i] == "#text":
			_ = xml.EscapeText(b, []byte(kid.text))
		default:
			kid.xml(b, d.names[i])
		}
	}
	b.WriteString("</" + name + ">")
}

// shortID is the least number of letters and digits of an ID that the sandbox makes.
const shortID = 10

// NewID returns an ID as the recipe's examples have one: letters of the same kind at
// the same places. n must differ from call to call, so that no ID comes twice.
func (r *Recipe) NewID(n uint64) string {
	a, ok := r.sample(func(v Verdict) bool { return v.ID != "" })
	if !ok {
		return "m" + strconv.FormatUint(n, 10)
	}
	return idLike(r.Judge(a, nil).ID, n)
}

func idLike(sample string, n uint64) string {
	free := 0
	for _, c := range sample {
		if isAlphanumeric(c) {
			free++
		}
	}
	digitsOnly := strings.Trim(sample, "0123456789") == ""
	for ; free < shortID; free++ {
		if digitsOnly {
			sample += "7"
		} else {
			sample += "a"
		}
	}
	random := make([]byte, len(sample))
	_, _ = rand.Read(random)
	out := []byte(sample)
	for i := len(out) - 1; i >= 0; i-- {
		from := alphabetOf(out[i], sample)
		if from == "" {
			continue
		}
		if n > 0 || i >= len(out)-6 { // the end counts, so that no ID comes twice
			out[i] = from[n%uint64(len(from))]
			n /= uint64(len(from))
		} else {
			out[i] = from[int(random[i])%len(from)]
		}
	}
	if digitsOnly && out[0] == '0' && sample[0] != '0' {
		out[0] = '1'
	}
	return string(out)
}

func isAlphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// alphabetOf is what may stand in the place of a character.
func alphabetOf(c byte, sample string) string {
	isHex := strings.Trim(sample, "0123456789abcdef-") == ""
	switch {
	case c >= '0' && c <= '9':
		return "0123456789"
	case c >= 'a' && c <= 'f' && isHex:
		return "abcdef"
	case c >= 'a' && c <= 'z':
		return "abcdefghijklmnopqrstuvwxyz"
	case c >= 'A' && c <= 'Z':
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	}
	return ""
}
