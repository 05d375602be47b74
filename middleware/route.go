package middleware

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/notifykit/notify/sms"
)

// A Rule sends the messages that it matches To a Sender. It matches where each of
// its lists that is not empty holds the message's value; with all of them empty
// it matches everything.
type Rule struct {
	// Regions are those of the recipient's number: "CN", "US".
	Regions []string
	// Templates are names in the Registry; a message with a Body matches none.
	Templates []string
	// Kinds are the message's, as Validate has filled it in; an unset one is
	// Notification.
	Kinds []sms.Kind
	// Tags all have to be there with just these values.
	Tags map[string]string
	// To is where they go: a provider, or a Failover or Weighted of several.
	To sms.Sender
}

func (r *Rule) matches(m sms.Message) bool {
	switch {
	case len(r.Regions) > 0 && !slices.Contains(r.Regions, m.To.Region()),
		len(r.Templates) > 0 && (m.Template == "" || !slices.Contains(r.Templates, m.Template)),
		len(r.Kinds) > 0 && !slices.Contains(r.Kinds, effective(m.Kind)):
		return false
	}
	for name, want := range r.Tags {
		if got, ok := m.Tags[name]; !ok || got != want {
			return false
		}
	}
	return true
}

// Route returns a Sender that sends each message to the first rule that matches
// it. A rule whose Sender's breaker is open is passed over, without a wait, for a
// later one that matches; where there is none, the first one has the message all
// the same and answers for it. It tries one Sender only: what is to be tried
// after it stands in a [Failover] that the rule leads to.
//
// A message that no rule matches is Unsupported. Rules without a Sender are left
// out. The result may be used by any number of goroutines; it unwraps to the
// Senders of its rules, and CheckTemplate asks those that the template may go to.
func Route(rules ...Rule) sms.Sender {
	r := &route{}
	for _, rule := range rules {
		if rule.To == nil {
			continue
		}
		rule.Regions, rule.Templates, rule.Kinds = slices.Clone(rule.Regions), slices.Clone(rule.Templates), slices.Clone(rule.Kinds)
		rule.Tags = maps.Clone(rule.Tags)
		r.rules = append(r.rules, rule)
	}
	return r
}

type route struct{ rules []Rule }

// Unwrap gives the rules' Senders in order.
func (r *route) Unwrap() []sms.Sender {
	senders := make([]sms.Sender, len(r.rules))
	for i := range r.rules {
		senders[i] = r.rules[i].To
	}
	return senders
}

// CheckTemplate asks the Senders of the rules that messages of this template may
// come to: up to the first rule that takes all of them.
func (r *route) CheckTemplate(name string, p sms.Params) error {
	var senders []sms.Sender
	for i := range r.rules {
		rule := &r.rules[i]
		if len(rule.Templates) > 0 && !slices.Contains(rule.Templates, name) {
			continue
		}
		senders = append(senders, rule.To)
		if len(rule.Regions) == 0 && len(rule.Kinds) == 0 && len(rule.Tags) == 0 {
			break
		}
	}
	return checkAll(senders, name, p)
}

func (r *route) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	var first sms.Sender
	for i := range r.rules {
		rule := &r.rules[i]
		if !rule.matches(m) {
			continue
		}
		if StateOf(rule.To) != StateOpen {
			return rule.To.Send(ctx, m)
		}
		if first == nil {
			first = rule.To
		}
	}
	if first != nil {
		return first.Send(ctx, m)
	}
	return sms.Receipt{}, sms.Refuse(m, sms.Unsupported, fmt.Errorf("no rule of the route matches region %q, template %q, kind %v: add one without conditions at the end", m.To.Region(), m.Template, m.Kind))
}
