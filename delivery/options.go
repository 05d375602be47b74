package delivery

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// Options are what a Tracker is made of. Only Store is required, and Secret with a
// store that outlives the process.
type Options struct {
	// Store keeps the records. Close does not close it.
	Store Store
	// Secret makes the identities of records. It must be at least 32 random bytes, the
	// same in every process and for as long as the store lasts. With a MemoryStore it
	// defaults to a random one.
	Secret []byte
	// Keys hash and seal telephone numbers. Each must be at least 32 random bytes. The
	// first is used for new records, and all for reading: to rotate, add the new key
	// behind the first in every process, then put it first. Defaults to Secret.
	Keys [][]byte
	// Account maps a configured provider name to the name of its account at the vendor.
	// Providers of one account share the address for reports, so they must have one
	// name here. Nil: every provider has an account of its own.
	Account func(provider string) string

	// OnChange is called when a vendor message has reached another state. It is called
	// at least once for the newest state and never with a lower one than before;
	// states in between may be left out. An error makes it be called again later. Calls
	// come from Start, in one process of all that share the store. Nil: no calls.
	OnChange func(ctx context.Context, c Change) error

	// Webhooks is how vendors reach the Handler. Not needed without one.
	Webhooks Webhooks
	// OnReply is called with each reply of a person; its text is kept nowhere else. If
	// it fails, the vendor is asked to repeat the reply. The same reply may come twice.
	// Nil: replies are answered and dropped.
	OnReply func(ctx context.Context, r sms.Reply) error
	// OnOptOut is called when a person answers STOP or START, and when a report says
	// that the person has opted out. It must stop, or allow again, messages of every
	// vendor, for example by a middleware.SuppressionList. If it fails, the vendor is
	// asked to repeat the request. Nil: only vendors that block by themselves do so.
	OnOptOut func(ctx context.Context, o OptOut) error

	// LostAfter is how long a message without a final report is waited for. Then it
	// is StateLost. Defaults to 72 hours.
	LostAfter time.Duration
	// Retention is how long records are kept. Defaults to 90 days. ForeignRetention
	// holds for reports of other applications on the same account. Defaults to 24
	// hours.
	Retention, ForeignRetention time.Duration
	// NoteTimeout is how long Send waits until its answer is stored. Defaults to 1
	// second. StoreTimeout bounds each call to Store. Defaults to 5 seconds.
	NoteTimeout, StoreTimeout time.Duration
	// Buffer is how many records wait for a store that fails or is slow. Defaults to
	// 10,000. More reports are refused, so that the vendor repeats them; more answers
	// of Send are dropped and logged.
	Buffer int
	// Logger is given failures of the store. Nil: nothing is logged.
	Logger *slog.Logger
}

// A Change is a vendor message that has reached another state.
type Change struct {
	Status
	// Before is the state of the call before for this message; zero if it is the
	// first.
	Before sms.DeliveryState
}

func (o Options) withDefaults() Options {
	if _, memory := o.Store.(*MemoryStore); memory && len(o.Secret) == 0 {
		o.Secret = make([]byte, minKey)
		_, _ = rand.Read(o.Secret) // never fails
	}
	o.Keys, o.Webhooks.Secrets = slices.Clone(o.Keys), slices.Clone(o.Webhooks.Secrets)
	if len(o.Keys) == 0 {
		o.Keys = [][]byte{o.Secret}
	}
	if o.Account == nil {
		o.Account = func(provider string) string { return provider }
	}
	o.LostAfter = cmp.Or(o.LostAfter, 72*time.Hour)
	o.Retention = cmp.Or(o.Retention, 90*24*time.Hour)
	o.ForeignRetention = cmp.Or(o.ForeignRetention, 24*time.Hour)
	o.NoteTimeout = cmp.Or(o.NoteTimeout, time.Second)
	o.StoreTimeout = cmp.Or(o.StoreTimeout, 5*time.Second)
	o.Buffer = cmp.Or(o.Buffer, 10_000)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// validate returns everything that is wrong. It sees the defaults.
func (o Options) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("delivery: "+format, args...)) }
	if o.Store == nil {
		fault("Store is nil: write delivery.NewMemoryStore(100_000), or open a database with delivery/sqlstore")
	} else {
		checkKey("Secret", o.Secret, fault)
	}
	o.Webhooks.validate(fault)
	if len(o.Secret) > 0 {
		for i, k := range o.Keys {
			checkKey(fmt.Sprintf("Keys[%d]", i), k, fault)
		}
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"LostAfter", o.LostAfter}, {"Retention", o.Retention}, {"ForeignRetention", o.ForeignRetention},
		{"NoteTimeout", o.NoteTimeout}, {"StoreTimeout", o.StoreTimeout}} {
		if d.d <= 0 {
			fault("%s is %v: it must be longer than 0", d.name, d.d)
		}
	}
	if o.Retention < o.LostAfter {
		fault("Retention is %v, shorter than LostAfter, %v", o.Retention, o.LostAfter)
	}
	if o.Buffer < 1 {
		fault("Buffer is %d: it must be at least 1", o.Buffer)
	}
	return errors.Join(faults...)
}

// secretWord is the form of a secret in a path.
var secretWord = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)

func (w Webhooks) validate(fault func(string, ...any)) {
	if u, err := url.Parse(w.URL); w.URL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "") {
		fault("Webhooks.URL is no address without a query: write the public one, such as %q", "https://example.com/sms")
	}
	for i, s := range w.Secrets {
		if !secretWord.MatchString(s) {
			fault("Webhooks.Secrets[%d] must have 16 to 128 letters, digits, \"-\" and \"_\"", i)
		}
	}
}

func checkKey(name string, key []byte, fault func(string, ...any)) {
	switch {
	case len(key) == 0:
		fault("%s is missing: a store that outlives the process needs %d random bytes that stay the same", name, minKey)
	case len(key) < minKey:
		fault("%s has %d bytes: it needs at least %d random ones", name, len(key), minKey)
	case slices.Max(key) == slices.Min(key):
		fault("%s is one byte repeated: it needs random ones", name)
	}
}
