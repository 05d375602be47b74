package recipe

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/notifykit/notify/sms"
)

// A Seen is a request as the gateway reads it.
type Seen struct {
	// Find says that the request asks for messages and hands none over.
	Find bool
	// Input is what the request was made from, as far as it shows: signatures cannot be
	// undone, and a field that the recipe does not send is empty.
	Input Input
	// Reason is why a gateway would refuse the request: unauthorized, invalid_number or
	// invalid_message. Empty: it is right.
	Reason sms.Reason
	// Fits says that the request has all that the recipe's has, credentials apart: it is
	// for this gateway and no other.
	Fits bool
	// Wrong says what is wrong in words. It holds no value of the request.
	Wrong string
}

// Read reads a request that a client made for the gateway, by the recipe backwards. It
// reports false if method and path are those of no request of the recipe. The path of
// h must be that of the recipe, without what comes before it in the endpoint. secrets
// are those that the gateway knows; a setting may have any value. Fields that the
// recipe does not have are ignored, as gateways do.
func (r *Recipe) Read(h *http.Request, body []byte, secrets map[string]string) (Seen, bool) {
	type way struct {
		q    *request
		find bool
	}
	ways := []way{{r.send, false}, {r.unicode, false}}
	if r.find != nil {
		ways = append(ways, way{r.find.request, true})
	}
	var first Seen
	known := false
	for _, w := range ways {
		if w.q == nil || w.q.method != h.Method {
			continue
		}
		s := &sight{r: r, q: w.q, seen: map[string]string{}}
		if !s.path(h.URL.EscapedPath()) {
			continue
		}
		seen := s.read(h, body, secrets)
		seen.Find = w.find
		if seen.Reason == "" {
			return seen, true
		}
		// The reading that came farther says better what is wrong.
		if !known || first.Reason != sms.Unauthorized && seen.Reason == sms.Unauthorized {
			first, known = seen, true
		}
	}
	return first, known
}

// A sight is one reading of a request.
type sight struct {
	r      *Recipe
	q      *request
	seen   map[string]string // by placeholder without form: "to.digits"
	values []Value
	proofs []proof
	reason sms.Reason
	wrong  string
}

// A proof is a text with a secret or a signature, and what the request has there.
type proof struct {
	text text
	got  string
}

// refuse keeps the first thing that is wrong.
func (s *sight) refuse(reason sms.Reason, words string) {
	if s.wrong == "" {
		s.reason, s.wrong = reason, words
	}
}

func (s *sight) path(escaped string) bool {
	c, ok := matchText(s.q.path, escaped)
	for i, name := range c.names {
		v, err := url.PathUnescape(c.values[i])
		ok = ok && err == nil && v != "" && !strings.Contains(c.values[i], "/")
		s.keep(name, v)
	}
	return ok
}

func (s *sight) read(h *http.Request, body []byte, secrets map[string]string) Seen {
	actual := map[string]*doc{}
	if s.q.query != nil {
		d, err := parseForm(h.URL.RawQuery)
		if err != nil {
			s.refuse(sms.InvalidMessage, "the query cannot be read")
			d = &doc{kind: mapNode}
		}
		actual["query"] = d
		s.tree(s.q.query, d, "the query", true)
	}
	if s.q.body != nil {
		d, err := parseDoc(s.q.bodyKind, body, nil)
		if err != nil {
			s.refuse(sms.InvalidMessage, "the body is no "+s.q.bodyKind)
			d = &doc{kind: mapNode}
		}
		actual[s.q.bodyKind] = d
		s.tree(s.q.body, d, "the body", s.q.bodyKind == "form")
	}
	for _, header := range s.q.headers {
		s.header(header, h.Header.Get(header.name))
	}
	in, reason, wrong := s.input(h)
	if wrong != "" {
		s.refuse(reason, wrong)
	}
	in.Secrets = secrets
	f := &filler{r: s.r, q: s.q, in: &in, actual: actual,
		written: map[string]string{"path": h.URL.EscapedPath(), "query": h.URL.RawQuery, "body": string(body)}}
	for _, p := range s.proofs {
		if want, _, err := f.text(p.text); err != nil || want != p.got {
			// Who is not known learns nothing else.
			return Seen{Input: in, Fits: s.wrong == "", Reason: sms.Unauthorized, Wrong: "a credential or signature is wrong"}
		}
	}
	return Seen{Input: in, Fits: s.wrong == "", Reason: s.reason, Wrong: s.wrong}
}

func (s *sight) header(h header, got string) {
	switch {
	case h.user != nil:
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got, "Basic "))
		user, password, ok := strings.Cut(string(raw), ":")
		if err != nil || !ok {
			user, password = "", ""
		}
		s.leaf(*h.user, user, "the user", true)
		s.leaf(h.text, password, "the password", true)
	case got == "" && h.text.optional():
	default:
		if _, constant := h.text.literal(); constant && got == "" {
			return
		}
		s.leaf(h.text, got, "the header "+h.name, false)
	}
}

// keep stores what stands at a placeholder. A value that comes twice must be the same.
func (s *sight) keep(name, value string) {
	name, _, _ = strings.Cut(strings.TrimSuffix(name, "?"), ":")
	if old, twice := s.seen[name]; twice && old != value {
		s.refuse(sms.InvalidMessage, "two fields that must be equal differ")
		return
	}
	s.seen[name] = value
}

