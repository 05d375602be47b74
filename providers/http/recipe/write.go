package recipe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// left reports whether a map or list goes away with its optional leaves: it has
// placeholders, all of them are optional, and all are empty.
func (f *filler) left(n *node) (bool, error) {
	if n.kind == leafNode {
		if n.bare != "" || !n.leaf.optional() {
			return false, nil
		}
		_, leave, err := f.text(n.leaf)
		return leave, err
	}
	optional := false
	for _, kid := range n.kids {
		if kid.kind == leafNode && kid.bare != "" {
			continue
		}
		if s, ok := kid.leaf.literal(); kid.kind == leafNode && ok && s != "" {
			continue
		}
		gone, err := f.left(kid)
		if err != nil || !gone {
			return false, err
		}
		optional = true
	}
	return optional, nil
}

// fields calls do for every field of a map, with its filled name. A field whose name
// holds {n} or {name} comes once for each value.
func (f *filler) fields(n *node, do func(name string, kid *node) error) error {
	seen := map[string]bool{}
	put := func(name string, kid *node) error {
		if seen[name] {
			return fmt.Errorf("a variable of the template is called as the field %q", name)
		}
		seen[name] = true
		return do(name, kid)
	}
	for i, kid := range n.kids {
		if repeats(n.names[i]) {
			for k, v := range f.in.Values {
				f.n, f.name, f.value = k+f.r.values.first, v.Name, v.Value
				name, _, err := f.text(n.names[i])
				if err == nil {
					err = put(name, kid)
				}
				if err != nil {
					return err
				}
			}
			continue
		}
		gone, err := f.left(kid)
		if err != nil {
			return err
		}
		if gone {
			continue
		}
		name, _ := n.names[i].literal()
		if err := put(name, kid); err != nil {
			return err
		}
	}
	return nil
}

// form writes a map as a query string.
func (f *filler) form(n *node) (string, error) {
	if n == nil {
		return "", nil
	}
	var b strings.Builder
	err := f.fields(n, func(name string, kid *node) error {
		leaves := []*node{kid}
		if kid.kind == listNode {
			leaves = kid.kids
		}
		for _, leaf := range leaves {
			v, err := f.plain(leaf)
			if err != nil {
				return err
			}
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(percent(name))
			b.WriteByte('=')
			b.WriteString(percent(v))
		}
		return nil
	})
	return b.String(), err
}

// plain returns a leaf as text.
func (f *filler) plain(n *node) (string, error) {
	if n.bare != "" {
		return n.bare, nil
	}
	s, _, err := f.text(n.leaf)
	return s, err
}

// jsonWriter writes a tree as JSON.
type jsonWriter struct{ out []byte }

func (w *jsonWriter) node(f *filler, n *node) error {
	switch n.kind {
	case mapNode:
		w.out = append(w.out, '{')
		first := true
		err := f.fieldsOf(n, func(name string, kid *node) error {
			if !first {
				w.out = append(w.out, ',')
			}
			first = false
			w.out = append(append(w.out, quoteJSON(name)...), ':')
			return w.node(f, kid)
		})
		w.out = append(w.out, '}')
		return err
	case listNode:
		w.out = append(w.out, '[')
		first := true
		for _, kid := range n.kids {
			gone, err := f.left(kid)
			if err != nil {
				return err
			}
			if gone {
				continue
			}
			if !first {
				w.out = append(w.out, ',')
			}
			first = false
			if err := w.node(f, kid); err != nil {
				return err
			}
		}
		w.out = append(w.out, ']')
		return nil
	}
	if n.bare != "" {
		w.out = append(w.out, n.bare...)
		return nil
	}
	s, _, err := f.text(n.leaf)
	if err != nil {
		return err
	}
	if p, ok := n.leaf.alone(); ok {
		switch p.form {
		case "list", "map":
			w.out = append(w.out, s...)
			return nil
		case "number", "boolean":
			if p.form == "number" && !jsonNumber.MatchString(s) || p.form == "boolean" && s != "true" && s != "false" {
				return fmt.Errorf("%v must be a %s, and is not", p, p.form)
			}
			w.out = append(w.out, s...)
			return nil
		}
	}
	w.out = append(w.out, quoteJSON(s)...)
	return nil
}

// fieldsOf is fields for a tree that may be filled without an input: a constant one.
func (f *filler) fieldsOf(n *node, do func(name string, kid *node) error) error {
	if f.in == nil {
		for i, kid := range n.kids {
			name, ok := n.names[i].literal()
			if !ok {
				return errors.New("it has a placeholder")
			}
			if err := do(name, kid); err != nil {
				return err
			}
		}
		return nil
	}
	return f.fields(n, do)
}

const hexDigits = "0123456789abcdef"

// quoteJSON writes a string of JSON. It escapes what JSON requires and nothing else.
func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(c))
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 0x20 || c == 0x7f:
			b.WriteString(`\u00`)
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		case c == utf8.RuneError && size == 1:
			b.WriteString("\uFFFD")
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}

// xmlWriter writes a tree as XML: a map is elements, "@name" an attribute, "#text"
// the text beside attributes, and a list the element repeated.
type xmlWriter struct{ out strings.Builder }

func (w *xmlWriter) children(f *filler, n *node) error {
	return f.fields(n, func(name string, kid *node) error {
		switch {
		case strings.HasPrefix(name, "@"):
			return nil // written with its element
		case name == "#text":
			return w.leaf(f, kid)
		case kid.kind == listNode:
			for _, element := range kid.kids {
				if err := w.element(f, name, element); err != nil {
					return err
				}
			}
			return nil
		}
		return w.element(f, name, kid)
	})
}

func (w *xmlWriter) element(f *filler, name string, n *node) error {
	w.out.WriteString("<" + name)
	if n.kind != mapNode {
		w.out.WriteByte('>')
		if err := w.leaf(f, n); err != nil {
			return err
		}
		w.out.WriteString("</" + name + ">")
		return nil
	}
	err := f.fields(n, func(name string, kid *node) error {
		if !strings.HasPrefix(name, "@") {
			return nil
		}
		w.out.WriteString(" " + name[1:] + `="`)
		err := w.leaf(f, kid)
		w.out.WriteByte('"')
		return err
	})
	if err != nil {
		return err
	}
	w.out.WriteByte('>')
	if err := w.children(f, n); err != nil {
		return err
	}
	w.out.WriteString("</" + name + ">")
	return nil
}

func (w *xmlWriter) leaf(f *filler, n *node) error {
	s, err := f.plain(n)
	if err != nil {
		return err
	}
	for _, c := range s {
		switch {
		case c == '<':
			w.out.WriteString("&lt;")
		case c == '>':
			w.out.WriteString("&gt;")
		case c == '&':
			w.out.WriteString("&amp;")
		case c == '"':
			w.out.WriteString("&#34;")
		case c == '\n' || c == '\r' || c == '\t':
			w.out.WriteString("&#" + strconv.Itoa(int(c)) + ";")
		case c < 0x20 || c == 0xFFFE || c == 0xFFFF:
			return fmt.Errorf("it holds the character %U, which XML does not have", c)
		default:
			w.out.WriteRune(c)
		}
	}
	return nil
}
