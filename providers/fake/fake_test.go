package fake_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

const (
	ann = sms.Number("+8613812345678")
	bob = sms.Number("+15005550010")
)

func hello(to sms.Number) sms.Message { return sms.Message{To: to, Body: "Hello"} }

func TestOptions(t *testing.T) {
	if _, err := fake.New(fake.Options{Latency: -1}); err == nil {
		t.Error("a negative latency was taken")
	} else if f, ok := errors.AsType[*sms.FieldError](err); !ok || f.Path != "latency" {
		t.Errorf("the fault does not name latency: %v", err)
	}
	p := newFake(t, fake.Options{})
	if r, err := p.Send(t.Context(), hello(ann)); err != nil || r.Provider != "fake" {
		t.Errorf("the name of a fake without one: %q, %v", r.Provider, err)
	}
}

func TestLatencyPassesUnderTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFake(t, fake.Options{Latency: time.Minute})
		start := time.Now()
		if _, err := p.Send(t.Context(), hello(ann)); err != nil || time.Since(start) != time.Minute {
			t.Errorf("a call lasted %v and ended with %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, err := p.Send(ctx, hello(bob))
		if time.Since(start) != time.Second {
			t.Errorf("the context ended after 1s, and the call after %v", time.Since(start))
		}
		if sms.OutcomeOf(err) != sms.Unknown || !errors.Is(err, sms.Canceled) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller who leaves: outcome %v, %v", sms.OutcomeOf(err), err)
		}
		if _, taken := p.Last(bob); taken {
			t.Error("a message whose caller has left was taken")
		}
	})
}

func TestCloseWaitsForCallsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFake(t, fake.Options{Latency: time.Hour})
		var sent error = errors.New("not ended")
		go func() { _, sent = p.Send(t.Context(), hello(ann)) }()
		synctest.Wait()
		start := time.Now()
		p.Close()
		synctest.Wait()
		if sent != nil || time.Since(start) != time.Hour {
			t.Errorf("Close returned after %v, and the call ended with: %v", time.Since(start), sent)
		}
		if _, err := p.Send(t.Context(), hello(ann)); !errors.Is(err, sms.ErrClosed) || sms.OutcomeOf(err) != sms.Rejected {
			t.Errorf("a call after Close: %v", err)
		}
		if len(p.Sent()) != 1 {
			t.Error("what was sent cannot be asked for after Close")
		}
	})
}

func TestCode(t *testing.T) {
	registry, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}, ${minutes} minutes."},
		sms.Template{Name: "pin", Kind: sms.Verification, Text: "PIN ${pin}"},
		sms.Template{Name: "shipped", Text: "${name}, it is on its way."},
		sms.Template{Name: "late", Text: "${name}, ${order} is late."},
	)
	if err != nil {
		t.Fatal(err)
	}
	login := sms.Message{To: ann, Template: "login-code", Params: sms.Params{"code": "111111", "minutes": "5"}}
	second := sms.Message{To: ann, Template: "login-code", Params: sms.Params{"code": "222222", "minutes": "5"}}
	pin := sms.Message{To: ann, Template: "pin", Params: sms.Params{"pin": "3333"}}
	shipped := sms.Message{To: ann, Template: "shipped", Params: sms.Params{"name": "Ann"}}
	late := sms.Message{To: ann, Template: "late", Params: sms.Params{"name": "Ann", "order": "7"}}
	elsewhere := sms.Message{To: bob, Template: "pin", Params: sms.Params{"pin": "4444"}}
	for _, test := range []struct {
		name string
		sent []sms.Message
		want string
	}{
		{"nothing was sent", nil, ""},
		{"the last of several codes", []sms.Message{login, second}, "222222"},
		{"a notice after the code does not hide it", []sms.Message{login, shipped}, "111111"},
		{"a parameter of another name, where it is the only one", []sms.Message{pin}, "3333"},
		{"several parameters, none of them code", []sms.Message{late}, ""},
		{"another number's code", []sms.Message{elsewhere}, ""},
		{"a body has no code", []sms.Message{hello(ann)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newFake(t, fake.Options{Templates: registry})
			for _, m := range test.sent {
				if _, err := p.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			if got := p.Code(ann); got != test.want {
				t.Errorf("the code is %q, and should be %q", got, test.want)
			}
		})
	}
}

func TestResetForgetsMessagesAndScript(t *testing.T) {
	p := newFake(t, fake.Options{})
	p.Send(t.Context(), hello(ann))
	p.FailNext(sms.Throttled)
	p.Fail(sms.Throttled)
	p.FailNumber(ann, sms.Throttled)
	p.FailNextNumber(ann, sms.Throttled)
	p.Reset()
	if n := len(p.Calls()); n != 0 {
		t.Errorf("%d calls are left", n)
	}
	if _, err := p.Send(t.Context(), hello(ann)); err != nil {
		t.Errorf("the script is left: %v", err)
	}
}

// What a fake gives out may be changed without changing what it holds.
func TestMessagesAreCopies(t *testing.T) {
	registry, err := sms.NewRegistry(sms.Template{Name: "pin", Kind: sms.Verification, Text: "PIN ${pin}"})
	if err != nil {
		t.Fatal(err)
	}
	p := newFake(t, fake.Options{Templates: registry})
	m := sms.Message{To: ann, Template: "pin", Params: sms.Params{"pin": "1234"}}
	p.Send(t.Context(), m)
	m.Params["pin"] = "changed by the sender"
	p.Sent()[0].Params["pin"] = "changed by Sent"
	p.Calls()[0].Message.Params["pin"] = "changed by Calls"
	last, _ := p.Last(ann)
	last.Params["pin"] = "changed by Last"
	if got := p.Code(ann); got != "1234" {
		t.Errorf("the code that was sent is 1234, and the fake holds %q", got)
	}
}

func TestManyCallersAndReaders(t *testing.T) {
	p := newFake(t, fake.Options{})
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for range 10 {
				p.FailNextNumber(bob, sms.Throttled)
				p.Send(t.Context(), hello(sms.Number(fmt.Sprintf("+86138123456%02d", i))))
				p.Sent()
				p.Code(ann)
				p.Calls()
			}
		})
	}
	all.Wait()
	if n := len(p.Sent()); n != 32*10 {
		t.Errorf("%d messages were sent, and the fake holds %d", 32*10, n)
	}
}

func TestPrintingShowsNothing(t *testing.T) {
	p := newFake(t, fake.Options{})
	p.Send(t.Context(), sms.Message{To: ann, Body: "the code is 482913"})
	const want = `fake provider "fake": 1 messages sent`
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		if got := fmt.Sprintf(verb, p); got != want {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}
