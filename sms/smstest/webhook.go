package smstest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// A Webhook describes what the vendor posts. The Sender under test must then have
// the method Hook of [kit.Provider].
type Webhook struct {
	// Report returns a delivery report with that word about the message ID to that
	// number, signed if the vendor signs.
	Report func(to sms.Number, id, word string) kit.Hook
	// ID is a vendor's message ID. Delivered is its word for a delivered message, and
	// Failed its word for one that was not.
	ID, Delivered, Failed string
	// Reply returns a reply from that number, signed if the vendor signs. Nil: the
	// vendor posts none.
	Reply func(from sms.Number, text string) kit.Hook
	// Spoil returns h with a signature of another secret. Nil: the vendor signs nothing.
	Spoil func(h kit.Hook) kit.Hook
}

func (w *Webhook) validate(need func(there bool, what string)) {
	if w != nil {
		need(w.Report != nil && w.ID != "" && w.Delivered != "" && w.Failed != "", "Webhook needs Report, ID, Delivered and Failed")
	}
}

// hook has s read h.
func (t *trial) hook(s sms.Sender, h kit.Hook) (in kit.Inbound, err error) {
	hooker, ok := s.(interface {
		Hook(ctx context.Context, h kit.Hook) (kit.Inbound, error)
	})
	if !ok {
		t.faultf("Provider.Webhook is set, and the Sender has no Hook")
		return in, errPanic
	}
	err = errPanic
	t.guard("Hook", func() { in, err = hooker.Hook(t.tb.Context(), h) })
	return in, err
}

// hooked makes a Sender for webhooks. No vendor is called.
func (t *trial) hooked() sms.Sender { return t.accepting().Sender }

// report returns the one report of a Hook.
func (t *trial) report(s sms.Sender, word string) (r sms.Report, ok bool) {
	in, err := t.hook(s, t.Webhook.Report(t.To, t.Webhook.ID, word))
	if err != nil || len(in.Reports) != 1 || len(in.Replies) > 0 {
		t.faultf("a report with the word %q: %d reports and %d replies were read: %v", word, len(in.Reports), len(in.Replies), err)
		return r, false
	}
	r = in.Reports[0]
	if r.Provider != Name || r.ID != t.Webhook.ID || r.To != "" && r.To != t.To {
		t.faultf("a report with the word %q: it has the provider %q, the ID %q and the number %q", word, r.Provider, r.ID, r.To.E164())
	}
	return r, true
}

func checkReports(t *trial) {
	s := t.hooked()
	if r, ok := t.report(s, t.Webhook.Delivered); ok {
		if r.State != sms.StateDelivered {
			t.faultf("the word for a delivered message is read as %v", r.State)
		}
		if again, ok := t.report(s, t.Webhook.Delivered); ok && !reflect.DeepEqual(r, again) {
			t.faultf("the same report, posted twice, is read in two ways")
		}
	}
	if r, ok := t.report(s, t.Webhook.Failed); ok && (!r.State.Final() || r.State == sms.StateDelivered) {
		t.faultf("the word for a message that was not delivered is read as %v", r.State)
	}
	const odd = "teleported"
	if r, ok := t.report(s, odd); ok && r.State != 0 {
		t.faultf("the word %q, which the vendor does not have, is read as %v", odd, r.State)
	}
	for _, body := range []string{"", "\x00", "{", "[", "null", "[null]", "{}", "%zz"} {
		h := t.Webhook.Report(t.To, t.Webhook.ID, t.Webhook.Delivered)
		h.Body, h.Method, h.URL = []byte(body), http.MethodPost, "https://example.com/hook"
		in, err := t.hook(s, h)
		if len(in.Reports)+len(in.Replies) > 0 || err != nil && !errors.Is(err, kit.ErrMalformed) && !errors.Is(err, kit.ErrNotAuthentic) && !errors.Is(err, errPanic) {
			t.faultf("the body %q: %d reports and %d replies were read, and the error is neither ErrMalformed nor ErrNotAuthentic: %v", body, len(in.Reports), len(in.Replies), err)
		}
	}
}

func checkReplies(t *trial) {
	if t.Webhook.Reply == nil {
		return
	}
	const text = "Bitte \"nicht\" & mehr: 退订"
	in, err := t.hook(t.hooked(), t.Webhook.Reply(t.To, text))
	if err != nil || len(in.Replies) != 1 || len(in.Reports) > 0 {
		t.faultf("a reply: %d replies and %d reports were read: %v", len(in.Replies), len(in.Reports), err)
		return
	}
	if r := in.Replies[0]; r.Provider != Name || r.From != t.To || r.Text != text {
		t.faultf("a reply: it has the provider %q, the number %q and the text %q", r.Provider, r.From.E164(), r.Text)
	}
}

func checkSignatures(t *trial) {
	s := t.hooked()
	right := t.Webhook.Report(t.To, t.Webhook.ID, t.Webhook.Delivered)
	in, err := t.hook(s, right)
	if err != nil || in.Signed != (t.Webhook.Spoil != nil) {
		t.faultf("a report as the vendor posts it: Signed is %v: %v", in.Signed, err)
	}
	if t.Webhook.Spoil == nil {
		return
	}
	forged := map[string]kit.Hook{"a signature of another secret": t.Webhook.Spoil(right)}
	if changed := bytes.ReplaceAll(right.Body, []byte(t.Webhook.Delivered), []byte(t.Webhook.Failed)); !bytes.Equal(changed, right.Body) {
		h := right
		h.Body = changed
		forged["another word under the same signature"] = h
	}
	for when, h := range forged {
		in, err := t.hook(s, h)
		if len(in.Reports) > 0 || !errors.Is(err, kit.ErrNotAuthentic) {
			t.faultf("%s: %d reports were read, and the error is not ErrNotAuthentic: %v", when, len(in.Reports), err)
		}
	}
}
