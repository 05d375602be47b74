package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

// coalescing opens a provider at a desk, in a bubble.
func coalescing(t *testing.T, d *desk, maxCalls int) *aliyun.Provider {
	t.Helper()
	d.tb = t
	if d.latency == 0 {
		d.latency = 20 * time.Millisecond
	}
	return open(t, aliyun.Options{Transport: d, Coalesce: true, MaxCalls: maxCalls})
}

// A crowd sends messages side by side and keeps how each ended.
type crowd struct {
	p    *aliyun.Provider
	all  sync.WaitGroup
	mu   sync.Mutex
	ends map[string][]end // by key
}

func newCrowd(p *aliyun.Provider) *crowd { return &crowd{p: p, ends: map[string][]end{}} }

// send starts a Send and returns when it waits for the vendor or for others.
func (c *crowd) send(ctx context.Context, messages ...sms.Message) {
	for _, m := range messages {
		c.all.Go(func() {
			r, err := c.p.Send(ctx, m)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.ends[m.Key] = append(c.ends[m.Key], end{r, err})
		})
	}
	synctest.Wait()
}

// of gives the one end that a message has to have.
func (c *crowd) of(t *testing.T, key string) end {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ends[key]) != 1 {
		t.Fatalf("%s has ended %d times", key, len(c.ends[key]))
	}
	return c.ends[key][0]
}

func (c *crowd) accepted(t *testing.T, key, id string) {
	t.Helper()
	if e := c.of(t, key); e.err != nil || e.receipt.ID != id || e.receipt.Key != key || e.receipt.Provider != "aliyun" || e.receipt.Segments != 1 {
		t.Errorf("%s: %+v, %v, want it accepted as %q", key, e.receipt, e.err, id)
	}
}

func (c *crowd) failed(t *testing.T, key string, reason sms.Reason, outcome sms.Outcome) *sms.Error {
	t.Helper()
	e := sms.AsError(c.of(t, key).err)
	if e == nil || e.Reason != reason || e.Outcome != outcome || e.Key != key || e.Provider != "aliyun" || e.Kind == 0 {
		t.Errorf("%s: %+v, want %s, %v", key, e, string(reason), outcome)
		return &sms.Error{}
	}
	return e
}

func sales(from, to int) (all []sms.Message) {
	for i := range to - from {
		all = append(all, sale(from+i))
	}
	return all
}

func sameSizes(t *testing.T, d *desk, want ...int) {
	t.Helper()
	if got := d.sizes(); !slices.Equal(got, want) {
		t.Errorf("calls with %v numbers, want %v", got, want)
	}
}

func TestCoalesce_gathersWhileCallsAreInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c := newCrowd(coalescing(t, d, 2))
		began := time.Now()
		c.send(t.Context(), sales(0, 2)...)
		c.send(t.Context(), sales(2, 2502)...)
		sameSizes(t, d, 1, 1) // the others gather
		c.all.Wait()
		sameSizes(t, d, 1, 1, 1000, 1000, 500)
		if took := time.Since(began); took != 60*time.Millisecond {
			t.Errorf("three calls one after the other took %v", took)
		}
		for i, form := range d.sent() {
			if alone := i < 2; aliyun.IsBatch(form.Get("OutId")) == alone {
				t.Errorf("call %d has the OutId %q", i+1, form.Get("OutId"))
			}
			for _, p := range strings.Split(form.Get("PhoneNumbers"), ",") {
				var n int
				fmt.Sscanf(p, "139%d", &n)
				c.accepted(t, fmt.Sprintf("sale-%d", n), fmt.Sprintf("B-%d", i+1))
			}
		}
		// And then one goes at once again, under its own key.
		c.send(t.Context(), sale(9000))
		c.all.Wait()
		sameSizes(t, d, 1, 1, 1000, 1000, 500, 1)
		if got := d.sent()[5].Get("OutId"); got != "sale-9000" {
			t.Errorf("OutId %q", got)
		}
	})
}

func TestCoalesce_offByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{tb: t, latency: time.Second}
		c := newCrowd(open(t, aliyun.Options{Transport: d}))
		c.send(t.Context(), sales(0, 20)...)
		if n := len(d.sizes()); n != 20 {
			t.Errorf("%d calls at once, want 20", n)
		}
		c.all.Wait()
	})
}

func TestCoalesce_defaultMaxCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c := newCrowd(coalescing(t, d, 0))
		c.send(t.Context(), sales(0, 20)...)
		c.all.Wait()
		sameSizes(t, d, 1, 1, 1, 1, 16)
	})
}

