package config

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// A Value is one value of the file as it holds for the environment, and where it
// stands.
type Value struct {
	Path         string // "providers.aliyun.region"
	Text         string // as far as it may be shown
	Masked       bool   // Text is not the value itself
	File         string
	Line, Column int
}

// Values gives every value in the order of the file; an empty map or list is one
// value, "{}" or "[]".
func (s *Source) Values() []Value {
	if s == nil {
		return nil
	}
	var all []Value
	s.root.walk("", func(at *trail, n *Node) {
		path := at.String()
		v := Value{Path: path, File: n.File, Line: n.Line, Column: n.Column}
		switch {
		case path == "" || n.Kind == Unread:
			return
		case n.Kind == Text:
			v.Text, v.Masked = shownText(path, n)
		case n.Kind == Null:
		case n.Kind == Map && len(n.Fields) == 0:
			v.Text = "{}"
		case n.Kind == List && len(n.Items) == 0:
			v.Text = "[]"
		default:
			return
		}
		all = append(all, v)
	})
	return all
}

// Print writes the values as YAML, each with a comment that says where it
// stands. Values that came from variables are printed as the file has them.
func (s *Source) Print(w io.Writer) error {
	if s == nil {
		return nil
	}
	p := printer{main: s.file}
	if c := s.chosen; c.Name != "" {
		p.line(0, "environment: "+scalar(c.Name), c.By)
	}
	p.fields("", 0, s.root)
	_, err := io.WriteString(w, p.out.String())
	return err
}

// A printer writes YAML.
type printer struct {
	main string // the file whose name needs no telling
	out  strings.Builder
}

// column is where the comments begin, in columns of a terminal.
const column = 60

func (p *printer) line(depth int, text, origin string) {
	text = strings.Repeat("  ", depth) + text
	if origin != "" {
		text += strings.Repeat(" ", max(1, column-width(text))) + "# " + origin
	}
	p.out.WriteString(text + "\n")
}

// width returns the columns that a terminal needs for text: two for a character of
// Chinese, Japanese and Korean writing, none for a mark on the one before it.
func width(text string) (columns int) {
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) && (r < 0xff61 || r > 0xffdc),
			r >= 0x3000 && r <= 0x303e, r >= 0xff01 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff:
			columns += 2
		default:
			columns++
		}
	}
	return columns
}

func (p *printer) origin(n *Node) string {
	if n.File == p.main {
		return "line " + strconv.Itoa(n.Line)
	}
	return fmt.Sprintf("%s:%d", n.File, n.Line)
}

func (p *printer) fields(path string, depth int, n *Node) {
	for _, f := range n.Fields {
		p.value(Join(path, f.Key), depth, scalar(f.Key)+":", f.Value)
	}
}

// value writes one entry, which begins with lead: "key:" or "-".
func (p *printer) value(path string, depth int, lead string, n *Node) {
	switch {
	case n.Kind == Text:
		text, masked := shownText(path, n)
		note := ""
		if masked && text == hidden {
			note = ", a secret written in the file"
		}
		p.line(depth, lead+" "+scalar(text), p.origin(n)+note)
	case n.Kind == Map && len(n.Fields) > 0:
		p.line(depth, lead, "")
		p.fields(path, depth+1, n)
	case n.Kind == List && len(n.Items) > 0:
		p.line(depth, lead, "")
		for i, item := range n.Items {
			p.value(Index(path, i), depth+1, "-", item)
		}
	case n.Kind == Map:
		p.line(depth, lead+" {}", p.origin(n))
	case n.Kind == List:
		p.line(depth, lead+" []", p.origin(n))
	default:
		p.line(depth, lead+" null", p.origin(n))
	}
}

// scalar writes text so that it is read as it is: plainly where it is a word of
// letters and digits, else in quotes.
func scalar(text string) string {
	if text == "" || text == "null" || text == "~" || strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.+") != "" || strings.Trim(text[:1], "-./+_") == "" {
		return quoted(text)
	}
	return text
}

// quoted writes a double-quoted scalar of YAML, whose escapes strconv's are.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case !strconv.IsPrint(r):
			if r > 0xffff {
				fmt.Fprintf(&b, `\U%08x`, r)
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
