package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// Options are what an Outbox is made of. Engine and Sender have no default.
type Options struct {
	// Engine is the store. Close does not close it.
	Engine Engine
	// Sender sends: a notify.Client, as a rule.
	Sender sms.Sender
	// Templates tells the kind of a template, and so class and whether a repetition
	// does harm. Enqueue refuses what no vendor would take: by the Sender's method
	// Check(ctx, m) error, which a notify.Client has, else by these. Nil: only messages
	// with a Body are taken.
	Templates *sms.Registry
	// Workers is how many messages are sent at once, and how many a crash leaves in
	// doubt. Defaults to 16.
	Workers int
	// Classes are the classes in the order in which they go. Defaults to
	// "verification", "notification" and "promotion".
	Classes []Class
	// Held reports whether a class is held: its messages are not taken, so that none is
	// tried, and the age of one that was never tried does not begin. A code counts from
	// when it was due. Held is asked before messages are taken, and once a second while
	// it reports true. It must not block. Nil: no class is held.
	Held func(class string) bool
	// Class gives a message, whose kind is resolved, the name of its class. Nil: by
	// kind, an International one as a notification.
	Class func(m sms.Message, kind sms.Kind) string

	// Keys seal what is stored, with AES-256-GCM, and make Entry.Hash a secret one.
	// Each is at least 32 random bytes. The first seals, all of them open: to
	// rotate, add the new one behind in every process, then put it first, and drop
	// the old one when nothing sealed under it is left (the Engine's window, and
	// longer where messages are held, dead or due later). Empty: telephone numbers
	// and values lie open in the store until their message has ended, and whoever
	// reads the store can try guesses against the hash for the window after that.
	Keys [][]byte
	// OpenKeys open what is stored and seal nothing. Give a new key here in every
	// process first, and in Keys afterwards.
	OpenKeys [][]byte
	// RefusePlain: what is not sealed is not read. It goes back to the queue for a
	// process without this option, until its age.
	RefusePlain bool

	// GiveUpAfter is the age by kind up to which a message that was not sent is tried
	// again, from when it was due, or first tried where that was later. Then it is
	// Dead; a Verification is Expired, and is not sent at all when it comes so late.
	// Defaults to 24 hours, for a Verification to 5 minutes.
	GiveUpAfter map[sms.Kind]time.Duration
	// MinDelay and MaxDelay bound the wait between two tries, which doubles and is
	// half random. Default to 1 second and 10 minutes; a Verification waits for 10
	// seconds at most. A vendor's RetryAfter may be longer.
	MinDelay, MaxDelay time.Duration
	// SendTimeout is how long one call to the Sender may take. Defaults to 1 minute.
	SendTimeout time.Duration

	// OnUnknown says by kind what becomes of a message of unknown outcome of which
	// the vendor cannot tell. Defaults to Hold, for a Verification to SendAgain.
	OnUnknown map[sms.Kind]UnknownPolicy
	// FindAfter is how long after a call of unknown outcome the vendor is asked
	// first. Defaults to sms.FindAfter; it may not be under the providers' own.
	FindAfter time.Duration
	// AskFor is how long a vendor that cannot tell is asked again. Defaults to 15
	// minutes.
	AskFor time.Duration

	// Finder is asked about messages whose outcome is unknown. Defaults to Sender, if
	// that is an sms.Finder; a Sender that is wrapped is none, so give what it is
	// wrapped around here. With neither, such messages are held, and New logs it.
	Finder sms.Finder
	// Known is asked before the vendors, for what this program knows by itself of a
	// message of unknown outcome, such as a delivery report. A receipt means that the
	// vendor has the message; an error means nothing. Nil: only vendors are asked.
	Known func(ctx context.Context, q sms.Question) (sms.Receipt, error)
	// Mark identifies what decides how the Sender's messages look to vendors. After a
	// crash, "the vendor never took it" is believed only if the process that asks has
	// the mark of the process that sent; else only a find counts, and the message is
	// Held. Defaults to the Mark() of Sender, else of Finder: a notify.Client has it.
	Mark string

	// QuietHours put off by kind what falls into them. A Verification has none.
	QuietHours map[sms.Kind]QuietHours
	// ZoneTag is the tag that names a message's time zone ("Europe/Berlin").
	// Defaults to "timezone".
	ZoneTag string

	// Limiter bounds the calls to the Sender, over all processes that share it. A
	// token is taken before a message is, so that whatever is most urgent at that
	// moment gets it. Nil: no bound. Key is "outbox" unless LimiterKey says otherwise.
	Limiter    middleware.Limiter
	LimiterKey string

	// OutageAfter is how many messages of a class in a row fail by their vendor's
	// fault, or ours, before the class pauses. What expires in the pause ends after it.
	// Defaults to 5.
	OutageAfter int
	// OutageMin and OutageMax bound how long it pauses before one message is tried;
	// the time doubles. Default to 1 and 30 seconds.
	OutageMin, OutageMax time.Duration

	// OnEnd is called after the end of a message is on disk: Accepted, Rejected,
	// Expired, or Held or Dead, which wait for a person. It is not called for what a
	// person decides, and not again if the process dies in between. Calls of different
	// messages may overlap; Close waits for them, and ctx ends when Close waits no
	// longer. Nil: nothing is called.
	OnEnd func(ctx context.Context, s Status)

	// WatchEvery is how often Watch tells counts. Defaults to 1 second.
	WatchEvery time.Duration
	// Logger is told of what needs a person: held, dead, poisoned, a class paused,
	// a store that fails. Nil: nobody.
	Logger *slog.Logger
}