// What differs in anything but the number never shares a call, and never waits
// for what it cannot share.
func TestCoalesce_onlyWhatIsAlike(t *testing.T) {
	notice := func(i int, order string) sms.Message {
		return sms.Message{To: person(i), Template: "shipped", Params: sms.Params{"name": "王芳", "order": order}, Key: fmt.Sprint(order, i)}
	}
	from := sale(2)
	from.From = "acme"
	code := func(i int) sms.Message {
		return sms.Message{To: person(i), Template: "login-code", Params: sms.Params{"code": "482913"}, Key: fmt.Sprint("code", i)}
	}
	abroad := func(to sms.Number) sms.Message {
		return sms.Message{To: to, Template: "abroad-code", Params: sms.Params{"code": "482913"}, Key: string(to)}
	}
	long := func(to sms.Number) sms.Message {
		return sms.Message{To: to, Template: "both", Params: sms.Params{"a": "1"}, Key: string(to)}
	}
	for name, messages := range map[string][]sms.Message{
		"verification":           {code(1), code(2), code(3)},
		"international":          {abroad(hongKong), abroad(american), abroad("+85251234568")},
		"other values":           {notice(1, "A1"), notice(2, "A2"), notice(3, "A3")},
		"other signature":        {sale(1), from},
		"other template":         {sale(1), notice(2, "A1")},
		"at home and abroad":     {long(mainland), long(hongKong)},
		"values that look alike": {{To: person(1), Template: "long", Params: sms.Params{"a": `1","b":"2`, "b": ""}, Key: "x"}, {To: person(2), Template: "long", Params: sms.Params{"a": "1", "b": "2"}, Key: "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &desk{tb: t, latency: time.Second}
				r, err := sms.NewRegistry(append(slices.Collect(registry(t).All()),
					sms.Template{Name: "both", Text: "${a}", Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0008", Abroad: "SMS_0009"}}})...)
				if err != nil {
					t.Fatal(err)
				}
				c := newCrowd(open(t, aliyun.Options{Transport: d, Coalesce: true, MaxCalls: 1, Templates: r, Senders: map[string]string{"acme": "极品公司"}}))
				c.send(t.Context(), messages...)
				if n := len(d.sizes()); n != len(messages) {
					t.Errorf("%d calls at once, want %d", n, len(messages))
				}
				c.all.Wait()
				for _, m := range messages {
					if e := c.of(t, m.Key); e.err != nil {
						t.Error(e.err)
					}
				}
				for _, form := range d.sent() {
					if aliyun.IsBatch(form.Get("OutId")) || strings.Contains(form.Get("PhoneNumbers"), ",") {
						t.Errorf("a call for several: %v", form)
					}
				}
			})
		})
	}
}

func TestCoalesce_noNumberTwiceInACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c := newCrowd(coalescing(t, d, 1))
		twin := sale(1)
		twin.Key = "twin"
		c.send(t.Context(), sale(0))
		c.send(t.Context(), sale(1), twin, sale(2))
		c.all.Wait()
		if d.count(phone(1)) != 2 || len(d.sizes()) != 3 {
			t.Errorf("%d messages, calls of %v", d.count(phone(1)), d.sizes())
		}
		if a, b := c.of(t, "sale-1"), c.of(t, "twin"); a.err != nil || b.err != nil || a.receipt.ID == b.receipt.ID {
			t.Errorf("%v, %v", a, b)
		}
	})
}

func TestCoalesce_callersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		p := coalescing(t, d, 1)
		c := newCrowd(p)
		before, leaveBefore := context.WithCancel(t.Context())
		during, leaveDuring := context.WithCancel(t.Context())
		c.send(t.Context(), sale(0))
		c.send(during, sale(1)) // the first of the next call
		c.send(before, sale(2))
		c.send(t.Context(), sale(3), sale(4))
		leaveBefore()
		synctest.Wait()
		c.failed(t, "sale-2", sms.Canceled, sms.Rejected)
		time.Sleep(25 * time.Millisecond) // the bubble's clock: the second call is in flight
		leaveDuring()
		synctest.Wait()
		e := c.failed(t, "sale-1", sms.Canceled, sms.Unknown)
		if !errors.Is(e, context.Canceled) {
			t.Errorf("%v", e)
		}
		c.all.Wait()
		sameSizes(t, d, 1, 3)
		c.accepted(t, "sale-3", "B-2")
		c.accepted(t, "sale-4", "B-2")
		if d.count(phone(2)) != 0 {
			t.Error("a message whose caller had left was sent")
		}
		// The one that left can be asked for.
		r, err := p.Ask(t.Context(), sms.Question{Message: sale(1), Since: time.Now().Add(-time.Second)})
		if err != nil || r.Key != "sale-1" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// All that gathered have left: no call is made, and the place is free again.
