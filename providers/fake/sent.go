package fake

import "github.com/notifykit/notify/sms"

// A Call is one message that came to the fake, and its end. Messages that the
// checks refuse before, a wrong number or a missing value, are none.
type Call struct {
	Message sms.Message // with its Key and Kind filled in
	Receipt sms.Receipt // where it was taken
	Err     error       // what the caller was told; nil: accepted

	taken bool // also where the answer was lost
}

// Calls returns all calls since the last Reset, refused ones included, in the
// order in which they ended.
func (p *Provider) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make([]Call, len(p.calls))
	for i, c := range p.calls {
		c.Message = c.Message.Clone()
		calls[i] = c
	}
	return calls
}

// Sent returns the messages taken since the last Reset, in order, in full.
func (p *Provider) Sent() []sms.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	var sent []sms.Message
	for i := range p.calls {
		if p.calls[i].taken {
			sent = append(sent, p.calls[i].Message.Clone())
		}
	}
	return sent
}

// Last returns the last message taken for a number, and whether there is one.
func (p *Provider) Last(to sms.Number) (sms.Message, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.last(to, func(*Call) bool { return true })
	if c == nil {
		return sms.Message{}, false
	}
	return c.Message.Clone(), true
}

// Code returns what a person at that number would type in: the last value of
// the parameter "code" sent there, else that of the last message with a single
// parameter; "" where there is none.
func (p *Provider) Code(to sms.Number) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.last(to, func(c *Call) bool { _, ok := c.Message.Params["code"]; return ok }); c != nil {
		return c.Message.Params["code"]
	}
	if c := p.last(to, func(c *Call) bool { return len(c.Message.Params) == 1 }); c != nil {
		for _, value := range c.Message.Params {
			return value
		}
	}
	return ""
}

// last finds the last taken call for a number that is like that. The caller
// holds p.mu.
func (p *Provider) last(to sms.Number, like func(*Call) bool) *Call {
	for i := len(p.calls) - 1; i >= 0; i-- {
		if c := &p.calls[i]; c.taken && c.Message.To == to && like(c) {
			return c
		}
	}
	return nil
}

// Reset forgets all calls and all that was scripted.
func (p *Provider) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.script = nil, script{}
}
