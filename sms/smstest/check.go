package smstest

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"github.com/notifykit/notify/sms"
)

// A check is one rule and how to find that it is broken.
type check struct {
	name  string
	rule  string // a sentence without its full stop, for who reads a failure
	needs needs
	look  func(*trial)
}

// needs is what a check cannot do without.
type needs int

const (
	nothing   needs = iota
	server          // a vendor, over HTTP or a session
	overHTTP        // a vendor over HTTP
	answer          // Provider.Answer, or Local.Fail
	timeout         // Provider.NewTimeout
	body            // a vendor that takes free text
	templates       // one that takes none
	keys            // Provider.Key
	listing         // Provider.Listing
	webhook         // Provider.Webhook
	batch           // Provider.Batch
)

// lacks says what p does not have of what c needs; "" where it has all.
func (c check) lacks(p Provider) string {
	switch {
	case c.needs == server && p.Local != nil:
		return "it needs a vendor"
	case slices.Contains([]needs{overHTTP, keys, listing, batch}, c.needs) && (p.Local != nil || p.Session != nil):
		return "it needs a vendor over HTTP"
	case c.needs == answer && p.Local == nil && p.Session == nil && p.Answer == nil:
		return "it needs Provider.Answer"
	case c.needs == answer && p.Local != nil && p.Local.Fail == nil:
		return "it needs Local.Fail"
	case c.needs == timeout && (p.NewTimeout == nil || p.Local != nil || p.Session != nil):
		return "it needs Provider.NewTimeout"
	case c.needs == keys && p.Key == nil:
		return "it needs Provider.Key"
	case c.needs == listing && p.Listing == nil:
		return "it needs Provider.Listing"
	case c.needs == webhook && p.Webhook == nil:
		return "it needs Provider.Webhook"
	case c.needs == batch && p.Batch == nil:
		return "it needs Provider.Batch"
	case c.needs == body && p.TemplatesOnly:
		return "the vendor takes templates only"
	case c.needs == templates && !p.TemplatesOnly:
		return "the vendor takes free text"
	}
	return ""
}

// run gives the faults that c finds in p.
func (c check) run(tb testing.TB, p Provider) []string {
	if p.To == "" {
		p.To = "+8613812345678"
	}
	t := &trial{Provider: p, tb: tb, registry: registry(tb, p)}
	func() {
		defer t.end() // also where a check has stopped the test
		c.look(t)
	}()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.faults
}

// registry holds the suite's templates.
func registry(tb testing.TB, p Provider) *sms.Registry {
	bind := func(t sms.Template) sms.Template {
		t.Bindings = map[string]sms.Binding{Name: p.Bindings[t.Name]}
		return t
	}
	r, err := sms.NewRegistry(
		bind(sms.Template{Name: LoginCode, Kind: sms.Verification, Text: "Your code is ${code}."}),
		bind(sms.Template{Name: Notice, Kind: sms.Notification, Text: "${name}: order ${order} has been sent."}),
	)
	if err != nil {
		tb.Fatalf("smstest: Provider.Bindings: %v", err)
	}
	return r
}

// A trial is one run of one check.
type trial struct {
	Provider
	tb       testing.TB
	registry *sms.Registry

	mu     sync.Mutex
	faults []string
	ends   []func() // what has to be closed, the last first
}

func (t *trial) faultf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.faults) < maxFaults {
		t.faults = append(t.faults, fmt.Sprintf(format, args...))
	}
}

// maxFaults keeps a provider that fails at every byte readable.
const maxFaults = 5

func (t *trial) atEnd(f func()) { t.ends = append(t.ends, f) }

func (t *trial) end() {
	for i := len(t.ends) - 1; i >= 0; i-- {
		t.ends[i]()
	}
}

// guard calls f and makes a fault of its panic.
func (t *trial) guard(what string, f func()) {
	defer func() {
		if p := recover(); p != nil {
			t.faultf("%s panicked: %v\n%s", what, p, debug.Stack())
		}
	}()
	f()
}
