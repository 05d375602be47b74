package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Options are how a file is read.
type Options struct {
	Environment string                      // empty: by NOTIFY_ENV, else by the file
	By          string                      // who says Environment; empty: "LoadOptions.Environment"
	Getenv      func(string) (string, bool) // nil: os.LookupEnv
}

// Read reads the file at path into a pointer to a struct whose yaml tags are the
// file's keys. What could be read is filled in, whatever the faults.
func Read(path string, o Options, into any) *Source {
	data, err := readFile(path)
	if err == nil {
		return Parse(path, data, o, into)
	}
	err = fmt.Errorf("the configuration cannot be read: %w", cause(err))
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: write one, or say where it is", err)
	}
	s := newSource(path, &Node{})
	s.faults.Add(Fault{File: path, Err: err})
	return s
}

// readUpTo reads at most so many bytes.
func readUpTo(r io.Reader, most int64) ([]byte, error) { return io.ReadAll(io.LimitReader(r, most)) }

// Parse is Read of data, the content of the file at path, which is not opened.
func Parse(path string, data []byte, o Options, into any) *Source {
	root, faults := parse(path, data)
	if root == nil {
		root = &Node{File: path, Line: 1, Column: 1}
	}
	s := newSource(path, root)
	s.faults = faults
	if root.Kind == Text || root.Kind == List {
		s.fault("", fmt.Errorf("%v stands here, and the file is a map: begin with \"providers:\"", root.Kind))
		root = &Node{File: path, Line: 1, Column: 1}
	}
	s.read(root, o, filepath.Dir(path), into)
	return s
}

func (s *Source) fault(path string, err error) {
	if more, ok := err.(*MoreError); ok {
		s.faults.Add(Fault{Err: more})
		return
	}
	s.faults.Add(s.Fault(path, err))
}

// read chooses the environment, puts the tree together for it, puts variables in
// and decodes it.
func (s *Source) read(root *Node, o Options, folder string, into any) {
	e := &expander{getenv: o.Getenv, folder: folder}
	if e.getenv == nil {
		e.getenv = os.LookupEnv
	}
	base, environments := bare(root), root.Get("environments")
	if environments != nil && (environments.Kind == Text || environments.Kind == List) {
		s.fault("environments", fmt.Errorf("%v stands here, and a map is wanted: {production: {…}}", environments.Kind))
	}
	var ok bool
	s.chosen, ok = s.choose(root, o, e)
	s.checkOthers(environments, s.chosen.Name, reflect.TypeOf(into).Elem())
	if !ok {
		s.unread = true
		return
	}
	merged := base
	if over := environments.Get(s.chosen.Name); over != nil {
		s.checkInner(Join("environments", s.chosen.Name), over)
		merged = merge(base, bare(over))
	}
	merged = bare(merged) // a copy, of which gather changes a field
	s.gather(merged, folder)
	s.setRoot(merged)
	s.environment = root.Get("environment")
	for _, key := range withVariables(reflect.TypeOf(into).Elem()) {
		if n := merged.Get(key); n != nil {
			e.expand(n, key, s.fault)
		}
	}
	s.mask = masking(e.secrets)
	s.decode(merged, into)
}

// withVariables lists the keys of the file whose values may hold variables.
// Elsewhere, such as under templates, ${code} is not the file's.
func withVariables(t reflect.Type) (keys []string) {
	for _, k := range Within("", keysOfType("", t)) {
		inner := []Key(nil)
		if k.Type.Kind() == reflect.Struct {
			inner = keysOfType("", k.Type)
		}
		if (k.Vars || slices.ContainsFunc(inner, func(k Key) bool { return k.Vars })) && k.Name != "environment" {
			keys = append(keys, k.Name)
		}
	}
	return keys
}

// decode fills into from the tree. A provider whose variable has no value is no
// fault of the file: whoever opens the provider reports it.
func (s *Source) decode(root *Node, into any) {
	for _, f := range Decode(root.Plain(), into, s.Variable) {
		if missing, ok := errors.AsType[*MissingError](f.Err); ok && strings.HasPrefix(f.Path, "providers.") {
			if s.missing[f.Path] == nil {
				s.missing[f.Path] = missing
			}
			continue
		}
		s.fault(f.Path, f.Err)
	}
}

// Below returns the path of what is at path below above.
func Below(above, path string) string {
	if above == "" || path == "" || path[0] == '[' {
		return above + path
	}
	return above + "." + path
}

// checkInner refuses what an environment cannot have.
func (s *Source) checkInner(path string, over *Node) {
	for _, f := range over.Fields {
		if f.Key == "environment" || f.Key == "environments" {
			s.fault(Join(path, f.Key), errors.New("it stands in the file itself, not in one of its environments"))
		}
	}
}

// checkForm checks the form of a tree of which no variable is put in and no
// other file opened, and returns its faults. The keys in skipped may hold variables.
func checkForm(file string, root *Node, t reflect.Type, skipped []string) []Fault {
	s := newSource(file, root)
	root = bare(root)
	root.Fields = slices.DeleteFunc(root.Fields, func(f Field) bool {
		return f.Key != "providers" && slices.Contains(skipped, f.Key) || f.Key == "templates" && f.Value.Kind == List
	})
	s.decode(root, reflect.New(t).Interface())
	return s.faults.All()
}
