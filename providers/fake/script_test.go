package fake_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// told sends to the numbers in order and gives the reasons that came back.
func told(t *testing.T, p *fake.Provider, to ...sms.Number) []sms.Reason {
	t.Helper()
	var reasons []sms.Reason
	for _, n := range to {
		_, err := p.Send(t.Context(), hello(n))
		reasons = append(reasons, sms.ReasonOf(err))
	}
	return reasons
}

func TestScript(t *testing.T) {
	const ok = sms.Reason("")
	for _, test := range []struct {
		name   string
		script func(*fake.Provider)
		to     []sms.Number
		want   []sms.Reason
	}{
		{"failures come in order, and then none",
			func(p *fake.Provider) { p.FailNext(sms.Throttled); p.FailNext(nil); p.FailNext(sms.Unavailable) },
			[]sms.Number{ann, bob, ann, ann}, []sms.Reason{sms.Throttled, ok, sms.Unavailable, ok}},
		{"all calls fail until that is ended",
			func(p *fake.Provider) { p.Fail(sms.AccountBlocked) },
			[]sms.Number{ann, bob}, []sms.Reason{sms.AccountBlocked, sms.AccountBlocked}},
		{"a fault that is ended is over",
			func(p *fake.Provider) { p.Fail(sms.AccountBlocked); p.Fail(nil) },
			[]sms.Number{ann}, []sms.Reason{ok}},
		{"what comes next goes before what holds for all",
			func(p *fake.Provider) { p.Fail(sms.AccountBlocked); p.FailNext(nil) },
			[]sms.Number{ann, ann}, []sms.Reason{ok, sms.AccountBlocked}},
		{"a number fails alone",
			func(p *fake.Provider) { p.FailNumber(bob, sms.RecipientBlocked) },
			[]sms.Number{ann, bob, bob}, []sms.Reason{ok, sms.RecipientBlocked, sms.RecipientBlocked}},
		{"a number's end takes nothing off the script of the others",
			func(p *fake.Provider) { p.FailNumber(bob, sms.RecipientBlocked); p.FailNext(sms.Throttled) },
			[]sms.Number{bob, ann, ann}, []sms.Reason{sms.RecipientBlocked, sms.Throttled, ok}},
		{"a number's fault that is ended is over",
			func(p *fake.Provider) { p.FailNumber(bob, sms.RecipientBlocked); p.FailNumber(bob, nil) },
			[]sms.Number{bob}, []sms.Reason{ok}},
		{"a number has a script of its own",
			func(p *fake.Provider) {
				p.FailNextNumber(bob, sms.Throttled)
				p.FailNextNumber(bob, nil)
				p.FailNumber(bob, sms.Unavailable)
			},
			[]sms.Number{ann, bob, bob, bob}, []sms.Reason{ok, sms.Throttled, ok, sms.Unavailable}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newFake(t, fake.Options{})
			test.script(p)
			got := told(t, p, test.to...)
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) {
				t.Errorf("the calls ended with %q, and should have with %q", got, test.want)
			}
		})
	}
}

func TestErrorsGiven(t *testing.T) {
	plain := errors.New("disk full")
	for _, test := range []struct {
		name    string
		given   error
		outcome sms.Outcome
		reason  sms.Reason
	}{
		{"a bare reason is rejected", sms.Throttled, sms.Rejected, sms.Throttled},
		{"a reason with words beside it is rejected", fmt.Errorf("too fast: %w", sms.Throttled), sms.Rejected, sms.Throttled},
		{"an unknown outcome is said by an *sms.Error", &sms.Error{Reason: sms.Unavailable}, sms.Unknown, sms.Unavailable},
		{"an *sms.Error that is wrapped", fmt.Errorf("x: %w", &sms.Error{Reason: sms.Unavailable, Outcome: sms.Rejected}), sms.Rejected, sms.Unavailable},
		{"an error that nobody has classified", plain, sms.Unknown, sms.Internal},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newFake(t, fake.Options{Name: "first"})
			p.FailNext(test.given)
			_, err := p.Send(t.Context(), sms.Message{To: ann, Body: "Hello", Key: "k1", Kind: sms.Promotion})
			e, ok := errors.AsType[*sms.Error](err)
			if !ok {
				t.Fatalf("no *sms.Error: %v", err)
			}
			if e.Outcome != test.outcome || e.Reason != test.reason {
				t.Errorf("it is %v, %q, and should be %v, %q", e.Outcome, string(e.Reason), test.outcome, string(test.reason))
			}
			if e.Provider != "first" || e.Key != "k1" || e.Kind != sms.Promotion {
				t.Errorf("the error is of %q, %q, %v", e.Provider, e.Key, e.Kind)
			}
			if len(p.Sent()) != 0 {
				t.Error("the message was taken")
			}
		})
	}
}

// The error that was given is never changed: it may be given to several fakes.
func TestAGivenErrorIsCopied(t *testing.T) {
	given := &sms.Error{Reason: sms.Throttled, Outcome: sms.Rejected, Message: "no more to +8613812345678"}
	p := newFake(t, fake.Options{})
	p.Fail(given)
	_, err := p.Send(t.Context(), hello(ann))
	if given.Provider != "" || given.Key != "" {
		t.Errorf("the error that was given is now of %q, %q", given.Provider, given.Key)
	}
	if strings.Contains(err.Error(), "13812345678") {
		t.Errorf("the number shows: %v", err)
	}
}

func TestALostAnswerAndFind(t *testing.T) {
	p := newFake(t, fake.Options{})
	find := func(m sms.Message) error {
		_, err := p.Ask(t.Context(), sms.Question{Message: m, Since: m.Expires})
		return err
	}
	lost, refused := hello(ann), hello(bob)
	lost.Key, refused.Key = "k1", "k2"

	p.LoseNext()
	p.FailNext(sms.Unavailable)
	_, err := p.Send(t.Context(), lost)
	if sms.OutcomeOf(err) != sms.Unknown || sms.ReasonOf(err) != sms.Unavailable {
		t.Errorf("a lost answer: %v", err)
	}
	p.Send(t.Context(), refused)

	if len(p.Sent()) != 1 {
		t.Errorf("%d messages were taken, and should have been the one whose answer was lost", len(p.Sent()))
	}
	if r, err := p.Ask(t.Context(), sms.Question{Message: lost, Since: lost.Expires}); err != nil || r.Key != "k1" || r.ID == "" || r.Provider != "fake" {
		t.Errorf("the message whose answer was lost is not found: %+v, %v", r, err)
	}
	if err := find(refused); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("a message that was refused: %v", err)
	}
	if err := find(hello(ann)); !errors.Is(err, sms.ErrUndecided) {
		t.Errorf("a message without a key: %v", err)
	}
	other := lost
	other.To = bob
	if err := find(other); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("the key with another number: %v", err)
	}
}
