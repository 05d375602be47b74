package notify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/sms"
)

// checkRoutes looks for what is wrong with the routes and gives them completed:
// without any, the one that takes everything.
func (b *builder) checkRoutes() []Route {
	names := slices.Sorted(slices.Values(keys(b.config.Providers)))
	if len(b.config.Routes) == 0 {
		return []Route{{Providers: names, AllowUnbound: true}}
	}
	for i, r := range b.config.Routes {
		path := config.Index("routes", i)
		b.checkRoute(path, r, names)
		for earlier, other := range b.config.Routes[:i] {
			if takesAllOf(other, r) {
				b.fault(path, fmt.Errorf("it never takes a message: routes[%d] stands before it and takes all of them; put this one first", earlier))
				break
			}
		}
		b.checkBindings(path, i)
	}
	return b.config.Routes
}

func (b *builder) checkRoute(path string, r Route, names []string) {
	if len(r.Providers) == 0 {
		b.fault(path, fmt.Errorf("it has no providers: write \"providers: [%s]\"", strings.Join(names, ", ")))
	}
	for j, name := range r.Providers {
		at := config.Index(config.Join(path, "providers"), j)
		if !slices.Contains(names, name) {
			b.fault(at, config.NoSuch("provider", name, names))
		} else if slices.Contains(r.Providers[:j], name) {
			b.fault(at, fmt.Errorf("provider %q is in this route already: name it once", name))
		}
	}
	for j, region := range r.Regions {
		if !isRegion(region) {
			b.fault(config.Index(config.Join(path, "regions"), j), fmt.Errorf("%q is no region: write two capital letters, such as CN, HK or US", region))
		}
	}
	for j, name := range r.Templates {
		if _, ok := b.templates[name]; !ok {
			b.fault(config.Index(config.Join(path, "templates"), j), config.NoSuch("template", name, keys(b.templates)))
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
func (b *builder) checkBindings(path string, i int) {
	r := b.config.Routes[i]
	if r.AllowUnbound {
		return
	}
	for _, t := range b.config.Templates {
		if !mayTake(b.config.Routes, i, t) {
			continue
		}
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

// takesAllOf tells whether every message that matches r matches other.
func takesAllOf(other, r Route) bool {
	return covers(other.Regions, r.Regions) && covers(other.Templates, r.Templates) && covers(other.Kinds, r.Kinds)
}

// covers tells whether everything in part is in whole, where empty is everything.
func covers[T comparable](whole, part []T) bool {
	if len(whole) == 0 || len(part) == 0 {
		return len(whole) == 0
	}
	return !slices.ContainsFunc(part, func(t T) bool { return !slices.Contains(whole, t) })
}

// mayTake tells whether a message of template t can come to routes[i]: it
// matches, and the routes before it leave a region over.
func mayTake(routes []Route, i int, t sms.Template) bool {
	if !matchesTemplate(routes[i], t) {
		return false
	}
	left := slices.Clone(routes[i].Regions)
	for _, r := range routes[:i] {
		if !matchesTemplate(r, t) {
			continue
		}
		if len(r.Regions) == 0 {
			return false
		}
		left = slices.DeleteFunc(left, func(region string) bool { return slices.Contains(r.Regions, region) })
	}
	return len(routes[i].Regions) == 0 || len(left) > 0
}

func matchesTemplate(r Route, t sms.Template) bool {
	return (len(r.Templates) == 0 || slices.Contains(r.Templates, t.Name)) &&
		(len(r.Kinds) == 0 || slices.Contains(r.Kinds, t.Kind.OrDefault()))
}
