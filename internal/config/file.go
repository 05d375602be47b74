package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/notifykit/notify/sms"
)

// A File is what a configuration file says for one environment, as far as it
// could be read.
type File struct {
	Choice         Choice
	Unchosen       bool // nobody has chosen one of its environments: nothing else was read
	Providers      []Provider
	Templates      []sms.Template
	Routes         []Route
	Limits         Limits
	Policies       Policies
	Outbox         Outbox
	Redirect       sms.Number
	DryRun         bool
	AllowedNumbers []sms.Number
	Allow          []Allowance
	Source         *Source
}

// Options are how a file is read.
type Options struct {
	Environment string                      // empty: by NOTIFY_ENV, else by the file
	By          string                      // who says Environment; empty: "LoadOptions.Environment"
	Getenv      func(string) (string, bool) // nil: os.LookupEnv
	// Unread tells whether nobody reads the settings of this driver. No variable is
	// then looked up for them. Nil: all are read.
	Unread func(driver string) bool
}

// Read reads the file at path. What could be read comes beside the faults.
func Read(path string, o Options) (File, []Fault) {
	data, err := readFile(path)
	if err == nil {
		return Parse(path, data, o)
	}
	err = fmt.Errorf("the configuration cannot be read: %w", cause(err))
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: write one, or say where it is", err)
	}
	return File{Source: newSource(path, &Node{})}, []Fault{{File: path, Err: err}}
}

// readUpTo reads at most so many bytes.
func readUpTo(r io.Reader, most int64) ([]byte, error) { return io.ReadAll(io.LimitReader(r, most)) }

// Parse reads data, the content of the file at path, which is not opened.
func Parse(path string, data []byte, o Options) (File, []Fault) {
	root, faults := parse(path, data)
	if root == nil {
		root = &Node{File: path, Line: 1, Column: 1}
	}
	r := reader{file: File{Source: newSource(path, root)}, faults: faults}
	if root.Kind == Text || root.Kind == List {
		r.fault("", fmt.Errorf("%v stands here, and the file is a map: begin with \"providers:\"", root.Kind))
		root = &Node{File: path, Line: 1, Column: 1}
	}
	r.read(root, o, filepath.Dir(path))
	Sort(r.faults)
	return r.file, r.faults
}

// A reader makes a File of the tree.
type reader struct {
	file   File
	faults []Fault
	form   bool // only the form is looked at: no variable is put in, no other file opened
}

func (r *reader) fault(path string, err error) {
	r.faults = append(r.faults, r.file.Source.Fault(path, err))
}

// read chooses the environment, puts the tree together for it, puts variables in
// and decodes the parts.
func (r *reader) read(root *Node, o Options, folder string) {
	e := &expander{getenv: o.Getenv, folder: folder}
	if e.getenv == nil {
		e.getenv = os.LookupEnv
	}
	base, environments := bare(root), root.Get("environments")
	if environments != nil && (environments.Kind == Text || environments.Kind == List) {
		r.fault("environments", fmt.Errorf("%v stands here, and a map is wanted: {production: {…}}", environments.Kind))
	}
	choice, ok := r.choose(root, o, e)
	r.file.Choice, r.file.Source.chosen = choice, choice
	r.checkOthers(base, environments, choice.Name)
	if !ok {
		r.file.Unchosen = true
		return
	}
	merged := base
	if over := environments.Get(choice.Name); over != nil {
		merged = merge(base, over)
	}
	merged = bare(merged) // a copy, of which gather changes a field
	r.gather(merged, folder)
	r.file.Source.root = merged
	r.file.Source.index()
	if own := root.Get("environment"); own != nil {
		r.file.Source.at["environment"] = own
	}
	r.expand(merged, o, e)
	r.parts(merged)
}

// expanded are the parts beside providers whose values may hold variables.
var expanded = [...]string{"outbox", "redirect", "allowed_numbers"}

// expand puts variables in where the documentation says so, and nowhere else:
// under templates: ${code} is the template's own.
func (r *reader) expand(root *Node, o Options, e *expander) {
	for _, key := range expanded {
		if n := root.Get(key); n != nil {
			e.expand(n, key, r.fault)
		}
	}
	if providers := root.Get("providers"); providers != nil && providers.Kind == Map {
		r.expandProviders(providers, o, e)
	}
	r.file.Source.mask = masking(e.secrets)
}

