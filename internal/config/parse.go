package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxSize  = 256 << 10 // bytes of a file; the parser needs up to a second for so many, where they are hostile
	maxDepth = 32        // maps and lists in one another; the parser is recursive, and slow with depth
)

// parse reads data, the content of file, into a Node. It answers a tree of what
// could be read beside the faults, so that the rest of the file is looked at
// too; nil where nothing could be read.
func parse(file string, data []byte) (root *Node, faults []Fault) {
	fault := func(line, column int, path string, err error) {
		faults = append(faults, Fault{File: file, Line: line, Column: column, Path: path, Err: err})
	}
	defer func() {
		if r := recover(); r != nil { // the YAML parser's own defects, which it has on broken documents
			root = nil
			fault(1, 1, "", errors.New("it cannot be read as YAML, and the parser cannot say where: look for a quote or bracket that is never closed"))
		}
	}()
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if line, column, err := checkBytes(data); err != nil {
		fault(line, column, "", err)
		return nil, faults
	}
	tokens := lexer.Tokenize(string(data))
	if t := tooDeep(tokens); t != nil {
		fault(t.Position.Line, t.Position.Column, "", fmt.Errorf("maps and lists stand more than %d deep in one another", maxDepth))
		return nil, faults
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, column, err := syntax(err, data)
		fault(line, column, "", err)
		return nil, faults
	}
	c := converter{file: file, fault: fault}
	for _, doc := range f.Docs {
		switch doc.Body.(type) {
		case nil, *ast.DirectiveNode, *ast.CommentGroupNode:
			continue
		}
		if root != nil {
			at := placeOf(doc.Body)
			fault(at.Line, at.Column, "", errors.New("a second document begins here: one file is one document, without \"---\" inside"))
			break
		}
		root = c.node("", doc.Body)
	}
	return root, faults
}

// checkBytes refuses what the parser is better not given, and tells where it is.
func checkBytes(data []byte) (line, column int, err error) {
	if len(data) > maxSize {
		return 1, 1, fmt.Errorf("it has more than %d bytes, the most that is read", maxSize)
	}
	if at := invalidUTF8(data); at >= 0 {
		line = 1 + bytes.Count(data[:at], []byte("\n"))
		return line, at - bytes.LastIndexByte(data[:at], '\n'), errors.New("it is not UTF-8 here: save the file as UTF-8")
	}
	return 0, 0, nil
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// tooDeep gives the token at which brackets, or indicators in a row on one
// line, are nested deeper than maxDepth. Nesting by indentation needs so many
// blanks that maxSize bounds it.
func tooDeep(tokens token.Tokens) *token.Token {
	depth, row := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		switch t.Type {
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			row++
		default:
			row = 0
		}
		if depth > maxDepth || row > maxDepth || t.Position != nil && t.Position.IndentNum > 8*maxDepth {
			return t
		}
	}
	return nil
}

// syntax gives place and words of the parser's error, without the lines of the
// file that its text shows: they may hold a secret.
func syntax(err error, data []byte) (line, column int, words error) {
	line, column = 1, 1
	known, ok := err.(yaml.Error)
	if !ok || known.GetToken() == nil || known.GetToken().Position == nil {
		return line, column, errors.New("it cannot be read as YAML")
	}
	at := known.GetToken().Position
	line, column = at.Line, at.Column
	message := known.GetMessage()
	switch near := lineOf(data, line); {
	case strings.Contains(near, "${") && !strings.Contains(message, "quote"):
		message += `: a value with ${…} needs quotes around it where it stands in { } or [ ] or holds ": "`
	case strings.HasPrefix(strings.TrimLeft(near, " "), "\t"):
		message += ": indent with blanks, not with tabs"
	}
	return line, column, errors.New("it cannot be read as YAML: " + message)
}

func lineOf(data []byte, line int) string {
	lines := bytes.Split(data, []byte("\n"))
	if line < 1 || line > len(lines) {
		return ""
	}
	return string(lines[line-1])
}

// A converter makes Nodes of the parser's tree.
type converter struct {
	file  string
	fault func(line, column int, path string, err error)
}

func (c converter) node(path string, n ast.Node) *Node {
	out := &Node{File: c.file}
	if n == nil {
		return out
	}
	at := placeOf(n)
	out.Line, out.Column = at.Line, at.Column
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
	case *ast.MappingNode:
		c.fields(out, path, n.Values)
	case *ast.MappingValueNode:
		c.fields(out, path, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out.Kind = List
		for i, item := range n.Values {
			out.Items = append(out.Items, c.node(Index(path, i), item))
		}
	case *ast.LiteralNode:
		out.Kind, out.Text = Text, strings.TrimRight(n.Value.Value, "\r\n") // the line ends behind a block are the editor's
	case *ast.StringNode:
		out.Kind, out.Text = Text, n.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.Kind, out.Text = Text, n.GetToken().Value
	case *ast.AnchorNode, *ast.AliasNode:
		out.Kind = Unread
		c.fault(at.Line, at.Column, path, errors.New("anchors (&) and aliases (*) are not read: write the value out, or put quotes around a text that begins so"))
	case *ast.TagNode:
		out.Kind = Unread
		c.fault(at.Line, at.Column, path, errors.New("tags (!) are not read: leave it out, or put quotes around a text that begins so"))
	default:
		out.Kind = Unread
		c.fault(at.Line, at.Column, path, errors.New("this form of YAML is not read: write a map, a list or a value"))
	}
	return out
}

// placeOf gives where n begins. The parser's own place of a map without braces is
// its first colon.
func placeOf(n ast.Node) *token.Position {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return placeOf(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return placeOf(m.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position
	}
	return &token.Position{Line: 1, Column: 1}
}

func (c converter) fields(out *Node, path string, values []*ast.MappingValueNode) {
	out.Kind = Map
	for _, v := range values {
		var key ast.Node = v.Key
		if explicit, ok := key.(*ast.MappingKeyNode); ok {
			key = explicit.Value
		}
		at := placeOf(v.Key)
		if key != nil {
			at = placeOf(key)
		}
		scalar, ok := key.(ast.ScalarNode)
		if _, merge := key.(*ast.MergeKeyNode); merge || !ok {
			c.fault(at.Line, at.Column, path, errors.New("a key has to be a word: merge keys (<<), maps and lists are not read here"))
			continue
		}
		name := scalar.GetToken().Value
		if earlier := out.Get(name); earlier != nil {
			c.fault(at.Line, at.Column, Join(path, name), fmt.Errorf("the key is there already, in line %d: take one of the two out", earlier.Line))
			continue
		}
		value := c.node(Join(path, name), v.Value)
		value.Line, value.Column = at.Line, at.Column
		out.Fields = append(out.Fields, Field{Key: name, Value: value})
	}
}
