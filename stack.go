package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A layer is one place in the stack between Client.Send and a vendor. It returns the
// middleware of its place: for the Client as a whole, or for one provider.
type layer struct {
	name string
	each string // what it sees: each "message" once, each message once for a "provider", or each "try" at one
	why  string // the reason for its place

	message  func(b *builder, c *Client) []sms.Middleware
	provider func(b *builder, p *Provider) []sms.Middleware
}

// layers is the order, from the outermost to the innermost. New builds the stack from
// this list, and tests compare it with package middleware's documentation and
// docs/architecture.md. Rewrites, validation, kind, redirect and route are not layers:
// Client.resolve does them before, for every operation alike.
var layers = [...]layer{
	{name: "Deduplicate", each: "message", why: "a message that was sent already costs neither a token nor the budget",
		message: (*builder).deduplicate},
	{name: "RateLimit by number", each: "message", why: "a message takes one token of its number, whatever the number of attempts, and returns it if it is Rejected",
		message: (*builder).perNumber},
	{name: "Budget", each: "message", why: "it counts the segments of an accepted message once, whichever vendor accepted it",
		message: (*builder).budget},
	{name: "Config.Middleware", each: "message", why: "it sees each valid message within the limits once, and its result after all attempts",
		message: func(b *builder, _ *Client) []sms.Middleware { return b.config.Middleware }},
	{name: "guard", each: "message", why: "a message that middleware has changed cannot be found afterwards; from here on the message has the redirected number",
		message: func(_ *builder, c *Client) []sms.Middleware { return []sms.Middleware{c.guard.outer} }},
	{name: "DryRun", each: "message", why: "everything outside it is as when messages are sent",
		message: (*builder).dryRun},
	{name: "Failover", each: "message", why: "it is outside Retry, so that one vendor's tries are over before the next vendor's begin"},
	{name: "AllowedNumbers", each: "provider", why: "a number that is not allowed is no attempt at this vendor, and the next provider is tried",
		provider: (*builder).hold},
	{name: "Retry", each: "provider", why: "it is outside Breaker, so that each try counts, and an open breaker ends the tries at once",
		provider: func(b *builder, _ *Provider) []sms.Middleware {
			return []sms.Middleware{middleware.Retry(b.config.Retry)}
		}},
	{name: "Pace", each: "try", why: "it is outside Breaker, so that waiting for a turn is no time of the vendor's",
		provider: (*builder).pace},
	{name: "Confirm", each: "try", why: "it is inside the pace, so that a message left when it asks, and outside Breaker, which does not count a question",
		provider: func(b *builder, p *Provider) []sms.Middleware {
			return []sms.Middleware{middleware.Confirm(p.asks, b.config.FindFor)}
		}},
	{name: "Breaker", each: "try", why: "one for each provider, shared by all routes",
		provider: (*builder).breaker},
	{name: "Timeout", each: "try", why: "it limits the vendor's time, without our own waits; a driver's provider has its own, in its settings",
		provider: (*builder).timeout},
	{name: "ProviderConfig.Middleware", each: "try", why: "it sees each call to this provider, and its message is guarded too",
		provider: (*builder).own},
}

// A builder makes a Client of a Config and collects the faults of the Config.
type builder struct {
	config    Config
	logger    *slog.Logger
	drivers   map[string]sms.Driver
	templates map[string]sms.Template
	registry  *sms.Registry
	providers map[string]sms.Sender // by configured name, without middleware
	made      []io.Closer           // those that the Client closes
	unread    bool                  // providers: could not be read
	faults    config.Faults
	missing   config.Faults // variables that have no value
}

