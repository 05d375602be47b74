package aliyun

import (
	"maps"
	"slices"
	"strconv"

	"github.com/notifykit/notify/providers/kit"
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
	extendCode string
	limit      lengths
	variables  []string // in order of first use
}

// bindings reads what the templates hold for this provider.
func (o Options) bindings(base *kit.Base, f *kit.Faults) map[string]*binding {
	all := map[string]*binding{}
	base.Bindings(func(t sms.Template, b sms.Binding, path string) {
		read := &binding{kind: o.Templates.Kind(t.Name), id: b.ID, abroad: b.Abroad, variables: o.Templates.Variables(t.Name)}
		all[t.Name] = read
		o.checkBinding(f, path, read, b.Extra)
		if o.API == APIGlobe {
			return
		}
		if read.limit = usualLengths(read.kind); o.API == APIPNVS {
			read.limit = lengths{max: 35} // its templates have minutes besides the code
		} else {
			checkIDs(f, path, read)
		}
		if b.From == "" && o.From == "" && len(o.Senders) == 0 {
			f.Add("from", "it is empty, and so is that of template %q's binding: the vendor sends nothing without a signature", t.Name)
		}
		readExtra(f, path+".extra", b.Extra, read)
	})
	return all
}

// checkIDs moves the ID of an international template to where templates for
// numbers abroad stand.
func checkIDs(f *kit.Faults, path string, b *binding) {
	if b.kind == sms.International {
		if b.abroad != "" {
			f.Add(path+".abroad", "an international template goes abroad by its id: write %q there", b.abroad)
		}
		b.id, b.abroad = "", b.id
	}
	if b.id == "" && b.abroad == "" {
		f.Add(path+".id", "it is empty: write the vendor's template code, such as SMS_0001")
	}
}

func readExtra(f *kit.Faults, path string, extra map[string]string, b *binding) {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		value := extra[key]
		switch key {
		case extraExtendCode:
			if !isDigits(value) {
				f.Add(path+"."+key, "%q is no extension code: it has digits only", value)
			}
			b.extendCode = value
		case extraMaxLength:
			n, err := strconv.Atoi(value)
			if err != nil || n < max(1, b.limit.min) {
				f.Add(path+"."+key, "%q is not a number of characters, %d at least", value, max(1, b.limit.min))
			}
			b.limit.max = n
		default:
			f.Add(path+"."+key, "there is no such setting: there are %s and %s", extraMaxLength, extraExtendCode)
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
