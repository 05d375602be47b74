package notify

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A Config is what a Client is made of, and the form of the configuration file:
// the yaml tags are its keys. Its zero value lacks providers; every other part may
// be empty. It prints without settings, under every verb and in log/slog, because
// they hold secrets.
type Config struct {
	// Environment is the name of the environment. In "production" New refuses what
	// sends nothing (see Allow). In any other one real vendors are given the allowed
	// numbers only (see AllowedNumbers). If it is empty, neither rule holds.
	Environment string   `yaml:"environment" default:"none" vars:"yes" doc:"the environment, where neither 'LoadOptions.Environment' nor 'NOTIFY_ENV' says it"`
	_           struct{} `yaml:"environments" default:"none" doc:"by name: what differs from the base"`
	// Providers by configured name, which Bindings, Routes, receipts and errors use.
	Providers map[string]ProviderConfig `yaml:"providers" default:"needed" vars:"yes" doc:"by a name of your choice: who sends"`
	// Templates are the texts. Without templates only messages with a Body can be sent.
	Templates []sms.Template `yaml:"templates" default:"none" doc:"by name, or a list of file names: the texts"`
	// Routes choose the providers of a message. The first Route that matches is used,
	// and its providers are tried in order. A message that matches none is Unsupported.
	// If Routes is empty, every message may go to all providers, in the order of their
	// names, as with one Route that has AllowUnbound.
	Routes []Route `yaml:"routes" default:"one to all" doc:"which providers a message goes to"`
	// Limits limit what is sent. They are empty by default.
	Limits Limits   `yaml:"limits" default:"none" doc:"how much is sent"`
	_      struct{} `yaml:"policies" default:"see there" doc:"retry, breaker, deduplication"`
	// Retry is how an attempt at one provider is repeated. Defaults to three attempts,
	// 200 ms to 5 s apart. With Attempts 1 none is repeated.
	Retry middleware.RetryOptions `yaml:"policies.retry"`
	// Breaker is how a provider that is down is skipped. Each provider has a breaker of
	// its own, with the provider's name. Defaults to 30 s after 5 failures.
	Breaker middleware.BreakerOptions `yaml:"policies.breaker"`
	// Deduplicate is how long a Key is sent once only. A message with the Key of one
	// that was accepted, or may have been, has the result of that one. Keys are kept in
	// this process only. A message without a Key is always sent. Zero: off.
	Deduplicate time.Duration `yaml:"policies.deduplicate" default:"off" doc:"a message whose Key was sent within this time is not sent again; it gets the answer of the first"`
	// DeduplicateKeys is the most keys that are kept. Defaults to 1,000,000, which need
	// about 400 MB. A warning is logged when 80 % of them are in use. If all are, a
	// message with a new Key is refused (Internal, Rejected) until one ends.
	DeduplicateKeys int `yaml:"policies.deduplicate_keys" default:"1000000" doc:"how many keys are kept for that at most; if all are in use, a message with a new Key is refused"`
	// Outbox is where the program keeps its outbox. The Client does not use it.
	Outbox OutboxConfig `yaml:"outbox" default:"none" doc:"where the outbox is kept, for 'notify outbox' and programs that read it"`
	// Records is where the records of package delivery are kept. The Client does not use
	// it: the command does, and programs that read it.
	Records RecordsConfig `yaml:"delivery" default:"none" doc:"where what became of messages is kept, for 'notify send', 'bulk' and 'explain'"`
	// Redirect sends every message to this number instead of its own. Empty: off.
	Redirect sms.Number `yaml:"redirect" default:"none" vars:"yes" doc:"every message goes to this number instead of its own"`
	// DryRun sends no message to a vendor. A message that could be sent is accepted by
	// the provider "dry-run".
	DryRun bool `yaml:"dry_run" default:"false" doc:"nothing is sent: what would go out is accepted by the provider 'dry-run'"`
	// AllowedNumbers are the numbers that real vendors are given if Environment has a
	// name and is not production. Redirect is one of them. A message to another number
	// is Unsupported, Rejected, at that vendor, and the next provider of its route is
	// tried. A trial provider, such as a fake or the sandbox, is given every number.
	AllowedNumbers []sms.Number `yaml:"allowed_numbers" default:"none" vars:"yes" doc:"the numbers that real vendors may be given outside of production"`
	// Allow lists what New must not refuse: the Allow constants.
	Allow []string `yaml:"allow,allowance" default:"none" doc:"what is refused otherwise: see below"`
	// Logger is passed to the drivers. New logs what the Client was opened with. If it
	// is nil, nothing is logged, except one warning by slog's default logger if
	// providers that send nothing were opened because of a default. In Go only.
	Logger *slog.Logger `yaml:"-"`
	// Rewrite changes messages, in this order, before anything else is done with them:
	// validation, limits, and the questions of Find, Preview and CheckTemplate. In Go
	// only.
	Rewrite []Rewrite `yaml:"-"`
	// RewriteVersion identifies what Rewrite does, for [Client.Mark]. Change it when the
	// code of a Rewrite changes. Defaults to the version control revision that the
	// program was built from, which go run and go test leave out.
	RewriteVersion string `yaml:"-"`
	// FindFor is how long Send asks a vendor whether it has a message whose outcome is
	// Unknown. Defaults to middleware.DefaultFindFor (3 s). If it is negative, Send does
	// not ask. In Go only.
	FindFor time.Duration `yaml:"-"`
	// Middleware is the program's own, the first outermost. It is inside validation and
	// the limits for each number, and outside the routes. It sees every message once,
	// valid and with its Kind, and its result. It may observe, delay and refuse. It must
	// not change a message, which would be refused: use Rewrite. It must pass on the
	// context that it is given, or one made from it. In Go only.
	Middleware []sms.Middleware `yaml:"-"`

	// Delivery is given how every Send ended, and every message that Find or Ask found:
	// a *delivery.Tracker, as a rule. It sees refusals by validation, limits and
	// budgets too. Nil: nothing is recorded. In Go only.
	Delivery Delivery `yaml:"-"`

	source *config.Source // nil if it was made in Go
	folder string         // that of the file; empty if it was made in Go
}

