package recipe

import (
	"fmt"
	"strconv"
	"strings"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func atoi(s string) (int64, error) { return strconv.ParseInt(strings.TrimSpace(s), 10, 64) }

// A path names a part of an answer: names and numbers by dots, "messages.0.id". A
// name with a dot stands in quotes. "*" is every element of a list. Nil is no path;
// a path of no steps is the whole.
type path []string

func (p path) String() string { return strings.Join(p, ".") }

func (p path) every() bool {
	for _, s := range p {
		if s == "*" {
			return true
		}
	}
	return false
}

// parsePath reads a path. An empty text is the whole.
func parsePath(s string) (path, error) {
	p := path{}
	for rest := s; rest != ""; {
		if rest[0] == '"' {
			name, after, closed := strings.Cut(rest[1:], `"`)
			if !closed || after != "" && after[0] != '.' {
				return nil, fmt.Errorf("%q has a quote that is not closed before the next dot", s)
			}
			p, rest = append(p, name), strings.TrimPrefix(after, ".")
			continue
		}
		name, after, more := strings.Cut(rest, ".")
		if name == "" || more && after == "" {
			return nil, fmt.Errorf("%q has an empty step: write names and numbers with one dot between them", s)
		}
		if strings.ContainsAny(name, "[]$(){}\"") || name != strings.TrimSpace(name) {
			return nil, fmt.Errorf("%q is no path: write names and numbers with dots, such as messages.0.id", s)
		}
		p, rest = append(p, name), after
	}
	stars := 0
	for _, step := range p {
		if step == "*" {
			stars++
		}
	}
	if stars > 1 {
		return nil, fmt.Errorf("%q has more than one \"*\"", s)
	}
	return p, nil
}

// A trie is the paths that are wanted of an answer.
type trie struct {
	slots []int // of the paths that end here
	steps []string
	kids  []*trie
}

func (t *trie) add(p path, slot int) {
	for _, step := range p {
		t = t.child(step, true)
	}
	t.slots = append(t.slots, slot)
}

func (t *trie) child(step string, make bool) *trie {
	if t == nil {
		return nil
	}
	for i, s := range t.steps {
		if s == step {
			return t.kids[i]
		}
	}
	if !make {
		return nil
	}
	kid := &trie{}
	t.steps, t.kids = append(t.steps, step), append(t.kids, kid)
	return kid
}

// each calls do for every slot at or below t.
func (t *trie) each(do func(slot int)) {
	for _, s := range t.slots {
		do(s)
	}
	for _, kid := range t.kids {
		kid.each(do)
	}
}
