package recipe

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A node is a part of a request: a map, a list, or a leaf.
type node struct {
	kind  kind
	names []text  // of a map
	kids  []*node // of a map or a list
	leaf  text
	bare  string // a JSON number, true or false, as it is written
	path  string
	line  int
}

type kind int

const (
	leafNode kind = iota
	mapNode
	listNode
)

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// tree reads a part of a request. typed says that a scalar without quotes has its
// JSON type.
func (d *reader) tree(v value, typed bool) *node {
	n := &node{path: v.path, line: v.Line}
	switch {
	case v.Kind == yaml.MappingNode && isUnquoted(v):
		d.word(v)
	case v.Kind == yaml.MappingNode:
		n.kind = mapNode
		d.pairs(v, func(key *yaml.Node, v value) {
			name, err := parseText(key.Value, key.Line)
			if err != nil {
				d.fault(key.Line, v.path, "%w", err)
			}
			n.names = append(n.names, name)
			n.kids = append(n.kids, d.tree(v, typed))
		})
	case v.Kind == yaml.SequenceNode:
		n.kind = listNode
		for _, item := range d.items(v) {
			n.kids = append(n.kids, d.tree(item, typed))
		}
	case typed && v.Kind == yaml.ScalarNode && v.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0:
		switch {
		case v.Value == "true" || v.Value == "false" || jsonNumber.MatchString(v.Value):
			n.bare = v.Value
		case v.Tag != "!!str":
			d.fault(v.Line, v.path, "%s is no JSON number, true or false: put quotes around a text", v.Value)
		default:
			n.leaf = d.text(v)
		}
	default:
		n.leaf = d.text(v)
	}
	return n
}

// isUnquoted reports whether a map is what YAML makes of {to}.
func isUnquoted(v value) bool {
	return len(v.Content) == 2 && v.Content[1].Tag == "!!null" && v.Content[1].Value == "" && names[strings.SplitN(strings.Trim(v.Content[0].Value, "?"), ".", 2)[0]] != nil
}

// repeats reports whether the name of a field stands for one field for each value.
func repeats(name text) bool { return name.uses("n", "name") }

// each calls do for every text of the tree, names and leaves, with the path.
func (n *node) each(do func(t text, n *node, isName bool)) {
	if n == nil {
		return
	}
	for _, name := range n.names {
		do(name, n, true)
	}
	if n.kind == leafNode && n.bare == "" {
		do(n.leaf, n, false)
	}
	for _, kid := range n.kids {
		kid.each(do)
	}
}
