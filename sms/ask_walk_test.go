package sms_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/notifykit/notify/sms"
)

// asked is a vendor that can be asked, with its answer.
type asked struct {
	vendor
	answer error
	calls  int
}

func (a *asked) Ask(context.Context, sms.Question) (sms.Receipt, error) {
	a.calls++
	if a.answer != nil {
		return sms.Receipt{}, a.answer
	}
	return sms.Receipt{Provider: a.name}, nil
}

func TestFinderOf_ofOne(t *testing.T) {
	a := &asked{vendor: vendor{"a"}}
	for name, s := range map[string]sms.Sender{
		"itself":               a,
		"behind Wrap":          sms.Chain(a, noting("x", new([]string))),
		"behind a function":    sms.Chain(a, bare, bare),
		"alone beside nothing": sms.Chain(side{a}, bare),
	} {
		f, ok := sms.FinderOf(s)
		if !ok {
			t.Errorf("%s: no Finder", name)
			continue
		}
		if r, err := f.Ask(t.Context(), sms.Question{}); err != nil || r.Provider != "a" {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	own := func(next sms.Sender) sms.Sender { return struct{ *asked }{a} }
	if f, ok := sms.FinderOf(sms.Chain(&vendor{"v"}, own)); !ok || f == nil {
		t.Error("a middleware that can be asked itself was not found")
	}
	for name, s := range map[string]sms.Sender{"nothing": nil, "one that cannot": &vendor{"v"}, "several that cannot": side{&vendor{"v"}, &vendor{"w"}}, "none": side{}} {
		if f, ok := sms.FinderOf(s); ok || f != nil {
			t.Errorf("%s: a Finder was found", name)
		}
	}
}

func TestFinderOf_ofSeveral(t *testing.T) {
	cause := errors.New("listing refused")
	found := func() sms.Sender { return &asked{vendor: vendor{"f"}} }
	answering := func(err error) sms.Sender { return &asked{vendor: vendor{"a"}, answer: err} }
	notFound, undecided := answering(sms.ErrNotFound), answering(fmt.Errorf("%w: %w", sms.ErrUndecided, cause))
	foreign, cannot := answering(cause), &vendor{"v"}
	for _, c := range []struct {
		name    string
		senders side
		want    error // nil: found
	}{
		{"found at the first", side{found(), notFound}, nil},
		{"found at the last", side{notFound, undecided, cannot, found()}, nil},
		{"not found at any", side{notFound, notFound}, sms.ErrNotFound},
		{"one undecided", side{notFound, undecided}, sms.ErrUndecided},
		{"one that cannot be asked", side{notFound, cannot}, sms.ErrUndecided},
		{"one missing", side{notFound, nil}, sms.ErrUndecided},
		{"one that answers something else", side{notFound, foreign}, sms.ErrUndecided},
		{"one that says both", side{notFound, answering(errors.Join(sms.ErrNotFound, sms.ErrUndecided))}, sms.ErrUndecided},
		{"several within several", side{notFound, sms.Chain(side{notFound, undecided}, bare)}, sms.ErrUndecided},
		{"several within several, not found", side{notFound, sms.Chain(side{notFound, notFound}, bare)}, sms.ErrNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, ok := sms.FinderOf(sms.Chain(c.senders, bare))
			if !ok {
				t.Fatal("no Finder")
			}
			r, err := f.Ask(t.Context(), sms.Question{})
			if c.want == nil {
				if err != nil || r.Provider != "f" {
					t.Errorf("%v, %v", r, err)
				}
				return
			}
			if !errors.Is(err, c.want) || errors.Is(err, sms.ErrNotFound) && errors.Is(err, sms.ErrUndecided) && c.name != "one that says both" {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	f, _ := sms.FinderOf(side{foreign, undecided})
	if _, err := f.Ask(t.Context(), sms.Question{}); !errors.Is(err, cause) {
		t.Errorf("the cause is lost: %v", err)
	}
}