// leaf reads a text. credential says that a constant is part of a credential.
func (s *sight) leaf(t text, got, where string, credential bool) {
	if want, ok := t.literal(); ok {
		if want != got && credential {
			s.proofs = append(s.proofs, proof{t, got})
		} else if want != got {
			s.refuse(sms.InvalidMessage, where+" is another one")
		}
		return
	}
	if t.uses("secret", "sign") {
		s.proofs = append(s.proofs, proof{t, got})
	}
	c, ok := matchText(joined(t), got)
	if !ok {
		if !t.uses("secret", "sign") {
			s.refuse(sms.InvalidMessage, where+" has another form")
		}
		return
	}
	for i, name := range c.names {
		s.keep(name, c.values[i])
		s.plain(name, c.values[i])
	}
	if got == "" && t.uses("to") {
		s.refuse(sms.InvalidNumber, where+" is empty")
	} else if got == "" && t.uses("text", "template") {
		s.refuse(sms.InvalidMessage, where+" is empty")
	}
}

// plain reads a "signature" that hides nothing, such as the Base64 of an account and
// the time.
func (s *sight) plain(name, got string) {
	for _, sign := range s.r.signs {
		if name != "sign."+sign.name || sign.method != "plain" || sign.sorted != nil {
			continue
		}
		raw, err := []byte(got), error(nil)
		switch sign.as {
		case "base64":
			raw, err = base64.StdEncoding.DecodeString(got)
		case "base64url":
			raw, err = base64.URLEncoding.DecodeString(got)
		case "hex", "hex_upper":
			raw, err = hex.DecodeString(got)
		}
		var pieces text
		for _, piece := range sign.pieces {
			pieces.parts = append(pieces.parts, piece.parts...)
		}
		if c, ok := matchText(joined(pieces), string(raw)); ok && err == nil {
			for i, name := range c.names {
				s.keep(name, c.values[i])
			}
		}
	}
}

// joined makes one placeholder of "{to.cc}{to.national}", which is "{to.digits}".
func joined(t text) text {
	out := text{line: t.line}
	for _, p := range t.parts {
		if n := len(out.parts); n > 0 && p.name == "to" && p.arg == "national" && out.parts[n-1].name == "to" && out.parts[n-1].arg == "cc" {
			out.parts[n-1].arg = "digits"
			continue
		}
		out.parts = append(out.parts, p)
	}
	return out
}

// input returns what the request was made from.
func (s *sight) input(h *http.Request) (in Input, reason sms.Reason, wrong string) {
	in = Input{From: s.seen["from"], Key: s.seen["key"], Template: s.seen["template"], Nonce: s.seen["nonce"], ReportURL: s.seen["report_url"],
		Values: s.values, Extra: map[string]string{}, Settings: s.r.Defaults(), Endpoint: "http://" + h.Host, Now: time.Now()}
	for name, value := range s.seen {
		switch kind, arg, _ := strings.Cut(name, "."); kind {
		case "setting":
			in.Settings[arg] = value
		case "extra":
			in.Extra[arg] = value
		case "value":
			in.Values = append(in.Values, Value{arg, value})
		case "text":
			text, ok := decodeText(value, arg)
			if in.Text = text; !ok {
				reason, wrong = sms.InvalidMessage, "the text cannot be decoded"
			}
		case "time", "since", "until":
			at, err := s.r.stampOf(arg).parse(value)
			if err != nil {
				reason, wrong = sms.InvalidMessage, "a time cannot be read"
			}
			switch kind {
			case "time":
				in.Now = at
			case "since":
				in.Since = at
			default:
				in.Until = at
			}
		}
	}
	if ms, err := atoi(s.seen["time_ms"]); err == nil {
		in.Now = time.UnixMilli(ms)
	}
	for _, setting := range s.r.Settings {
		if value := in.Settings[setting.Name]; len(setting.OneOf) > 0 && value != "" && !contains(setting.OneOf, value) {
			reason, wrong = sms.InvalidMessage, "the setting "+setting.Name+" is another one"
		}
	}
	in.Validity, _ = strconv.Atoi(s.seen["validity"])
	if in.To = s.number(); in.To == "" && s.uses("to") {
		reason, wrong = sms.InvalidNumber, "the number is none"
	}
	return in, reason, wrong
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

func (s *sight) uses(name string) (found bool) {
	see := func(t text, _ *node, _ bool) { found = found || t.uses(name) }
	see(s.q.path, nil, false)
	s.q.query.each(see)
	s.q.body.each(see)
	return found
}

func (r *Recipe) stampOf(name string) stamp {
	if name == "" {
		return stamp{layout: "unix"}
	}
	return r.times[name]
}

// number returns the number in E.164, "" for none.
func (s *sight) number() sms.Number {
	national, hasNational := s.seen["to.national"]
	n := sms.Number(s.seen["to"])
	switch {
	case n != "":
	case s.seen["to.digits"] != "":
		n = sms.Number("+" + s.seen["to.digits"])
	case hasNational && s.seen["to.cc"] != "":
		n = sms.Number("+" + s.seen["to.cc"] + national)
	case hasNational:
		for _, region := range s.r.Regions {
			n = sms.Number("+" + strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region)) + national)
			if n.Valid() && n.Region() == region {
				break
			}
		}
	}
	if !n.Valid() {
		return ""
	}
	return n
}