// A ProviderConfig is one provider: made by a driver, or a Sender made in Go. It
// prints without its settings.
type ProviderConfig struct {
	// Driver is the name of the driver that makes it.
	Driver string `yaml:"driver"`
	// Settings are the driver's own: its Options, or a map by the keys of the file.
	// [LoadConfig] sets a map[string]any, whose values are texts as they are in the
	// file, map[string]any, []any and nil. New reports a text whose variable has no
	// value if it opens the provider. Nil means no settings.
	Settings any `yaml:",rest"`
	// Sender is the provider itself, instead of Driver and Settings. It must have the
	// templates, and the name that it has here. The Client does not close it.
	Sender sms.Sender `yaml:"-"`
	// Middleware is put around this provider alone, the first outermost. It sees each
	// call to the provider. It must not change a message, as with Config.Middleware. Do
	// not use sms.Chain in Sender instead, which hides what the provider can do beside
	// Send. In Go only.
	Middleware []sms.Middleware `yaml:"-"`
	// Timeout limits each call to Sender. Defaults to middleware.DefaultTimeout (5 s). A
	// provider that a driver makes has a timeout in its settings.
	Timeout time.Duration `yaml:"-"`
}

// A Route sends the messages that match it to its providers. A message matches if each
// of Regions, Templates and Kinds is empty or holds that of the message.
type Route struct {
	// Regions of the recipients' numbers: "CN", "HK", "US".
	Regions []string `yaml:"regions" default:"all" doc:"a list of the recipients' regions: 'CN', 'HK', 'US'"`
	// Templates by name. A message with a Body has none.
	Templates []string `yaml:"templates" default:"all" doc:"a list of names; a message with a body has none"`
	// Kinds of the messages.
	Kinds []sms.Kind `yaml:"kinds" default:"all" doc:"a list; a message without a kind is a 'notification'"`
	// Providers by configured name, in order of failover.
	Providers []string `yaml:"providers" default:"needed" doc:"a list, in order of failover"`
	// Overflow lets a message go on to the next of Providers instead of waiting for its
	// turn (Limits.PerProvider) for longer than half a second. Verification codes do so
	// without it.
	Overflow bool `yaml:"overflow" default:"false" doc:"a message goes on to the next provider instead of waiting for its turn for longer than half a second; codes do so without it"`
	// AllowUnbound allows a template in this route although one of Providers has no
	// binding for it. Without it such a route is a fault, because otherwise the gap
	// would show only in an outage. With it, a provider that needs the binding refuses
	// the message as Unsupported, and the next provider is tried.
	AllowUnbound bool `yaml:"allow_unbound" default:"false" doc:"lets a template without a binding at one of them take this route: see below"`
}

