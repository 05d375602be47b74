package recipe

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/notifykit/notify/sms"
)

// tree reads a document by the tree that it was made from. A field that the tree has
// not is ignored. A constant that is missing is no fault, because gateways have
// defaults for it; one of another value is.
func (s *sight) tree(n *node, d *doc, where string, flat bool) {
	switch n.kind {
	case mapNode:
		if d.kind != mapNode {
			s.refuse(sms.InvalidMessage, where+" is no object")
			return
		}
		for i, kid := range n.kids {
			if repeats(n.names[i]) {
				s.repeated(n.names[i], n, d)
				continue
			}
			name, _ := n.names[i].literal()
			s.field(kid, d.fieldsOf(name), name, flat)
		}
	case listNode:
		items := d.kids
		if d.kind != listNode {
			items = []*doc{d}
		}
		if len(items) > len(n.kids) && required(n) {
			s.refuse(sms.InvalidMessage, where+" has too many elements: one message a call")
			return
		}
		for i, kid := range n.kids {
			if i < len(items) {
				s.tree(kid, items[i], where, flat)
			} else if required(kid) {
				s.refuse(reasonOf(kid), where+" has too few elements")
			}
		}
	default:
		s.scalar(n, d, where)
	}
}

// field reads one field, or in a form all of a name.
func (s *sight) field(kid *node, found []*doc, name string, flat bool) {
	switch {
	case len(found) == 0 || found[0].null:
		if required(kid) {
			s.refuse(reasonOf(kid), name+" is missing")
		}
	case flat && kid.kind == listNode:
		s.tree(kid, &doc{kind: listNode, kids: found}, name, flat)
	case len(found) > 1:
		s.refuse(sms.InvalidMessage, name+" comes twice")
	default:
		s.tree(kid, found[0], name, flat)
	}
}

// reasonOf is why a gateway refuses a request without a field.
func reasonOf(n *node) (reason sms.Reason) {
	reason = sms.InvalidMessage
	n.each(func(t text, _ *node, isName bool) {
		if !isName && t.uses("secret", "sign") {
			reason = sms.Unauthorized
		} else if !isName && t.uses("to") && reason != sms.Unauthorized {
			reason = sms.InvalidNumber
		}
	})
	return reason
}

// required reports whether a part of a tree has a placeholder that is not optional.
func required(n *node) (needed bool) {
	n.each(func(t text, _ *node, isName bool) {
		for _, p := range t.parts {
			needed = needed || p.name != "" && !p.optional && !isName && p.name != "values" && p.name != "value"
		}
	})
	return needed
}

// scalar reads a leaf.
func (s *sight) scalar(n *node, d *doc, where string) {
	if n.bare != "" {
		if d.kind != leafNode || d.text != n.bare {
			s.refuse(sms.InvalidMessage, where+" is another one")
		}
		return
	}
	p, alone := n.leaf.alone()
	if alone && p.name == "values" {
		s.list(p, d)
		return
	}
	if d.kind != leafNode {
		s.refuse(sms.InvalidMessage, where+" is no text")
		return
	}
	if alone && (p.form == "number" || p.form == "boolean") && d.quoted {
		s.refuse(sms.InvalidMessage, where+" is no "+p.form)
	}
	s.leaf(n.leaf, d.text, where, false)
}

// list reads the values of a template.
func (s *sight) list(p part, d *doc) {
	w := s.r.values
	add := func(name, value string) { s.values = append(s.values, Value{name, value}) }
	switch p.form {
	case "json_list", "json_map":
		parsed, err := parseJSON([]byte(d.text))
		if err != nil || parsed.kind == leafNode {
			s.refuse(sms.InvalidMessage, "the values are no JSON")
			return
		}
		d = parsed
		fallthrough
	case "list", "map":
		for i, kid := range d.kids {
			name := strconv.Itoa(i + 1)
			if d.kind == mapNode {
				name = unwrapped(w.name, d.names[i])
			}
			add(name, kid.text)
		}
		return
	}
	if d.text == "" {
		return
	}
	for i, item := range strings.Split(d.text, w.separator) {
		name := strconv.Itoa(i + 1)
		if p.form == "pairs" {
			var value string
			name, value, _ = strings.Cut(item, w.equals)
			if w.percent {
				name, _ = url.PathUnescape(name)
				value, _ = url.PathUnescape(value)
			}
			name, item = unwrapped(w.name, name), value
		}
		add(name, item)
	}
}

// unwrapped takes what is around a name away, such as "#" of "#code#".
func unwrapped(form, name string) string {
	before, after, _ := strings.Cut(form, "{name}")
	return strings.TrimSuffix(strings.TrimPrefix(name, before), after)
}

// repeated reads the fields that come once for each value.
func (s *sight) repeated(pattern text, n *node, d *doc) {
	for i, name := range d.names {
		if slices.ContainsFunc(n.names, func(t text) bool { plain, ok := t.literal(); return ok && plain == name }) {
			continue
		}
		if c, ok := matchText(pattern, name); ok {
			s.values = append(s.values, Value{c.values[0], d.kids[i].text})
		}
	}
}

// fieldsOf returns the fields of a name.
func (d *doc) fieldsOf(name string) (list []*doc) {
	for i, n := range d.names {
		if n == name {
			list = append(list, d.kids[i])
		}
	}
	return list
}

// decodeText undoes encodeText.
func decodeText(s, form string) (string, bool) {
	var raw []byte
	var err error
	switch form {
	case "base64url":
		raw, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
		return string(raw), err == nil
	case "hex":
		raw, err = hex.DecodeString(s)
	case "utf16":
		raw = []byte(s)
	default:
		return s, true
	}
	if err != nil || len(raw)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
	}
	return string(utf16.Decode(units)), true
}

// fieldsAsSent returns the fields of a request for a sorted signature.
func fieldsAsSent(d *doc, without []string) (list []Value) {
	for i, name := range d.names {
		if !slices.Contains(without, name) {
			list = append(list, Value{name, d.kids[i].text})
		}
	}
	slices.SortStableFunc(list, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	return list
}
