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

// side has several Senders side by side, as a failover does.
type side []sms.Sender

func (s side) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) { return s[0].Send(ctx, m) }
func (s side) Unwrap() []sms.Sender                                         { return s }

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

// bare is a middleware that returns a function without Unwrap.
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

// Unwrap gives what was wrapped, whatever the middleware returns.
func TestChain_unwraps(t *testing.T) {
	v := &vendor{"v"}
	noUnwrap := func(next sms.Sender) sms.Sender { return sms.Wrap(nil, next.Send) }
	for name, mw := range map[string][]sms.Middleware{
		"made with Wrap":           {noting("a", new([]string))},
		"a bare function":          {bare},
		"bare functions":           {bare, noting("a", new([]string)), bare},
		"an Unwrap that gives nil": {noUnwrap},
		"all of them":              {noUnwrap, bare, noting("a", new([]string))},
	} {
		s := sms.Chain(v, mw...)
		for range mw {
			u, ok := s.(interface{ Unwrap() sms.Sender })
			if !ok {
				t.Fatalf("%s: a %T does not unwrap", name, s)
			}
			s = u.Unwrap()
		}
		if s != sms.Sender(v) {
			t.Errorf("%s: ends at a %T", name, s)
		}
		chained := sms.Chain(v, mw...)
		if r, err := chained.Send(t.Context(), sms.Message{}); err != nil || r.Provider != "v" {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		if found, ok := sms.As[*vendor](chained); !ok || found != v {
			t.Errorf("%s: the vendor is hidden", name)
		}
		if c, ok := sms.As[sms.Checker](chained); !ok || c.CheckTemplate("", nil).Error() != "v" {
			t.Errorf("%s: its ability is hidden", name)
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
	if found, ok := sms.As[*vendor](sms.Chain(&vendor{"v"}, null)); !ok || found.name != "v" {
		t.Error("a middleware that returned nothing hides the vendor")
	}
}

// A middleware may put others beside what it was given, all of whom are asked.
func TestChain_severalSideBySide(t *testing.T) {
	a, b := &asked{vendor: vendor{"a"}, answer: sms.ErrNotFound}, &asked{vendor: vendor{"b"}, answer: sms.ErrNotFound}
	s := sms.Chain(a, func(next sms.Sender) sms.Sender { return side{next, b} }, bare)
	f, ok := sms.FinderOf(s)
	if !ok {
		t.Fatal("no Finder")
	}
	if _, err := f.Ask(t.Context(), sms.Question{}); !errors.Is(err, sms.ErrNotFound) || a.calls != 1 || b.calls != 1 {
		t.Errorf("%v after %d and %d calls", err, a.calls, b.calls)
	}
}

func TestAs(t *testing.T) {
	a, b := &vendor{"a"}, &vendor{"b"}
	s := sms.Chain(side{sms.SenderFunc(a.Send), sms.Chain(a, bare), b}, bare)
	if found, ok := sms.As[*vendor](s); !ok || found != a {
		t.Errorf("of several the first: %v", found)
	}
	if found, ok := sms.As[side](s); !ok || len(found) != 3 {
		t.Errorf("what a bare middleware is around: %v", found)
	}
	if _, ok := sms.As[sms.Finder](s); ok {
		t.Error("an ability that no one has was found")
	}
	if _, ok := sms.As[*vendor](nil); ok {
		t.Error("something was found in nothing")
	}
	if _, ok := sms.As[*vendor](side{nil, sms.Wrap(nil, a.Send)}); ok {
		t.Error("something was found in nothing, side by side")
	}
	if found, ok := sms.As[*custom](sms.Chain(b, func(next sms.Sender) sms.Sender { return &custom{Sender: next} })); !ok || found.Sender != sms.Sender(b) {
		t.Error("the middleware's own type was not found")
	}
}

// custom is a middleware's own Sender without Unwrap.
type custom struct{ sms.Sender }

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
