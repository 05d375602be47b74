package verify

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

const (
	minKey      = 32 // bytes, as many as the HMACs that are made with it
	minDigits   = 4
	maxDigits   = 10
	maxPurpose  = 32
	mostTries   = 100              // NIST SP 800-63B-4, section 3.2.2
	longestLife = 10 * time.Minute // NIST SP 800-63B-4, section 3.1.3.2; OWASP ASVS 5.0, 6.5.5
)

// Options are what a Verifier is made of. Sender, Store, Key and Template have
// no default.
type Options struct {
	// Sender sends the codes: a notify.Client, as a rule.
	Sender sms.Sender
	// Checker is asked by New whether the template can carry a code. Defaults to
	// Sender, if that is an sms.Checker; a Sender that is wrapped is none, so give
	// what it is wrapped around here. With neither, a template that cannot carry a
	// code is found by the first Start, and New logs it.
	Checker sms.Checker
	// Store keeps codes, counts and limits. Processes that serve the same users
	// share one.
	Store Store
	// Key is the secret that all is derived from, at least 32 random bytes. Who has
	// it and can read the store knows the codes that wait.
	Key []byte
	// OldKeys are keys under which codes and proofs still count. To rotate, put the
	// new key here in every process, then make it Key everywhere and move the
	// former Key here; drop that one when TTL and ProofFor have passed.
	OldKeys [][]byte

	// Template is the name of the template that carries the code.
	Template string
	// Param is the template's variable for it. Defaults to "code".
	Param string
	// Params are values for its other variables, the same in every message;
	// Request.Params go over them. New checks the template with these.
	Params sms.Params
	// From and Tags are the Message's. Tags are never sent.
	From string
	Tags map[string]string

	// Digits is how long a new code is, 4 to 10. Defaults to 6. Codes that were sent
	// before it was changed still check, and are sent again as they are.
	Digits int
	// MaxAttempts is the failure that kills the code and locks number and purpose,
	// 1 to 100. Defaults to 5.
	MaxAttempts int
	// TTL is how long a code lives, at most 10 minutes, which is what NIST SP
	// 800-63B and OWASP ASVS allow. Defaults to 5 minutes. A resend does not
	// prolong it.
	TTL time.Duration
	// Cooldown is how long after a code the next may be asked for, for the same
	// number and purpose. Defaults to 60 seconds; negative: none.
	Cooldown time.Duration
	// LockFor is how long after the last failure they are counted, and so how long
	// a lock lasts. Defaults to 15 minutes.
	LockFor time.Duration
	// ProofFor is how long a proof may be redeemed. Defaults to 10 minutes.
	ProofFor time.Duration
	// Limits bound how often codes are asked for, and answers given.
	Limits Limits

	// Regions lists the only regions that codes are sent to ("CN", "HK"); empty:
	// any. It is the first and cheapest defence against numbers that are called for
	// the money.
	Regions []string
	// AnyNumber sends codes to premium-rate, shared-cost and toll-free numbers too,
	// which are refused otherwise ([ErrSpecialRate]): somebody may earn by each.
	AnyNumber bool
	// Pumping watches the share of codes that are never typed back. It needs a
	// Store that is a [Tally].
	Pumping Pumping

	// TestNumbers have fixed codes: nothing is sent to them and no limit holds,
	// but the lock after wrong codes does.
	TestNumbers map[sms.Number]TestNumber
	// Environment is that of the program: "test", "staging". Where it is
	// "production", or empty, New refuses TestNumbers unless AllowTestNumbers.
	Environment      string
	AllowTestNumbers bool

	// Logger is told of limits that could not be given back. Nil: nobody.
	Logger *slog.Logger
}

// Limits bound what may be asked for. Nil is the default, an empty list is no
// limit. All windows of all limits hold at once, over all processes.
type Limits struct {
	// Number bounds codes to one number, whatever the purpose. Defaults to 5 an
	// hour and 10 a day.
	Number []middleware.Window
	// IP bounds codes asked for from one IPv4 address or IPv6 /64. Defaults to 30
	// an hour and 100 a day.
	IP []middleware.Window
	// Range bounds codes asked for from one IPv4 /24 or IPv6 /48. Defaults to 300
	// an hour.
	Range []middleware.Window
	// Purpose bounds all codes of one purpose, All all codes. Defaults to none: what
	// can be spent has no ceiling then, of which New warns in production.
	Purpose, All []middleware.Window
	// Answers bounds Check and Prove from one IPv4 address or IPv6 /64, AnswersRange
	// from one IPv4 /24 or IPv6 /48. They are counted before they are judged, and
	// never given back; each by a [Counter], so that answers cannot fill the Store.
	// Default to 100 and 1,000 an hour.
	Answers, AnswersRange []middleware.Window
}

