package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/sms"
)

// A Rewrite changes a message before anything else is done with it. Its argument is a
// copy, which it may change and return.
//
// It may change To, From, Template (to one of the same kind), Params, Body, Tags and
// Expires. If it changes Key or the kind, the message is refused. It must return the
// same for the same message in every process and at any time, because Find asks the
// vendor about what it returns later. smstest.CheckRewrite tests that. It may be called
// by several goroutines at once.
//
// If it returns an error, the message is Rejected, with the Reason in that error or
// Internal. CheckTemplate calls it with a message that has only a Template and Params.
type Rewrite func(ctx context.Context, m sms.Message) (sms.Message, error)

// Resolved is a message as providers are given it: after Config.Rewrite and
// Config.Redirect, with its kind. Client.Resolve returns it, and Provider.Preview takes
// it, so that no message is rewritten twice. It prints as its Message does: masked.
type Resolved struct {
	sms.Message // its Key may be empty: only Send sets one
	// Recipient is To before Redirect. Limits by number count this number.
	Recipient sms.Number
	// Route lists the providers that the message may be given to, in order.
	Route []string

	path *path
}

// Resolve returns m as providers are given it. It returns an error if m is refused
// before any provider: by a Rewrite, by the rules for its kind, or because it matches
// no route. Resolved then holds what is known so far. Resolve ignores Message.Expires.
func (c *Client) Resolve(ctx context.Context, m sms.Message) (Resolved, error) {
	r, err := c.resolve(ctx, m)
	r.Message, r.Route = r.Clone(), slices.Clone(r.Route)
	return r, err
}

// Check returns an error if a Rewrite or the rules for its kind refuse m. An outbox
// calls it before it stores a message.
func (c *Client) Check(ctx context.Context, m sms.Message) error {
	m, err := c.rewrite(ctx, m)
	if err != nil {
		return err
	}
	return c.registry.Check(m)
}

// resolve is the only function that makes of a message what providers are given.
func (c *Client) resolve(ctx context.Context, m sms.Message) (Resolved, error) {
	m, err := c.rewrite(ctx, m)
	r := Resolved{Message: m, Recipient: m.To}
	if err != nil {
		return r, err
	}
	if err := c.registry.Check(m); err != nil {
		return r, err
	}
	r.Kind = c.registry.KindOf(m)
	r.To = cmp.Or(c.redirect, m.To) // last: a Rewrite must not undo it
	if r.path = c.router.pick(r.Message); r.path == nil {
		return r, c.router.refuse(r.Message)
	}
	r.Route = r.path.Providers
	return r, nil
}

// rewrite returns m as Config.Rewrite has changed it.
func (c *Client) rewrite(ctx context.Context, m sms.Message) (sms.Message, error) {
	if len(c.rewrites) == 0 {
		return m, nil
	}
	was, kind := m, c.registry.KindOf(m)
	m = m.Clone()
	for i, change := range c.rewrites {
		var err error
		if m, err = change(ctx, m); err != nil {
			return was, sms.Refuse(was, sms.ReasonOf(err), fmt.Errorf("Config.Rewrite[%d]: %w", i, err))
		}
		switch {
		case m.Key != was.Key:
			return was, sms.Refuse(was, sms.Internal, fmt.Errorf("Config.Rewrite[%d] changed the message's Key, by which it is known afterwards: keep it", i))
		case c.registry.KindOf(m) != kind:
			return was, sms.Refuse(was, sms.Internal, fmt.Errorf("Config.Rewrite[%d] changed the message's kind from %v to %v, which decides whether it may be repeated: keep it", i, kind, c.registry.KindOf(m)))
		}
	}
	return m, nil
}

// Find asks the providers of m's route whether they have m, which settles an
// Unknown outcome after its call. m is the message as it was given to Send, m.Key
// the key that Error.Key reported, and since is when Send was called. It returns a
// receipt if one has it, sms.ErrNotFound if every provider of the route certainly
// never took it, and an error that matches sms.ErrUndecided if that cannot be
// known. Only after sms.ErrNotFound may m be sent again.
//
// A provider never took m if its vendor's list does not hold it, or if the provider
// refuses such a message before any call, for example because the template has no
// binding for it. The latter holds for a provider that a driver made. A provider that
// would send m and cannot be asked leaves the answer undecided. To ask only providers
// that were tried, use Ask with Question.Providers: those whose attempt is Unknown in
// the error of Send.
//
// Find must be called with the configuration that sent m, because another text, route,
// redirect or Rewrite makes it ask about another message. After a restart use Ask with
// the Mark of the Client that sent m. Find must be called after Send has returned. If
// that is not known, use Ask with Until, because a message that waited for its turn may
// have left long after since.
func (c *Client) Find(ctx context.Context, m sms.Message, since time.Time) (sms.Receipt, error) {
	return c.Ask(ctx, sms.Question{Message: m, Since: since, Until: since, Mark: c.mark})
}

