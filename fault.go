package notify

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A Fault is one thing wrong with a configuration.
type Fault struct {
	// File is the name of the file. It is empty if the Config was made in Go.
	File string
	// Line and Column count from 1. They are zero if the place is not known.
	Line, Column int
	// Path names the part: "providers.aliyun.region", "routes[1].providers[0]".
	Path string
	// Err is what is wrong and how to fix it.
	Err error
}

// Error returns "notify.yaml:4:5: providers.aliyun.region: what is wrong".
func (f Fault) Error() string { return config.Fault(f).Error() }

// Unwrap returns f.Err.
func (f Fault) Unwrap() error { return f.Err }

// A ConfigError lists the faults of a configuration, in the order of the file. It
// shows no value that came from a variable. It holds at most 100 faults, and 100
// variables without a value; the last fault counts the others.
type ConfigError struct{ Faults []Fault }

// Error returns one line for each fault. If there are several, the first line counts
// them.
func (e *ConfigError) Error() string {
	if e == nil || len(e.Faults) == 0 {
		return "notify: the configuration has no fault"
	}
	if len(e.Faults) == 1 {
		return "notify: " + e.Faults[0].Error()
	}
	count := len(e.Faults)
	if more, ok := e.Faults[count-1].Err.(*config.MoreError); ok {
		count += more.Faults + more.Missing - 1
	}
	var b strings.Builder
	fmt.Fprintf(&b, "notify: %s has %d faults:", cmp.Or(e.Faults[0].File, "the configuration"), count)
	for _, f := range e.Faults {
		b.WriteString("\n  " + f.Error())
	}
	return b.String()
}

// Unwrap returns the faults.
func (e *ConfigError) Unwrap() []error {
	if e == nil {
		return nil
	}
	all := make([]error, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = f
	}
	return all
}

// newConfigError returns nil if there is no fault.
func newConfigError(faults []config.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	var all config.Faults
	for _, f := range faults {
		all.Add(f)
	}
	e := &ConfigError{}
	for _, f := range all.All() {
		e.Faults = append(e.Faults, Fault(f))
	}
	return e
}

// unexplained removes those faults that follow from a known one, which are at the same
// path or below it. So an unset variable is one fault, and not an empty key too.
func unexplained(faults, known []config.Fault) []config.Fault {
	return slices.DeleteFunc(faults, func(f config.Fault) bool {
		return slices.ContainsFunc(known, func(k config.Fault) bool {
			rest, below := strings.CutPrefix(f.Path, k.Path)
			_, more := k.Err.(*config.MoreError)
			return !more && below && (rest == "" || rest[0] == '.' || rest[0] == '[' || k.Path == "")
		})
	})
}

func (b *builder) fault(path string, err error) {
	if _, ok := errors.AsType[*config.MissingError](err); ok {
		b.missing.Add(b.config.source.Fault(path, err))
		return
	}
	if _, more := err.(*config.MoreError); b.faults.Full() && !more {
		b.faults.Count(1) // without its text
		return
	}
	b.faults.Add(b.config.source.Fault(path, err))
}

func (b *builder) readDrivers(drivers []sms.Driver) {
	for i, d := range drivers {
		_, twice := b.drivers[d.Name]
		switch {
		case d.Name == "" || d.Open == nil:
			b.fault("", fmt.Errorf("driver number %d has no Name or no Open", i+1))
		case twice:
			b.fault("", fmt.Errorf("two drivers are called %q: give one of them", d.Name))
		default:
			b.drivers[d.Name] = d
		}
	}
}

// checkRewrites reports what would panic at every message.
func (b *builder) checkRewrites() {
	for i, r := range b.config.Rewrite {
		if r == nil {
			b.fault("", fmt.Errorf("Config.Rewrite[%d] is nil: leave it out", i))
		}
	}
}

