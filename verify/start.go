package verify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// The scopes of a LimitError and of a Store's limits.
const (
	ScopeCooldown     = "cooldown" // number and purpose; Of is the number, a blank and the purpose
	ScopeAttempts     = "attempts" // the lock after failures; no limit of the Store's
	ScopeNumber       = "number"
	ScopeIP           = "ip"
	ScopeRange        = "range"
	ScopePurpose      = "purpose"
	ScopeAll          = "all"
	ScopeAnswers      = "answers"       // Check's, per IP; never in a LimitError
	ScopeAnswersRange = "answers_range" // Check's, per range; never in a LimitError
	ScopePumping      = "pumping"       // see Pumping; no limit of the Store's
)

// giveBackFor is what giving limits back may take, whatever the caller's context.
const giveBackFor = time.Second

// Start sends a code to r.To: the one that waits there, with the lifetime it
// has, or a new one. The code counts from before it is sent, until ExpiresIn.
//
// A nil error means that the message was accepted. After an outcome that is
// Unknown there are both: the Challenge, whose code counts, and the Sender's
// error; show the person the same as without the error. A *LimitError, and every
// other error, means that nothing was sent. A refused message gives back what it
// took of the limits, so that the person may try again at once; but not of IP
// and range unless the fault is the vendor's or ours, and nothing at all if the
// vendor itself said that the recipient has had enough.
func (v *Verifier) Start(ctx context.Context, r Request) (Challenge, error) {
	return v.start(ctx, r, anyone)
}

// An audience is what the answer to a request may show about its number.
type audience int

const (
	anyone audience = iota // the reason of every refusal
	known                  // nothing that the answer to a decoy does not show
	decoy                  // nothing is sent, and the answer does not show it
)

// start does what Start says. For a decoy it does the same with a tag that no code
// has, and pretends to send.
func (v *Verifier) start(ctx context.Context, r Request, to audience) (Challenge, error) {
	q, err := v.read(r)
	if err != nil {
		return Challenge{}, err
	}
	if t, ok := v.testNumber(q.To); ok && to != decoy {
		return v.startTest(ctx, q, t)
	}
	if len(v.o.Regions) > 0 && !slices.Contains(v.o.Regions, q.number.Region()) {
		return Challenge{}, refusal(sms.Unsupported, ErrRegion)
	}
	if !v.o.AnyNumber && q.number.SpecialRate() {
		return Challenge{}, refusal(sms.InvalidNumber, ErrSpecialRate)
	}
	t, code, begun, err := v.takeBegin(ctx, q, to == decoy)
	if err != nil {
		return Challenge{}, err
	}
	receipt, err := v.send(ctx, q, code, begun.ExpiresIn, to)
	if err != nil && sms.OutcomeOf(err) == sms.Rejected {
		if !limitedByVendor(err) {
			v.giveBack(ctx, t, !oursOrVendors(sms.ReasonOf(err)))
		}
		return Challenge{}, err
	}
	return Challenge{ExpiresIn: begun.ExpiresIn, ResendAfter: max(0, v.o.Cooldown), Receipt: receipt}, err
}

// A request is a Request that has been read.
type request struct {
	Subject
	number sms.Number // what the message is sent to; To may be another writing of it
	ip     netip.Addr // zero: not told
	params sms.Params
	asked  Request
}

func (v *Verifier) read(r Request) (request, error) {
	s, err := readSubject(r.To, r.Purpose)
	if err != nil {
		return request{}, err
	}
	ip, err := readIP(r.IP)
	if err != nil {
		return request{}, err
	}
	if _, ok := r.Params[v.o.Param]; ok {
		return request{}, refusal(sms.InvalidMessage, fmt.Errorf("verify: Params holds %q, which is where the code goes: leave it out", v.o.Param))
	}
	return request{Subject: s, number: r.To, ip: ip, params: r.Params, asked: r}, nil
}

