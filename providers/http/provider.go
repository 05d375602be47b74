package http

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/http/recipe"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// Options configure a Provider. They print without their secrets.
type Options struct {
	// Name is the configured name, under which templates bind to this provider.
	// Defaults to the recipe's name.
	Name string `yaml:"-"`
	// Recipe is the name of a recipe that ships, or a file. Required.
	Recipe string `yaml:"recipe" default:"needed" doc:"the name of a recipe that ships, or a file such as './mine.yaml', relative to the folder of this file"`
	// Secrets and Settings are those that the recipe names.
	Secrets  map[string]string `yaml:"secrets" secret:"yes" default:"none" doc:"by name: the secrets that the recipe names"`
	Settings map[string]string `yaml:"settings" default:"none" doc:"by name: the settings that the recipe names"`
	// Endpoint is the base address. Defaults to the recipe's; some recipes have none.
	Endpoint string `yaml:"endpoint" default:"the recipe's" doc:"where calls are made to"`
	// AllowPlainHTTP permits an http:// Endpoint on another machine.
	AllowPlainHTTP bool `yaml:"allow_plain_http" default:"false" doc:"lets an 'http://' endpoint be another host than this machine"`
	// AllowNumberInURL permits recipes whose requests have the number or the text in
	// the URL, where proxies and access logs keep them. Such a recipe is refused
	// without it.
	AllowNumberInURL bool `yaml:"allow_number_in_url" default:"false" doc:"permits a recipe that sends number and text in the URL, where proxies and logs keep them"`
	// From is the sender if neither the message nor its binding names one.
	From string `yaml:"from" default:"none" doc:"the sender"`
	// Senders maps a message's From to a sender; see kit.Common.
	Senders map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a sender; '@US' is that of a region, 'shop@US' that of a name there"`
	// ReportURL is the URL that delivery reports are posted to, for recipes that send
	// one. It may hold {key}, {provider} and {tag:name}.
	ReportURL string `yaml:"report_url" default:"none" doc:"a URL for delivery reports; may hold '{key}', '{provider}', '{tag:name}'"`
	// Codes are rows of the user's own; they come before the recipe's.
	Codes map[string]Code `yaml:"codes" default:"none" doc:"by code: what it means, before the recipe's own table"`
	// Templates may be nil: messages then need a Body.
	Templates *sms.Registry `yaml:"-"`
	// Timeout bounds one call. Defaults to 5 seconds.
	Timeout time.Duration `yaml:"timeout" default:"5s" doc:"of one call"`
	// FindAfter is how long after a message may have left the gateway's list is
	// believed to have it. Defaults to the recipe's.
	FindAfter time.Duration `yaml:"find_after" default:"the recipe's" doc:"how long after a message may have left the gateway's list is believed to have it"`
	// Transport carries the calls. Defaults to one that the provider owns.
	Transport http.RoundTripper `yaml:"-"`
}

// A Code is a row of the user's own.
type Code struct {
	Reason  string `yaml:"reason" default:"needed" doc:"a reason of 'notify errors', such as 'invalid_number'"`
	Outcome string `yaml:"outcome" default:"rejected" doc:"'rejected' or 'unknown'"`
	Meaning string `yaml:"meaning" default:"none" doc:"what the gateway says with it"`
}

// String returns the options without their secrets: see kit.Describe.
func (o Options) String() string { return kit.Describe(o) }

// Format prints String under every verb.
func (o Options) Format(f fmt.State, verb rune) { kit.Print(f, verb, o.String()) }

// LogValue returns String as a slog value.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

// A Provider sends as a recipe says. It may be used by any number of goroutines.
type Provider struct {
	*kit.Provider
	recipe *recipe.Recipe
	codes  []sms.CodeInfo
}

// Codes returns the recipe's table, with the user's rows.
func (p *Provider) Codes() []sms.CodeInfo { return slices.Clone(p.codes) }

// Form returns a number as the gateway gets it, and an error for one that it does not
// reach.
func (p *Provider) Form(n sms.Number) (string, error) { return p.recipe.Form(n) }

