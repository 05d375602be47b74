package notify

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/sms"
)

// production is the environment in which what sends nothing is refused.
const production = "production"

// guarded tells whether real vendors are given the allowed numbers only.
func (b *builder) guarded() bool {
	env := b.config.Environment
	return env != "" && env != production && !b.allows(AllowAnyNumber)
}

func (b *builder) allows(what string) bool { return slices.Contains(b.config.Allow, what) }

// destination is where a provider's calls go; not of one that could not be made.
func (b *builder) destination(name string) (sms.Destination, bool) {
	p, made := b.providers[name]
	if !made {
		return sms.Destination{}, false
	}
	return destinationOf(p), true
}

// checkSafety refuses, in production, what sends nothing or lets others read
// along, and everywhere numbers that are none.
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

// plainSecrets are the paths of secrets that are written in the file, but for
// those of providers that ring no telephone.
func (b *builder) plainSecrets() []string {
	return slices.DeleteFunc(b.config.source.PlainSecrets(), func(path string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(b.config.Providers)), func(name string) bool {
			to, made := b.destination(name)
			return made && to.Trial && strings.HasPrefix(path, config.Join("providers", name)+".")
		})
	})
}

// announce logs what the Client was opened with: one line, and what a person has
// to know beside it.
func (b *builder) announce() {
	c := b.config
	var providers []string
	real := false
	for _, name := range slices.Sorted(maps.Keys(c.Providers)) {
		to, _ := b.destination(name)
		what := name + " (rings no telephone)"
		if !to.Trial {
			real, what = true, name
		}
		providers = append(providers, what)
	}
	args := []any{"environment", c.Environment, "providers", providers, "templates", len(c.Templates), "routes", len(c.Routes)}
	if by := c.source.Choice().By; by != "" {
		args = append(args, "chosen_by", by)
	}
	if held := b.heldBack(); len(held) > 0 && real {
		b.logger.Warn("notify is open, and holds messages back", append(args, "held_back_by", held)...)
	} else {
		if len(held) > 0 {
			args = append(args, "held_back_by", held)
		}
		b.logger.Info("notify is open", args...)
	}
	if c.Environment == production {
		if local := b.perProcess(); len(local) > 0 {
			b.logger.Warn("these hold in this process only: with several processes each has its own", "per_process", local)
		}
		return
	}
	if secrets := b.plainSecrets(); len(secrets) > 0 {
		b.logger.Warn("secrets stand in the file: put them into variables, \"${NAME}\"", "file", c.source.File(), "paths", secrets)
	}
}

// heldBack names what keeps messages from the vendors or from their numbers.
func (b *builder) heldBack() (held []string) {
	if b.config.DryRun {
		held = append(held, "dry_run")
	}
	if b.config.Redirect != "" {
		held = append(held, "redirect to "+b.config.Redirect.String())
	}
	if b.guarded() {
		held = append(held, fmt.Sprintf("allowed_numbers (%d)", len(b.config.AllowedNumbers)))
	}
	return held
}

// perProcess names what counts in this process only.
func (b *builder) perProcess() (local []string) {
	for _, w := range b.config.Limits.PerNumber {
		local = append(local, fmt.Sprintf("limits.per_number %d in %v", w.Count, w.Per))
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Limits.PerProvider)) {
		local = append(local, config.Join("limits.per_provider", name))
	}
	for _, l := range b.config.Limits.Budget {
		local = append(local, config.Join("limits.budget", l.Name))
	}
	if b.config.Deduplicate > 0 {
		local = append(local, fmt.Sprintf("policies.deduplicate for %v", b.config.Deduplicate))
	}
	return local
}