// client returns the Client.
func (b *builder) client(routes []Route) *Client {
	c := &Client{registry: b.registry, router: &router{}, rewrites: slices.Clone(b.config.Rewrite), redirect: b.config.Redirect,
		providers: map[string]*Provider{}, made: b.made, calls: map[*call]struct{}{}, idle: make(chan struct{}), mark: b.mark(routes), delivery: b.config.Delivery}
	c.waits, c.quit = context.WithCancelCause(context.Background())
	c.guard = guard{seed: maphash.MakeSeed(), needed: len(b.config.Middleware) > 0}
	for _, p := range b.config.Providers {
		c.guard.needed = c.guard.needed || len(p.Middleware) > 0
	}
	stacks := make(map[string]sms.Sender, len(b.providers))
	for name, sender := range b.providers {
		p := newProvider(c, name, b.config.Providers[name], sender)
		c.providers[name] = p
		var around []sms.Middleware
		for _, l := range layers {
			if l.provider != nil {
				around = append(around, l.provider(b, p)...)
			}
		}
		stacks[name] = sms.Chain(sender, around...)
	}
	for _, route := range routes {
		var senders []sms.Sender
		for _, name := range route.Providers {
			senders = append(senders, stacks[name])
		}
		route.Regions, route.Templates, route.Kinds = slices.Clone(route.Regions), slices.Clone(route.Templates), slices.Clone(route.Kinds)
		route.Providers = slices.Clone(route.Providers)
		c.router.paths = append(c.router.paths, path{Route: route, sender: middleware.Failover(senders...)})
	}
	var around []sms.Middleware
	for _, l := range layers {
		if l.message != nil {
			around = append(around, l.message(b, c)...)
		}
	}
	c.stack = sms.Chain(sms.SenderFunc(toRoute), around...)
	return c
}

// toRoute sends a message to the providers of the route that resolve picked.
func toRoute(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	return callOf(ctx).resolved.path.sender.Send(ctx, m) // the guard has seen that there is a call
}

// A guard refuses messages that the user's middleware has changed, because Find, in this
// process or the next one, would ask the vendor about another message.
type guard struct {
	seed   maphash.Seed
	needed bool // there is such middleware
}

// outer follows Config.Middleware, and sets the message's redirected number.
func (g guard) outer(next sms.Sender) sms.Sender {
	return sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		on := callOf(ctx)
		if on != nil {
			if on.resolved.Recipient != m.To {
				return sms.Receipt{}, changed(m, "Config.Middleware", "To")
			}
			m.To = on.resolved.To
		}
		if err := g.check(on, m, "Config.Middleware"); err != nil {
			return sms.Receipt{}, err
		}
		return next.Send(ctx, m)
	})
}

// inner follows ProviderConfig.Middleware.
func (g guard) inner(next sms.Sender) sms.Sender {
	return sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		if err := g.check(callOf(ctx), m, "ProviderConfig.Middleware"); err != nil {
			return sms.Receipt{}, err
		}
		return next.Send(ctx, m)
	})
}

// check compares m with the message that was resolved.
func (g guard) check(on *call, m sms.Message, whose string) error {
	switch {
	case on == nil:
		return sms.Refuse(m, sms.Internal, fmt.Errorf("%s sent with a context that is not made from the one it was given, so that the message cannot be checked: pass that one on, or context.WithoutCancel of it", whose))
	case !g.needed:
		return nil
	}
	was := &on.resolved
	for _, field := range [...]struct {
		name    string
		changed bool
	}{
		{"To", m.To != was.To}, {"Template", m.Template != was.Template}, {"Body", m.Body != was.Body}, {"Kind", m.Kind != was.Kind},
		{"From", m.From != was.From}, {"Key", m.Key != was.Key}, {"Expires", !m.Expires.Equal(was.Expires)},
		{"Params or Tags", g.fingerprint(m) != on.print},
	} {
		if field.changed {
			return changed(m, whose, field.name)
		}
	}
	return nil
}

func changed(m sms.Message, whose, field string) error {
	return sms.Refuse(m, sms.Internal, fmt.Errorf("%s changed the message's %s: change messages in Config.Rewrite, which Find, Preview and CheckTemplate apply too", whose, field))
}

// fingerprint returns a hash of the maps of m. It finds changes in place too, without a
// copy.
func (g guard) fingerprint(m sms.Message) uint64 {
	pairs := func(values map[string]string) (sum uint64) {
		for name, value := range values { // in any order: the sum is the same
			var h maphash.Hash
			h.SetSeed(g.seed)
			_, _ = h.WriteString(name)
			_ = h.WriteByte(0)
			_, _ = h.WriteString(value)
			sum += h.Sum64() | 1
		}
		return sum
	}
	return pairs(m.Params) + 31*pairs(m.Tags)
}

