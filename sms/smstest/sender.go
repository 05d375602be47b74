package smstest

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/sms"
)

// open makes a Sender for a vendor at endpoint and has it closed at the end.
func (t *trial) open(endpoint string) sms.Sender {
	s := t.New(t.tb, endpoint, t.registry)
	t.atEnd(func() { t.close(s) })
	return s
}

// close closes s, if it has a Close.
func (t *trial) close(s sms.Sender) {
	t.guard("Close", func() {
		if c, ok := s.(io.Closer); ok {
			if err := c.Close(); err != nil {
				t.faultf("Close failed: %v", err)
			}
		}
	})
}

// code is a message of LoginCode, and codeValue what may not show of it.
func (t *trial) code() sms.Message {
	return sms.Message{To: t.To, Template: LoginCode, Params: sms.Params{"code": codeValue}, Key: sms.NewKey()}
}

const codeValue = "482913"

// send sends m once under the test's own context.
func (t *trial) send(s sms.Sender, m sms.Message) (sms.Receipt, error) {
	return t.sendIn(t.tb.Context(), s, m)
}

func (t *trial) sendIn(ctx context.Context, s sms.Sender, m sms.Message) (r sms.Receipt, err error) {
	err = errPanic
	t.guard("Send", func() { r, err = s.Send(ctx, m) })
	return r, err
}

var errPanic = errors.New("it panicked in Send")

// accepted makes a fault of an error.
func (t *trial) accepted(err error, when string) bool {
	if err != nil {
		t.faultf("%s: it should have been accepted, and was not: %v", when, err)
	}
	return err == nil
}

// ended makes a fault of an end that is not an *sms.Error with that outcome and
// one of those reasons; no reason stands for any that a provider may give.
func (t *trial) ended(err error, when string, outcome sms.Outcome, reasons ...sms.Reason) *sms.Error {
	if err == nil {
		t.faultf("%s: it was accepted, and should have been %v", when, outcome)
		return nil
	}
	e, ok := errors.AsType[*sms.Error](err)
	switch {
	case errors.Is(err, errPanic):
		return nil
	case !ok || e == nil:
		t.faultf("%s: the error holds no *sms.Error: %T: %v", when, err, err)
		return nil
	case sms.OutcomeOf(err) != outcome:
		t.faultf("%s: the outcome is %v, and should have been %v: %v", when, sms.OutcomeOf(err), outcome, err)
	case len(reasons) == 0 && !slices.Contains(sms.Reasons(), e.Reason):
		t.faultf("%s: the reason is %q, which package sms does not have: %v", when, string(e.Reason), err)
	case len(reasons) > 0 && !slices.Contains(reasons, e.Reason):
		t.faultf("%s: the reason is %q, and should have been %s: %v", when, string(e.Reason), either(reasons), err)
	}
	return e
}

func either(reasons []sms.Reason) string {
	words := make([]string, len(reasons))
	for i, r := range reasons {
		words[i] = string(r)
	}
	return strings.Join(words, " or ")
}

// An arrival is what the vendor was given.
type arrival struct{ to, text string }

// A post is a Sender and what of its messages has arrived.
type post struct {
	sms.Sender
	arrived func() []arrival
}

// accepting makes a Sender whose vendor accepts everything.
func (t *trial) accepting() post {
	if t.Local != nil {
		s := t.open("")
		return post{s, func() []arrival { return t.localArrivals(s) }}
	}
	v := t.vendor()
	return post{t.open(v.URL), v.arrivals}
}

// vendor starts one that accepts everything.
func (t *trial) vendor() *vendor {
	if t.Session != nil {
		v, _ := t.session(always(step{}))
		return v
	}
	return t.serve(t.Accept)
}

func (t *trial) localArrivals(s sms.Sender) []arrival {
	var all []arrival
	for _, m := range t.Local.Sent(s) {
		text, err := t.registry.Render(m, Name)
		if err != nil {
			text = strings.Join(slices.Collect(maps.Values(m.Params)), " ")
		}
		all = append(all, arrival{m.To.E164(), text})
	}
	return all
}

// answering makes a Sender whose vendor answers everything with a code and words.
func (t *trial) answering(code, words string) sms.Sender {
	if t.Local != nil {
		s := t.open("")
		t.Local.Fail(s, code, words)
		return s
	}
	if t.Session != nil {
		s, _ := t.sessionFor(step{code: code, words: words})
		return s
	}
	return t.open(t.serve(t.answer(code, words)).URL)
}

// reachesNothing sends a message that has to be refused before anything leaves.
func (t *trial) reachesNothing(p post, m sms.Message, when string, reasons ...sms.Reason) {
	before := len(p.arrived())
	_, err := t.send(p, m)
	t.ended(err, when, sms.Rejected, reasons...)
	if n := len(p.arrived()) - before; n > 0 {
		t.faultf("%s: %d requests reached the vendor, and none should have", when, n)
	}
}