// Ask asks the vendors about a message whose outcome is Unknown. It returns what Find
// returns. If q.Mark is set and is not the Client's Mark, another configuration sent
// the message: Ask may find it, and never returns sms.ErrNotFound. Ask asks each
// provider once; use sms.Schedule to ask again.
func (c *Client) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	on := c.begin(ctx)
	if on == nil {
		return sms.Receipt{}, fmt.Errorf("%w: %w", sms.ErrUndecided, ErrClosed)
	}
	defer c.end(on)
	r, err := sms.Ask(on, asking{c}, q)
	if err == nil && c.delivery != nil {
		c.delivery.Note(ctx, q.Message, r, nil)
	}
	return r, err
}

// asking is the Finder behind Client.Ask. sms.Ask calls it and checks its answer.
type asking struct{ c *Client }

func (a asking) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	r, err := a.c.resolve(ctx, q.Message)
	if err != nil {
		return sms.Receipt{}, err
	}
	names := q.Providers
	if len(names) == 0 {
		names = r.Route
	}
	same := q.Mark == a.c.mark
	sure := same && len(q.Providers) == 0 // else the asker knows that it was tried
	q.Message, q.Providers = r.Message, nil
	var undecided []error
	may, unable := len(names), 0 // providers that may have it, and those of them that cannot be asked
	for _, name := range names {
		p, ok := a.c.providers[name]
		if !ok {
			undecided = append(undecided, fmt.Errorf("provider %q, which may have it, is not in this configuration", name))
			continue
		}
		receipt, err := sms.Ask(ctx, p.asks, q)
		switch {
		case err == nil:
			return receipt, nil
		case err == sms.ErrNotFound:
			continue
		case sure && p.neverTakes(r):
			may--
			continue
		case errors.Is(err, errors.ErrUnsupported):
			unable++
			err = fmt.Errorf("provider %q cannot be asked", name) // another one may still have it
		}
		undecided = append(undecided, err)
	}
	switch {
	case unable > 0 && unable == may:
		return sms.Receipt{}, fmt.Errorf("no provider of its route can be asked: %w", errors.ErrUnsupported)
	case len(undecided) > 0:
		return sms.Receipt{}, errors.Join(undecided...)
	case q.Mark != "" && !same:
		return sms.Receipt{}, errors.New("another configuration sent it (Client.Mark), and what this one looks for may be another message")
	}
	return sms.Receipt{}, sms.ErrNotFound
}

// neverTakes reports whether p refuses r before any call to its vendor, under every
// Client with the same Mark. The Mark holds the settings of drivers only.
func (p *Provider) neverTakes(r Resolved) bool {
	if p.driver == "" {
		return false
	}
	r.Expires = time.Time{} // the vendor may have taken it before
	_, err := p.Preview(r)
	if errors.Is(err, errors.ErrUnsupported) && r.Template != "" {
		err = p.CheckTemplate(r.Template, r.Params)
	}
	return !errors.Is(err, errors.ErrUnsupported) && sms.ReasonOf(err) == sms.Unsupported && sms.OutcomeOf(err) == sms.Rejected
}

// CheckTemplate returns an error if a message of this template with these values would
// be refused: by a Rewrite, by the rules for its kind, or by any provider that it may
// be given to.
func (c *Client) CheckTemplate(name string, p sms.Params) error {
	m, err := c.rewrite(context.Background(), sms.Message{Template: name, Params: p})
	if err != nil || m.Template == "" { // a body has no variables to check
		return err
	}
	return c.checkTemplate(m.Template, m.Params)
}

