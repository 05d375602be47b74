package verify

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// A Verifier sends codes and judges what is typed. Any number of goroutines may
// use it at once; it starts none.
type Verifier struct {
	o        Options
	keys     []*keyring // the first makes new codes
	cooldown []middleware.Window
	tally    Tally   // nil: pumping is not watched
	starter  Starter // nil: limits and code are two steps
	past     pastSends
}

// New makes a Verifier. It does no I/O. All that is wrong with o comes in one
// error. New asks o.Checker with a code of o.Digits and refuses what it refuses.
func New(o Options) (*Verifier, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	v := &Verifier{o: o}
	for _, key := range append([][]byte{o.Key}, o.OldKeys...) {
		v.keys = append(v.keys, newKeyring(key, o.Digits))
	}
	v.o.Key, v.o.OldKeys = nil, nil // what is derived is enough
	if o.Cooldown > 0 {
		v.cooldown = []middleware.Window{window(1, o.Cooldown)}
	}
	if o.Pumping.on() {
		v.tally = o.Store.(Tally) // validate has asked
	} else {
		v.starter, _ = o.Store.(Starter)
	}
	if production := o.Environment == "" || o.Environment == "production"; production && len(o.Limits.All) == 0 {
		o.Logger.Warn("verify: Options.Limits.All is not set, so that there is no ceiling on what codes can cost: set it above what an honest hour needs")
	}
	if err := v.checkTemplate(); err != nil {
		return nil, err
	}
	return v, nil
}

// checkTemplate asks whether the template can carry a code, and nothing else.
func (v *Verifier) checkTemplate() error {
	checker := v.o.Checker
	if checker == nil {
		checker, _ = v.o.Sender.(sms.Checker)
	}
	if checker == nil {
		v.o.Logger.Warn("verify: the template was not checked: Options.Sender is no sms.Checker and Options.Checker is nil", "template", v.o.Template)
		return nil
	}
	// Without values the check fails, and its error says which kind the template is.
	if kind := sms.KindOf(checker.CheckTemplate(v.o.Template, nil)); kind != 0 && kind != sms.Verification {
		return refusal(sms.InvalidMessage, fmt.Errorf("verify: template %q is of kind %v, whose values may hold line ends, and so a false line for browsers that offer the code: make it a %v", v.o.Template, kind, sms.Verification))
	}
	if err := checker.CheckTemplate(v.o.Template, v.params(nil, strings.Repeat("0", v.o.Digits))); err != nil {
		return fmt.Errorf("verify: template %q cannot carry a code of %d digits: %w", v.o.Template, v.o.Digits, err)
	}
	return nil
}

// params puts a message's values together.
func (v *Verifier) params(own sms.Params, code string) sms.Params {
	p := make(sms.Params, len(v.o.Params)+len(own)+1)
	for name, value := range v.o.Params {
		p[name] = value
	}
	for name, value := range own {
		p[name] = value
	}
	p[v.o.Param] = code
	return p
}

// keyOf returns the keyring that a record names, and how many digits its code has; nil
// if this process lacks it.
func (v *Verifier) keyOf(id uint64) (*keyring, int) {
	for _, k := range v.keys {
		if digits := k.digitsOf(id); digits > 0 {
			return k, digits
		}
	}
	return nil, 0
}

// readSubject refuses a number or a purpose that is none.
func readSubject(to sms.Number, purpose string) (Subject, error) {
	if !to.Valid() {
		return Subject{}, refusal(sms.InvalidNumber, fmt.Errorf("verify: the number (%d characters) is not in E.164, \"+\" and 7 to 15 digits: sms.ParseNumber makes one of what a person typed", len(to)))
	}
	if !validPurpose(purpose) {
		return Subject{}, refusal(sms.InvalidMessage, fmt.Errorf("verify: the purpose (%d bytes) has to be at most %d of a-z, 0-9, - and _", len(purpose), maxPurpose))
	}
	return Subject{To: to.Subject(), Purpose: purpose}, nil
}

