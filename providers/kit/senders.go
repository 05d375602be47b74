package kit

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/sms"
)

// checkSenders records the faults of From and Senders.
func (b *Base) checkSenders(f *Faults) {
	b.checkSender("from", b.common.From, f)
	for _, name := range slices.Sorted(maps.Keys(b.common.Senders)) {
		path, sender := "senders."+name, b.common.Senders[name]
		who, region, regional := strings.Cut(name, "@")
		switch {
		case name == "":
			f.Add("senders", "a sender has no name: Message.From names it")
		case regional && (len(region) != 2 || region != strings.ToUpper(region)):
			f.Add(path, "%q is not a region, two capital letters such as US: write %q", region, cmp.Or(who, "name")+"@US")
		}
		if sender == "" {
			f.Add(path, "it is empty: write the sender that %q stands for", name)
		}
		b.checkSender(path, sender, f)
	}
}

func (b *Base) checkSender(path, sender string, f *Faults) {
	if sender == "" || b.CheckSender == nil {
		return
	}
	if err := b.CheckSender(sender); err != nil {
		f.Add(path, "%w", err)
	}
}

// senderOf returns the sender of m: that of Message.From, else the binding's, else
// the one for m's region, else the default. named reports whether it is another
// than the default.
func (b *Base) senderOf(m sms.Message, binding *sms.Binding) (sender string, named bool, err error) {
	region := ""
	if len(b.common.Senders) > 0 {
		region = m.To.Region()
	}
	if m.From != "" {
		sender = cmp.Or(b.common.Senders[m.From+"@"+region], b.common.Senders[m.From])
		if sender == "" {
			return "", false, Unsupported("there is no sender %q: senders has %s", m.From, names(b.common.Senders))
		}
		return sender, true, nil
	}
	if binding != nil && binding.From != "" {
		return binding.From, true, nil
	}
	if s := b.common.Senders["@"+region]; s != "" {
		return s, true, nil
	}
	return b.common.From, false, nil
}

// names lists the keys of a map for an error.
func names[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// Senders returns every sender that the settings and the bindings name, sorted,
// each once.
func (b *Base) Senders() []string {
	list := []string{b.common.From}
	for _, s := range b.common.Senders {
		list = append(list, s)
	}
	for _, binding := range b.bindings {
		list = append(list, binding.From)
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == "" })
}
