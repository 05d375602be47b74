package sms

import (
	"errors"
	"fmt"
	"strings"
)

// A piece is a stretch of literal text and the variable that follows it; name
// is empty in the last piece of a text.
type piece struct{ literal, name string }

// A compiled text is rendered by one loop over its pieces.
type compiled struct {
	pieces []piece
	size   int // bytes of literal text
}

// compile reads "Hello ${name}." A variable is a letter or underscore, then
// letters, digits and underscores. A "$" that no "{" follows is itself; there
// is no way to write a literal "${", for no vendor has one.
func compile(text string) (compiled, error) {
	var c compiled
	var faults []error
	if what := untransportable(text); what != "" {
		faults = append(faults, errors.New("it "+what))
	}
	rest := text
	for {
		start := strings.Index(rest, "${")
		if start < 0 {
			break
		}
		length := strings.IndexByte(rest[start:], '}')
		if length < 0 {
			faults = append(faults, errors.New("a \"${\" is never closed: write ${name}"))
			break
		}
		name := rest[start+2 : start+length]
		if !isVariable(name) {
			faults = append(faults, fmt.Errorf("${%s} is no variable: a name is letters, digits and underscores, not a digit first", name))
		}
		c.pieces = append(c.pieces, piece{literal: rest[:start], name: name})
		c.size += start
		rest = rest[start+length+1:]
	}
	c.pieces = append(c.pieces, piece{literal: rest})
	c.size += len(rest)
	return c, joined(faults)
}

func isVariable(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// variables lists the names in order of first use.
func (c compiled) variables() []string {
	var names []string
	seen := map[string]bool{}
	for _, p := range c.pieces {
		if p.name != "" && !seen[p.name] {
			seen[p.name] = true
			names = append(names, p.name)
		}
	}
	return names
}

// render puts the values in. A value is data: nothing in it is read as a variable.
func (c compiled) render(p Params) string {
	size := c.size
	for _, piece := range c.pieces {
		if piece.name != "" {
			size += len(p[piece.name])
		}
	}
	var b strings.Builder
	b.Grow(size)
	for _, piece := range c.pieces {
		b.WriteString(piece.literal)
		if piece.name != "" {
			b.WriteString(p[piece.name])
		}
	}
	return b.String()
}
