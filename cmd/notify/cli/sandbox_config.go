package cli

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/tencent"
	"github.com/notifykit/notify/sms"
)

// addConfig gives the sandbox what a configuration file has for its vendors:
// its accounts, signatures, senders and templates. A variable that is not set is
// no fault, because a developer's machine has no credentials: an account without
// them is left out, and a note says so.
func addConfig(o *sandbox.Options, path string) (notes []string, err error) {
	config, err := notify.LoadConfig(path, notify.LoadOptions{})
	if _, err = withoutMissing(err); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(config.Providers)) {
		p := config.Providers[name]
		settings, _ := p.Settings.(map[string]any)
		switch p.Driver {
		case sandbox.Aliyun:
			notes = append(notes, addAliyun(o, name, settings, config.Templates))
		case sandbox.AWS:
			notes = append(notes, addAWS(o, name, settings, config.Templates))
		case sandbox.Tencent:
			notes = append(notes, addTencent(o, name, settings, config.Templates))
		case sandbox.Twilio:
			notes = append(notes, addTwilio(o, name, settings, config.Templates))
		case sandbox.Vonage:
			notes = append(notes, addVonage(o, name, settings))
		case sandbox.SMPP:
			notes = append(notes, addSMPP(o, name, settings))
		}
	}
	return notes, nil
}

// text reads a setting that is a text, and is empty if a variable in it is not
// set.
func text(settings map[string]any, key string) string {
	s, _ := settings[key].(string)
	return s
}

// senders lists every sender that a provider may use: its own, those by name, and
// those of its bindings.
func senders(name string, settings map[string]any, templates []sms.Template) []string {
	list := []string{text(settings, "from")}
	byName, _ := settings["senders"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, text(byName, key))
	}
	for _, t := range templates {
		list = append(list, t.Bindings[name].From)
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	slices.Sort(list)
	return slices.Compact(list)
}

func list(names []string) string { return cmp.Or(strings.Join(names, ", "), "none") }

func addAliyun(o *sandbox.Options, name string, settings map[string]any, templates []sms.Template) (note string) {
	signatures := senders(name, settings, templates)
	for _, s := range signatures {
		o.Signatures = append(o.Signatures, sandbox.Signature{Name: s})
	}
	count := 0
	for _, t := range templates {
		binding := t.Bindings[name]
		add := func(code string, kind sms.Kind) {
			if code != "" {
				count++
				o.Templates = append(o.Templates, sandbox.Template{Code: code, Name: t.Name, Kind: kind, Text: cmp.Or(binding.Text, t.Text)})
			}
		}
		add(binding.ID, t.Kind)
		add(binding.Abroad, sms.International)
	}
	note = fmt.Sprintf("From the configuration, %s: signatures %s, %d templates", name, list(signatures), count)
	id, secret := text(settings, "access_key_id"), text(settings, "access_key_secret")
	if id == "" || secret == "" {
		return note + "; no access key, because its variables are not set"
	}
	o.Keys = append(o.Keys, sandbox.Key{ID: id, Secret: secret})
	return note + "; access key " + id
}

func addTencent(o *sandbox.Options, name string, settings map[string]any, templates []sms.Template) (note string) {
	signatures, count := senders(name, settings, templates), 0
	for _, s := range signatures {
		o.Tencent.Signatures = append(o.Tencent.Signatures, tencent.Signature{Name: s})
	}
	for _, t := range templates {
		binding := t.Bindings[name]
		add := func(id string, kind sms.Kind) {
			if id != "" {
				count++
				o.Tencent.Templates = append(o.Tencent.Templates, tencent.Template{ID: id, Name: t.Name, Kind: kind,
					Text: numberedText(cmp.Or(binding.Text, t.Text), binding.Order, "{", "}")})
			}
		}
		add(binding.ID, t.Kind)
		add(binding.Abroad, sms.International)
	}
	note = fmt.Sprintf("From the configuration, %s: signatures %s, %d templates", name, list(signatures), count)
	if app := text(settings, "sdk_app_id"); app != "" {
		o.Tencent.AppIDs = append(o.Tencent.AppIDs, app)
	}
	id, secret := text(settings, "secret_id"), text(settings, "secret_key")
	if id == "" || secret == "" {
		return note + "; no key, because its variables are not set"
	}
	o.Tencent.Keys = append(o.Tencent.Keys, sandbox.Key{ID: id, Secret: secret})
	return note + "; key " + id
}

