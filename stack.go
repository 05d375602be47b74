package notify

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A Layer is one place in the stack between Client.Send and a vendor.
type Layer struct {
	// Name is the middleware's, or the part of the Config that fills the place.
	Name string
	// Each is what it sees: each "message" once, each message once for a
	// "provider", or each "try" at one.
	Each string
	// Why is the reason for its place.
	Why string
}

// Layers is the stack that New builds, from the outermost to the innermost. New
// builds by this very list.
func Layers() []Layer {
	all := make([]Layer, len(layers))
	for i, l := range layers {
		all[i] = l.Layer
	}
	return all
}

// A layer makes the middleware of its place: for the Client as a whole, or for
// one provider. Neither: it is made where the two meet.
type layer struct {
	Layer
	message  func(b *builder) []sms.Middleware
	provider func(b *builder, name string) []sms.Middleware
}

// maxPace is how long a call waits for its turn at a provider. It is below the
// second after which a breaker takes a call for slow.
const maxPace = 500 * time.Millisecond

var layers = [...]layer{
	{Layer: Layer{"Validate", "message", "what no vendor would deliver, and what has expired, costs no token and no call; all that follows knows the kind"},
		message: func(b *builder) []sms.Middleware {
			return []sms.Middleware{middleware.Validate(b.registry)}
		}},
	{Layer: Layer{"Deduplicate", "message", "a message that was sent already costs neither a token nor the budget"},
		message: (*builder).deduplicate},
	{Layer: Layer{"RateLimit by number", "message", "a number's tokens are counted once for a message, not for each try, and one that is Rejected further in gives its own back"},
		message: (*builder).perNumber},
	{Layer: Layer{"Budget", "message", "it counts the segments of what was accepted in the end, whoever accepted it"},
		message: (*builder).budget},
	{Layer: Layer{"Config.Middleware", "message", "yours sees valid messages that are within the limits, once, and how they ended after all tries"},
		message: func(b *builder) []sms.Middleware { return b.config.Middleware }},
	{Layer: Layer{"Redirect", "message", "all that counts by number has counted the message's own; the route is that of the number it really goes to"},
		message: func(b *builder) []sms.Middleware {
			if b.config.Redirect == "" {
				return nil
			}
			return []sms.Middleware{middleware.Redirect(b.config.Redirect)}
		}},
	{Layer: Layer{"DryRun", "message", "it is the end of the way: everything before it is as when messages go out"},
		message: func(b *builder) []sms.Middleware {
			if !b.config.DryRun {
				return nil
			}
			return []sms.Middleware{middleware.DryRun()}
		}},
	{Layer: Layer{"Config.Routes", "message", "it decides on what your middleware has made of the message"}},
	{Layer: Layer{"Failover", "message", "it stands outside Retry, so that one vendor's tries are over before the next vendor's begin"}},
	{Layer: Layer{"AllowedNumbers", "provider", "what a real vendor must not be given is no try at it, and goes on to the next provider"},
		provider: (*builder).hold},
	{Layer: Layer{"Retry", "provider", "it stands outside Breaker, so that each try counts, and an open breaker ends the tries at once"},
		provider: func(b *builder, _ string) []sms.Middleware {
			return []sms.Middleware{middleware.Retry(b.config.Retry)}
		}},
	{Layer: Layer{"Breaker", "try", "it stands outside the pace, so that a vendor that is down uses up none of it; one for each provider, shared by all routes"},
		provider: (*builder).breaker},
	{Layer: Layer{"RateLimit by provider", "try", "each call that really leaves counts, tries included"},
		provider: (*builder).pace},
	{Layer: Layer{"Timeout", "try", "it bounds the vendor's time alone, without any wait of ours; a driver's provider has its own, in its settings"},
		provider: (*builder).timeout},
}

// client puts everything together.
func (b *builder) client(routes []Route) *Client {
	stacks := make(map[string]sms.Sender, len(b.providers))
	for name, provider := range b.providers {
		var around []sms.Middleware
		for _, l := range layers {
			if l.provider != nil {
				around = append(around, l.provider(b, name)...)
			}
		}
		stacks[name] = sms.Chain(provider, around...)
	}
	var around []sms.Middleware
	for _, l := range layers {
		if l.message != nil {
			around = append(around, l.message(b)...)
		}
	}
	c := &Client{router: newRouter(routes, stacks, b.registry), registry: b.registry, redirect: b.config.Redirect, made: b.made, shut: make(chan struct{})}
	c.stack = sms.Chain(c.router, around...)
	return c
}

func (b *builder) deduplicate() []sms.Middleware {
	if b.config.Deduplicate <= 0 {
		return nil
	}
	store := middleware.NewMemoryStore(b.config.DeduplicateKeys)
	store.Logger = b.config.Logger
	once := middleware.Deduplicate(store, b.config.Deduplicate)
	return []sms.Middleware{func(next sms.Sender) sms.Sender {
		deduplicated := once(next)
		return sms.Wrap(deduplicated, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			if keyless(ctx) { // nobody can send a key that Send has made again
				return next.Send(ctx, m)
			}
			return deduplicated.Send(ctx, m)
		})
	}}
}

func (b *builder) budget() []sms.Middleware {
	if len(b.config.Limits.Budget) == 0 {
		return nil
	}
	budget, _ := middleware.NewBudget(b.config.Limits.Budget...) // its faults were told by checkLimits
	return []sms.Middleware{budget.Middleware}
}

func (b *builder) perNumber() []sms.Middleware {
	windows := b.config.Limits.PerNumber
	if len(windows) == 0 {
		return nil
	}
	limit := middleware.NewLimiter(slices.Clone(windows)...)
	return []sms.Middleware{middleware.RateLimit(limit, middleware.RateLimitOptions{Name: "per_number", Key: middleware.ByNumber})}
}

func (b *builder) breaker(name string) []sms.Middleware {
	o := b.config.Breaker
	o.Name = name
	return []sms.Middleware{middleware.Breaker(o)}
}

// pace lets a tenth of a second's calls through at once: callers that come
// together need not queue up one by one, and no second holds many more.
func (b *builder) pace(name string) []sms.Middleware {
	perSecond, ok := b.config.Limits.PerProvider[name]
	if !ok {
		return nil
	}
	burst := int(math.Min(math.Ceil(perSecond/10), 1e6))
	return []sms.Middleware{middleware.RateLimit(middleware.NewPacer(perSecond, burst),
		middleware.RateLimitOptions{Name: name, MaxWait: maxPace})}
}

// timeout is where a call leaves our own waits: from here on Close does not end it.
func (b *builder) timeout(name string) []sms.Middleware {
	p := b.config.Providers[name]
	if p.Sender == nil {
		return []sms.Middleware{depart}
	}
	return []sms.Middleware{depart, middleware.Timeout(p.Timeout)}
}