// vendor is a recipe with the settings of one account.
type vendor struct {
	*kit.Base
	recipe   *recipe.Recipe
	secrets  func() map[string]string // a function: package fmt cannot print through it
	settings map[string]string
	callback kit.Callback
	rows     map[string]sms.CodeInfo
	orders   map[string][]string // the variables of a template, in order
}

// order is a message as the recipe's request, with what a question needs of it.
type order struct {
	request *recipe.Request
	input   recipe.Input
}

// Format prints nothing of the message.
func (o order) Format(f fmt.State, _ rune) { fmt.Fprint(f, "{order}") }

// New returns a Provider. It does no I/O but for reading a recipe's file. Every fault
// of the options is in one error.
func New(o Options) (*Provider, error) {
	if o.Recipe == "" {
		return nil, &sms.FieldError{Path: "recipe", Err: fmt.Errorf("it is empty: write one of %s, or a file such as ./mine.yaml", strings.Join(Names(), ", "))}
	}
	r, err := Load(o.Recipe)
	if err != nil {
		return nil, &sms.FieldError{Path: "recipe", Err: err}
	}
	return newProvider(o, r)
}

// noEndpoint stands for the endpoint of a recipe without one.
const noEndpoint = "https://endpoint.invalid"

func newProvider(o Options, r *recipe.Recipe) (*Provider, error) {
	var f kit.Faults
	v := &vendor{recipe: r, settings: r.Defaults(), rows: map[string]sms.CodeInfo{}, orders: map[string][]string{}}
	secrets := maps.Clone(o.Secrets)
	v.secrets = func() map[string]string { return secrets }
	o.check(r, &f)
	maps.Copy(v.settings, o.Settings)
	if r.Endpoint == "" && o.Endpoint == "" {
		f.Add("endpoint", "it is missing, and the recipe %q has none: write the address that the gateway gave you", r.Name)
	}
	v.readCodes(o, &f)
	find, canFind := r.Find()
	v.Base = kit.Open(kit.Common{
		Name: cmp.Or(o.Name, r.Name), Endpoint: o.Endpoint, AllowPlainHTTP: o.AllowPlainHTTP, From: o.From, Senders: o.Senders, Templates: o.Templates,
		Timeout: o.Timeout, FindAfter: o.FindAfter, Transport: o.Transport,
	}, kit.About{
		Driver: r.Name, Endpoint: cmp.Or(r.Endpoint, noEndpoint), Account: r.Name, MaxKey: r.MaxKey, Public: v.isSandbox(),
		Secrets: func() []string { return slices.Collect(maps.Values(secrets)) }, Codes: kit.Table{Rows: r.Codes()},
	}, &f)
	callback, err := kit.ParseCallback(o.ReportURL)
	if v.callback = callback; err != nil {
		f.Add("report_url", "%w", err)
	}
	if o.ReportURL != "" && !r.Needs("report_url") {
		f.Add("report_url", "the recipe %q sends none: set the address in the gateway's console", r.Name)
	}
	v.Bindings(v.readBinding(&f))
	k := kit.Vendor[order]{
		Order: v.order, Send: v.send, Show: func(o order) map[string]string { return v.recipe.Show(o.input) }, IDOptional: true,
		Hide: func(o order) []string { return []string{o.input.Text, o.input.Key} },
	}
	if canFind {
		k.Listing = &kit.Listing[order]{Exact: find.ByKey, After: find.After, Back: find.Back, List: v.list,
			Content: func(o order) (string, string) { return o.input.To.E164(), o.input.Text }}
	}
	if r.Reports() || r.Replies() {
		k.Webhook = v.webhook
	}
	p, err := kit.New(v.Base, k, f)
	if err != nil {
		return nil, err
	}
	codes := slices.DeleteFunc(r.Codes(), func(c sms.CodeInfo) bool { _, own := v.rows[c.Code]; return own || c.Outcome == sms.Accepted })
	for _, code := range slices.Sorted(maps.Keys(v.rows)) {
		codes = append(codes, v.rows[code])
	}
	return &Provider{p, r, codes}, nil
}

