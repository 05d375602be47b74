package notify_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// shorten cuts values to 8 characters.
func shorten(_ context.Context, m sms.Message) (sms.Message, error) {
	for name, value := range m.Params {
		m.Params[name] = value[:min(len(value), 8)]
	}
	return m, nil
}

const stranger1, stranger2 = sms.Number("+12025550123"), sms.Number("+12025550199")

func notice() sms.Message {
	return sms.Message{To: stranger1, Template: "shipped", Params: sms.Params{"order": "A-1024-and-more"}, Key: "order-17"}
}

// Middleware that changes a message is refused: what it changed could not be asked
// about. The error names the field and the way out.
func TestClient_Middleware_may_not_change_a_message(t *testing.T) {
	changes := map[string]func(*sms.Message){
		"To":             func(m *sms.Message) { m.To = stranger2 },
		"Template":       func(m *sms.Message) { m.Template = "other" },
		"Params":         func(m *sms.Message) { m.Params = sms.Params{"order": "short"} },
		"Params,inplace": func(m *sms.Message) { m.Params["order"] = "short" },
		"Params,added":   func(m *sms.Message) { m.Params = maps.Clone(m.Params); m.Params["x"] = "" },
		"Body":           func(m *sms.Message) { m.Body = "other" },
		"Kind":           func(m *sms.Message) { m.Kind = sms.Verification },
		"From":           func(m *sms.Message) { m.From = "acme" },
		"Key":            func(m *sms.Message) { m.Key = "other" },
		"Expires":        func(m *sms.Message) { m.Expires = time.Now().Add(time.Hour) },
		"Tags":           func(m *sms.Message) { m.Tags = map[string]string{"a": "b"} },
	}
	for name, change := range changes {
		for _, whose := range []string{"Config.Middleware", "ProviderConfig.Middleware"} {
			t.Run(whose+" "+name, func(t *testing.T) {
				mw := []sms.Middleware{func(next sms.Sender) sms.Sender {
					return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
						change(&m)
						return next.Send(ctx, m)
					})
				}}
				v := newVendor("a")
				config := notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Sender: v}},
					Templates: []sms.Template{{Name: "shipped", Text: "Order ${order}."}, {Name: "other", Text: "Order ${order}!"}}}
				if whose == "Config.Middleware" {
					config.Middleware = mw
				} else {
					config.Providers["a"] = notify.ProviderConfig{Sender: v, Middleware: mw}
				}
				client, err := notify.New(config)
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				m := notice()
				m.Tags = map[string]string{"tenant": "acme"}
				_, err = client.Send(t.Context(), m)
				field, _, _ := strings.Cut(name, ",")
				if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Internal || v.count() != 0 ||
					!strings.Contains(err.Error(), whose) || !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), "Config.Rewrite") {
					t.Errorf("%v, %d calls", err, v.count())
				}
			})
		}
	}
	t.Run("a context of its own", func(t *testing.T) {
		v := newVendor("a")
		client := open(t, notify.Config{Middleware: []sms.Middleware{func(next sms.Sender) sms.Sender {
			return sms.Wrap(next, func(_ context.Context, m sms.Message) (sms.Receipt, error) { return next.Send(t.Context(), m) })
		}}}, v)
		defer client.Close()
		_, err := client.Send(t.Context(), body())
		if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Internal || !strings.Contains(err.Error(), "context") || v.count() != 0 {
			t.Errorf("%v, %d calls", err, v.count())
		}
	})
	t.Run("what only looks, waits or makes a context from its own passes", func(t *testing.T) {
		v := newVendor("a")
		client := open(t, notify.Config{Redirect: stranger2, Middleware: []sms.Middleware{withValue, func(next sms.Sender) sms.Sender {
			return sms.Wrap(next, func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
				return next.Send(context.WithoutCancel(ctx), m.Clone())
			})
		}}}, v)
		defer client.Close()
		if _, err := client.Send(t.Context(), body()); err != nil || v.calls[0].To != stranger2 {
			t.Errorf("%v, %v", err, v.calls)
		}
	})
}