func (r *reader) expandProviders(providers *Node, o Options, e *expander) {
	for _, f := range providers.Fields {
		path := Join("providers", f.Key)
		if driver := f.Value.Get("driver"); driver != nil {
			e.expand(driver, Join(path, "driver"), r.fault)
			if o.Unread != nil && o.Unread(driver.Text) {
				continue
			}
		}
		for _, setting := range f.Value.Fields {
			if setting.Key != "driver" {
				e.expand(setting.Value, Join(path, setting.Key), r.fault)
			}
		}
	}
}

// parts decodes the parts of the file.
func (r *reader) parts(root *Node) {
	for _, f := range root.Fields {
		switch f.Key {
		case "providers":
			r.providers(f.Value)
		case "templates":
			if f.Value.Kind != List { // the form of another environment: its files are not opened
				r.templates(f.Value)
			}
		case "routes":
			r.decode("routes", f.Value, &r.file.Routes)
		case "limits":
			r.decode("limits", f.Value, &r.file.Limits)
		case "policies":
			r.decode("policies", f.Value, &r.file.Policies)
		case "outbox":
			r.decode("outbox", f.Value, &r.file.Outbox)
		case "redirect":
			r.decode("redirect", f.Value, (*number)(&r.file.Redirect))
		case "dry_run":
			r.decode("dry_run", f.Value, &r.file.DryRun)
		case "allowed_numbers":
			r.allowedNumbers(f.Value)
		case "allow":
			r.decode("allow", f.Value, &r.file.Allow)
		case "environment", "environments":
			r.fault(f.Key, errors.New("it stands in the file itself, not in one of its environments"))
		default:
			r.fault(Join("", f.Key), NoSuch("key", f.Key, keysOf(document{})))
		}
	}
}

func (r *reader) allowedNumbers(n *Node) {
	var numbers []number
	r.decode("allowed_numbers", n, &numbers)
	for _, one := range numbers {
		if one != "" {
			r.file.AllowedNumbers = append(r.file.AllowedNumbers, sms.Number(one))
		}
	}
}

// decode fills into from the part at path.
func (r *reader) decode(path string, n *Node, into any) {
	if r.form && slices.Contains(expanded[:], path) {
		return // its values may be variables
	}
	variable := func(below string) string { return r.file.Source.Variable(Below(path, below)) }
	for _, f := range Decode(n.Plain(), into, variable) {
		r.fault(Below(path, f.Path), f.Err)
	}
}

// Below gives the path of what is at path below above.
func Below(above, path string) string {
	if above == "" || path == "" || path[0] == '[' {
		return above + path
	}
	return above + "." + path
}

// named gives the entries of a part that is a map of names.
func (r *reader) named(path string, n *Node) []Field {
	if n.Kind == Text || n.Kind == List {
		r.fault(path, fmt.Errorf("%v stands here, and a map is wanted: {name: {…}}", n.Kind))
	}
	return n.Fields
}

func (r *reader) providers(n *Node) {
	for _, f := range r.named("providers", n) {
		path := Join("providers", f.Key)
		p := Provider{Name: f.Key}
		switch f.Value.Kind {
		case Unread:
			r.file.Providers = append(r.file.Providers, p) // its name is known
			continue
		case Null, Text, List:
			r.fault(path, fmt.Errorf("%v stands here, and a map is wanted: {driver: name, …}", f.Value.Kind))
			r.file.Providers = append(r.file.Providers, p)
			continue
		}
		settings, _ := f.Value.Plain().(map[string]any)
		if driver, ok := settings["driver"]; ok {
			for _, fault := range Decode(driver, &p.Driver, nil) {
				r.fault(Join(path, "driver"), fault.Err)
			}
		}
		delete(settings, "driver")
		p.Settings = settings
		r.file.Providers = append(r.file.Providers, p)
	}
}

func (r *reader) templates(n *Node) {
	for _, f := range r.named("templates", n) {
		var t template
		r.decode(Join("templates", f.Key), f.Value, &t)
		r.file.Templates = append(r.file.Templates, t.template(f.Key))
	}
}

func (t template) template(name string) sms.Template {
	out := sms.Template{Name: name, Kind: t.Kind, Text: t.Text}
	if len(t.Variables) > 0 {
		out.Variables = make(map[string]sms.Variable, len(t.Variables))
		for name, v := range t.Variables {
			out.Variables[name] = sms.Variable(v)
		}
	}
	if len(t.Bindings) > 0 {
		out.Bindings = make(map[string]sms.Binding, len(t.Bindings))
		for provider, b := range t.Bindings {
			out.Bindings[provider] = sms.Binding(b)
		}
	}
	return out
}