// limits lists what a request takes, all at once.
func (v *Verifier) limits(q request) []Limit {
	limits := make([]Limit, 0, 6)
	add := func(scope, of string, windows []middleware.Window) {
		if len(windows) > 0 {
			limits = append(limits, Limit{Scope: scope, Of: of, Windows: windows})
		}
	}
	if q.ip.IsValid() { // first, so that who has used up these takes no number's
		host, network := networks(q.ip)
		add(ScopeIP, network+" "+host, v.o.Limits.IP)
		add(ScopeRange, network, v.o.Limits.Range)
	}
	add(ScopeCooldown, string(q.To)+" "+q.Purpose, v.cooldown)
	add(ScopeNumber, string(q.To), v.o.Limits.Number)
	add(ScopePurpose, q.Purpose, v.o.Limits.Purpose)
	add(ScopeAll, "", v.o.Limits.All)
	return limits
}

// A taking is what a request has taken of the limits, and what it has counted.
type taking struct {
	id     ID
	limits []Limit
	cells  []Cell
}

func (v *Verifier) take(ctx context.Context, q request) (taking, error) {
	t := taking{id: newID(), limits: v.limits(q)}
	if v.tally != nil {
		return v.takeWatched(ctx, q, t)
	}
	refused, wait, err := v.o.Store.Take(ctx, t.id, t.limits)
	return t, v.taken(ctx, t, refused, wait, err)
}

// taken gives the error of a Take.
func (v *Verifier) taken(ctx context.Context, t taking, refused int, wait time.Duration, err error) error {
	switch {
	case err != nil:
		v.giveBack(ctx, t, false) // nobody knows whether it was taken
		return storeFault(ctx, "taking the limits", err)
	case wait > 0 && refused >= 0 && refused < len(t.limits):
		return &LimitError{Scope: t.limits[refused].Scope, RetryAfter: wait}
	case wait > 0:
		return storeFault(ctx, "taking the limits", fmt.Errorf("the store refused limit %d of %d", refused, len(t.limits)))
	}
	return nil
}

// giveBack returns t's own tokens; with keepIP, those of address and range stay.
func (v *Verifier) giveBack(ctx context.Context, t taking, keepIP bool) {
	limits := t.limits
	if keepIP {
		limits = slices.DeleteFunc(slices.Clone(limits), func(l Limit) bool { return l.Scope == ScopeIP || l.Scope == ScopeRange })
	}
	if len(limits) == 0 && len(t.cells) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackFor)
	defer cancel()
	var err error
	if v.tally != nil {
		err = v.tally.ReturnSent(ctx, t.id, limits, t.cells)
	} else {
		err = v.o.Store.Return(ctx, t.id, limits)
	}
	if err != nil {
		v.o.Logger.WarnContext(ctx, "verify: limits could not be given back", "error", err)
	}
}

// takeBegin takes the limits and returns the code that counts from now on. If there
// is none it gives back what it took.
func (v *Verifier) takeBegin(ctx context.Context, q request, decoy bool) (t taking, code string, begun Begun, err error) {
	begin := v.o.Store.Begin
	if v.starter != nil {
		t = taking{id: newID(), limits: v.limits(q)}
		begin = func(ctx context.Context, s BeginStep) (Begun, error) {
			if s.Replace { // the limits are taken
				return v.o.Store.Begin(ctx, s)
			}
			refused, wait, begun, err := v.starter.TakeBegin(ctx, t.id, t.limits, s)
			return begun, v.taken(ctx, t, refused, wait, err)
		}
	} else if t, err = v.take(ctx, q); err != nil {
		return t, "", Begun{}, err
	}
	code, begun, err = v.begin(ctx, q.Subject, decoy, begin)
	if err != nil {
		l, limited := errors.AsType[*LimitError](err)
		if !limited || l.Scope == ScopeAttempts {
			v.giveBack(ctx, t, limited)
		}
	}
	return t, code, begun, err
}

