package smstest

import (
	"maps"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

func checkAccepted(t *trial) {
	p := t.accepting()
	messages := []sms.Message{
		t.code(),
		{To: t.To, Template: Notice, Params: sms.Params{"name": "Ann", "order": "7"}},
		{To: t.To, Template: Notice, Params: sms.Params{"name": "张伟 \"O'Neil\" <a&b>", "order": without("\n7\n${name}\t\\+%2B=;~*\n", t.NotInValues)}},
	}
	for i, m := range messages {
		_, err := t.send(p, m)
		if !t.accepted(err, "a message to the vendor that takes everything") {
			continue
		}
		all := p.arrived()
		if len(all) != i+1 {
			t.faultf("after %d messages %d have arrived", i+1, len(all))
			return
		}
		got := all[i]
		if got.to != m.To.E164() {
			t.faultf("the message to %q arrived for %q", m.To.E164(), got.to)
		}
		for name, value := range m.Params {
			if !strings.Contains(got.text, value) {
				t.faultf("the value %q of %s did not arrive as it is, but in %q", value, name, got.text)
			}
		}
	}
}

func checkBody(t *trial) {
	p := t.accepting()
	const text = "Dinner's at \"8\",\n${you} + me? 是的"
	_, err := t.send(p, sms.Message{To: t.To, Body: text})
	if !t.accepted(err, "a message with a body") {
		return
	}
	all := p.arrived()
	if len(all) != 1 || all[0].text != text && t.Local == nil {
		t.faultf("the body %q did not arrive as it is, but %q", text, all)
	}
}

func checkTemplatesOnly(t *trial) {
	t.reachesNothing(t.accepting(), sms.Message{To: t.To, Body: "Hello"}, "a message with a body", sms.Unsupported)
}

func checkReceipt(t *trial) {
	p := t.accepting()
	look := func(m sms.Message, when string) sms.Receipt {
		r, err := t.send(p, m.Clone())
		if !t.accepted(err, when) {
			return r
		}
		if r.Provider != Name {
			t.faultf("%s: Receipt.Provider is %q, and the configured name is %q", when, r.Provider, Name)
		}
		if r.Key == "" || m.Key != "" && r.Key != m.Key {
			t.faultf("%s: Receipt.Key is %q, and the message's was %q", when, r.Key, m.Key)
		}
		if (r.ID == "") != t.NoID {
			t.faultf("%s: Receipt.ID is %q, and NoID is %v", when, r.ID, t.NoID)
		}
		if r.Segments < 1 {
			t.faultf("%s: Receipt.Segments is %d", when, r.Segments)
		}
		return r
	}
	look(t.code(), "a message with a key")
	m := t.code()
	m.Key = ""
	one, two := look(m, "a message without a key"), look(m, "a second message without a key")
	if one.Key != "" && one.Key == two.Key {
		t.faultf("two messages without a key were given the same one, %q", one.Key)
	}
}

func checkParams(t *trial) {
	p := t.accepting()
	m := t.code()
	m.Tags = map[string]string{"campaign": "spring"}
	before := m.Clone()
	if _, err := t.send(p, m); !t.accepted(err, "a message") {
		return
	}
	if !maps.Equal(m.Params, before.Params) {
		t.faultf("Send has changed Params: the names are now %v", m.Params)
	}
	if !maps.Equal(m.Tags, before.Tags) {
		t.faultf("Send has changed Tags: they are now %v", m.Tags)
	}
	// Whatever still reads the first message's maps meets this write, under the race
	// detector at once and in the second message at the latest.
	m.Params["code"] = "555555"
	m.Tags["campaign"] = "555555"
	second := t.code()
	second.Params["code"] = "777777"
	if _, err := t.send(p, second); !t.accepted(err, "a second message") {
		return
	}
	all := p.arrived()
	if got := all[len(all)-1].text; !strings.Contains(got, "777777") {
		t.faultf("the second message arrived as %q, and its code was 777777: Params of the first were kept", got)
	}
}

func checkNumbers(t *trial) {
	p := t.accepting()
	digits := strings.TrimPrefix(t.To.E164(), "+")
	for what, to := range map[string]string{
		"no number":                         "",
		"two numbers in one":                "13800000000,13900000000",
		"two E.164 numbers in one":          t.To.E164() + "," + t.To.E164(),
		"a national number":                 "13800000000",
		"a number without its plus":         digits,
		"a number with 00 for its plus":     "00" + digits,
		"full-width digits":                 "+８６１３８００００００００",
		"digits of another script":          "+٨٦١٣٨٠٠٠٠٠٠٠٠",
		"a newline at the end":              t.To.E164() + "\n",
		"a header in it":                    t.To.E164() + "\r\nX-Injected: 1",
		"a blank in it":                     t.To.E164()[:6] + " " + t.To.E164()[6:],
		"a parameter in it":                 t.To.E164() + "&To=+15005550006",
		"another protocol's address":        "whatsapp:" + t.To.E164(),
		"a country code that begins with 0": "+0" + digits,
		"too few digits":                    "+123456",
		"too many digits":                   "+1234567890123456",
		"a zero byte":                       t.To.E164() + "\x00",
	} {
		m := t.code()
		m.To = sms.Number(to)
		t.reachesNothing(p, m, what, sms.InvalidNumber)
	}
}

func checkInvalid(t *trial) {
	p := t.accepting()
	change := func(f func(*sms.Message)) sms.Message {
		m := t.code()
		f(&m)
		return m
	}
	for when, m := range map[string]sms.Message{
		"an unknown template":           change(func(m *sms.Message) { m.Template = "no-such-template" }),
		"neither template nor body":     change(func(m *sms.Message) { m.Template, m.Params = "", nil }),
		"both template and body":        change(func(m *sms.Message) { m.Body = "Hello" }),
		"a missing value":               change(func(m *sms.Message) { m.Params = nil }),
		"a value too many":              change(func(m *sms.Message) { m.Params["other"] = "1" }),
		"a code that is Chinese":        change(func(m *sms.Message) { m.Params["code"] = "验证码" }),
		"a code with a newline":         change(func(m *sms.Message) { m.Params["code"] = "4829\n" }),
		"an empty code":                 change(func(m *sms.Message) { m.Params["code"] = "" }),
		"a kind that is not its own":    change(func(m *sms.Message) { m.Kind = sms.Promotion }),
		"a kind that does not exist":    change(func(m *sms.Message) { m.Kind = 99 }),
		"a key that is longer than 255": change(func(m *sms.Message) { m.Key = strings.Repeat("k", sms.MaxKey+1) }),
	} {
		t.reachesNothing(p, m, when, sms.InvalidMessage)
	}
}

func checkNilRegistry(t *trial) {
	url, arrived := "", func() []arrival { return nil }
	if t.Local == nil {
		v := t.vendor()
		url, arrived = v.URL, v.arrivals
	}
	var s sms.Sender
	t.guard("New with a nil registry", func() { s = t.New(t.tb, url, nil) })
	if s == nil {
		t.faultf("New made no Sender of a nil registry: set Provider.TemplatesOnly if the vendor takes no body")
		return
	}
	t.atEnd(func() { t.close(s) })
	t.reachesNothing(post{s, arrived}, t.code(), "a template, without a registry", sms.InvalidMessage)
	_, err := t.send(s, sms.Message{To: t.To, Body: "Hello"})
	t.accepted(err, "a body, without a registry")
}

func checkFrom(t *trial) {
	m := t.code()
	m.From = "no-such-sender"
	t.reachesNothing(t.accepting(), m, "a sender that was not configured", sms.Unsupported)
}

func checkExpired(t *trial) {
	m := t.code()
	m.Expires = time.Now().Add(-time.Second)
	t.reachesNothing(t.accepting(), m, "a message that has expired", sms.Expired)
	m.Expires = time.Now().Add(time.Hour)
	_, err := t.send(t.accepting(), m)
	t.accepted(err, "a message that expires in an hour")
}

// without leaves characters out of a text.
func without(s, characters string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(characters, c) {
			return -1
		}
		return c
	}, s)
}
