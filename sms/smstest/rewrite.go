package smstest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// CheckRewrite tests a notify.Rewrite. It calls it twice for each of the messages and
// for many made ones, in another order the second time, and fails if the two results
// differ: Find, in another process and another order, would ask the vendor about
// another message. It fails too if the Rewrite changes Key or Kind, or a message that
// it was not given.
//
// Give messages of your own templates: the made ones have templates and values that
// none has. templates may be nil.
func CheckRewrite(t testing.TB, rewrite func(context.Context, sms.Message) (sms.Message, error), templates *sms.Registry, messages ...sms.Message) {
	t.Helper()
	for _, fault := range rewriteFaults(t.Context(), rewrite, templates, append(slices.Clone(messages), madeMessages()...)) {
		t.Error(fault)
	}
}

func rewriteFaults(ctx context.Context, rewrite func(context.Context, sms.Message) (sms.Message, error), templates *sms.Registry, messages []sms.Message) (faults []string) {
	fault := func(format string, args ...any) {
		if len(faults) < 10 {
			faults = append(faults, fmt.Sprintf("Rewrite: "+format, args...))
		}
	}
	type result struct {
		m   sms.Message
		err error
	}
	first := make([]result, len(messages))
	for i, m := range messages {
		out, err := rewrite(ctx, m.Clone())
		first[i] = result{out.Clone(), err}
		switch {
		case err != nil:
		case out.Key != m.Key:
			fault("it changed the Key of %v", m)
		case templates.KindOf(out) != templates.KindOf(m):
			fault("it changed the kind of %v from %v to %v", m, templates.KindOf(m), templates.KindOf(out))
		}
	}
	for i, m := range slices.Backward(messages) {
		out, err := rewrite(ctx, m.Clone())
		switch was := first[i]; {
		case (err == nil) != (was.err == nil) || sms.ReasonOf(err) != sms.ReasonOf(was.err):
			fault("for %v it returned %v, and later %v", m, was.err, err)
		case err == nil && !same(out, was.m):
			fault("for %v it returned two messages that differ: it must return the same for the same message in every process", m)
		}
	}
	return faults
}

func same(a, b sms.Message) bool {
	return a.To == b.To && a.Template == b.Template && maps.Equal(a.Params, b.Params) && a.Body == b.Body && a.Kind == b.Kind &&
		a.From == b.From && a.Key == b.Key && a.Expires.Equal(b.Expires) && maps.Equal(a.Tags, b.Tags)
}

// madeMessages returns messages of many forms, always the same.
func madeMessages() (all []sms.Message) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	for i := range 500 {
		m := sms.Message{
			To:  sms.Number(pick("+8613812345678", "+12025550123", "+85251234567", "+4915112345678", "")),
			Key: pick("order-17", fmt.Sprint("key-", i), ""), From: pick("", "acme"), Kind: sms.Kind(random.IntN(5)),
		}
		if random.IntN(2) == 0 {
			m.Body = pick("Hello", "您的包裹已到", "A longer text that goes on, and on, and on.")
		} else {
			m.Template, m.Params = pick("login-code", "shipped"), sms.Params{}
			for _, name := range []string{"code", "name", "order"} {
				if random.IntN(2) == 0 {
					m.Params[name] = pick("482913", "王芳", "A-1024-and-more", "")
				}
			}
		}
		if random.IntN(3) == 0 {
			m.Expires = time.Date(2040, 1, 1+random.IntN(300), 0, 0, 0, 0, time.UTC)
		}
		if random.IntN(3) == 0 {
			m.Tags = map[string]string{"tenant": pick("a", "b")}
		}
		all = append(all, m)
	}
	return all
}