// check refuses secrets and settings that the recipe does not name, and those that
// are missing.
func (o Options) check(r *recipe.Recipe, f *kit.Faults) {
	for _, name := range r.Secrets {
		if o.Secrets[name] == "" {
			f.Add("secrets."+name, "it is missing: the recipe %q needs it", r.Name)
		} else if err := kit.CheckSecret(o.Secrets[name]); err != nil {
			f.Add("secrets."+name, "%w", err)
		}
	}
	for name := range o.Secrets {
		if !slices.Contains(r.Secrets, name) {
			f.Add("secrets."+name, "the recipe %q has no such secret: it has %s", r.Name, strings.Join(r.Secrets, ", "))
		}
	}
	known := map[string]recipe.Setting{}
	for _, s := range r.Settings {
		known[s.Name] = s
		value, given := o.Settings[s.Name]
		switch {
		case !given && !s.HasDefault:
			f.Add("settings."+s.Name, "it is missing: %s", cmp.Or(s.About, "the recipe needs it"))
		case given && len(s.OneOf) > 0 && !slices.Contains(s.OneOf, value):
			f.Add("settings."+s.Name, "%q is none: write %s", value, strings.Join(s.OneOf, ", "))
		}
	}
	for name := range o.Settings {
		if _, ok := known[name]; !ok {
			f.Add("settings."+name, "the recipe %q has no such setting: it has %s", r.Name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	if r.ShowsMessageInURL() && !o.AllowNumberInURL {
		f.Add("allow_number_in_url", "the recipe %q sends number and text in the URL, where proxies and access logs keep them: set it to true if you accept that", r.Name)
	}
}

// isSandbox reports whether every secret is the sandbox's well-known one.
func (v *vendor) isSandbox() bool {
	for name, value := range v.secrets() {
		if value != SandboxSecret(name) {
			return false
		}
	}
	return len(v.secrets()) > 0
}

// SandboxSecret returns the sandbox's well-known value of a secret: "sandbox" and its
// name, letters and digits only.
func SandboxSecret(name string) string {
	return "sandbox" + notAlphanumeric.ReplaceAllString(name, "")
}

var notAlphanumeric = regexp.MustCompile("[^A-Za-z0-9]")

func (v *vendor) readCodes(o Options, f *kit.Faults) {
	for code, c := range o.Codes {
		info := sms.CodeInfo{Code: code, Reason: sms.Reason(c.Reason), Outcome: sms.Rejected, Meaning: c.Meaning}
		if !slices.Contains(sms.Reasons(), info.Reason) {
			f.Add("codes."+code+".reason", "%q is none of the reasons that notify errors shows", c.Reason)
		}
		switch c.Outcome {
		case "", "rejected":
		case "unknown":
			info.Outcome = sms.Unknown
		default:
			f.Add("codes."+code+".outcome", "%q is none: write rejected or unknown", c.Outcome)
		}
		v.rows[code] = info
	}
}

var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

// readBinding learns the order of a template's variables, and checks what the recipe
// needs of the binding.
func (v *vendor) readBinding(f *kit.Faults) func(sms.Template, sms.Binding, string) {
	return func(t sms.Template, b sms.Binding, path string) {
		order := b.Order
		if len(order) == 0 {
			for _, m := range variable.FindAllStringSubmatch(t.Text, -1) {
				if !slices.Contains(order, m[1]) {
					order = append(order, m[1])
				}
			}
		}
		v.orders[t.Name] = order
		if v.recipe.Needs("template") && !v.recipe.Needs("text") && b.ID == "" {
			f.Add(path+".id", "it is missing: the gateway sends templates by its own ID")
		}
		if !v.recipe.Needs("extra") {
			for name := range b.Extra {
				f.Add(path+".extra."+name, "the recipe %q has no extra settings", v.recipe.Name)
			}
		}
	}
}

// order makes the request of a message. Nothing has been sent yet.
func (v *vendor) order(m *kit.Outgoing) (order, error) {
	if regions := v.recipe.Regions; len(regions) > 0 && !slices.Contains(regions, m.To.Region()) {
		return order{}, kit.Unsupported("the gateway reaches %s only", strings.Join(regions, ", "))
	}
	in := recipe.Input{
		To: m.To, Text: m.Text, From: m.Sender, Key: v.Ref(m.Key), ReportURL: v.callback.Fill(v.Name, m.Message),
		Secrets: v.secrets(), Settings: v.settings, Endpoint: v.URL, Now: m.Now, Since: m.Now, Until: m.Now,
	}
	var err error
	if v.recipe.Needs("validity") {
		if in.Validity, err = m.Left(maxValidity); err != nil {
			return order{}, err
		}
	}
	if v.recipe.Needs("template") || v.recipe.Needs("values") || v.recipe.Needs("value") {
		if m.Binding == nil {
			return order{}, kit.Unsupported("the gateway sends approved templates only: a body cannot be sent")
		}
		in.Template, in.Extra = m.Binding.ID, m.Binding.Extra
		for _, name := range v.orders[m.Template] {
			in.Values = append(in.Values, recipe.Value{Name: name, Value: m.Params[name]})
		}
	} else if m.Binding != nil {
		in.Extra = m.Binding.Extra
	}
	request, err := v.recipe.Request(in)
	if err != nil {
		return order{}, kit.InvalidMessage("%w", err)
	}
	return order{request, in}, nil
}

// maxValidity is the longest validity that is sent, in seconds: two days.
const maxValidity = 48 * 3600

// send makes one call.
func (v *vendor) send(ctx context.Context, o order) (kit.Accepted, error) {
	a, err := v.call(ctx, o.request)
	if err != nil {
		return kit.Accepted{}, err
	}
	verdict := v.recipe.Judge(a, v.rows)
	if verdict.Outcome == sms.Accepted {
		return kit.Accepted{ID: verdict.ID, RequestID: verdict.RequestID, Segments: verdict.Segments}, nil
	}
	r := a.Refusal(verdict.Code, verdict.Words)
	if a.Cut != nil {
		return kit.Accepted{}, r
	}
	r.Reason, r.Outcome, r.RequestID, r.RetryAfter = verdict.Reason, verdict.Outcome, verdict.RequestID, verdict.RetryAfter
	if verdict.Code == "" || verdict.Reason == sms.Internal {
		r.Cause = fmt.Errorf("HTTP status %d: %s", a.Status, verdict.Why)
	}
	return kit.Accepted{}, r
}

func (v *vendor) call(ctx context.Context, q *recipe.Request) (kit.Answer, error) {
	r, err := v.Request(q.Method, q.URL, "", q.Body)
	if err != nil {
		return kit.Answer{}, err
	}
	r.Header = q.Header.Clone()
	return v.Do(ctx, r)
}

// list asks the gateway for a message.
func (v *vendor) list(ctx context.Context, q kit.Query[order]) (kit.Page, error) {
	in := q.Order.input
	in.Since, in.Until, in.Now, in.Nonce = q.From, q.To, time.Now(), ""
	request, err := v.recipe.FindRequest(in)
	if err != nil {
		return kit.Page{}, err
	}
	a, err := v.call(ctx, request)
	if err != nil {
		return kit.Page{}, err
	}
	rows, err := v.recipe.Listed(a, in)
	return kit.Page{Rows: rows}, err
}

// webhook reads what the gateway posted.
func (v *vendor) webhook(_ context.Context, h kit.Hook) (kit.Inbound, error) {
	return v.recipe.Hook(h, recipe.Input{Secrets: v.secrets(), Settings: v.settings, Now: time.Now()})
}

// Driver makes Providers from configuration, by the keys of [Options]. It has no codes
// of its own: they are the recipes', and each Provider's Codes has them.
func Driver() sms.Driver {
	return kit.Driver("http", nil, New, func(o *Options, c sms.DriverConfig) {
		o.Name, o.Templates, o.Recipe = c.Name, c.Templates, Below(c.Folder, o.Recipe)
	})
}