// A Class is messages that go before those of the classes after it.
type Class struct {
	Name string // up to 64 bytes
	// Workers is how many of Options.Workers may have messages of this class at once.
	// Defaults to all for the first class; of each further one an eighth of them,
	// one at least, is kept free for those before it.
	Workers int
}

// UnknownPolicy is what becomes of a message of unknown outcome when nobody can
// tell. The zero value is the default of its kind.
type UnknownPolicy int

// The policies.
const (
	// Hold makes it Held: a person decides.
	Hold UnknownPolicy = iota + 1
	// SendAgain sends it again, and so perhaps twice.
	SendAgain
)

var kinds = [...]sms.Kind{sms.Verification, sms.Notification, sms.Promotion, sms.International}

func (o Options) withDefaults() Options {
	o.Workers = cmp.Or(o.Workers, 16)
	o.Classes = slices.Clone(o.Classes)
	if len(o.Classes) == 0 {
		o.Classes = []Class{{Name: "verification"}, {Name: "notification"}, {Name: "promotion"}}
	}
	for i := range o.Classes {
		free := i * max(1, o.Workers/8)
		o.Classes[i].Workers = cmp.Or(o.Classes[i].Workers, max(1, o.Workers-free))
	}
	if o.Class == nil {
		o.Class = classByKind
	}
	o.GiveUpAfter = byKind(o.GiveUpAfter, 24*time.Hour, 5*time.Minute)
	o.OnUnknown = byKind(o.OnUnknown, Hold, SendAgain)
	o.QuietHours = maps.Clone(o.QuietHours)
	o.MinDelay = cmp.Or(o.MinDelay, time.Second)
	o.MaxDelay = cmp.Or(o.MaxDelay, 10*time.Minute)
	o.SendTimeout = cmp.Or(o.SendTimeout, time.Minute)
	o.FindAfter = cmp.Or(o.FindAfter, sms.FindAfter)
	o.AskFor = cmp.Or(o.AskFor, 15*time.Minute)
	o.ZoneTag = cmp.Or(o.ZoneTag, "timezone")
	o.LimiterKey = cmp.Or(o.LimiterKey, "outbox")
	o.OutageAfter = cmp.Or(o.OutageAfter, 5)
	o.OutageMin = cmp.Or(o.OutageMin, time.Second)
	o.OutageMax = max(cmp.Or(o.OutageMax, 30*time.Second), o.OutageMin)
	o.WatchEvery = cmp.Or(o.WatchEvery, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// byKind fills in what is zero for each kind.
func byKind[T comparable](given map[sms.Kind]T, usual, code T) map[sms.Kind]T {
	all := maps.Clone(given)
	if all == nil {
		all = map[sms.Kind]T{}
	}
	for _, k := range kinds {
		if k == sms.Verification {
			all[k] = cmp.Or(all[k], code)
			continue
		}
		all[k] = cmp.Or(all[k], usual)
	}
	return all
}

func classByKind(_ sms.Message, kind sms.Kind) string {
	switch kind {
	case sms.Verification, sms.Promotion:
		return kind.String()
	}
	return sms.Notification.String()
}

// validate gives everything that is wrong, in one error. It sees the defaults.
func (o Options) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("outbox: "+format, args...)) }
	if o.Engine == nil {
		fault("Engine is nil: open one, such as a file with sqlitebox.Open")
	}
	if o.Sender == nil {
		fault("Sender is nil: give the client that sends")
	}
	if o.Limiter != nil {
		if err := middleware.LimiterErr(o.Limiter); err != nil {
			fault("Limiter: %w", err)
		}
	}
	if o.Workers < 1 {
		fault("Workers is %d: it is at least 1", o.Workers)
	}
	o.validateClasses(fault)
	validateKeys("Keys", o.Keys, fault)
	validateKeys("OpenKeys", o.OpenKeys, fault)
	o.validateByKind(fault)
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"MinDelay", o.MinDelay}, {"MaxDelay", o.MaxDelay}, {"SendTimeout", o.SendTimeout}, {"FindAfter", o.FindAfter},
		{"AskFor", o.AskFor}, {"OutageMin", o.OutageMin}, {"WatchEvery", o.WatchEvery}} {
		if d.d <= 0 {
			fault("%s is %v: it is longer than 0", d.name, d.d)
		}
	}
	if o.MaxDelay < o.MinDelay {
		fault("MaxDelay is %v, shorter than MinDelay, %v", o.MaxDelay, o.MinDelay)
	}
	if o.OutageAfter < 1 {
		fault("OutageAfter is %d: it is at least 1", o.OutageAfter)
	}
	return errors.Join(faults...)
}

