package aliyun

import (
	"maps"
	"slices"
	"strconv"

	"github.com/notifykit/notify/sms"
)

// The keys of Binding.Extra.
const (
	extraExtendCode = "sms_up_extend_code"
	extraMaxLength  = "max_value_length"
)

// A binding is what is needed to send one template, read once in New so that no
// message copies a Template.
type binding struct {
	kind       sms.Kind
	id         string // of a mainland template
	abroad     string // of an international one
	from       string
	extendCode string
	limit      lengths
	variables  []string // in order of first use
}

// bindings reads what the templates hold for this provider.
func (f *faults) bindings(o Options) map[string]*binding {
	if o.Templates == nil {
		f.add("templates", "there are none: the vendor sends nothing but templates")
		return nil
	}
	all := map[string]*binding{}
	for t := range o.Templates.All() {
		b, ok := t.Bindings[o.Name]
		if !ok {
			continue
		}
		read := &binding{
			kind:      o.Templates.Kind(t.Name),
			id:        b.ID,
			abroad:    b.Abroad,
			from:      b.From,
			variables: o.Templates.Variables(t.Name),
		}
		read.limit = usualLengths(read.kind)
		path := "templates." + t.Name + ".bindings." + o.Name
		f.checkIDs(path, read)
		f.checkSignature(path+".from", b.From)
		if b.From == "" && o.From == "" && len(o.Senders) == 0 {
			f.add("from", "it is empty, and so is that of template %q's binding: the vendor sends nothing without a signature", t.Name)
		}
		f.readExtra(path+".extra", b.Extra, read)
		all[t.Name] = read
	}
	return all
}

// checkIDs moves the ID of an international template to where templates for
// numbers abroad stand.
func (f *faults) checkIDs(path string, b *binding) {
	if b.kind == sms.International {
		if b.abroad != "" {
			f.add(path+".abroad", "an international template goes abroad by its id: write %q there", b.abroad)
		}
		b.id, b.abroad = "", b.id
	}
	if b.id == "" && b.abroad == "" {
		f.add(path+".id", "it is empty: write the vendor's template code, such as SMS_0001")
	}
}

func (f *faults) readExtra(path string, extra map[string]string, b *binding) {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		value := extra[key]
		switch key {
		case extraExtendCode:
			if !isDigits(value) {
				f.add(path+"."+key, "%q is no extension code: it has digits only", value)
			}
			b.extendCode = value
		case extraMaxLength:
			n, err := strconv.Atoi(value)
			if err != nil || n < max(1, b.limit.min) {
				f.add(path+"."+key, "%q is not a number of characters, %d at least", value, max(1, b.limit.min))
			}
			b.limit.max = n
		default:
			f.add(path+"."+key, "there is no such setting: there are %s and %s", extraMaxLength, extraExtendCode)
		}
	}
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