func (b *builder) deduplicate(*Client) []sms.Middleware {
	if b.config.Deduplicate <= 0 {
		return nil
	}
	store := middleware.NewMemoryStore(b.config.DeduplicateKeys)
	store.Logger = b.config.Logger
	once := middleware.Deduplicate(store, b.config.Deduplicate)
	return []sms.Middleware{func(next sms.Sender) sms.Sender {
		deduplicated := once(next)
		return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if callOf(ctx).keyless { // a key that Send has made cannot come again
				return next.Send(ctx, m)
			}
			return deduplicated.Send(ctx, m)
		})
	}}
}

func (b *builder) budget(*Client) []sms.Middleware {
	if len(b.config.Limits.Budget) == 0 {
		return nil
	}
	budget, _ := middleware.NewBudget(b.config.Limits.Budget...) // checkLimits has reported its faults
	return []sms.Middleware{budget.Middleware}
}

func (b *builder) perNumber(*Client) []sms.Middleware {
	windows := b.config.Limits.PerNumber
	if len(windows) == 0 {
		return nil
	}
	limit := middleware.NewLimiter(slices.Clone(windows)...)
	return []sms.Middleware{middleware.RateLimit(limit, middleware.RateLimitOptions{Name: "per_number", Key: middleware.ByNumber})}
}

// DryRunProvider is the Provider of the receipts of Config.DryRun.
const DryRunProvider = "dry-run"

// dryRun replaces the layers inside it. It accepts what the providers of the route do
// not refuse before a call.
func (b *builder) dryRun(c *Client) []sms.Middleware {
	if !b.config.DryRun {
		return nil
	}
	return []sms.Middleware{func(sms.Sender) sms.Sender {
		return sms.SenderFunc(func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			segments, err := c.rehearse(callOf(ctx).resolved)
			if err != nil {
				return sms.Receipt{}, unsent(m, err)
			}
			return sms.Receipt{Provider: DryRunProvider, Key: m.Key, ID: DryRunProvider + "-" + m.Key, Segments: segments}, nil
		})
	}}
}

func (c *Client) rehearse(r Resolved) (segments int, err error) {
	if r.Template != "" {
		if err := c.checkTemplate(r.Template, r.Params); err != nil {
			return 0, err
		}
	}
	preview, err := c.preview(r)
	if errors.Is(err, errors.ErrUnsupported) { // nothing can be shown, and nothing is wrong
		return 0, nil
	}
	return preview.Segments, err
}

// unsent returns err, the error of a check, as a Rejected one: nothing was sent.
func unsent(m sms.Message, err error) error {
	if sms.OutcomeOf(err) == sms.Rejected {
		return err
	}
	reason := sms.InvalidMessage
	if e, ok := errors.AsType[*sms.Error](err); ok && e != nil && e.Reason != "" {
		reason = e.Reason
	}
	return sms.Refuse(m, reason, err)
}

// hold refuses, outside of production, messages to a real vendor whose number is not
// allowed.
func (b *builder) hold(p *Provider) []sms.Middleware {
	if p.destination.Trial || !b.guarded() {
		return nil
	}
	allowed := map[sms.Number]bool{b.config.Redirect: true}
	for _, n := range b.config.AllowedNumbers {
		allowed[n] = true
	}
	env := b.config.Environment
	return []sms.Middleware{func(next sms.Sender) sms.Sender {
		return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if allowed[m.To] {
				return next.Send(ctx, m)
			}
			e := sms.Refuse(m, sms.Unsupported, fmt.Errorf(
				"held back: in the environment %q a real vendor is given the numbers under allowed_numbers only, and %v is none of them: add it, or write \"allow: [%s]\"", env, m.To, AllowAnyNumber))
			e.Provider = p.name
			return sms.Receipt{}, e
		})
	}}
}

