package sms_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/notifykit/notify/sms"
)

// vendor is a Sender with abilities to look for.
type vendor struct{ name string }

func (v *vendor) Send(context.Context, sms.Message) (sms.Receipt, error) {
	return sms.Receipt{Provider: v.name}, nil
}

func (v *vendor) CheckTemplate(string, sms.Params) error { return errors.New(v.name) }

// noting is a middleware that notes when it is passed.
func noting(name string, log *[]string) sms.Middleware {
	return func(next sms.Sender) sms.Sender {
		return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
			*log = append(*log, name+" in")
			r, err := next.Send(ctx, m)
			*log = append(*log, name+" out")
			return r, err
		})
	}
}

// bare is a middleware that returns a function.
func bare(next sms.Sender) sms.Sender { return sms.SenderFunc(next.Send) }

func TestChain_order(t *testing.T) {
	var log []string
	s := sms.Chain(&vendor{"v"}, noting("a", &log), nil, noting("b", &log))
	if _, err := s.Send(t.Context(), sms.Message{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a in", "b in", "b out", "a out"}; !slices.Equal(log, want) {
		t.Errorf("%v, want %v", log, want)
	}
}

func TestChain_withoutMiddlewareIsTheSender(t *testing.T) {
	v := &vendor{"v"}
	if s := sms.Chain(v); s != sms.Sender(v) {
		t.Errorf("%T", s)
	}
	if s := sms.Chain(v, nil, nil); s != sms.Sender(v) {
		t.Errorf("nil middleware: %T", s)
	}
}

// A chain has none of the abilities of what it is around, however it is made: a
// middleware may send another message than the one that would be asked about.
func TestChain_hidesAbilities(t *testing.T) {
	same := func(next sms.Sender) sms.Sender { return next }
	embedded := func(next sms.Sender) sms.Sender { return struct{ *vendor }{next.(*vendor)} }
	for name, mw := range map[string][]sms.Middleware{
		"made with Wrap":            {noting("a", new([]string))},
		"a function":                {bare},
		"the Sender itself":         {same},
		"a type that embeds it":     {embedded},
		"several":                   {bare, noting("a", new([]string)), same},
		"Wrap without a function":   {func(next sms.Sender) sms.Sender { return sms.Wrap(next, nil) }},
		"around a chain of its own": {func(next sms.Sender) sms.Sender { return sms.Chain(next, same) }},
	} {
		chained := sms.Chain(&vendor{"v"}, mw...)
		if r, err := chained.Send(t.Context(), sms.Message{}); err != nil || r.Provider != "v" {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		if got := sms.AbilitiesOf(chained); got != (sms.Abilities{}) {
			t.Errorf("%s: %+v", name, got)
		}
		if _, ok := chained.(sms.Checker); ok {
			t.Errorf("%s: its ability is reached through the chain", name)
		}
	}
}

// What a program forgot is told by the first message, not by a panic.
func TestChain_nothingGiven(t *testing.T) {
	null := func(sms.Sender) sms.Sender { return nil }
	for name, s := range map[string]sms.Sender{
		"sms: internal fault: Chain was given no Sender":                      sms.Chain(nil),
		"sms: internal fault: a middleware returned no Sender":                sms.Chain(&vendor{"v"}, bare, null),
		"sms: internal fault: Wrap was given neither a Sender nor a function": sms.Wrap(nil, nil),
	} {
		_, err := s.Send(t.Context(), sms.Message{Key: "k"})
		if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Internal || err.Error() != name {
			t.Errorf("%v, want %s", err, name)
		}
	}
	if r, err := sms.Wrap(&vendor{"v"}, nil).Send(t.Context(), sms.Message{}); err != nil || r.Provider != "v" {
		t.Errorf("Wrap without a function: %v, %v", r, err)
	}
}

func ExampleChain() {
	say := func(name string) sms.Middleware {
		return func(next sms.Sender) sms.Sender {
			return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
				fmt.Println(name, "before")
				r, err := next.Send(ctx, m)
				fmt.Println(name, "after")
				return r, err
			})
		}
	}
	vendor := sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
		fmt.Println("the vendor")
		return sms.Receipt{}, nil
	})
	s := sms.Chain(vendor, say("limit"), say("retry"))
	if _, err := s.Send(context.Background(), sms.Message{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// limit before
	// retry before
	// the vendor
	// retry after
	// limit after
}
