package config

import (
	"fmt"
	"strconv"
	"strings"
)

// A Kind is what a Node is.
type Kind int

// The kinds. Scalars are not told apart: what a text means is decided by where
// it stands, so that 0085200000000 and NO are read as they are written.
const (
	Null Kind = iota
	Text
	Map
	List
	Unread // a form that is not read, which is a fault already
)

// String names the kind as a person would.
func (k Kind) String() string {
	return [...]string{"nothing", "a value", "a map", "a list", "something that is not read"}[k]
}

// A Node is a part of the document. Its place is that of its key, or of itself
// in a list.
type Node struct {
	Kind         Kind
	Text         string // of a scalar, as written, then with its variables put in
	Written      string // Text before variables were put in; empty where there are none
	File         string // that it stands in
	Line, Column int
	Fields       []Field  // of a map, in the order of the file
	Items        []*Node  // of a list
	Variables    []string // "${NAME}" of each variable that Text was made of
	defaults     []string // names of the variables whose default the file gave
	missing      []error  // of variables that have no value
}

// A Field is one entry of a map.
type Field struct {
	Key   string
	Value *Node
}

// Get gives the value of key; nil where there is none.
func (n *Node) Get(key string) *Node {
	if n != nil {
		for _, f := range n.Fields {
			if f.Key == key {
				return f.Value
			}
		}
	}
	return nil
}

// Plain returns n as plain data: map[string]any, []any, string, Unset and nil.
func (n *Node) Plain() any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case Text:
		if n.missing != nil {
			return Unset{n.missing}
		}
		return n.Text
	case Map:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key] = f.Value.Plain()
		}
		return m
	case List:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = item.Plain()
		}
		return l
	}
	return nil
}

// A trail is the path of a Node, which is written only if it is needed.
type trail struct {
	above *trail // nil: path is the whole
	path  string
	key   string
	index int // of an item of a list; -1: key holds
}

// String returns the path.
func (t *trail) String() string {
	switch {
	case t.above == nil:
		return t.path
	case t.index >= 0:
		return Index(t.above.String(), t.index)
	}
	return Join(t.above.String(), t.key)
}

// walk calls f for n, whose path is path, and everything below it.
func (n *Node) walk(path string, f func(path *trail, n *Node)) { n.follow(&trail{path: path}, f) }

func (n *Node) follow(path *trail, f func(path *trail, n *Node)) {
	f(path, n)
	for _, field := range n.Fields {
		field.Value.follow(&trail{above: path, key: field.Key, index: -1}, f)
	}
	for i, item := range n.Items {
		item.follow(&trail{above: path, index: i}, f)
	}
}

// manyFields is how many entries a map has if looking at each of them takes too long.
const manyFields = 32

// An index finds the entries of the maps that have many.
type index map[*Node]map[string]*Node

// indexOf makes the index of n and everything below it.
func indexOf(n *Node) index {
	x := index{}
	n.walk("", func(_ *trail, n *Node) {
		if len(n.Fields) > manyFields {
			entries := make(map[string]*Node, len(n.Fields))
			for _, f := range n.Fields {
				entries[f.Key] = f.Value
			}
			x[n] = entries
		}
	})
	return x
}

// get is n.Get.
func (x index) get(n *Node, key string) *Node {
	if entries, ok := x[n]; ok {
		return entries[key]
	}
	return n.Get(key)
}

// find returns the Node at path below n, or the nearest one above it that exists,
// and whether it is the one at path.
func (x index) find(n *Node, path string) (found *Node, whole bool) {
	for path != "" {
		var next *Node
		key := ""
		switch path[0] {
		case '[':
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return n, false
			}
			i, err := strconv.Atoi(path[1:end])
			if err != nil || i < 0 || i >= len(n.Items) {
				return n, false
			}
			next, path = n.Items[i], path[end+1:]
		case '"':
			quoted, err := strconv.QuotedPrefix(path)
			if err != nil {
				return n, false
			}
			key, _ = strconv.Unquote(quoted)
			next, path = x.get(n, key), path[len(quoted):]
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			next, path = x.get(n, path[:end]), path[end:]
		}
		if next == nil {
			return n, false
		}
		n, path = next, strings.TrimPrefix(path, ".")
	}
	return n, true
}

// Join gives the path of a key below path. A key that would be misread in it is
// quoted.
func Join(path, key string) string {
	if key == "" || strings.ContainsAny(key, ".[]\": \t") || !printable(key) {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// Index gives the path of an item of the list at path.
func Index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func printable(s string) bool {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return true
}
