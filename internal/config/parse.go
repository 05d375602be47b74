package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxSize  = 8 << 20 // bytes of a file
	maxDepth = 32      // maps and lists in one another
	maxKey   = 256     // bytes of a key, because the path of each value below it holds the key
)

// parse reads data, the content of file, into a Node. It returns a tree of what
// could be read beside the faults, so that the rest of the file is checked too; nil
// if nothing could be read. Its work grows linearly with the length of data.
func parse(file string, data []byte) (root *Node, faults Faults) {
	c := converter{file: file, faults: &faults}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if line, column, err := checkBytes(data); err != nil {
		c.fault(line, column, "", err)
		return nil, faults
	}
	c.tags = bareTags(data)
	lines := &lineReader{data: data}
	defer func() {
		if r := recover(); r != nil { // a defect of the YAML parser
			root = nil
			c.fault(lines.last(""), 1, "", errors.New("it cannot be read as YAML, and the parser cannot say why: look for a quote or bracket that is never closed"))
		}
	}()
	decoder := yaml.NewDecoder(lines)
	for {
		var doc yaml.Node
		switch err := decoder.Decode(&doc); {
		case err == io.EOF && c.deep:
			return nil, faults
		case err == io.EOF:
			return root, faults
		case err != nil:
			line, words := syntax(err, lines)
			c.fault(line, indent(lineOf(data, line)), "", words)
			return nil, faults
		}
		switch body := doc.Content[0]; {
		case isNull(body) || c.deep:
		case root != nil:
			c.fault(body.Line-1, body.Column, "", errors.New("a second document begins here: one file is one document, without \"---\" inside"))
			return root, faults
		default:
			root = c.node("", body, 1)
		}
	}
}

// A converter makes Nodes of the parser's tree.
type converter struct {
	file   string
	faults *Faults
	tags   map[position]bool // where a "!" stands that names no tag
	deep   bool              // the fault of maxDepth was reported
}

func (c *converter) fault(line, column int, path string, err error) {
	c.faults.Add(Fault{File: c.file, Line: line, Column: column, Path: path, Err: err})
}

// node converts n, which is the depth-th map or list from the outside if it is one.
func (c *converter) node(path string, n *yaml.Node, depth int) *Node {
	out := &Node{File: c.file, Line: n.Line - 1, Column: n.Column}
	refuse := func(why string) *Node {
		out.Kind = Unread
		c.fault(out.Line, out.Column, path, errors.New(why))
		return out
	}
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return refuse(noAnchors)
	case n.Style&yaml.TaggedStyle != 0 || c.tags[position{out.Line, out.Column}]:
		return refuse("tags (!) are not read: leave it out, or put quotes around a text that begins so")
	case n.Kind == yaml.ScalarNode:
		if isNull(n) {
			return out
		}
		out.Kind, out.Text = Text, n.Value
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			out.Text = strings.TrimRight(n.Value, "\r\n") // the line ends behind a block are the editor's
		}
	case depth > maxDepth:
		out.Kind = Unread
		if !c.deep {
			c.deep = true
			c.fault(out.Line, out.Column, "", fmt.Errorf("maps and lists stand more than %d deep in one another", maxDepth))
		}
	case n.Kind == yaml.MappingNode:
		c.fields(out, path, n, depth)
	default:
		out.Kind, out.Items = List, make([]*Node, 0, len(n.Content))
		for i, item := range n.Content {
			out.Items = append(out.Items, c.node(Index(path, i), item, depth+1))
			n.Content[i] = nil // frees it
		}
	}
	return out
}

// fields converts the entries of a map: keys and values in turn.
func (c *converter) fields(out *Node, path string, n *yaml.Node, depth int) {
	content := n.Content
	out.Kind, out.Fields = Map, make([]Field, 0, len(content)/2)
	lines := make(map[string]int, len(content)/2) // of the keys
	for i := 0; i+1 < len(content); i += 2 {
		key, value := content[i], content[i+1]
		content[i], content[i+1] = nil, nil
		line, name := key.Line-1, key.Value
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Tag == "!!merge" || key.Style&yaml.TaggedStyle != 0:
			c.fault(line, key.Column, path, errors.New("a key has to be a word: merge keys (<<), maps and lists are not read here"))
			continue
		case len(name) > maxKey:
			c.fault(line, key.Column, path, fmt.Errorf("a key has more than %d bytes", maxKey))
			continue
		case n.Style&yaml.FlowStyle != 0 && key.Style == 0 && isNull(value) && strings.Contains(name, ":"):
			c.fault(line, key.Column, path, errors.New("a colon in { } needs a blank behind it: write {key: value}"))
			continue
		}
		if earlier, ok := lines[name]; ok {
			if c.faults.Full() {
				c.faults.Count(1)
				continue
			}
			c.fault(line, key.Column, Join(path, name), fmt.Errorf("the key is there already, in line %d: take one of the two out", earlier))
			continue
		}
		lines[name] = line
		node := c.node(Join(path, name), value, depth+1)
		node.Line, node.Column = line, key.Column
		out.Fields = append(out.Fields, Field{Key: name, Value: node})
	}
}

// isNull reports whether n is an empty value, ~ or null.
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && n.Tag == "!!null" && n.Anchor == ""
}