// checkLimits reports the faults of Config.Limits, Config.Deduplicate and
// Config.DeduplicateKeys.
func (b *builder) checkLimits() {
	for i, w := range b.config.Limits.PerNumber {
		if err := w.Validate(); err != nil {
			b.fault(config.Index("limits.per_number", i), err)
		}
	}
	providers := keys(b.config.Providers)
	for _, name := range slices.Sorted(maps.Keys(b.config.Limits.PerProvider)) {
		path := config.Join("limits.per_provider", name)
		if _, ok := b.config.Providers[name]; !ok {
			b.fault(path, config.NoSuch("provider", name, providers))
		}
		if perSecond := b.config.Limits.PerProvider[name]; !(perSecond > 0) {
			b.fault(path, fmt.Errorf("%v calls a second let nothing through: write how many, or leave it out for no limit", perSecond))
		}
	}
	if d := b.config.Deduplicate; d < 0 {
		b.fault("policies.deduplicate", fmt.Errorf("%v is negative: write how long a Key is sent once only, or leave it out to turn that off", d))
	}
	if n := b.config.DeduplicateKeys; n < 0 {
		b.fault("policies.deduplicate_keys", fmt.Errorf("it is %d: write how many keys are kept, or leave it out for 1000000", n))
	}
	names := map[string]bool{}
	for _, l := range b.config.Limits.Budget {
		if _, err := middleware.NewBudget(l); err != nil {
			b.fault(config.Join("limits.budget", l.Name), err)
		}
		if names[l.Name] {
			b.fault(config.Join("limits.budget", l.Name), errors.New("there are two of this name: each is counted by its own"))
		}
		names[l.Name] = true
	}
}

// mostProviders is up to how many providers names in bindings are compared with.
const mostProviders = 100

// readTemplates compiles the templates one by one, so that each fault is reported at
// its template. The providers are opened with those that have none.
func (b *builder) readTemplates() {
	b.templates = make(map[string]sms.Template, len(b.config.Templates))
	var right []sms.Template
	for i, t := range b.config.Templates {
		path := config.Join("templates", t.Name)
		if _, twice := b.templates[t.Name]; twice {
			b.fault(path, fmt.Errorf("there are two templates called %q: Templates[%d] is the second", t.Name, i))
			continue
		}
		b.templates[t.Name] = t
		b.checkBindingNames(path, t)
		if _, err := sms.NewRegistry(t); err != nil {
			for _, fault := range templateFaults(path, err) {
				b.fault(fault.Path, fault.Err)
			}
			continue
		}
		right = append(right, t)
	}
	registry, err := sms.NewRegistry(right...)
	if err != nil {
		b.fault("templates", err)
	}
	b.registry = registry
}