func TestCoalesce_allHaveLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c := newCrowd(coalescing(t, d, 1))
		ctx, leave := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer leave()
		c.send(t.Context(), sale(0))
		c.send(ctx, sales(1, 4)...)
		c.all.Wait()
		sameSizes(t, d, 1)
		c.failed(t, "sale-3", sms.Canceled, sms.Rejected)
		c.send(t.Context(), sale(5))
		sameSizes(t, d, 1, 1)
		c.all.Wait()
	})
}

// A call for one keeps to that one's context and key.
func TestCoalesce_gatheredAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c := newCrowd(coalescing(t, d, 1))
		c.send(t.Context(), sale(0))
		c.send(t.Context(), sale(1))
		c.all.Wait()
		sameSizes(t, d, 1, 1)
		if got := d.sent()[1].Get("OutId"); got != "sale-1" {
			t.Errorf("OutId %q", got)
		}
	})
}

func TestCoalesce_expiresWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		c := newCrowd(coalescing(t, d, 1))
		late := sale(1)
		late.Expires = time.Now().Add(10 * time.Millisecond)
		c.send(t.Context(), sale(0))
		c.send(t.Context(), late, sale(2))
		c.all.Wait()
		c.failed(t, "sale-1", sms.Expired, sms.Rejected)
		c.accepted(t, "sale-2", "B-2")
		if d.count(phone(1)) != 0 {
			t.Error("it was sent")
		}
	})
}

func TestCoalesce_closeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		p := coalescing(t, d, 1)
		c := newCrowd(p)
		c.send(t.Context(), sales(0, 3)...)
		began := time.Now()
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 40*time.Millisecond {
			t.Errorf("Close took %v, want that of two calls", took)
		}
		c.all.Wait()
		sameSizes(t, d, 1, 2)
		for i := range 3 {
			if e := c.of(t, fmt.Sprintf("sale-%d", i)); e.err != nil {
				t.Error(e.err)
			}
		}
		c.send(t.Context(), sale(9))
		if e := c.failed(t, "sale-9", sms.Internal, sms.Rejected); !errors.Is(e, sms.ErrClosed) {
			t.Errorf("after Close: %v", e)
		}
		sameSizes(t, d, 1, 2)
	})
}

// The key's own function panics: the members of a call learn of it, and the
// program goes on.
func TestCoalesce_panicOfTheCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{tb: t, latency: 20 * time.Millisecond}
		asked := 0
		p := open(t, aliyun.Options{Transport: d, Coalesce: true, MaxCalls: 1, Credentials: func(context.Context) (aliyun.Credentials, error) {
			if asked++; asked == 2 {
				panic("no key")
			}
			return aliyun.Credentials{AccessKeyID: keyID, AccessKeySecret: secret, Expires: time.Now().Add(time.Minute)}, nil
		}})
		c := newCrowd(p)
		c.send(t.Context(), sale(0))
		c.send(t.Context(), sale(1), sale(2))
		c.all.Wait()
		c.failed(t, "sale-2", sms.Internal, sms.Unknown)
		c.send(t.Context(), sale(4))
		c.all.Wait()
		c.accepted(t, "sale-4", "B-2")
	})
}

func TestIsBatch(t *testing.T) {
	for outID, want := range map[string]bool{
		"notify-batch-" + sms.NewKey():                  true,
		"notify-batch-" + sms.NewKey() + "A":            false,
		"notify-batch-" + strings.ToLower(sms.NewKey()): false,
		"notify-batch-":                                 false,
		"":                                              false,
		sms.NewKey():                                    false,
		"my-notify-batch-" + sms.NewKey():               false,
		"notify-batch-" + sms.NewKey()[:25] + "\u00e9":   false,
		url.QueryEscape("notify-batch-" + sms.NewKey()):  true,
		strings.ToUpper("notify-batch-" + sms.NewKey()):  false,
		"notify-batch-" + strings.Repeat("\x00", 26):     false,
		"notify-batch-" + strings.Repeat("A", 26):        true,
		"notify-batch-" + strings.Repeat("A", 26) + "\n": false,
	} {
		if got := aliyun.IsBatch(outID); got != want {
			t.Errorf("%q: %v", outID, got)
		}
	}
}
