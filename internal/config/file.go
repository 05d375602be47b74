package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// A File is what a configuration file says, as far as it could be read.
type File struct {
	Providers []Provider
	Templates []sms.Template
	Routes    []Route
	Limits    Limits
	Policies  Policies
	Source    *Source
}

// A Provider is one entry of providers: its driver, and its settings as plain
// data for that driver to decode.
type Provider struct {
	Name, Driver string
	Settings     map[string]any
}

// A Route is one entry of routes.
type Route struct {
	Regions      []string   `yaml:"regions"`
	Templates    []string   `yaml:"templates"`
	Kinds        []sms.Kind `yaml:"kinds"`
	Providers    []string   `yaml:"providers"`
	AllowUnbound bool       `yaml:"allow_unbound"`
}

// Limits is the part limits.
type Limits struct {
	PerNumber   []Rate          `yaml:"per_number"`
	PerProvider map[string]Rate `yaml:"per_provider"`
}

// Policies is the part policies.
type Policies struct {
	Retry struct {
		Attempts int           `yaml:"attempts"`
		MinDelay time.Duration `yaml:"min_delay"`
		MaxDelay time.Duration `yaml:"max_delay"`
	} `yaml:"retry"`
	Breaker struct {
		Failures  int           `yaml:"failures"`
		OpenFor   time.Duration `yaml:"open_for"`
		SlowAfter time.Duration `yaml:"slow_after"`
	} `yaml:"breaker"`
}

// template and binding are sms.Template and sms.Binding as the file has them.
type template struct {
	Kind      sms.Kind            `yaml:"kind"`
	Text      string              `yaml:"text"`
	Variables map[string]variable `yaml:"variables"`
	Bindings  map[string]binding  `yaml:"bindings"`
}

type variable struct {
	MaxLen   int    `yaml:"max_len"`
	Pattern  string `yaml:"pattern"`
	Optional bool   `yaml:"optional"`
}

type binding struct {
	ID     string            `yaml:"id"`
	Abroad string            `yaml:"abroad"`
	From   string            `yaml:"from"`
	Text   string            `yaml:"text"`
	Order  []string          `yaml:"order"`
	Extra  map[string]string `yaml:"extra"`
}

// Options are how a file is read.
type Options struct {
	Getenv func(string) (string, bool) // nil: os.LookupEnv
	// Unread tells whether nobody reads the settings of this driver. No variable is
	// then looked up for them. Nil: all are read.
	Unread func(driver string) bool
}

// Read reads the file at path. What could be read comes beside the faults.
func Read(path string, o Options) (File, []Fault) {
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(f, maxSize+1)); err == nil { // one that is longer is refused by its length
			return Parse(path, data, o)
		}
	}
	err = fmt.Errorf("the configuration cannot be read: %w", cause(err))
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: write one, or say where it is", err)
	}
	return File{Source: newSource(path, &Node{})}, []Fault{{File: path, Err: err}}
}

// Parse reads data, the content of the file at path, which is not opened.
func Parse(path string, data []byte, o Options) (File, []Fault) {
	root, faults := parse(path, data)
	if root == nil {
		root = &Node{Line: 1, Column: 1}
	}
	r := reader{file: File{Source: newSource(path, root)}, faults: faults}
	if root.Kind == Text || root.Kind == List {
		r.fault("", fmt.Errorf("%v stands here, and the file is a map: begin with \"providers:\"", root.Kind))
		root = &Node{}
	}
	r.expand(root.Get("providers"), o, filepath.Dir(path))
	r.parts(root)
	Sort(r.faults)
	return r.file, r.faults
}

// A reader makes a File of the tree.
type reader struct {
	file   File
	faults []Fault
}

func (r *reader) fault(path string, err error) {
	r.faults = append(r.faults, r.file.Source.Fault(path, err))
}

// expand puts variables in under providers:, and nowhere else: under templates:
// ${code} is the template's own.
func (r *reader) expand(providers *Node, o Options, folder string) {
	if providers == nil || providers.Kind != Map {
		return
	}
	e := expander{getenv: o.Getenv, folder: folder}
	if e.getenv == nil {
		e.getenv = os.LookupEnv
	}
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
	r.file.Source.mask = masking(e.secrets)
	providers.walk("providers", func(path string, n *Node) {
		if len(n.Variables) > 0 {
			r.file.Source.names[path] = strings.Join(n.Variables, " and ")
		}
	})
}

// parts are the keys of the file.
var parts = [...]string{"providers", "templates", "routes", "limits", "policies"}

func (r *reader) parts(root *Node) {
	for _, f := range root.Fields {
		switch f.Key {
		case "providers":
			r.providers(f.Value)
		case "templates":
			r.templates(f.Value)
		case "routes":
			r.decode("routes", f.Value, &r.file.Routes)
		case "limits":
			r.decode("limits", f.Value, &r.file.Limits)
		case "policies":
			r.decode("policies", f.Value, &r.file.Policies)
		default:
			r.fault(Join("", f.Key), NoSuch("key", f.Key, parts[:]))
		}
	}
}

// decode fills into from the part at path.
func (r *reader) decode(path string, n *Node, into any) {
	for _, f := range Decode(n.Plain(), into, r.file.Source.Variable) {
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