func (b *builder) breaker(p *Provider) []sms.Middleware {
	o := b.config.Breaker
	o.Name = p.name
	around := middleware.Breaker(o)
	return []sms.Middleware{func(next sms.Sender) sms.Sender {
		s := around(next)
		p.breaker, _ = s.(middleware.Stater)
		return s
	}}
}

// pace makes messages wait for their turn at the provider.
func (b *builder) pace(p *Provider) []sms.Middleware {
	perSecond, ok := b.config.Limits.PerProvider[p.name]
	if !ok {
		return nil
	}
	p.pace, _ = middleware.NewPace(middleware.PaceOptions{ // checkLimits has reported its fault
		Name: p.name, PerSecond: perSecond, Overflow: p.overflows,
		Open: func() bool { return p.breaker.State() == middleware.StateOpen },
	})
	return []sms.Middleware{p.pace.Middleware}
}

// overflows reports whether a message may go on to the next provider of its route
// instead of waiting for its turn at p.
func (p *Provider) overflows(ctx context.Context, m sms.Message) bool {
	on := callOf(ctx)
	last := on == nil || on.resolved.path.Providers[len(on.resolved.path.Providers)-1] == p.name
	return !last && (on.resolved.path.Overflow || m.Kind == sms.Verification)
}

func (b *builder) timeout(p *Provider) []sms.Middleware {
	config := b.config.Providers[p.name]
	if config.Sender == nil {
		return nil
	}
	return []sms.Middleware{middleware.Timeout(config.Timeout)}
}

// own is the user's middleware of one provider.
func (b *builder) own(p *Provider) []sms.Middleware {
	mw := b.config.Providers[p.name].Middleware
	if len(mw) == 0 {
		return nil
	}
	return append(slices.Clone(mw), p.client.guard.inner)
}

// announce logs what the Client was opened with, and warnings.
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
	if held := b.heldBack(real); len(held) > 0 && real {
		b.logger.Warn("notify is open, and holds messages back", append(args, "held_back_by", held)...)
	} else {
		if len(held) > 0 {
			args = append(args, "held_back_by", held)
		}
		b.logger.Info("notify is open", args...)
	}
	b.announceDefaults()
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

// announceDefaults warns of providers that send nothing and were opened because a
// variable is not set. Without a Logger it uses slog's default, because messages that
// are accepted and not sent must not go unnoticed.
func (b *builder) announceDefaults() {
	c := b.config
	choice := c.source.Choice()
	byDefault := choice.Default != "" && choice.Name == c.Environment
	var providers, variables []string
	for _, name := range slices.Sorted(maps.Keys(c.Providers)) {
		to, made := b.destination(name)
		if !made || !to.Trial || c.Providers[name].Sender != nil {
			continue
		}
		var why []string
		if byDefault {
			why = append(why, choice.Default)
		}
		for _, d := range c.source.Defaults(config.Join("providers", name)) {
			if value := strings.TrimRight(d.Value, "/"); value == c.Providers[name].Driver || value != "" && strings.Contains(to.Endpoint, value) {
				why = append(why, d.Variables...)
			}
		}
		if len(why) > 0 {
			providers, variables = append(providers, name), append(variables, why...)
		}
	}
	if len(providers) == 0 {
		return
	}
	slices.Sort(variables)
	logger := cmp.Or(c.Logger, slog.Default())
	logger.Warn("these providers send nothing, and were opened because of a default: set the variables", "environment", c.Environment,
		"providers", providers, "variables", slices.Compact(variables))
}

// heldBack lists what keeps messages from the vendors or from their numbers. The
// allowed numbers apply to real vendors only.
func (b *builder) heldBack(real bool) (held []string) {
	if b.config.DryRun {
		held = append(held, "dry_run")
	}
	if b.config.Redirect != "" {
		held = append(held, "redirect to "+b.config.Redirect.String())
	}
	if real && b.guarded() {
		held = append(held, fmt.Sprintf("allowed_numbers (%d)", len(b.config.AllowedNumbers)))
	}
	return held
}

// perProcess lists the limits that count in this process only.
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
