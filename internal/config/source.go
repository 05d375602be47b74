package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Source remembers where in its files each path stands and which values came
// from variables. A nil Source knows nothing: the configuration was made in Go.
type Source struct {
	file string
	root *Node
	// index is of root, and environment the part of the file that chooses the
	// environment, which is not in root.
	index       index
	environment *Node
	// mask is a function, so that no print of a struct that holds a Source shows
	// the values that it masks.
	mask func(string) string
	// chosen is the environment and where it was chosen.
	chosen Choice
	// unread is set if no environment could be chosen: nothing else was read.
	unread  bool
	faults  Faults
	missing map[string]error // variables of providers that have no value, by path
}

func newSource(file string, root *Node) *Source {
	s := &Source{file: file, mask: func(t string) string { return t }, missing: map[string]error{}}
	s.setRoot(root)
	return s
}

func (s *Source) setRoot(root *Node) { s.root, s.index = root, indexOf(root) }

// at returns the Node at path, or the nearest one above it that exists, and whether it
// is the one at path.
func (s *Source) at(path string) (*Node, bool) {
	if path == "environment" && s.environment != nil {
		return s.environment, true
	}
	return s.index.find(s.root, path)
}

// File gives the name of the file; empty where there is none.
func (s *Source) File() string {
	if s == nil {
		return ""
	}
	return s.file
}

// Faults returns what is wrong with the file, in its order, and whether anything
// besides the environment was read. There are at most MaxFaults, and as many missing
// variables; a *MoreError at the end counts the others.
func (s *Source) Faults() (faults []Fault, read bool) {
	if s == nil {
		return nil, true
	}
	return s.faults.All(), !s.unread
}

// Missing returns the error of a variable under providers that has no value, at
// path.
func (s *Source) Missing(path string) error {
	if s == nil {
		return nil
	}
	return s.missing[path]
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
	if s == nil {
		return ""
	}
	n, ok := s.at(path)
	if !ok {
		return ""
	}
	return strings.Join(n.Variables, " and ")
}

// A Default is a value that holds the default of a variable that has no value.
type Default struct {
	Value     string
	Variables []string // names
}

// Defaults returns the values below path that hold a default.
func (s *Source) Defaults(path string) (all []Default) {
	if s == nil {
		return nil
	}
	n, ok := s.at(path)
	if !ok {
		return nil
	}
	n.walk("", func(_ *trail, n *Node) {
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
	s.root.walk("", func(at *trail, n *Node) {
		if n.Kind != Text || n.Text == "" {
			return
		}
		if path := at.String(); isPlain(path, n) {
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
	n, _ := s.at(path)
	return Fault{File: n.File, Line: n.Line, Column: n.Column, Path: path, Err: err}
}

// A secret is a value that came from a variable, and what is printed instead.
type secret struct{ value, name string }

// masking gives a function that puts the names of secrets in the place of their
// values, written plainly or as %q writes them. A value under four characters
// would be found everywhere by chance: it is masked only where it stands in
// quotes.
func masking(secrets []secret) func(string) string {
	var pairs []string
	known := make(map[secret]bool, len(secrets))
	for _, s := range secrets {
		if known[s] {
			continue
		}
		known[s] = true
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
