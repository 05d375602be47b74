package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// gather puts the templates of the files that templates: names, as a list of
// patterns, in the place of that list. A relative pattern counts from folder. A
// map in the list is templates written out.
func (s *Source) gather(root *Node, folder string) {
	list := root.Get("templates")
	if list == nil || list.Kind != List {
		return
	}
	all := &gathered{Node: Node{Kind: Map, File: list.File, Line: list.Line, Column: list.Column}, names: map[string]*Node{}}
	for i, item := range list.Items {
		path := Index("templates", i)
		switch item.Kind {
		case Text:
			s.gatherFiles(all, path, item.Text, folder)
		case Map:
			s.gatherFields(all, item.Fields)
		case Null, List:
			s.fault(path, fmt.Errorf("%v stands here, and a pattern of file names is wanted: [templates/*.yaml]", item.Kind))
		}
	}
	for i := range root.Fields {
		if root.Fields[i].Key == "templates" {
			root.Fields[i].Value = &all.Node
		}
	}
}

// gathered are templates of several files.
type gathered struct {
	Node
	names map[string]*Node
}

func (s *Source) gatherFiles(all *gathered, path, pattern, folder string) {
	files, err := glob(folder, pattern)
	switch {
	case err != nil:
		s.fault(path, fmt.Errorf("%s is no pattern of file names: write templates/*.yaml", quote(pattern)))
	case len(files) == 0:
		s.fault(path, fmt.Errorf("no file is called %s: a relative pattern counts from the folder of this file", quote(pattern)))
	}
	for _, file := range files {
		data, err := readFile(file)
		if err != nil {
			s.faults.Add(Fault{File: file, Line: 1, Column: 1, Path: "templates", Err: fmt.Errorf("the templates cannot be read: %w", cause(err))})
			continue
		}
		part, faults := parse(file, data)
		for _, f := range faults.All() {
			s.faults.Add(f)
		}
		if part != nil && (part.Kind == Text || part.Kind == List) {
			s.faults.Add(Fault{File: file, Line: part.Line, Column: part.Column, Path: "templates",
				Err: fmt.Errorf("%v stands here, and a file of templates is a map: begin with the name of one", part.Kind)})
			continue
		}
		if part != nil {
			s.gatherFields(all, part.Fields)
		}
	}
}

// glob returns the files that pattern names, in order. A relative one counts from
// folder, whose own name is no pattern. As in a shell, a wildcard at the beginning
// of a name does not match a dot: such files are hidden, as ..data of a Kubernetes
// ConfigMap and what editors keep for themselves.
func glob(folder, pattern string) (files []string, err error) {
	volume := filepath.VolumeName(pattern)
	if filepath.IsAbs(pattern) {
		folder = volume + string(filepath.Separator)
	}
	files = []string{folder}
	for name := range strings.SplitSeq(filepath.ToSlash(pattern[len(volume):]), "/") {
		if _, err := filepath.Match(name, ""); err != nil {
			return nil, err
		}
		var next []string
		for _, above := range files {
			next = append(next, below(above, name)...)
		}
		files = next
	}
	return files, nil
}

// below returns what name, which may be a pattern, matches in a folder.
func below(folder, name string) (files []string) {
	if !strings.ContainsAny(name, `*?[\`) {
		file := filepath.Join(folder, name)
		if _, err := os.Lstat(file); err != nil {
			return nil
		}
		return []string{file}
	}
	entries, _ := os.ReadDir(folder) // sorted; none if it is no folder
	for _, e := range entries {
		hidden := strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(name, ".")
		if ok, _ := filepath.Match(name, e.Name()); ok && !hidden {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files
}

// gatherFields adds templates to all, each name once.
func (s *Source) gatherFields(all *gathered, fields []Field) {
	for _, f := range fields {
		if earlier := all.names[f.Key]; earlier != nil {
			s.faults.Add(Fault{File: f.Value.File, Line: f.Value.Line, Column: f.Value.Column, Path: Join("templates", f.Key),
				Err: fmt.Errorf("the template is there already, in %s:%d: give one of the two another name", earlier.File, earlier.Line)})
			continue
		}
		all.names[f.Key] = f.Value
		all.Fields = append(all.Fields, f)
	}
}

// readFile reads a file that may hold a little more than the most that is
// read, which parse then refuses by its length.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path) // before it is opened: to open a pipe that has no writer blocks
	open := strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/proc/")
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case info.Mode()&os.ModeNamedPipe != 0 && !open:
		return nil, errors.New("it is a pipe: write a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readUpTo(f, maxSize+1)
}
