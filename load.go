package notify

import (
	"maps"
	"slices"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// LoadOptions are how a configuration file is read. The zero value is ready for
// use.
type LoadOptions struct {
	// Environment chooses one of the file's environments. Empty: NOTIFY_ENV does,
	// else environment: in the file. A file that has environments and gets none of
	// the three is refused.
	Environment string
	// Getenv looks a variable up. Defaults to os.LookupEnv.
	Getenv func(string) (string, bool)
}

// LoadConfig reads the YAML file at path, strictly, for one environment. Every
// fault of the file comes in one *[ConfigError]; what can only be told together
// with the drivers, such as a misspelt setting, New tells, with its line in the
// file.
//
// ${NAME}, ${NAME:-default}, ${NAME:?why} and ${file:/path} are put in for the
// values under providers: and the few others that docs/configuration.md marks,
// and nowhere else. No error shows such a value.
func LoadConfig(path string, o LoadOptions) (Config, error) {
	c, _, faults := load(path, o, nil)
	return c, newConfigError(faults)
}

// load is LoadConfig; settings of the drivers that unread tells are left as
// they are written. Where no environment is chosen, nothing else was read, and
// chosen is false.
func load(path string, o LoadOptions, unread func(driver string) bool) (c Config, chosen bool, faults []config.Fault) {
	file, faults := config.Read(path, config.Options{Environment: o.Environment, Getenv: o.Getenv, Unread: unread})
	return configOf(file), !file.Unchosen, faults
}

// configOf is the file as a Config.
func configOf(file config.File) Config {
	retry, breaker := file.Policies.Retry, file.Policies.Breaker
	c := Config{
		Environment:    file.Choice.Name,
		Templates:      file.Templates,
		Limits:         limitsOf(file.Limits),
		Retry:          middleware.RetryOptions{Attempts: retry.Attempts, MinDelay: retry.MinDelay, MaxDelay: retry.MaxDelay},
		Breaker:        middleware.BreakerOptions{Failures: breaker.Failures, OpenFor: breaker.OpenFor, SlowAfter: breaker.SlowAfter},
		Deduplicate:    file.Policies.Deduplicate,
		Redirect:       file.Redirect,
		DryRun:         file.DryRun,
		AllowedNumbers: file.AllowedNumbers,
		source:         file.Source,
	}
	if len(file.Providers) > 0 {
		c.Providers = make(map[string]ProviderConfig, len(file.Providers))
	}
	for _, p := range file.Providers {
		c.Providers[p.Name] = ProviderConfig{Driver: p.Driver, Settings: p.Settings}
	}
	for _, r := range file.Routes {
		c.Routes = append(c.Routes, Route(r))
	}
	for _, a := range file.Allow {
		c.Allow = append(c.Allow, string(a))
	}
	return c
}

func limitsOf(l config.Limits) Limits {
	var out Limits
	for _, r := range l.PerNumber {
		out.PerNumber = append(out.PerNumber, middleware.Window{Count: r.Count, Per: r.Per})
	}
	for name, r := range l.PerProvider {
		if out.PerProvider == nil {
			out.PerProvider = make(map[string]float64, len(l.PerProvider))
		}
		if r.Per > 0 { // a rate that could not be read is a fault already
			out.PerProvider[name] = float64(r.Count) / r.Per.Seconds()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Budget)) {
		b := l.Budget[name]
		out.Budget = append(out.Budget, middleware.BudgetLimit{
			Name: name, Segments: b.Segments.Count, Per: b.Segments.Per, Zone: b.Zone.Location,
			Regions: b.Regions, Kinds: slices.Clone([]sms.Kind(b.Kinds)),
		})
	}
	return out
}