// What Config.Allow may hold. All but AllowAnyNumber are for production.
const (
	AllowFake      = "fake"       // a provider that sends nothing
	AllowSandbox   = "sandbox"    // a provider whose endpoint is this machine, or that has a sandbox's credentials
	AllowRedirect  = "redirect"   // Config.Redirect
	AllowDryRun    = "dry_run"    // Config.DryRun
	AllowPlainHTTP = "plain_http" // a provider whose endpoint begins with "http://"
	// AllowAnyNumber is for environments other than production: real vendors are given
	// every number, not only AllowedNumbers.
	AllowAnyNumber = "any_number"
)

// Limits limit what is sent. They count in this process only.
type Limits struct {
	// PerNumber is how many messages one number may be sent. All windows apply. A
	// message over one is RecipientLimited, Rejected, with RetryAfter. A message that is
	// Rejected after this check does not count. Empty: no limit.
	PerNumber []middleware.Window `yaml:"per_number,rate" default:"none" doc:"a list: how many messages one number may get; all of them hold, over any span of that length"`
	// PerProvider is the most calls a second to a provider, by configured name. A
	// message waits for its turn until its context or Expires ends. Verification codes
	// come before all others. See Route.Overflow. No entry: no limit.
	PerProvider map[string]float64 `yaml:"per_provider,rate" default:"none" doc:"by provider: calls a second; a message waits for its turn, codes first"`
	// Budget is how many segments may be spent in an hour or day of the clock. All
	// limits apply. A message over one is OverBudget, Rejected. Empty: no limit.
	Budget []middleware.BudgetLimit `yaml:"budget" default:"none" doc:"by a name of your choice: how many segments may be spent; all of them hold"`
}

// An OutboxConfig describes the database of a program's outbox. Package notify opens no
// database. [LoadConfig] sets the defaults. It prints without its URL, which holds a
// password.
type OutboxConfig struct {
	// Engine is the kind of database: "sqlite", "postgresql" or "mysql". Defaults to
	// "sqlite".
	Engine string `yaml:"engine,engine" default:"sqlite" doc:"'sqlite', 'postgresql' or 'mysql'"`
	// Path is the file of sqlite. In a configuration file a relative path counts from
	// the folder of that file. Defaults to "outbox.db".
	Path string `yaml:"path" default:"outbox.db" vars:"yes" doc:"of sqlite: the file; a relative one counts from the folder of the configuration"`
	// URL is the database of the other engines, in the form of pgx or
	// go-sql-driver/mysql. It is a secret.
	URL string `yaml:"url" default:"needed" vars:"yes" doc:"of the others: the database, as pgx and go-sql-driver/mysql take it; a secret"`
	// Workers is how many messages are sent at once. Zero means the default of
	// outbox.Options.
	Workers int `yaml:"workers" default:"16" doc:"how many messages are sent at once"`
	// Classes are the names of outbox.Options.Classes, the most urgent first. If it is
	// empty, the classes are the kinds.
	Classes []string `yaml:"classes" default:"by kind" doc:"a list of classes, the most urgent first: 'verification', 'notification', 'promotion'"`
}

