package notify

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A Config is what a Client is made of. Its zero value lacks providers; every
// other part may be empty. It prints without settings, under every verb and in
// log/slog, because they hold secrets.
type Config struct {
	// Environment is the name of what this is for. "production" refuses what sends
	// nothing (see Allow); any other name holds back what would ring a telephone
	// (see AllowedNumbers). Empty: neither, for nobody has said what this is.
	Environment string
	// Providers by configured name, which is the name in Bindings, in Routes, in
	// receipts and in errors.
	Providers map[string]ProviderConfig
	// Templates are the texts. Empty: only messages with a Body can be sent.
	Templates []sms.Template
	// Routes say which providers a message goes to. The first that matches takes
	// it; its providers are tried in order. A message that none takes is Unsupported.
	// Empty: every message may go to all providers, in the order of their names,
	// as with one Route that has AllowUnbound.
	Routes []Route
	// Limits bound what is sent. Empty: none.
	Limits Limits
	// Retry is how a try at one provider is repeated. Zero: three tries, 200 ms to
	// 5 s apart. Attempts 1: none is repeated.
	Retry middleware.RetryOptions
	// Breaker is how a provider that is down is passed over; each has a breaker of
	// its own, called by the provider's name. Zero: after 5 failures, for 30 s.
	Breaker middleware.BreakerOptions
	// Deduplicate is for how long a Key is sent once only: a message with the Key of
	// one that was accepted, or may have been, gets that one's answer. It is kept in
	// this process only, for 1,000,000 keys at the most. Zero: off.
	Deduplicate time.Duration
	// Redirect sends every message to this number instead of its own. Empty: off.
	Redirect sms.Number
	// DryRun gives no message to a vendor: what could go out is accepted by the
	// provider "dry-run".
	DryRun bool
	// AllowedNumbers are the numbers that real vendors are given where Environment
	// has a name and is not production; Redirect's is one of them. A message to
	// another is Unsupported, Rejected, at that vendor, and goes on to the next
	// provider of its route. A provider that rings no telephone, such as a fake or
	// the sandbox, takes every number.
	AllowedNumbers []sms.Number
	// Allow names what is refused otherwise: the Allow constants.
	Allow []string
	// Logger is given to the drivers, and told what the Client was opened with.
	// Nil: nothing is logged. In Go only.
	Logger *slog.Logger
	// Middleware is the user's own, the first outermost. It stands inside
	// validation and the limits for each number, and outside the routes: it sees
	// every message once, valid and with its Kind, and what came of it in the end.
	// In Go only.
	Middleware []sms.Middleware

	source *config.Source // where it was read from; nil: made in Go
}

// A ProviderConfig is one provider: made by a driver, or a Sender made in Go. It
// prints without its settings.
type ProviderConfig struct {
	// Driver is the name of the driver that makes it.
	Driver string
	// Settings are the driver's own: its Options, or a map by the keys of the
	// file. [LoadConfig] gives a map[string]any whose values are texts as they are
	// written in the file, map[string]any, []any and nil. Nil: none.
	Settings any
	// Sender is the provider itself, instead of Driver and Settings. Templates and
	// names are its own matter: give it the name that it has here. The Client does
	// not close it.
	Sender sms.Sender
	// Timeout bounds each call to Sender. Defaults to middleware.DefaultTimeout
	// (5 s). A provider that a driver makes has a timeout of its own, in its
	// settings.
	Timeout time.Duration
}

// A Route sends the messages that match it to its providers. A message matches
// where each of Regions, Templates and Kinds is empty or holds its own.
type Route struct {
	// Regions of the recipients' numbers: "CN", "HK", "US".
	Regions []string
	// Templates by name. A message with a Body has none.
	Templates []string
	// Kinds of the messages.
	Kinds []sms.Kind
	// Providers by configured name, in order of failover.
	Providers []string
	// AllowUnbound lets a template take this route although one of Providers has
	// no binding for it. Without it such a route is a fault, because the gap would
	// be found in the first outage. With it, that provider decides by itself: one
	// that sends texts sends the template's own, one whose vendor holds the
	// templates answers Unsupported, and the next provider is tried.
	AllowUnbound bool
}

// What Config.Allow may hold. All but AllowAnyNumber are for production.
const (
	AllowFake      = "fake"       // a provider that sends nothing
	AllowSandbox   = "sandbox"    // a provider whose endpoint is this machine, or that has a sandbox's credentials
	AllowRedirect  = "redirect"   // Config.Redirect
	AllowDryRun    = "dry_run"    // Config.DryRun
	AllowPlainHTTP = "plain_http" // a provider whose endpoint begins with "http://"
	// AllowAnyNumber is for outside of production: real vendors are given every
	// number, not only AllowedNumbers.
	AllowAnyNumber = "any_number"
)

// Limits bound what is sent. They count in this process only.
type Limits struct {
	// PerNumber is how many messages one number may get; all windows hold. A
	// message over one is RecipientLimited, Rejected, with RetryAfter. One that was
	// Rejected further in does not count. Empty: no limit.
	PerNumber []middleware.Window
	// PerProvider is how many calls a second a provider is given, by configured
	// name. A call over it waits for up to half a second, and is then Throttled,
	// Rejected. No entry: no limit.
	PerProvider map[string]float64
	// Budget is how many segments may be spent in an hour or day of the clock; all
	// of them hold. A message over one is Throttled, Rejected. Empty: no limit.
	Budget []middleware.BudgetLimit
}

// String tells the environment, the providers with their drivers, and how many
// templates and routes there are.
func (c Config) String() string {
	var providers []string
	for _, name := range slices.Sorted(maps.Keys(c.Providers)) {
		providers = append(providers, name+": "+c.Providers[name].String())
	}
	text := fmt.Sprintf("{providers {%s}, %d templates, %d routes}", strings.Join(providers, ", "), len(c.Templates), len(c.Routes))
	if c.Environment != "" {
		text = "{environment " + c.Environment + ", " + text[1:]
	}
	return text
}

// Format prints the text of String under every verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// LogValue gives slog the text of String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String tells the driver.
func (p ProviderConfig) String() string {
	if p.Sender != nil {
		return "made in Go"
	}
	return "driver " + p.Driver
}

// Format prints the text of String under every verb.
func (p ProviderConfig) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// LogValue gives slog the text of String.
func (p ProviderConfig) LogValue() slog.Value { return slog.StringValue(p.String()) }
