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
	ScopeCooldown = "cooldown" // number and purpose; Of is the number, a blank and the purpose
	ScopeAttempts = "attempts" // the lock after failures; no limit of the Store's
	ScopeNumber   = "number"
	ScopeIP       = "ip"
	ScopeRange    = "range"
	ScopePurpose  = "purpose"
	ScopeAll      = "all"
	ScopeAnswers  = "answers" // Check's, per IP; never in a LimitError
	ScopePumping  = "pumping" // see Pumping; no limit of the Store's
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
// and range unless the fault is the vendor's or ours, and nothing at all where
// the vendor itself said that the recipient has had enough.
func (v *Verifier) Start(ctx context.Context, r Request) (Challenge, error) {
	return v.start(ctx, r, false)
}

// start does what Start says. For a number that is to be kept dark it goes the
// whole way, with a tag that no code has, but for the send.
func (v *Verifier) start(ctx context.Context, r Request, dark bool) (Challenge, error) {
	q, err := v.read(r)
	if err != nil {
		return Challenge{}, err
	}
	if t, ok := v.testNumber(q.To); ok {
		return v.startTest(ctx, q, t)
	}
	if len(v.o.Regions) > 0 && !slices.Contains(v.o.Regions, q.To.Region()) {
		return Challenge{}, refusal(sms.Unsupported, ErrRegion)
	}
	t, err := v.take(ctx, q)
	if err != nil {
		return Challenge{}, err
	}
	code, begun, err := v.begin(ctx, q.Subject, dark)
	if err != nil {
		_, locked := errors.AsType[*LimitError](err)
		v.giveBack(ctx, t, locked)
		return Challenge{}, err
	}
	receipt, err := v.send(ctx, q, code, begun.ExpiresIn, dark)
	if err != nil && sms.OutcomeOf(err) == sms.Rejected {
		if !limitedByVendor(err) {
			v.giveBack(ctx, t, !oursOrVendors(err))
		}
		return Challenge{}, err
	}
	return Challenge{ExpiresIn: begun.ExpiresIn, ResendAfter: max(0, v.o.Cooldown), Receipt: receipt}, err
}

// A request is a Request that has been read.
type request struct {
	Subject
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
	return request{Subject: s, ip: ip, params: r.Params, asked: r}, nil
}

// limits lists what a request takes, all at once.
func (v *Verifier) limits(q request) []Limit {
	limits := make([]Limit, 0, 6)
	add := func(scope, of string, windows []middleware.Window) {
		if len(windows) > 0 {
			limits = append(limits, Limit{Scope: scope, Of: of, Windows: windows})
		}
	}
	add(ScopeCooldown, string(q.To)+" "+q.Purpose, v.cooldown)
	add(ScopeNumber, string(q.To), v.o.Limits.Number)
	if q.ip.IsValid() {
		host, network := networks(q.ip)
		add(ScopeIP, host, v.o.Limits.IP)
		add(ScopeRange, network, v.o.Limits.Range)
	}
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

// begin gives the code that counts from now on. One that stands is given again
// where this process can make it again: under a key it has, and where it is a
// code just if it ought to be one.
func (v *Verifier) begin(ctx context.Context, s Subject, dark bool) (string, Begun, error) {
	k := v.keys[0]
	step := v.beginStep(s)
	code := k.codeOf(step.Nonce, s)
	if step.Tag = k.tagOf(s, code); dark {
		step.Tag = noCode()
	}
	for {
		begun, err := v.o.Store.Begin(ctx, step)
		switch {
		case err != nil:
			return "", Begun{}, storeFault(ctx, "storing the code", err)
		case begun.Locked:
			return "", Begun{}, &LimitError{Scope: ScopeAttempts, RetryAfter: begun.RetryAfter}
		case begun.Nonce == step.Nonce:
			return code, begun, nil
		}
		if own := v.keyOf(begun.Key); own != nil {
			standing := own.codeOf(begun.Nonce, s)
			if (own.tagOf(s, standing) == begun.Tag) != dark {
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
	return BeginStep{Subject: s, Nonce: newID(), Key: v.keys[0].id, TTL: v.o.TTL, LockFor: v.o.LockFor, Max: v.o.MaxAttempts}
}

// send sends the code, with the moment it dies: past it, it is dropped.
func (v *Verifier) send(ctx context.Context, q request, code string, expiresIn time.Duration, dark bool) (sms.Receipt, error) {
	if dark {
		return sms.Receipt{}, v.past.pretend(ctx)
	}
	started := time.Now()
	receipt, err := v.o.Sender.Send(ctx, sms.Message{
		To: q.To, Template: v.o.Template, Params: v.params(q.params, code),
		From: v.o.From, Tags: v.o.Tags, Expires: started.Add(expiresIn),
	})
	v.past.note(time.Since(started), err)
	return receipt, err
}

// limitedByVendor tells whether any try was refused because the recipient has
// had enough.
func limitedByVendor(err error) bool { return errors.Is(err, sms.RecipientLimited) }

// oursOrVendors reports whether a refusal is certainly not for what was typed. Only
// then are the tokens of address and range returned. A caller who leaves keeps none.
func oursOrVendors(err error) bool {
	switch reason := sms.ReasonOf(err); reason {
	case sms.TemplateRejected, sms.Expired:
		return true
	default:
		return reason.Later() && reason != sms.Canceled
	}
}
