package recipe

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// A doc is a parsed document: JSON, XML or a form. Names keep their order.
type doc struct {
	kind   kind
	names  []string
	kids   []*doc
	text   string // of a leaf
	quoted bool   // a JSON string
	null   bool
}

// parseDoc reads a document of a format. text documents have patterns.
func parseDoc(format string, data []byte, patterns []text) (*doc, error) {
	switch format {
	case "json":
		return parseJSON(data)
	case "xml":
		return parseXML(data)
	case "form", "query":
		return parseForm(string(data))
	case "text":
		return parsePatterns(string(data), patterns), nil
	}
	return &doc{kind: mapNode}, nil
}

func parseJSON(data []byte) (*doc, error) {
	if err := scanJSON(data, &trie{}, nil); err != nil {
		return nil, err
	}
	s := &scanner{data: trimBOM(data), star: -1}
	s.space()
	return s.doc(), nil
}

// doc reads a value of JSON that has been checked.
func (s *scanner) doc() *doc {
	switch c := s.data[s.i]; c {
	case '{', '[':
		d := &doc{kind: listNode}
		end := byte(']')
		if c == '{' {
			d.kind, end = mapNode, '}'
		}
		_ = s.enter()
		for more := s.data[s.i] != end; more; more, _ = s.next(end) {
			if c == '{' {
				name, _ := s.string(true)
				d.names = append(d.names, name)
				s.space()
				s.i++
				s.space()
			}
			d.kids = append(d.kids, s.doc())
		}
		if len(d.kids) == 0 {
			s.i++
			s.depth--
		}
		return d
	case '"':
		text, _ := s.string(true)
		return &doc{text: text, quoted: true}
	}
	begin := s.i
	for s.i < len(s.data) && !strings.ContainsRune(",]} \n\t\r", rune(s.data[s.i])) {
		s.i++
	}
	word := string(s.data[begin:s.i])
	return &doc{text: word, null: word == "null"}
}

var errXML = errors.New("the answer is not the XML that the gateway documents")

// parseXML reads XML without DOCTYPE into a tree with the root's name on top. An
// attribute is "@name", and the text beside attributes or elements is "#text".
func parseXML(data []byte) (*doc, error) {
	decoder := xml.NewDecoder(bytes.NewReader(trimBOM(data)))
	root := &doc{kind: mapNode}
	stack := []*doc{root}
	for {
		t, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if len(stack) != 1 || len(root.kids) != 1 {
				return nil, errXML
			}
			return root, nil
		}
		if err != nil {
			return nil, errXML
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.Directive:
			return nil, errXML
		case xml.StartElement:
			d := &doc{}
			for _, a := range t.Attr {
				d.kind, d.names, d.kids = mapNode, append(d.names, "@"+a.Name.Local), append(d.kids, &doc{text: a.Value, quoted: true})
			}
			top.kind, top.names, top.kids = mapNode, append(top.names, t.Name.Local), append(top.kids, d)
			if stack = append(stack, d); len(stack) > maxDepth {
				return nil, errXML
			}
		case xml.EndElement:
			if top.text = strings.TrimSpace(top.text); top.kind == mapNode && top.text != "" {
				top.names, top.kids = append(top.names, "#text"), append(top.kids, &doc{text: top.text, quoted: true})
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) == 1 && len(bytes.TrimSpace(t)) > 0 {
				return nil, errXML
			}
			top.text += string(t)
		}
	}
}

func parseForm(s string) (*doc, error) {
	d := &doc{kind: mapNode}
	for pair := range strings.SplitSeq(strings.TrimSpace(s), "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err != nil || err2 != nil {
			return nil, errors.New("it is no form")
		}
		d.names, d.kids = append(d.names, n), append(d.kids, &doc{text: v, quoted: true})
	}
	return d, nil
}

