package smstest_test

import (
	"context"
	"testing"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// able is a subject whose vendor can be asked.
type able struct{ *subject }

func (able) Ask(context.Context, sms.Question) (sms.Receipt, error) {
	return sms.Receipt{}, sms.ErrUndecided
}
func (able) Preview(sms.Message) (sms.Preview, error) { return sms.Preview{}, nil }
func (able) Destination() sms.Destination             { return sms.Destination{} }

// logged is what a driver hands out that wraps its provider. It keeps Close only.
type logged struct {
	next sms.Sender
	able able
}

func (l logged) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	return l.next.Send(ctx, m)
}
func (l logged) Close() error { return l.able.Close() }

// asking keeps one ability more.
type asking struct {
	logged
	sms.Finder
}

func (a asking) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	return a.logged.Send(ctx, m)
}

// boasting reports what it cannot do.
type boasting struct{ *subject }

func (boasting) Can() sms.Abilities { return sms.Abilities{Inspect: true} }

// A driver that hands out a wrapper of its provider loses what the provider can do, and
// the suite names it.
func TestAbilitiesLostInAWrapper(t *testing.T) {
	for name, test := range map[string]struct {
		wrap      func(able) sms.Sender
		abilities sms.Abilities
		faults    int
	}{
		"the provider itself":           {func(a able) sms.Sender { return a }, sms.Abilities{Find: true, Preview: true}, 0},
		"a wrapper":                     {func(a able) sms.Sender { return logged{a, a} }, sms.Abilities{}, 3},
		"a pointer to a wrapper":        {func(a able) sms.Sender { return &logged{next: sms.SenderFunc(a.Send), able: a} }, sms.Abilities{}, 3},
		"a wrapper of a wrapper":        {func(a able) sms.Sender { return asking{logged{sms.SenderFunc(a.Send), a}, a} }, sms.Abilities{}, 2},
		"what is promised":              {func(a able) sms.Sender { return a.subject }, sms.Abilities{Find: true, Inspect: true}, 2},
		"what Can reports without it":   {func(a able) sms.Sender { return boasting(a) }, sms.Abilities{Inspect: true}, 1},
		"what Can does not report":      {func(a able) sms.Sender { return boasting(a) }, sms.Abilities{Find: true}, 2},
		"a Sender without any, by type": {func(a able) sms.Sender { return a.subject }, sms.Abilities{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := about("")
			p.Abilities = test.abilities
			p.New = func(_ testing.TB, endpoint string, r *sms.Registry) sms.Sender {
				return test.wrap(able{newSubject("", endpoint, r, 0)})
			}
			faults := smstest.ExamineOne(t, p, "abilities")
			if len(faults) != test.faults {
				t.Errorf("%d faults, want %d: %q", len(faults), test.faults, faults)
			}
		})
	}
}

// sms.Chain and sms.Wrap return a function, which has no abilities.
func TestAbilitiesLostInAChain(t *testing.T) {
	p := about("")
	p.New = func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
		s := able{newSubject("", endpoint, r, 0)}
		tb.Cleanup(func() { s.Close() })
		return sms.Chain(s, func(next sms.Sender) sms.Sender { return sms.Wrap(next, nil) })
	}
	if faults := smstest.ExamineOne(t, p, "abilities"); len(faults) != 1 {
		t.Errorf("%q", faults)
	}
}
