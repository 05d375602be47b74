package smstest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

func TestWhatAProviderLacksIsToldAtOnce(t *testing.T) {
	for _, test := range []struct {
		name string
		p    smstest.Provider
		want []string
	}{
		{"everything", smstest.Provider{}, []string{"New", "Accept", "Refuse", "Read"}},
		{"an answer to its codes", smstest.Provider{Codes: map[string]sms.Reason{"1": sms.Throttled}}, []string{"New", "Accept", "Refuse", "Read", "Answer"}},
		{"a local one", smstest.Provider{Local: &smstest.Local{}, Codes: map[string]sms.Reason{"1": sms.Throttled}}, []string{"New", "Local.Sent", "Local.Fail"}},
		{"a number", func() smstest.Provider { p := about(""); p.To = "13812345678"; return p }(), []string{"To"}},
		{"what its further fields need", func() smstest.Provider {
			p := about("")
			p.Listing, p.Webhook, p.Batch = &smstest.Listing{}, &smstest.Webhook{}, &smstest.Batch{}
			return p
		}(), []string{"Webhook", "Listing", "Batch"}},
		{"nothing", about(""), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var text string
			if err := test.p.Validate(); err != nil {
				text = err.Error()
			}
			var told []string
			for line := range strings.Lines(text) {
				field, _, _ := strings.Cut(strings.TrimPrefix(line, "smstest: Provider."), " ")
				told = append(told, field)
			}
			if !slices.Equal(told, test.want) {
				t.Errorf("it tells of %q, and should of %q", told, test.want)
			}
		})
	}
}

func TestCodesOf(t *testing.T) {
	codes, unknown := smstest.CodesOf([]sms.CodeInfo{
		{Code: "1", Reason: sms.Throttled, Outcome: sms.Rejected},
		{Code: "2", Reason: sms.Unavailable, Outcome: sms.Unknown},
		{Code: "3", Reason: sms.RecipientBlocked, Outcome: sms.Rejected, Late: true},
	})
	if len(codes) != 2 || codes["1"] != sms.Throttled || codes["2"] != sms.Unavailable || !slices.Equal(unknown, []string{"2"}) {
		t.Errorf("they are %v, and %q leave it open", codes, unknown)
	}
}

// The checks find flaws of Senders that reach no server, too.
func TestEachCheckFindsItsFlawWithoutAServer(t *testing.T) {
	for _, test := range []struct {
		name, check string
		around      func(next sms.Sender) sms.SenderFunc
	}{
		{"no flaw", "", func(next sms.Sender) sms.SenderFunc { return next.Send }},
		{"it takes other values", "accepted", func(next sms.Sender) sms.SenderFunc {
			return func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
				if m.Template == smstest.Notice && m.Params["name"] != "" {
					m = m.Clone()
					m.Params["name"] = "Bob"
				}
				return next.Send(ctx, m)
			}
		}},
		{"it takes expired messages", "expired", func(next sms.Sender) sms.SenderFunc {
			return func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
				m.Expires = time.Time{}
				return next.Send(ctx, m)
			}
		}},
		{"it gives no reason", "codes", func(next sms.Sender) sms.SenderFunc {
			return func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
				r, err := next.Send(ctx, m)
				if e := sms.AsError(err); e != nil && e.Reason == sms.Throttled {
					e.Reason = ""
				}
				return r, err
			}
		}},
		{"it starts a goroutine that does not end", "nothing left", func(next sms.Sender) sms.SenderFunc {
			return func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
				if m.To != "" && ctx.Err() == nil {
					go func() { select {} }()
				}
				return next.Send(ctx, m)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var behind *fake.Provider
			p := smstest.Provider{
				New: func(tb testing.TB, _ string, r *sms.Registry) sms.Sender {
					var err error
					if behind, err = fake.New(fake.Options{Name: smstest.Name, Templates: r}); err != nil {
						tb.Fatal(err)
					}
					return sms.Wrap(behind, test.around(behind))
				},
				Codes: map[string]sms.Reason{"throttled": sms.Throttled, "unauthorized": sms.Unauthorized},
				Local: &smstest.Local{
					Sent: func(sms.Sender) []sms.Message { return behind.Sent() },
					Fail: func(_ sms.Sender, code, words string) {
						behind.Fail(&sms.Error{Code: code, Message: words, Reason: sms.Reason(code), Outcome: sms.Rejected})
					},
				},
			}
			if test.check == "" {
				if found := smstest.Examine(t, p); len(found) > 0 {
					t.Errorf("faults were found: %v", found)
				}
				return
			}
			onlyFails(t, p, test.check)
		})
	}
}