func validateKeys(name string, keys [][]byte, fault func(string, ...any)) {
	for i, k := range keys {
		if len(k) < minKey {
			fault("%s[%d] has %d bytes: it needs at least %d random ones", name, i, len(k), minKey)
		} else if slices.Max(k) == slices.Min(k) {
			fault("%s[%d] is one byte repeated: it needs random ones", name, i)
		}
	}
}

func (o Options) validateClasses(fault func(string, ...any)) {
	seen := map[string]bool{}
	for i, c := range o.Classes {
		switch {
		case c.Name == "" || len(c.Name) > maxClass:
			fault("Classes[%d]: a name has 1 to %d bytes", i, maxClass)
		case seen[c.Name]:
			fault("Classes[%d]: %q stands there twice", i, c.Name)
		case c.Workers < 1:
			fault("Classes[%d] %q: Workers is %d: it is at least 1", i, c.Name, c.Workers)
		}
		seen[c.Name] = true
	}
}

// maxClass is how long the name of a class may be, in bytes.
const maxClass = 64

func (o Options) validateByKind(fault func(string, ...any)) {
	known := func(name string, k sms.Kind) {
		if !slices.Contains(kinds[:], k) {
			fault("%s: there is no %v", name, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(o.GiveUpAfter)) {
		known("GiveUpAfter", k)
		if o.GiveUpAfter[k] <= 0 {
			fault("GiveUpAfter of a %v is %v: it is longer than 0", k, o.GiveUpAfter[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(o.OnUnknown)) {
		known("OnUnknown", k)
		if p := o.OnUnknown[k]; p != Hold && p != SendAgain {
			fault("OnUnknown of a %v is %d: write Hold or SendAgain", k, p)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(o.QuietHours)) {
		known("QuietHours", k)
		if k == sms.Verification {
			fault("QuietHours: a verification always passes: leave it out")
		}
		if err := o.QuietHours[k].validate(); err != nil {
			fault("QuietHours of a %v: %w", k, err)
		}
	}
}
