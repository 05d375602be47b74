package config

import (
	"time"

	"github.com/notifykit/notify/sms"
)

// The types here are the form of the file: its keys by their yaml tags, what
// holds where a key is missing by the default tags, and what each is for by the
// doc tags, where 'this' is what somebody writes. What is decoded, notify.schema.json
// and the tables of docs/configuration.md are all made of them.

// document is the file. Providers and templates are read by hand: the settings
// of a provider are its driver's, and templates may stand in other files.
type document struct {
	Environment    string              `yaml:"environment" default:"none" vars:"yes" doc:"the environment, where neither 'LoadOptions.Environment' nor 'NOTIFY_ENV' says it"`
	Environments   map[string]document `yaml:"environments" default:"none" doc:"by name: what differs from the base"`
	Providers      map[string]struct{} `yaml:"providers" default:"needed" vars:"yes" doc:"by a name of your choice: who sends"`
	Templates      map[string]template `yaml:"templates" default:"none" doc:"by name, or a list of file names: the texts"`
	Routes         []Route             `yaml:"routes" default:"one to all" doc:"which providers a message goes to"`
	Limits         Limits              `yaml:"limits" default:"none" doc:"how much is sent"`
	Policies       Policies            `yaml:"policies" default:"see there" doc:"retry, breaker, deduplication"`
	Outbox         Outbox              `yaml:"outbox" default:"none" doc:"where the outbox is kept, for 'notify outbox' and programs that read it"`
	Redirect       number              `yaml:"redirect" default:"none" vars:"yes" doc:"every message goes to this number instead of its own"`
	DryRun         bool                `yaml:"dry_run" default:"false" doc:"nothing is sent: what would go out is accepted by the provider 'dry-run'"`
	AllowedNumbers []number            `yaml:"allowed_numbers" default:"none" vars:"yes" doc:"the numbers that real vendors may be given outside of production"`
	Allow          []Allowance         `yaml:"allow" default:"none" doc:"what is refused otherwise: see below"`
}

// A Provider is one entry of providers: its driver, and its settings as plain
// data for that driver to decode.
type Provider struct {
	Name, Driver string
	Settings     map[string]any
}

// A Route is one entry of routes.
type Route struct {
	Regions      []string   `yaml:"regions" default:"all" doc:"a list of the recipients' regions: 'CN', 'HK', 'US'"`
	Templates    []string   `yaml:"templates" default:"all" doc:"a list of names; a message with a body has none"`
	Kinds        []sms.Kind `yaml:"kinds" default:"all" doc:"a list; a message without a kind is a 'notification'"`
	Providers    []string   `yaml:"providers" default:"needed" doc:"a list, in order of failover"`
	AllowUnbound bool       `yaml:"allow_unbound" default:"false" doc:"lets a template without a binding at one of them take this route: see below"`
}

// Limits is the part limits.
type Limits struct {
	PerNumber   []Rate            `yaml:"per_number" default:"none" doc:"a list: how many messages one number may get; all of them hold, over any span of that length"`
	PerProvider map[string]Rate   `yaml:"per_provider" default:"none" doc:"by provider: calls a second; a call over it waits for up to half a second, then is Throttled and goes on to the next provider"`
	Budget      map[string]Budget `yaml:"budget" default:"none" doc:"by a name of your choice: how many segments may be spent; all of them hold"`
}

// A Budget is one entry of limits.budget.
type Budget struct {
	Segments Rate       `yaml:"segments" default:"needed" doc:"so many an hour or a day of the clock: '10000/day'"`
	Zone     Zone       `yaml:"zone" default:"UTC" doc:"whose clock: 'Asia/Shanghai'"`
	Regions  []string   `yaml:"regions" default:"all" doc:"a list of regions that are counted"`
	Kinds    []sms.Kind `yaml:"kinds" default:"all" doc:"a list of kinds that are counted"`
}

// Outbox is the part outbox. The Client does not read it.
type Outbox struct {
	Engine  string   `yaml:"engine" default:"sqlite" doc:"'sqlite', 'postgresql' or 'mysql'"`
	Path    string   `yaml:"path" default:"outbox.db" vars:"yes" doc:"of sqlite: the file; a relative one counts from the folder of the configuration"`
	URL     string   `yaml:"url" default:"needed" vars:"yes" doc:"of the others: the database, as pgx and go-sql-driver/mysql take it"`
	Workers int      `yaml:"workers" default:"16" doc:"how many messages are sent at once"`
	Classes []string `yaml:"classes" default:"by kind" doc:"a list of classes, the most urgent first: 'verification', 'notification', 'promotion'"`
}

// Policies is the part policies.
type Policies struct {
	Retry       Retry         `yaml:"retry"`
	Breaker     Breaker       `yaml:"breaker"`
	Deduplicate time.Duration `yaml:"deduplicate" default:"off" doc:"a message whose Key was sent within this time is not sent again; it gets the answer of the first"`
}

// Retry is policies.retry.
type Retry struct {
	Attempts int           `yaml:"attempts" default:"3" doc:"tries at one provider; '1': none is repeated"`
	MinDelay time.Duration `yaml:"min_delay" default:"200ms" doc:"the wait before the second try is random up to this, and doubles"`
	MaxDelay time.Duration `yaml:"max_delay" default:"5s" doc:"no wait exceeds it"`
}

// Breaker is policies.breaker.
type Breaker struct {
	Failures  int           `yaml:"failures" default:"5" doc:"a provider is passed over after so many faults of the vendor in a row"`
	OpenFor   time.Duration `yaml:"open_for" default:"30s" doc:"for so long"`
	SlowAfter time.Duration `yaml:"slow_after" default:"1s" doc:"a call that had run longer when the caller's deadline ended it counts as a fault"`
}

// template, variable and binding are sms.Template and its parts as the file has
// them.
type template struct {
	Kind      sms.Kind            `yaml:"kind" default:"notification" doc:"'verification', 'notification', 'promotion' or 'international'"`
	Text      string              `yaml:"text" default:"needed" doc:"what the recipient reads; '${name}' is a variable"`
	Variables map[string]variable `yaml:"variables" default:"none" doc:"by variable: its limits"`
	Bindings  map[string]binding  `yaml:"bindings" default:"none" doc:"by provider: how it is sent there"`
}

type variable struct {
	MaxLen   int    `yaml:"max_len" default:"0" doc:"characters at the most; '0': any number"`
	Pattern  string `yaml:"pattern" default:"any" doc:"RE2, of the whole value"`
	Optional bool   `yaml:"optional" default:"false" doc:"a message may lack it, and so may a vendor's own text"`
}

type binding struct {
	ID     string            `yaml:"id" default:"none" doc:"the vendor's template"`
	Abroad string            `yaml:"abroad" default:"none" doc:"the vendor's template for numbers outside mainland China"`
	From   string            `yaml:"from" default:"the provider's" doc:"the vendor's sender for this template"`
	Text   string            `yaml:"text" default:"the template's" doc:"the text, where it differs"`
	Order  []string          `yaml:"order" default:"none" doc:"a list: the variables by position, for vendors that count them"`
	Extra  map[string]string `yaml:"extra" default:"none" doc:"by name: the vendor's own settings for this template"`
}