// parsePatterns matches a text with the first pattern that fits. The names of its
// placeholders are the fields, and "text" is the whole.
func parsePatterns(s string, patterns []text) *doc {
	s = strings.TrimSpace(strings.TrimPrefix(s, "\ufeff"))
	d := &doc{kind: mapNode, names: []string{"text"}, kids: []*doc{{text: s, quoted: true}}}
	for _, p := range patterns {
		if found, ok := matchText(p, s); ok {
			for i, name := range found.names {
				d.names, d.kids = append(d.names, name), append(d.kids, &doc{text: found.values[i], quoted: true})
			}
			break
		}
	}
	return d
}

// captured is what stands at the placeholders of a text, in order.
type captured struct {
	names, values []string
	tries         int
}

// matchText finds what stands at the placeholders of t in s: each takes as little as
// possible, and as much as the texts behind it need to match. Two placeholders with
// nothing between them match nothing, because where one ends is not known.
func matchText(t text, s string) (c captured, ok bool) {
	for i := 1; i < len(t.parts); i++ {
		if t.parts[i-1].name != "" && t.parts[i].name != "" {
			return c, false
		}
	}
	ok = c.match(t.parts, s)
	return c, ok
}

// maxTries bounds the places at which a placeholder may end, so that a hostile text
// cannot cost more than its length.
const maxTries = 1 << 12

func (c *captured) match(parts []part, s string) bool {
	if len(parts) == 0 {
		return s == ""
	}
	if parts[0].name == "" {
		rest, ok := strings.CutPrefix(s, parts[0].literal)
		return ok && c.match(parts[1:], rest)
	}
	name := strings.Trim(parts[0].String(), "{}")
	kept := len(c.names)
	c.names, c.values = append(c.names, name), append(c.values, s)
	if len(parts) == 1 {
		return true
	}
	for end := 0; c.tries < maxTries; c.tries++ {
		at := strings.Index(s[end:], parts[1].literal)
		if at < 0 {
			break
		}
		end += at
		c.values[kept] = s[:end]
		if c.match(parts[1:], s[end:]) {
			return true
		}
		c.names, c.values = c.names[:kept+1], c.values[:kept+1]
		end++
	}
	c.names, c.values = c.names[:kept], c.values[:kept]
	return false
}

// get returns what stands at a path. A name that comes twice on the way is repeated.
func (d *doc) get(p path) (*doc, state) {
	for _, step := range p {
		if d == nil {
			return nil, absent
		}
		var next *doc
		if d.kind == listNode {
			if n, err := strconv.Atoi(step); err == nil && n >= 0 && n < len(d.kids) {
				next = d.kids[n]
			}
		} else {
			for i, name := range d.names {
				if name == step {
					if next != nil {
						return nil, repeated
					}
					next = d.kids[i]
				}
			}
		}
		if d = next; d == nil {
			return nil, absent
		}
	}
	switch {
	case d.null:
		return d, absent
	case d.kind == leafNode:
		return d, scalar
	}
	return d, container
}

// text returns the scalar at a path, and "" for no path and for what is none.
func (d *doc) textAt(p path) string {
	if p == nil {
		return ""
	}
	if found, st := d.get(p); st == scalar {
		return found.text
	}
	return ""
}

// fill stores what stands at the paths.
func (d *doc) fill(slots []path, out []found) {
	for i, p := range slots {
		if !p.every() {
			if at, st := d.get(p); st != absent {
				out[i].state = st
				if st == scalar {
					out[i].text = at.text
				}
			}
			continue
		}
		n := 0
		for p[n] != "*" {
			n++
		}
		list, _ := d.get(p[:n])
		if list == nil || list.kind != listNode {
			continue
		}
		for _, kid := range list.kids {
			var e entry
			at, st := kid.get(p[n+1:])
			if e.state = st; st == scalar {
				e.text = at.text
			}
			out[i].all = append(out[i].all, e)
		}
	}
}

// elements returns the parts of a list at a path; one that is no list is itself.
func (d *doc) elements(p path) []*doc {
	at, st := d.get(p)
	switch {
	case st != container:
		return nil
	case at.kind == listNode:
		return at.kids
	}
	return []*doc{at}
}