func (o Options) withDefaults() Options {
	o.Param = cmp.Or(o.Param, "code")
	o.Digits = cmp.Or(o.Digits, 6)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 5)
	o.TTL = cmp.Or(o.TTL, 5*time.Minute)
	o.Cooldown = cmp.Or(o.Cooldown, time.Minute)
	o.LockFor = cmp.Or(o.LockFor, 15*time.Minute)
	o.ProofFor = cmp.Or(o.ProofFor, 10*time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	l := &o.Limits
	l.Number = orDefault(l.Number, window(5, time.Hour), window(10, 24*time.Hour))
	l.IP = orDefault(l.IP, window(30, time.Hour), window(100, 24*time.Hour))
	l.Range = orDefault(l.Range, window(300, time.Hour))
	l.Purpose = orDefault(l.Purpose)
	l.All = orDefault(l.All)
	l.Answers = orDefault(l.Answers, window(100, time.Hour))
	l.AnswersRange = orDefault(l.AnswersRange, window(1000, time.Hour))
	o.Params, o.Tags = maps.Clone(o.Params), maps.Clone(o.Tags)
	o.TestNumbers = bySubject(o.TestNumbers)
	o.Regions = slices.Clone(o.Regions)
	for i, r := range o.Regions {
		o.Regions[i] = strings.ToUpper(r)
	}
	o.Pumping = o.Pumping.withDefaults()
	return o
}

func window(n int, per time.Duration) middleware.Window {
	return middleware.Window{Count: n, Per: per}
}

func orDefault(given []middleware.Window, fallback ...middleware.Window) []middleware.Window {
	if given == nil {
		return fallback
	}
	return slices.Clone(given)
}

// validate gives everything that is wrong, in one error.
func (o Options) validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("verify: "+format, args...))
	}
	if o.Sender == nil {
		fault("Sender is nil: give the client that sends the codes")
	}
	if o.Store == nil {
		fault("Store is nil: NewMemoryStore is one for a single process")
	}
	o.validateKeys(fault)
	if o.Template == "" {
		fault("Template is empty: name the template that carries the code")
	}
	if o.Digits < minDigits || o.Digits > maxDigits {
		fault("Digits is %d: a code has %d to %d", o.Digits, minDigits, maxDigits)
	}
	if o.MaxAttempts < 1 || o.MaxAttempts > mostTries {
		fault("MaxAttempts is %d: it may be 1 to %d", o.MaxAttempts, mostTries)
	}
	if o.TTL < time.Second || o.TTL > longestLife {
		fault("TTL is %v: a code lives for 1s to %v", o.TTL, longestLife)
	}
	if o.LockFor < time.Second {
		fault("LockFor is %v: it may not be under 1s", o.LockFor)
	}
	if o.ProofFor < time.Second {
		fault("ProofFor is %v: it may not be under 1s", o.ProofFor)
	}
	for _, r := range o.Regions {
		if len(r) != 2 || r[0] < 'A' || r[0] > 'Z' || r[1] < 'A' || r[1] > 'Z' {
			fault("Regions: %q is no region: write two letters of ISO 3166, such as CN", r)
		}
	}
	o.Limits.validate(fault)
	o.validateTestNumbers(fault)
	o.Pumping.validate(o.Store, fault)
	return errors.Join(faults...)
}

func (o Options) validateKeys(fault func(string, ...any)) {
	for i, key := range slices.Concat([][]byte{o.Key}, o.OldKeys) {
		name := "Key"
		if i > 0 {
			name = fmt.Sprintf("OldKeys[%d]", i-1)
		}
		if len(key) < minKey {
			fault("%s has %d bytes: it needs at least %d random ones", name, len(key), minKey)
		} else if slices.Max(key) == slices.Min(key) {
			fault("%s is one byte repeated: it needs random ones", name)
		}
	}
}

func (l Limits) validate(fault func(string, ...any)) {
	for _, named := range []struct {
		name    string
		windows []middleware.Window
	}{{"Number", l.Number}, {"IP", l.IP}, {"Range", l.Range}, {"Purpose", l.Purpose}, {"All", l.All}, {"Answers", l.Answers}, {"AnswersRange", l.AnswersRange}} {
		for i, w := range named.windows {
			if err := w.Validate(); err != nil {
				fault("Limits.%s[%d]: %w; an empty list is no limit", named.name, i, err)
			}
		}
	}
}
