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

// walk calls f for n and everything below it.
func (n *Node) walk(path string, f func(path string, n *Node)) {
	f(path, n)
	for _, field := range n.Fields {
		field.Value.walk(Join(path, field.Key), f)
	}
	for i, item := range n.Items {
		item.walk(Index(path, i), f)
	}
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
