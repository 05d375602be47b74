package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/notifykit/notify/providers/kit"
)

// Variable is the environment variable that chooses the environment.
const Variable = "NOTIFY_ENV"

// A Choice is an environment and who chose it.
type Choice struct {
	Name string
	By   string // "LoadOptions.Environment", "NOTIFY_ENV", "notify.yaml:1"; empty: nothing
	// Default names the variable that would have chosen another environment if it
	// had been set; empty if the environment was chosen by the caller or by a variable.
	Default string
}

// choose finds out the environment of the file, whose tree is root: the caller's
// word, else the variable's, else the file's own. It tells whether the rest of
// the file can be read for it.
func (s *Source) choose(root *Node, o Options, e *expander) (c Choice, ok bool) {
	own := root.Get("environment")
	switch value, _ := e.getenv(Variable); {
	case o.Environment != "":
		c = Choice{Name: o.Environment, By: cmp.Or(o.By, "LoadOptions.Environment")}
	case value != "":
		c = Choice{Name: value, By: Variable}
	case own != nil && own.Kind == Text:
		known := s.faults.Len()
		e.expand(own, "environment", s.fault)
		for _, err := range own.missing {
			s.fault("environment", err)
		}
		if s.faults.Len() > known {
			return c, false
		}
		if own.Text != "" {
			c = Choice{Name: own.Text, By: fmt.Sprintf("%s:%d", own.File, own.Line)}
			if len(own.Variables) == 0 { // else a variable has chosen it
				c.Default = cmp.Or(strings.Join(own.defaults, " and "), Variable)
			}
		}
	case own != nil && own.Kind != Null:
		s.fault("environment", fmt.Errorf("%v stands here, and a name is wanted: \"${%s}\"", own.Kind, Variable))
		return c, false
	}
	return c, s.checkChoice(c, namesOf(root.Get("environments")))
}

// checkChoice refuses a file that has environments and none for c: a variable
// that was forgotten must not run one by chance.
func (s *Source) checkChoice(c Choice, names []string) bool {
	damage := kit.CheckSecret(c.Name) // a name has the same ways to be damaged
	switch {
	case damage != nil:
		s.fault("environment", fmt.Errorf("%s has a name for it that cannot be right: %w", c.By, damage))
		return false
	case len(names) == 0 || slices.Contains(names, c.Name):
		return true
	case c.Name == "":
		s.fault("environments", fmt.Errorf("no environment is chosen, and the file has %s: set %s to one of them", strings.Join(names, ", "), Variable))
	default:
		s.fault("environments", fmt.Errorf("%w; %s has chosen it (an environment that differs in nothing is written \"%s: {}\")",
			NoSuch("environment", c.Name, names), c.By, clip(c.Name)))
	}
	return false
}

// namesOf gives the keys of a map in the order of the file.
func namesOf(n *Node) (names []string) {
	if n != nil {
		for _, f := range n.Fields {
			names = append(names, f.Key)
		}
	}
	return names
}

// bare gives root without the parts that speak of environments.
func bare(root *Node) *Node {
	out := *root
	out.Fields = slices.DeleteFunc(slices.Clone(root.Fields), func(f Field) bool { return f.Key == "environment" || f.Key == "environments" })
	return &out
}

// merge puts an environment's part over the base: maps merge, lists and values
// replace, null removes, and a provider of another driver replaces the base's
// whole. Neither is changed; path is what leads to them.
func merge(base, over *Node, path ...string) *Node {
	if base == nil || base.Kind != Map || over.Kind != Map || otherDriver(base, over, path) {
		return withoutNulls(over)
	}
	out := *base
	out.Fields = slices.Clone(base.Fields)
	at := make(map[string]int, len(out.Fields))
	for i, f := range out.Fields {
		at[f.Key] = i
	}
	for _, f := range over.Fields {
		i, ok := at[f.Key]
		switch {
		case f.Value.Kind == Null && ok:
			out.Fields[i].Value = nil
		case f.Value.Kind == Null: // there was nothing to remove
		case !ok:
			out.Fields = append(out.Fields, Field{f.Key, withoutNulls(f.Value)})
		default:
			out.Fields[i].Value = merge(out.Fields[i].Value, f.Value, append(slices.Clone(path), f.Key)...)
		}
	}
	out.Fields = slices.DeleteFunc(out.Fields, func(f Field) bool { return f.Value == nil })
	return &out
}

// otherDriver tells whether over is a provider made by another driver than base:
// the settings of one are not the other's.
func otherDriver(base, over *Node, path []string) bool {
	if len(path) != 2 || path[0] != "providers" {
		return false
	}
	driver := over.Get("driver")
	return driver != nil && (base.Get("driver") == nil || base.Get("driver").Text != driver.Text)
}

// withoutNulls drops what an environment removes where there is nothing to
// remove it from.
func withoutNulls(n *Node) *Node {
	if n.Kind != Map {
		return n
	}
	out := *n
	out.Fields = nil
	for _, f := range n.Fields {
		if f.Value.Kind != Null {
			out.Fields = append(out.Fields, Field{f.Key, withoutNulls(f.Value)})
		}
	}
	return &out
}

// checkOthers looks at the form of the environments that are not chosen, so that
// a slip in the part for production is found in development. Values that hold
// variables are not looked at, and no file of templates is opened.
func (s *Source) checkOthers(environments *Node, chosen string, t reflect.Type) {
	if environments == nil {
		return
	}
	skipped := withVariables(t)
	for _, f := range environments.Fields {
		path := Join("environments", f.Key)
		if f.Value.Kind != Map && f.Value.Kind != Null {
			if f.Value.Kind != Unread {
				s.fault(path, fmt.Errorf("%v stands here, and a map is wanted: what differs from the base", f.Value.Kind))
			}
			continue
		}
		if f.Key == chosen || f.Value.Kind == Null {
			continue
		}
		s.checkInner(path, f.Value)
		for _, fault := range checkForm(s.file, withoutNulls(bare(f.Value)), t, skipped) {
			fault.Path = Below(path, fault.Path)
			s.faults.Add(fault)
		}
	}
}