// A RecordsConfig describes where the records of package delivery are kept.
type RecordsConfig struct {
	// Store is a SQLite file. In a configuration file a relative path counts from the
	// folder of that file. A key for it is in a file beside it, with ".key" behind its
	// name, which the command makes. Empty: nothing is recorded.
	Store string `yaml:"store" default:"none" vars:"yes" doc:"a SQLite file; a relative one counts from the folder of the configuration; its key is beside it, in NAME.key"`
}

// LoadOptions are the options of LoadConfig. The zero value is ready for use.
type LoadOptions struct {
	// Environment chooses one of the file's environments. If it is empty, the variable
	// NOTIFY_ENV chooses, and then environment: in the file. If the file has
	// environments and none of the three is set, that is a fault.
	Environment string
	// Getenv returns a variable and whether it is set. Defaults to os.LookupEnv.
	Getenv func(string) (string, bool)
}

// LoadConfig reads the YAML file at path, strictly, for one environment. It returns all
// faults of the file in one *[ConfigError], together with what could be read. New of
// that Config returns the same faults and its own, such as a misspelt setting of a
// driver, with its line in the file.
//
// ${NAME}, ${NAME:-default}, ${NAME:?why} and ${file:/path} are replaced in the values
// under providers: and in the few others that docs/configuration.md marks. A variable
// under providers: that has no value is not a fault of LoadConfig: New returns it if
// it opens that provider. No error shows a value that came from a variable.
func LoadConfig(path string, o LoadOptions) (Config, error) {
	var c Config
	c.source = config.Read(path, config.Options{Environment: o.Environment, Getenv: o.Getenv}, &c)
	c.Environment = c.source.Choice().Name
	c.folder = filepath.Dir(path)
	c.Outbox.complete(c.folder)
	if c.Records.Store != "" && !filepath.IsAbs(c.Records.Store) {
		c.Records.Store = filepath.Join(c.folder, c.Records.Store)
	}
	faults, _ := c.source.Faults()
	return c, newConfigError(faults)
}

func (o *OutboxConfig) complete(folder string) {
	o.Engine = cmp.Or(o.Engine, "sqlite")
	if o.Engine == "sqlite" {
		o.Path = cmp.Or(o.Path, "outbox.db")
	}
	if o.Path != "" && !filepath.IsAbs(o.Path) {
		o.Path = filepath.Join(folder, o.Path)
	}
}

// String returns the environment, the providers with their drivers, and the numbers of
// templates and routes.
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

// LogValue returns the text of String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// GobEncode returns the text of String.
func (c Config) GobEncode() ([]byte, error) { return c.MarshalText() }

// String returns the name of the driver.
func (p ProviderConfig) String() string {
	if p.Sender != nil {
		return "made in Go"
	}
	return "driver " + p.Driver
}

// Format prints the text of String under every verb.
func (p ProviderConfig) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// LogValue returns the text of String.
func (p ProviderConfig) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (p ProviderConfig) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// GobEncode returns the text of String.
func (p ProviderConfig) GobEncode() ([]byte, error) { return p.MarshalText() }

// String returns the configuration without the URL.
func (o OutboxConfig) String() string {
	url := ""
	if o.URL != "" {
		url = " ****"
	}
	return fmt.Sprintf("{%s %s%s, %d workers, classes %v}", o.Engine, o.Path, url, o.Workers, o.Classes)
}

// Format prints the text of String under every verb.
func (o OutboxConfig) Format(f fmt.State, _ rune) { fmt.Fprint(f, o.String()) }

// LogValue returns the text of String.
func (o OutboxConfig) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (o OutboxConfig) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o OutboxConfig) GobEncode() ([]byte, error) { return o.MarshalText() }

// Format prints no setting and no number, under every verb.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprint(f, "notify.Client") }
