package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Source remembers where in its files each path stands and which values came
// from variables. A nil Source knows nothing: the configuration was made in Go.
type Source struct {
	file string
	at   map[string]*Node
	root *Node
	// mask is a function, so that no print of a struct that holds a Source shows
	// the values that it masks.
	mask func(string) string
	// chosen is the environment and where it was chosen.
	chosen Choice
	// unread is set if no environment could be chosen: nothing else was read.
	unread  bool
	faults  []Fault
	missing []FieldFault // variables of providers that have no value
}

func newSource(file string, root *Node) *Source {
	s := &Source{file: file, root: root, mask: func(t string) string { return t }}
	s.index()
	return s
}

// index is for a tree whose parts have been put together.
func (s *Source) index() {
	at := map[string]*Node{}
	s.root.walk("", func(path string, n *Node) { at[path] = n })
	s.at = at
}

// File gives the name of the file; empty where there is none.
func (s *Source) File() string {
	if s == nil {
		return ""
	}
	return s.file
}

// Faults returns what is wrong with the file, in its order, and whether anything
// besides the environment was read.
func (s *Source) Faults() (faults []Fault, read bool) {
	if s == nil {
		return nil, true
	}
	return slices.Clone(s.faults), !s.unread
}

// Missing returns the error of a variable under providers that has no value, at
// path.
func (s *Source) Missing(path string) error {
	if s != nil {
		for _, f := range s.missing {
			if f.Path == path {
				return f.Err
			}
		}
	}
	return nil
}

// Choice tells the environment of the file, and who chose it.
func (s *Source) Choice() Choice {
	if s == nil {
		return Choice{}
	}
	return s.chosen
}

// Variable gives "${NAME}" where the value at path came from a variable.
func (s *Source) Variable(path string) string {
	if s == nil || s.at[path] == nil {
		return ""
	}
	return strings.Join(s.at[path].Variables, " and ")
}

// A Default is a value that holds the default of a variable that has no value.
type Default struct {
	Value     string
	Variables []string // names
}

// Defaults returns the values below path that hold a default.
func (s *Source) Defaults(path string) (all []Default) {
	if s == nil || s.at[path] == nil {
		return nil
	}
	s.at[path].walk("", func(_ string, n *Node) {
		if len(n.defaults) > 0 {
			all = append(all, Default{n.Text, n.defaults})
		}
	})
	return all
}

// PlainSecrets returns the paths of the secrets that the file itself holds, in its
// order: of settings of providers, and the URL of the outbox.
func (s *Source) PlainSecrets() []string {
	if s == nil {
		return nil
	}
	var paths []string
	s.root.walk("", func(path string, n *Node) {
		if isPlain(path, n) {
			paths = append(paths, path)
		}
	})
	return paths
}

// Fault places err: at path, or at the nearest part of the file above it, where
// a missing key has to be added. Values that came from variables are masked in
// its text.
func (s *Source) Fault(path string, err error) Fault {
	if s == nil {
		return Fault{Path: path, Err: err}
	}
	_, missing := errors.AsType[*MissingError](err)
	if text := err.Error(); !missing && s.mask(text) != text {
		err = errors.New(s.mask(text)) // without its cause, which holds the value
	}
	f := Fault{File: s.file, Path: path, Err: err}
	for above := path; ; {
		if n := s.at[above]; n != nil {
			f.File, f.Line, f.Column = n.File, n.Line, n.Column
			return f
		}
		above = above[:max(0, strings.LastIndexAny(above, ".["))]
	}
}

// A secret is a value that came from a variable, and what is printed instead.
type secret struct{ value, name string }

// masking gives a function that puts the names of secrets in the place of their
// values, written plainly or as %q writes them. A value under four characters
// would be found everywhere by chance: it is masked only where it stands in
// quotes.
func masking(secrets []secret) func(string) string {
	var pairs []string
	for _, s := range secrets {
		quoted := strconv.Quote(s.value)
		pairs = append(pairs, quoted, s.name)
		if len(s.value) >= 4 {
			pairs = append(pairs, quoted[1:len(quoted)-1], s.name, s.value, s.name)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// quote shows a value in an error: in quotes, cut where it is long.
func quote(value string) string {
	const most = 40
	if runes := []rune(value); len(runes) > most {
		value = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", value)
}