// checkBindingNames reports bindings whose provider is probably misspelt. A binding of
// a provider that does not exist is no fault by itself: another environment may have
// that provider.
func (b *builder) checkBindingNames(path string, t sms.Template) {
	if len(b.config.Providers) > mostProviders {
		return // it would take longer than it helps
	}
	var unbound []string
	for name := range b.config.Providers {
		if _, bound := t.Bindings[name]; !bound {
			unbound = append(unbound, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Bindings)) {
		if _, ok := b.config.Providers[name]; !ok && config.Nearest(name, unbound) != "" {
			b.fault(config.Join(config.Join(path, "bindings"), name), config.NoSuch("provider", name, unbound))
		}
	}
}

// templateFaults returns the faults of sms.NewRegistry, each with its path.
func templateFaults(path string, err error) (faults []sms.FieldError) {
	joined, _ := err.(interface{ Unwrap() []error })
	for _, one := range joined.Unwrap() {
		fault, at := one.(*sms.TemplateError), path
		for _, part := range fault.Part {
			at = config.Join(at, part)
		}
		faults = append(faults, sms.FieldError{Path: at, Err: fault.Err})
	}
	return faults
}

// checkRoutes reports the faults of the routes and returns the routes. If there are
// none, it returns one that every message matches.
func (b *builder) checkRoutes() []Route {
	names := slices.Sorted(slices.Values(keys(b.config.Providers)))
	if len(b.config.Routes) == 0 {
		return []Route{{Providers: names, AllowUnbound: true}}
	}
	if n := len(b.config.Routes); n > mostRoutes {
		b.fault("routes", fmt.Errorf("there are %d routes, and at most %d are read", n, mostRoutes))
		return b.config.Routes
	}
	templates := keys(b.templates)
	for i, r := range b.config.Routes {
		path := config.Index("routes", i)
		b.checkRoute(path, r, templates)
		for earlier, other := range b.config.Routes[:i] {
			if takesAllOf(other, r) {
				b.fault(path, fmt.Errorf("unreachable: routes[%d] already matches every message that this route matches; move it up", earlier))
				break
			}
		}
	}
	b.checkBindings()
	return b.config.Routes
}

// mostRoutes bounds the routes, each of which is compared with those before it.
const mostRoutes = 1000

// checkRoute checks one route. templates are the names of all templates.
func (b *builder) checkRoute(path string, r Route, templates []string) {
	providers := slices.Sorted(maps.Keys(b.config.Providers))
	if len(r.Providers) == 0 {
		b.fault(path, fmt.Errorf("it has no providers: write \"providers: [%s]\"", strings.Join(providers, ", ")))
	}
	named := map[string]bool{}
	for j, name := range r.Providers {
		at := config.Index(config.Join(path, "providers"), j)
		if _, ok := b.config.Providers[name]; !ok {
			b.fault(at, config.NoSuch("provider", name, providers))
		} else if named[name] {
			b.fault(at, fmt.Errorf("provider %q is in this route already: name it once", name))
		}
		named[name] = true
	}
	for j, region := range r.Regions {
		if !isRegion(region) {
			b.fault(config.Index(config.Join(path, "regions"), j), fmt.Errorf("%q is no region: write two capital letters, such as CN, HK or US", region))
		}
	}
	for j, name := range r.Templates {
		if _, ok := b.templates[name]; !ok {
			b.fault(config.Index(config.Join(path, "templates"), j), config.NoSuch("template", name, templates))
		}
	}
	for j, k := range r.Kinds {
		if k < sms.Verification || k > sms.International {
			b.fault(config.Index(config.Join(path, "kinds"), j), errors.New("there is no such kind: write verification, notification, promotion or international"))
		}
	}
}

// checkBindings refuses a route in which a template that may take it has no
// binding at one of its providers.
func (b *builder) checkBindings() {
	matches := matchers(b.config.Routes)
	for _, t := range b.config.Templates {
		for _, i := range mayTake(b.config.Routes, matches, t) {
			if r := b.config.Routes[i]; !r.AllowUnbound {
				b.checkBound(config.Index("routes", i), r, t)
			}
		}
	}
}

func (b *builder) checkBound(path string, r Route, t sms.Template) {
	for j, provider := range r.Providers {
		if _, known := b.config.Providers[provider]; !known {
			continue // a fault already
		}
		if _, bound := t.Bindings[provider]; !bound {
			b.fault(config.Index(config.Join(path, "providers"), j), fmt.Errorf(
				"template %q may go to %q and has no binding for it: write %s (\"{}\" will do for a vendor that takes the text itself), or \"allow_unbound: true\" in this route",
				t.Name, provider, config.Join(config.Join(config.Join("templates", t.Name), "bindings"), provider)))
		}
	}
}

func isRegion(s string) bool {
	if len(s) == 3 { // of no country, such as 800 for international freephone: "001"
		return strings.Trim(s, "0123456789") == ""
	}
	return len(s) == 2 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func keys[V any](m map[string]V) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	return all
}

// takesAllOf reports whether every message that matches r matches other.
func takesAllOf(other, r Route) bool {
	return covers(other.Regions, r.Regions) && covers(other.Templates, r.Templates) && covers(other.Kinds, r.Kinds)
}

// covers reports whether everything in part is in whole. An empty list holds everything.
func covers[T comparable](whole, part []T) bool {
	if len(whole) == 0 || len(part) == 0 {
		return len(whole) == 0
	}
	return !slices.ContainsFunc(part, func(t T) bool { return !slices.Contains(whole, t) })
}

// mayTake returns the indexes of the routes that messages of template t can come to:
// those that match it, and of whose regions the routes before do not match all.
func mayTake(routes []Route, matches []func(sms.Template) bool, t sms.Template) (list []int) {
	taken := map[string]bool{} // regions of earlier routes
	for i, r := range routes {
		if !matches[i](t) {
			continue
		}
		if len(r.Regions) == 0 {
			return append(list, i)
		}
		if slices.ContainsFunc(r.Regions, func(region string) bool { return !taken[region] }) {
			list = append(list, i)
		}
		for _, region := range r.Regions {
			taken[region] = true
		}
	}
	return list
}

// matchers return, for each route, whether messages of a template match it besides
// their region.
func matchers(routes []Route) []func(sms.Template) bool {
	all := make([]func(sms.Template) bool, len(routes))
	for i, r := range routes {
		templates := make(map[string]bool, len(r.Templates))
		for _, name := range r.Templates {
			templates[name] = true
		}
		all[i] = func(t sms.Template) bool {
			return (len(templates) == 0 || templates[t.Name]) && (len(r.Kinds) == 0 || slices.Contains(r.Kinds, t.Kind.OrDefault()))
		}
	}
	return all
}

// production is the environment in which providers that send nothing are refused.
const production = "production"

// guarded reports whether real vendors are given the allowed numbers only.
func (b *builder) guarded() bool {
	env := b.config.Environment
	return env != "" && env != production && !b.allows(AllowAnyNumber)
}

func (b *builder) allows(what string) bool { return slices.Contains(b.config.Allow, what) }

// destination returns where a provider's calls go, and whether the provider was made.
func (b *builder) destination(name string) (sms.Destination, bool) {
	p, made := b.providers[name]
	if !made {
		return sms.Destination{}, false
	}
	return destinationOf(p), true
}

// checkSafety reports invalid numbers and, in production, what sends nothing or can be
// read by others.
func (b *builder) checkSafety() {
	for i, a := range b.config.Allow {
		if err := config.KnownAllowance(a); err != nil {
			b.fault(config.Index("allow", i), err)
		}
	}
	for i, n := range b.config.AllowedNumbers {
		if !n.Valid() {
			b.fault(config.Index("allowed_numbers", i), errors.New("it is no number in E.164: ParseNumber makes one"))
		}
	}
	if b.config.Redirect != "" && !b.config.Redirect.Valid() {
		b.fault("redirect", errors.New("it is no number in E.164: ParseNumber makes one"))
	}
	if b.config.Environment == production {
		b.checkProduction()
	}
}

func (b *builder) checkProduction() {
	refuse := func(path, what, allowance string) {
		if !b.allows(allowance) {
			b.fault(path, fmt.Errorf("in production %s: take it out, or write \"allow: [%s]\" if that is meant", what, allowance))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Providers)) {
		path := config.Join("providers", name)
		switch to, made := b.destination(name); {
		case !made:
		case to.Trial && to.Endpoint == "":
			refuse(path, "this provider sends nothing", AllowFake)
		case to.Trial:
			refuse(path, "this provider is a sandbox ("+to.Endpoint+"), which sends nothing", AllowSandbox)
		case strings.HasPrefix(to.Endpoint, "http://"):
			refuse(path, "this provider is called over plain HTTP ("+to.Endpoint+"), which others can read", AllowPlainHTTP)
		}
	}
	if b.config.Redirect != "" {
		refuse("redirect", "every message goes to one number", AllowRedirect)
	}
	if b.config.DryRun {
		refuse("dry_run", "nothing is sent", AllowDryRun)
	}
	for _, path := range b.plainSecrets() {
		b.fault(path, errors.New("a secret stands in the file: in production put it into a variable, \"${NAME}\", or a file, \"${file:/run/secrets/name}\""))
	}
}

// plainSecrets returns the paths of secrets that are written in the file, except those
// of trial providers.
func (b *builder) plainSecrets() []string {
	trial := map[string]bool{} // paths of providers
	for name := range b.config.Providers {
		if to, made := b.destination(name); made && to.Trial {
			trial[config.Join("providers", name)] = true
		}
	}
	return slices.DeleteFunc(b.config.source.PlainSecrets(), func(path string) bool {
		for i := range path {
			if path[i] == '.' && trial[path[:i]] {
				return true
			}
		}
		return false
	})
}