func (c *Client) checkTemplate(name string, p sms.Params) error {
	t, err := c.registry.Lookup(name)
	if err != nil {
		return err
	}
	if err := c.registry.CheckTemplate(name, p); err != nil {
		return err
	}
	var faults []error
	for _, provider := range c.router.taking(t) {
		err := c.providers[provider].CheckTemplate(name, p)
		_, bound := t.Bindings[provider]
		switch {
		case errors.Is(err, errors.ErrUnsupported): // it cannot check
		case !bound && sms.ReasonOf(err) == sms.Unsupported: // the route allows for it: the message goes to another provider
		default:
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// Preview returns what the first provider of m's route that can preview would send. It
// sends nothing, and no limit counts it. If no provider can preview, the error is
// Unsupported and matches errors.ErrUnsupported.
func (c *Client) Preview(ctx context.Context, m sms.Message) (sms.Preview, error) {
	r, err := c.resolve(ctx, m)
	if err != nil {
		return sms.Preview{}, err
	}
	return c.preview(r)
}

func (c *Client) preview(r Resolved) (sms.Preview, error) {
	err := error(sms.Refuse(r.Message, sms.Unsupported, fmt.Errorf("no provider of its route can show what it would send: %w", errors.ErrUnsupported)))
	for _, name := range r.Route {
		preview, failed := c.providers[name].Preview(r)
		switch {
		case errors.Is(failed, errors.ErrUnsupported):
			continue
		case failed == nil, sms.ReasonOf(failed) != sms.Unsupported:
			return preview, failed
		}
		err = failed
	}
	return sms.Preview{}, err
}

// A router picks the first route that a message matches.
type router struct{ paths []path }

// A path is a Route with its Sender.
type path struct {
	Route
	sender sms.Sender // the providers with failover
}

// pick returns the first path that m matches, or nil. The kind of m must be set.
func (r *router) pick(m sms.Message) *path {
	region := m.To.Region()
	for i := range r.paths {
		if p := &r.paths[i]; p.matches(m, region) {
			return p
		}
	}
	return nil
}

func (r Route) matches(m sms.Message, region string) bool {
	return (len(r.Regions) == 0 || slices.Contains(r.Regions, region)) &&
		(len(r.Templates) == 0 || slices.Contains(r.Templates, m.Template)) &&
		(len(r.Kinds) == 0 || slices.Contains(r.Kinds, m.Kind))
}

// refuse returns the error of a message that matches no route.
func (r *router) refuse(m sms.Message) error {
	what := "a body"
	if m.Template != "" {
		what = fmt.Sprintf("template %q", m.Template)
	}
	where := "a number of no known region"
	if region := m.To.Region(); region != "" {
		where = "region " + region
	}
	return sms.Refuse(m, sms.Unsupported, fmt.Errorf(
		"no route takes a message of kind %v with %s to %s: add a route for it, or one without regions, templates and kinds at the end", m.Kind, what, where))
}

// taking returns the providers that messages of t may be given to, each once.
func (r *router) taking(t sms.Template) (providers []string) {
	routes := make([]Route, len(r.paths))
	for i := range r.paths {
		routes[i] = r.paths[i].Route
	}
	for _, i := range mayTake(routes, matchers(routes), t) {
		for _, name := range routes[i].Providers {
			if !slices.Contains(providers, name) {
				providers = append(providers, name)
			}
		}
	}
	return providers
}

// Mark identifies the configuration that decides how messages look to vendors, as 32
// hexadecimal digits. It covers templates, routes, redirect, the providers with their
// settings (without secrets), and RewriteVersion. If RewriteVersion is empty and there
// are rewrites, it covers the revision that the program was built from. Two Clients
// with the same Mark resolve a message alike. A program that stores messages must store
// the Mark of the Client that sent them, and set it in sms.Question.
//
// Of a provider made in Go the Mark covers the name and type only.
func (c *Client) Mark() string { return c.mark }

func (b *builder) mark(routes []Route) string {
	h := sha256.New()
	put(h, "templates", b.templates)
	put(h, "routes", routes)
	put(h, "redirect", string(b.config.Redirect))
	for _, name := range slices.Sorted(maps.Keys(b.config.Providers)) {
		p := b.config.Providers[name]
		put(h, "provider", name)
		put(h, "driver", p.Driver)
		put(h, "settings", p.Settings)
		if p.Sender != nil {
			put(h, "sender", fmt.Sprintf("%T", p.Sender))
		}
	}
	put(h, "rewrites", len(b.config.Rewrite))
	put(h, "version", b.config.RewriteVersion)
	if b.config.RewriteVersion == "" && len(b.config.Rewrite) > 0 {
		put(h, "build", revision())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// revision returns what the program was built from. It is empty if that is not known.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	text := info.Main.Version
	for _, s := range info.Settings {
		if strings.HasPrefix(s.Key, "vcs.") {
			text += " " + s.Key + "=" + s.Value
		}
	}
	return text
}

// put writes a value with its name, so that different values are written differently.
func put(h hash.Hash, name string, v any) {
	fmt.Fprintf(h, "%q:", name)
	write(h, reflect.ValueOf(v), name)
	fmt.Fprintln(h)
}

// isSecret reports whether path is a provider's secret. A template may be called
// "token".
func isSecret(path string) bool { return strings.HasPrefix(path, "settings") && config.IsSecret(path) }

// write writes v. Of a struct it writes the exported fields without the tag yaml:"-",
// of a map the entries in the order of their keys. It omits secrets.
func write(h hash.Hash, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Invalid, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		fmt.Fprint(h, "-")
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			fmt.Fprint(h, "-")
			return
		}
		write(h, v.Elem(), path)
	case reflect.Struct:
		fmt.Fprint(h, "{")
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if key == "-" || !f.IsExported() || isSecret(config.Join(path, key)) {
				continue
			}
			fmt.Fprintf(h, "%q:", f.Name)
			write(h, v.Field(i), config.Join(path, key))
			fmt.Fprint(h, ",")
		}
		fmt.Fprint(h, "}")
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		fmt.Fprint(h, "{")
		for _, k := range keys {
			if at := config.Join(path, fmt.Sprint(k)); !isSecret(at) {
				fmt.Fprintf(h, "%q:", fmt.Sprint(k))
				write(h, v.MapIndex(k), at)
				fmt.Fprint(h, ",")
			}
		}
		fmt.Fprint(h, "}")
	case reflect.Slice, reflect.Array:
		fmt.Fprint(h, "[")
		for i := range v.Len() {
			write(h, v.Index(i), path)
			fmt.Fprint(h, ",")
		}
		fmt.Fprint(h, "]")
	default:
		fmt.Fprintf(h, "%q", fmt.Sprint(v))
	}
}