// A Rewrite may not change what others have decided by already, and one that fails
// sends nothing.
func TestClient_Rewrite_refused(t *testing.T) {
	templates := []sms.Template{{Name: "shipped", Text: "Order ${order}."}, {Name: "code", Kind: sms.Verification, Text: "${order}"}}
	for name, test := range map[string]struct {
		rewrite notify.Rewrite
		reason  sms.Reason
		words   string
	}{
		"another Key":     {func(_ context.Context, m sms.Message) (sms.Message, error) { m.Key = "x"; return m, nil }, sms.Internal, "Key"},
		"another kind":    {func(_ context.Context, m sms.Message) (sms.Message, error) { m.Template = "code"; return m, nil }, sms.Internal, "kind from notification to verification"},
		"no such kind":    {func(_ context.Context, m sms.Message) (sms.Message, error) { m.Template = "none"; return m, nil }, sms.Internal, "kind"},
		"an error":        {func(_ context.Context, m sms.Message) (sms.Message, error) { return m, errors.New("no address book") }, sms.Internal, "Config.Rewrite[0]: no address book"},
		"a reason":        {func(_ context.Context, m sms.Message) (sms.Message, error) { return m, sms.RecipientBlocked }, sms.RecipientBlocked, "recipient blocked"},
		"a bad number":    {func(_ context.Context, m sms.Message) (sms.Message, error) { m.To = "123"; return m, nil }, sms.InvalidNumber, "E.164"},
		"an expired time": {func(_ context.Context, m sms.Message) (sms.Message, error) { m.Expires = time0; return m, nil }, sms.Expired, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor("a")
			client := open(t, notify.Config{Templates: templates, Rewrite: []notify.Rewrite{test.rewrite}, Redirect: stranger2}, v)
			defer client.Close()
			_, err := client.Send(t.Context(), notice())
			e := sms.AsError(err)
			if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != test.reason || !strings.Contains(err.Error(), test.words) || e.Key != "order-17" || v.count() != 0 {
				t.Errorf("%v, %d calls", err, v.count())
			}
			if name == "an expired time" {
				return // Find asks about what has expired too
			}
			if _, err := client.Find(t.Context(), notice(), time.Now()); !errors.Is(err, sms.ErrUndecided) || errors.Is(err, sms.ErrNotFound) || sms.OutcomeOf(err) != sms.Unknown {
				t.Errorf("Find: %v, want undecided", err)
			}
		})
	}
}

// Redirect is the last change, after a Rewrite that sets a number; limits count the
// message's own.
func TestClient_Resolve(t *testing.T) {
	v := newVendor("a")
	client := open(t, notify.Config{
		Rewrite: []notify.Rewrite{func(_ context.Context, m sms.Message) (sms.Message, error) {
			m.To, m.Body = stranger1, m.Body+"!"
			return m, nil
		}},
		Redirect: stranger2,
		Routes:   []notify.Route{{Regions: []string{"US"}, Providers: []string{"a"}}},
	}, v)
	defer client.Close()
	r, err := client.Resolve(t.Context(), body())
	if err != nil || r.To != stranger2 || r.Recipient != stranger1 || r.Kind != sms.Notification || r.Key != "" || len(r.Route) != 1 || !strings.HasSuffix(r.Body, "!") {
		t.Errorf("%+v, %v", r, err)
	}
	r.Route[0] = "b" // a copy
	if r, err := client.Resolve(t.Context(), body()); err != nil || r.Route[0] != "a" {
		t.Errorf("%v, %v", r.Route, err)
	}
	if _, err := client.Send(t.Context(), body()); err != nil || v.calls[0].To != stranger2 || v.calls[0].Body != r.Body {
		t.Errorf("%v, %v", v.calls, err)
	}
	m := body()
	m.Body = ""
	if r, err := client.Resolve(t.Context(), m); sms.ReasonOf(err) != "" && r.Recipient != stranger1 {
		t.Errorf("with an error it holds what is known: %+v, %v", r, err)
	}
}
