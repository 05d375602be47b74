package recipe

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Fault is what is wrong in a recipe, and where.
type Fault struct {
	File string
	Line int    // counted from 1; zero: the whole file
	Path string // "request.json.to"
	Err  error
}

// Error returns "acme.yaml:12: request.json.to: …".
func (f *Fault) Error() string {
	where := f.File
	if f.Line > 0 {
		where += ":" + strconv.Itoa(f.Line)
	}
	if f.Path != "" {
		where += ": " + f.Path
	}
	return where + ": " + f.Err.Error()
}

// Unwrap returns the fault without its place.
func (f *Fault) Unwrap() error { return f.Err }

// A reader decodes the nodes of a recipe and collects every fault.
type reader struct {
	file   string
	faults []error
}

func (d *reader) fault(line int, path, format string, args ...any) {
	d.faults = append(d.faults, &Fault{d.file, line, path, fmt.Errorf(format, args...)})
}

func (d *reader) err() error { return errors.Join(d.faults...) }

// A value is a node with its path.
type value struct {
	*yaml.Node
	path string
}

func (v value) at(name string, n *yaml.Node) value {
	if v.path != "" {
		name = v.path + "." + name
	}
	return value{n, name}
}

func (v value) isNull() bool { return v.Kind == yaml.ScalarNode && v.Tag == "!!null" }

// pairs calls do with each key of a mapping, in order. A key that comes twice, and a
// value that is no mapping, is a fault.
func (d *reader) pairs(v value, do func(key *yaml.Node, v value)) {
	if v.Kind != yaml.MappingNode {
		d.fault(v.Line, v.path, "it must be a map of names and values")
		return
	}
	var seen []string
	for i := 0; i+1 < len(v.Content); i += 2 {
		key, node := v.Content[i], v.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.fault(key.Line, v.path, "a name must be a text: put quotes around it")
		case node.Kind == yaml.AliasNode || key.Value == "<<":
			d.fault(key.Line, v.path, "anchors, aliases and merge keys are not used in recipes: write the value out")
		case slices.Contains(seen, key.Value):
			d.fault(key.Line, v.path+"."+key.Value, "the name comes twice")
		default:
			seen = append(seen, key.Value)
			do(key, v.at(key.Value, node))
		}
	}
}

// fields calls the function of each key, and reports keys that have none.
func (d *reader) fields(v value, known map[string]func(value)) {
	d.pairs(v, func(key *yaml.Node, v value) {
		if read, ok := known[key.Value]; ok {
			read(v)
			return
		}
		d.fault(key.Line, v.path, "there is no such key%s", didYouMean(key.Value, keysOf(known)))
	})
}

// items returns the elements of a list; one value is a list of itself.
func (d *reader) items(v value) (list []value) {
	if v.Kind != yaml.SequenceNode {
		return []value{v}
	}
	for i, n := range v.Content {
		list = append(list, value{n, v.path + "." + strconv.Itoa(i)})
	}
	return list
}

// word returns a scalar as text, however it is written.
func (d *reader) word(v value) string {
	if v.Kind != yaml.ScalarNode || v.isNull() {
		if v.Kind == yaml.MappingNode && len(v.Content) == 2 && v.Content[1].Tag == "!!null" {
			d.fault(v.Line, v.path, "put quotes around \"{%s}\": without them it is a map in YAML", v.Content[0].Value)
		} else {
			d.fault(v.Line, v.path, "it must be a text")
		}
		return ""
	}
	return v.Value
}

func (d *reader) words(v value) (list []string) {
	for _, item := range d.items(v) {
		list = append(list, d.word(item))
	}
	return list
}

func (d *reader) number(v value) int {
	n, err := strconv.Atoi(d.word(v))
	if err != nil || n < 0 {
		d.fault(v.Line, v.path, "%q must be a number from 0", v.Value)
	}
	return n
}

func (d *reader) boolean(v value) bool {
	b, err := strconv.ParseBool(d.word(v))
	if err != nil {
		d.fault(v.Line, v.path, "%q must be true or false", v.Value)
	}
	return b
}

// oneOf reads a word of a list.
func (d *reader) oneOf(v value, known ...string) string {
	s := d.word(v)
	if s != "" && !slices.Contains(known, s) {
		d.fault(v.Line, v.path, "there is no %q%s: write %s", s, didYouMean(s, known), strings.Join(known, ", "))
	}
	return s
}

// text reads a text with placeholders.
func (d *reader) text(v value) text {
	s := d.word(v)
	if strings.Contains(s, "${") {
		d.fault(v.Line, v.path, "%q looks like an environment variable, and a recipe has none: secrets and settings are in the user's configuration", s)
	}
	t, err := parseText(s, v.Line)
	if err != nil {
		d.fault(v.Line, v.path, "%w", err)
	}
	return t
}

func (d *reader) texts(v value) (list []text) {
	for _, item := range d.items(v) {
		list = append(list, d.text(item))
	}
	return list
}

// textMap reads a map of plain texts.
func (d *reader) textMap(v value) map[string]string {
	m := map[string]string{}
	d.pairs(v, func(key *yaml.Node, v value) { m[key.Value] = d.word(v) })
	return m
}