func addTwilio(o *sandbox.Options, name string, settings map[string]any, templates []sms.Template) (note string) {
	account := sandbox.Account{SID: text(settings, "account_sid"), Token: text(settings, "auth_token"), Parent: text(settings, "parent_account_sid")}
	key := sandbox.Key{ID: text(settings, "api_key_sid"), Secret: text(settings, "api_key_secret")}
	if key.ID != "" && key.Secret != "" {
		account.APIKeys = append(account.APIKeys, key)
	}
	services := []string{text(settings, "messaging_service_sid")}
	for _, sender := range senders(name, settings, templates) {
		if strings.HasPrefix(sender, "MG") {
			services = append(services, sender)
		} else {
			account.Senders = append(account.Senders, sender)
		}
	}
	for _, sid := range services {
		if sid != "" {
			account.Services = append(account.Services, sandbox.Service{SID: sid, Senders: account.Senders})
		}
	}
	for _, t := range templates {
		if b := t.Bindings[name]; strings.HasPrefix(b.ID, "HX") {
			account.Contents = append(account.Contents, sandbox.Content{SID: b.ID, Text: numberedText(cmp.Or(b.Text, t.Text), b.Order, "{{", "}}")})
		}
	}
	note = fmt.Sprintf("From the configuration, %s: senders %s, %d content templates", name, list(account.Senders), len(account.Contents))
	if account.SID == "" || account.Token == "" && len(account.APIKeys) == 0 {
		return note + "; no account, because its variables are not set"
	}
	o.Accounts = append(o.Accounts, account)
	return note + "; account " + account.SID
}

func addAWS(o *sandbox.Options, name string, settings map[string]any, templates []sms.Template) (note string) {
	note = fmt.Sprintf("From the configuration, %s", name)
	for _, s := range senders(name, settings, templates) {
		if s != "" {
			o.AWS.Senders = append(o.AWS.Senders, s)
		}
	}
	if set := text(settings, "configuration_set"); set != "" {
		o.AWS.Sets = append(o.AWS.Sets, set)
	}
	id, secret := text(settings, "access_key_id"), text(settings, "secret_access_key")
	if id == "" || secret == "" {
		return note + ": no key, because its variables are not set"
	}
	o.AWS.Keys = append(o.AWS.Keys, sandbox.Key{ID: id, Secret: secret})
	return note + ": key " + id
}

func addVonage(o *sandbox.Options, name string, settings map[string]any) (note string) {
	note = fmt.Sprintf("From the configuration, %s", name)
	key, secret := text(settings, "api_key"), text(settings, "api_secret")
	if key == "" || secret == "" {
		return note + ": no credentials, because their variables are not set"
	}
	o.Vonage.Keys = append(o.Vonage.Keys, sandbox.Key{ID: key, Secret: secret})
	return note + ": api_key " + key
}

func addSMPP(o *sandbox.Options, name string, settings map[string]any) (note string) {
	note = fmt.Sprintf("From the configuration, %s", name)
	id, password := text(settings, "system_id"), text(settings, "password")
	if id == "" || password == "" {
		return note + ": no account, because its variables are not set"
	}
	o.SMSC.Accounts = append(o.SMSC.Accounts, sandbox.Key{ID: id, Secret: password})
	return note + ": system_id " + id
}

var variable = regexp.MustCompile(`\$\{(\w+)\}`)

// numberedText writes a text with the vendor's marks around its variables, which
// are numbered if the binding says their order.
func numberedText(text string, order []string, left, right string) string {
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		name := v[2 : len(v)-1]
		if i := slices.Index(order, name); i >= 0 {
			name = strconv.Itoa(i + 1)
		}
		return left + name + right
	})
}
