package fake

import (
	"fmt"
	"strings"

	"github.com/notifykit/notify/sms"
)

// TB is the part of testing.TB that the assertions need; *testing.T, *testing.B
// and *testing.F have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// AssertSent fails t unless a message of the template was taken for the number;
// with an empty template, unless any message was. Like every assertion here it
// prints all calls when it fails, numbers masked and without values, and tells
// whether it held.
func (p *Provider) AssertSent(t TB, to sms.Number, template string) bool {
	t.Helper()
	p.mu.Lock()
	found := p.last(to, func(c *Call) bool { return template == "" || c.Message.Template == template }) != nil
	p.mu.Unlock()
	if !found {
		t.Errorf("no message%s was sent to %v\n%s", ofTemplate(template), to, p.story())
	}
	return found
}

// AssertNotSent fails t if any message was taken for the number.
func (p *Provider) AssertNotSent(t TB, to sms.Number) bool {
	t.Helper()
	m, sent := p.Last(to)
	if sent {
		t.Errorf("a message%s was sent to %v, and none should have been\n%s", ofTemplate(m.Template), to, p.story())
	}
	return !sent
}

// AssertCount fails t unless exactly n messages were taken, for all numbers
// together.
func (p *Provider) AssertCount(t TB, n int) bool {
	t.Helper()
	got := len(p.Sent())
	if got != n {
		t.Errorf("%d messages were sent, and %d should have been\n%s", got, n, p.story())
	}
	return got == n
}

func ofTemplate(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" of template %q", name)
}

// story lists all calls, masked.
func (p *Provider) story() string {
	calls := p.Calls()
	if len(calls) == 0 {
		return "the fake was never called"
	}
	var b strings.Builder
	b.WriteString("the fake was called with:")
	for i, c := range calls {
		fmt.Fprintf(&b, "\n%4d. %v: ", i+1, c.Message)
		switch {
		case c.Err == nil:
			fmt.Fprintf(&b, "accepted by %s", c.Receipt.Provider)
		case c.taken:
			fmt.Fprintf(&b, "taken, and then %v", c.Err)
		default:
			fmt.Fprintf(&b, "%v", c.Err)
		}
	}
	return b.String()
}