func validPurpose(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) <= maxPurpose
}

// readIP reads an address; an empty one is none. An IPv4 address in IPv6 form is
// that IPv4 address.
func readIP(s string) (netip.Addr, error) {
	if s == "" {
		return netip.Addr{}, nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, refusal(sms.InvalidMessage, errors.New("verify: the IP is no address: give one without a port, or none"))
	}
	return addr.Unmap(), nil
}

// networks gives the two ranges that an address is limited by, as text. An IPv6
// subscriber has a /64 at least, so single addresses there mean nothing. A zone,
// which anybody may write, is no part of a prefix.
func networks(addr netip.Addr) (host, network string) {
	if addr.Is4() {
		wide, _ := addr.Prefix(24)
		return addr.String(), wide.String()
	}
	narrow, _ := addr.Prefix(64)
	wide, _ := addr.Prefix(48)
	return narrow.String(), wide.String()
}

// A Request asks for a code.
type Request struct {
	// To is the number.
	To sms.Number
	// Purpose is what the code is for: "login", "new-number". At most 32 of a-z,
	// 0-9, - and _; empty is a purpose of its own. A code is good for its purpose
	// alone.
	Purpose string
	// IP is the address of who asks. Empty: no limit per address holds. One that is
	// no address is InvalidMessage; ::ffff:1.2.3.4 is the IPv4 address 1.2.3.4.
	IP string
	// Params are values for the template's other variables.
	Params sms.Params
}

// A Challenge is what Start leaves: a code that waits.
type Challenge struct {
	// ExpiresIn is how long the code still lives.
	ExpiresIn time.Duration
	// ResendAfter is how long until another may be asked for.
	ResendAfter time.Duration
	// Receipt is the Sender's; zero after an Unknown outcome.
	Receipt sms.Receipt
}

// An Attempt is what a person typed. It prints without the code.
type Attempt struct {
	To            sms.Number
	Purpose, Code string
	// IP is the address of who answers. Empty: Limits.Answers does not hold.
	IP string
}

// A Proof says that somebody has confirmed a number for a purpose, once. It
// prints without the Token.
type Proof struct {
	To             sms.Number
	Purpose, Token string
}

// String leaves the code and the address out.
func (a Attempt) String() string { return fmt.Sprintf("{to %v, purpose %q}", a.To, a.Purpose) }

// String leaves the token out.
func (p Proof) String() string { return fmt.Sprintf("{to %v, purpose %q}", p.To, p.Purpose) }

// String leaves the address out.
func (r Request) String() string { return fmt.Sprintf("{to %v, purpose %q}", r.To, r.Purpose) }

// Format prints a without the code, under every verb.
func (a Attempt) Format(f fmt.State, _ rune) { fmt.Fprint(f, a.String()) }

// Format prints p without the token, under every verb.
func (p Proof) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// Format prints r without the address, under every verb.
func (r Request) Format(f fmt.State, _ rune) { fmt.Fprint(f, r.String()) }

// LogValue gives slog the same as String.
func (a Attempt) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (a Attempt) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// GobEncode returns the text of String.
func (a Attempt) GobEncode() ([]byte, error) { return a.MarshalText() }

// LogValue gives slog the same as String.
func (p Proof) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (p Proof) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// GobEncode returns the text of String.
func (p Proof) GobEncode() ([]byte, error) { return p.MarshalText() }

// LogValue gives slog the same as String.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (r Request) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// GobEncode returns the text of String.
func (r Request) GobEncode() ([]byte, error) { return r.MarshalText() }

// Format prints o without its keys, numbers and codes, under every verb.
func (o Options) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "verify options of template %q: %d digits, %d keys", o.Template, o.Digits, 1+len(o.OldKeys))
}

// Format prints v without its keys, under every verb.
func (v *Verifier) Format(f fmt.State, _ rune) {
	if v == nil {
		fmt.Fprint(f, "no verifier")
		return
	}
	fmt.Fprintf(f, "verifier of template %q", v.o.Template)
}