// begin returns the code that counts from now on. One that stands is given again if
// this process can make it again: under a key it has, and only if it is a code
// exactly when it ought to be one.
func (v *Verifier) begin(ctx context.Context, s Subject, decoy bool, begin func(context.Context, BeginStep) (Begun, error)) (string, Begun, error) {
	k := v.keys[0]
	step := v.beginStep(s)
	code := k.codeOf(step.Nonce, s)
	if step.Tag = k.tagOf(s, code); decoy {
		step.Tag = noCode()
	}
	for {
		begun, err := begin(ctx, step)
		switch _, refused := errors.AsType[*LimitError](err); {
		case refused:
			return "", Begun{}, err
		case err != nil:
			return "", Begun{}, storeFault(ctx, "storing the code", err)
		case begun.Locked:
			return "", Begun{}, &LimitError{Scope: ScopeAttempts, RetryAfter: begun.RetryAfter}
		case begun.Nonce == step.Nonce:
			return code, begun, nil
		}
		if own, digits := v.keyOf(begun.Key); own != nil {
			standing := own.codeWith(digits, begun.Nonce, s)
			if (own.tagOf(s, standing) == begun.Tag) != decoy {
				return standing, begun, nil
			}
		}
		if step.Replace {
			return "", Begun{}, storeFault(ctx, "storing the code", errors.New("the store keeps a code that was to be replaced"))
		}
		step.Replace = true
	}
}

func (v *Verifier) beginStep(s Subject) BeginStep {
	return BeginStep{Subject: s, Nonce: newID(), Key: v.keys[0].id(), TTL: v.o.TTL, LockFor: v.o.LockFor, Max: v.o.MaxAttempts}
}

// send sends the code, with the moment it expires: past it, it is dropped. A
// refusal because of the number is kept from a known audience: it then ends as a
// decoy's send does, and keeps the tokens as a decoy's does.
func (v *Verifier) send(ctx context.Context, q request, code string, expiresIn time.Duration, to audience) (sms.Receipt, error) {
	began := time.Now()
	if to == decoy {
		return sms.Receipt{}, v.past.pretend(ctx, q.Subject, began)
	}
	receipt, err := v.o.Sender.Send(ctx, sms.Message{
		To: q.number, Kind: sms.Verification, Template: v.o.Template, Params: v.params(q.params, code),
		From: v.o.From, Tags: v.o.Tags, Expires: began.Add(expiresIn),
	})
	v.past.note(ctx, q.Subject, time.Since(began), err)
	if to == known && maybeForNumber(err) {
		v.o.Logger.WarnContext(ctx, "verify: a code was not sent, and the answer does not show it", "error", err)
		return sms.Receipt{}, v.past.pretend(ctx, q.Subject, began)
	}
	return receipt, err
}

// limitedByVendor reports whether a vendor refused any try because the recipient
// has had enough. A limit of our own names no provider.
func limitedByVendor(err error) bool {
	if e, ok := err.(*sms.Error); ok && e != nil && len(e.Attempts) == 0 {
		return e.Reason == sms.RecipientLimited && e.Provider != ""
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return limitedByVendor(u.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(u.Unwrap(), limitedByVendor)
	}
	return false
}

// oursOrVendors reports whether a refusal is certainly not for what was typed. Only
// then are the tokens of address and range returned. A caller who leaves keeps none.
func oursOrVendors(reason sms.Reason) bool {
	switch reason {
	case sms.TemplateRejected, sms.Expired:
		return true
	}
	return reason.Later() && reason != sms.Canceled
}

// maybeForNumber reports whether a message was refused, maybe because of its number.
// An answer that is not described (Internal) may be one about the number.
func maybeForNumber(err error) bool {
	reason := sms.ReasonOf(err)
	return sms.OutcomeOf(err) == sms.Rejected && reason != sms.Canceled && (reason == sms.Internal || !oursOrVendors(reason))
}
