package recipe

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"github.com/notifykit/notify/sms"
)

// MaxRequest is the longest request that is made, in bytes of body and URL.
const MaxRequest = 64 << 10

// An Input is what a request is made from. It prints masked.
type Input struct {
	To        sms.Number
	Text      string
	Template  string  // the gateway's template; empty: free text
	Values    []Value // of the template's variables, in order
	From      string
	Key       string // as the gateway gets it
	ReportURL string
	Validity  int // in seconds; zero: none
	Extra     map[string]string
	Secrets   map[string]string
	Settings  map[string]string
	// Endpoint is the base address without a slash at the end.
	Endpoint string
	// Now is the time of the call, and Nonce a text for {nonce}; empty: a random one.
	Now   time.Time
	Nonce string
	// Since and Until are the times that a find request asks for.
	Since, Until time.Time
}

// A Value is a variable of a template and its value.
type Value struct{ Name, Value string }

// A Request is a request as it would be sent. It prints without what it holds.
type Request struct {
	Method, URL string
	Header      http.Header
	Body        string
}

// Request returns the request for a message. The error says what the message lacks.
func (r *Recipe) Request(in Input) (*Request, error) {
	if in.Text != "" && r.maxText > 0 && utf8.RuneCountInString(in.Text) > r.maxText {
		return nil, fmt.Errorf("the text has %d characters: %s takes at most %d", utf8.RuneCountInString(in.Text), r.Name, r.maxText)
	}
	if r.maxFrom > 0 && utf8.RuneCountInString(in.From) > r.maxFrom {
		return nil, fmt.Errorf("the sender has %d characters: %s takes at most %d", utf8.RuneCountInString(in.From), r.Name, r.maxFrom)
	}
	q := r.send
	if r.unicode != nil {
		if _, unicode := sms.CountSegments(in.Text); unicode {
			q = r.unicode
		}
	}
	return r.fill(q, &in)
}

func (r *Recipe) fill(q *request, in *Input) (*Request, error) {
	f := &filler{r: r, q: q, in: in}
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	out := &Request{Method: q.method, URL: in.Endpoint + path, Header: http.Header{}}
	query, err := f.query()
	if err != nil {
		return nil, err
	}
	if query != "" {
		out.URL += "?" + query
	}
	if out.Body, err = f.body(); err != nil {
		return nil, err
	}
	if q.contentType != "" {
		out.Header.Set("Content-Type", q.contentType)
	}
	for _, h := range q.headers {
		if err := f.header(out.Header, h); err != nil {
			return nil, err
		}
	}
	if n := len(out.Body) + len(out.URL); n > MaxRequest {
		return nil, fmt.Errorf("the request has %d bytes: at most %d are sent", n, MaxRequest)
	}
	return out, nil
}

// A filler fills one request. Its values are computed when they are asked for, and
// once.
type filler struct {
	r       *Recipe
	q       *request
	in      *Input
	signs   map[string][]byte
	written map[string]string // path, query, body
	// of a repeated field, and of the pair of a sorted signature:
	n           int
	name, value string
	hook        map[string]string // url, body and headers, for verify
	actual      map[string]*doc   // query, form or json of a request that came, for Read
}

// once returns what make returns, and keeps it.
func (f *filler) once(what string, make func() (string, error)) (string, error) {
	if s, ok := f.written[what]; ok {
		return s, nil
	}
	s, err := make()
	if err == nil {
		if f.written == nil {
			f.written = map[string]string{}
		}
		f.written[what] = s
	}
	return s, err
}

// text fills a leaf. It reports whether the field is to be left out.
func (f *filler) text(t text) (s string, leave bool, err error) {
	if len(t.parts) == 1 && t.parts[0].name == "" {
		return t.parts[0].literal, false, nil
	}
	var b strings.Builder
	some := false
	for _, p := range t.parts {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		v, err := f.placeholder(p)
		if err != nil {
			return "", false, err
		}
		if v == "" && !p.optional && !f.mayBeEmpty(p) {
			return "", false, fmt.Errorf("%v is empty%s", p, hint(p))
		}
		some = some || v != ""
		b.WriteString(v)
	}
	return b.String(), t.optional() && !some, nil
}

func hint(p part) string {
	switch p.name {
	case "from":
		return ": set from"
	case "template":
		return ": give the template's binding an id"
	case "extra":
		return ": set extra." + p.arg + " of the template's binding"
	case "report_url":
		return ": set report_url"
	}
	return ""
}

// mayBeEmpty reports whether a placeholder without "?" may be empty: values may be,
// and a setting whose default is.
func (f *filler) mayBeEmpty(p part) bool {
	switch p.name {
	case "value", "values", "query", "body", "name":
		return true
	case "setting":
		i := slices.IndexFunc(f.r.Settings, func(s Setting) bool { return s.Name == p.arg })
		return i >= 0 && f.r.Settings[i].HasDefault && f.r.Settings[i].Default == ""
	}
	return false
}

func (f *filler) placeholder(p part) (string, error) {
	in := f.in
	switch p.name {
	case "to":
		return number(in.To, p.arg)
	case "text":
		return encodeText(in.Text, p.arg), nil
	case "template":
		return in.Template, nil
	case "from":
		return in.From, nil
	case "key":
		return in.Key, nil
	case "nonce":
		if in.Nonce == "" {
			in.Nonce = f.r.nonce.make()
		}
		return in.Nonce, nil
	case "time":
		return f.stamp(p.arg, in.Now), nil
	case "time_ms":
		return itoa(in.Now.UnixMilli()), nil
	case "since":
		return f.stamp(p.arg, in.Since), nil
	case "until":
		return f.stamp(p.arg, in.Until), nil
	case "value":
		if p.arg == "" {
			return f.value, nil
		}
		i := slices.IndexFunc(in.Values, func(v Value) bool { return v.Name == p.arg })
		if i < 0 {
			return "", fmt.Errorf("the template has no variable %q", p.arg)
		}
		return in.Values[i].Value, nil
	case "values":
		return f.values(p)
	case "name":
		return f.name, nil
	case "n":
		return itoa(int64(f.n)), nil
	case "extra":
		return in.Extra[p.arg], nil
	case "setting":
		return in.Settings[p.arg], nil
	case "secret":
		return in.Secrets[p.arg], nil
	case "report_url":
		return in.ReportURL, nil
	case "validity":
		if in.Validity == 0 {
			return "", nil
		}
		return itoa(int64(in.Validity)), nil
	case "sign":
		raw, err := f.sign(p.arg)
		return string(raw), err
	case "method":
		return f.q.method, nil
	case "host":
		u, err := url.Parse(in.Endpoint)
		if err != nil {
			return "", errors.New("the endpoint is no URL")
		}
		return u.Host, nil
	case "path":
		return f.path()
	case "query":
		return f.query()
	case "body":
		if f.hook != nil {
			return f.hook["body"], nil
		}
		return f.body()
	case "url":
		return f.hook["url"], nil
	case "header":
		return f.hook[strings.ToLower(p.arg)], nil
	}
	return "", fmt.Errorf("%v has no value here", p)
}

func (f *filler) stamp(name string, at time.Time) string {
	if name == "" {
		return itoa(at.Unix())
	}
	return f.r.times[name].format(at)
}

// number returns a number in one of its forms.
func number(n sms.Number, form string) (string, error) {
	if !n.Valid() {
		return "", errors.New("the number is not in E.164")
	}
	switch form {
	case "":
		return n.E164(), nil
	case "digits":
		return n.E164()[1:], nil
	}
	parsed, err := phonenumbers.Parse(n.E164(), "")
	if err != nil {
		return "", errors.New("the number has no country code that is known")
	}
	cc := itoa(int64(parsed.GetCountryCode()))
	if form == "cc" {
		return cc, nil
	}
	return n.E164()[1+len(cc):], nil
}

// encodeText returns the text in a form of its own.
func encodeText(s, form string) string {
	switch form {
	case "base64url":
		return base64.RawURLEncoding.EncodeToString([]byte(s))
	case "hex", "utf16":
		raw := make([]byte, 0, 2*len(s))
		for _, unit := range utf16.Encode([]rune(s)) {
			raw = append(raw, byte(unit>>8), byte(unit))
		}
		if form == "hex" {
			return strings.ToUpper(hex.EncodeToString(raw))
		}
		return string(raw)
	}
	return s
}

func (n nonce) make() string {
	b := make([]byte, n.length)
	for i := range b {
		c, err := rand.Int(rand.Reader, big.NewInt(int64(len(n.chars))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		b[i] = n.chars[c.Int64()]
	}
	return string(b)
}

// values writes all values as one text.
func (f *filler) values(p part) (string, error) {
	w := f.r.values
	var parts []string
	for _, v := range f.in.Values {
		name, value := strings.ReplaceAll(w.name, "{name}", v.Name), v.Value
		switch p.form {
		case "json_map", "map":
			parts = append(parts, quoteJSON(name)+":"+quoteJSON(value))
			continue
		case "json_list", "list":
			parts = append(parts, quoteJSON(value))
			continue
		case "pairs":
			if w.percent {
				name, value = percent(name), percent(value)
			}
			if !w.percent && (strings.Contains(value, w.separator) || strings.Contains(value, w.equals)) {
				return "", fmt.Errorf("the value of %q holds %q or %q, by which %s tells values apart", v.Name, w.separator, w.equals, f.r.Name)
			}
			parts = append(parts, name+w.equals+value)
			continue
		}
		if strings.Contains(value, w.separator) {
			return "", fmt.Errorf("the value of %q holds %q, by which %s tells values apart", v.Name, w.separator, f.r.Name)
		}
		parts = append(parts, value)
	}
	switch p.form {
	case "json_map", "map":
		return "{" + strings.Join(parts, ",") + "}", nil
	case "json_list", "list":
		return "[" + strings.Join(parts, ",") + "]", nil
	}
	return strings.Join(parts, w.separator), nil
}

// percent writes everything but letters, digits and "-_.~" as %XX.
func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// path fills the path: each placeholder is one segment or a part of one.
func (f *filler) path() (string, error) {
	return f.once("path", func() (string, error) {
		var b strings.Builder
		for _, p := range f.q.path.parts {
			if p.name == "" {
				b.WriteString(p.literal)
				continue
			}
			v, err := f.placeholder(p)
			switch {
			case err != nil:
				return "", err
			case v == "" && !p.optional:
				return "", fmt.Errorf("%v is empty%s", p, hint(p))
			case v == "." || v == "..":
				return "", fmt.Errorf("%v is %q, which is no segment of a path", p, v)
			}
			b.WriteString(percent(v))
		}
		return b.String(), nil
	})
}

func (f *filler) query() (string, error) {
	return f.once("query", func() (string, error) { return f.form(f.q.query) })
}

func (f *filler) body() (string, error) {
	return f.once("body", func() (string, error) {
		switch f.q.bodyKind {
		case "form":
			return f.form(f.q.body)
		case "json":
			var w jsonWriter
			err := w.node(f, f.q.body)
			return string(w.out), err
		case "xml":
			var w xmlWriter
			w.out.WriteString(`<?xml version="1.0" encoding="UTF-8"?>`)
			err := w.children(f, f.q.body)
			return w.out.String(), err
		}
		return "", nil
	})
}

func (f *filler) header(to http.Header, h header) error {
	v, leave, err := f.text(h.text)
	if err != nil || leave {
		return err
	}
	if h.user != nil {
		user, _, err := f.text(*h.user)
		if err != nil {
			return err
		}
		if strings.Contains(user, ":") {
			return errors.New("the user of basic authentication holds a colon")
		}
		v = "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+v))
	}
	if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return fmt.Errorf("the header %s would hold a control character", h.name)
	}
	to.Set(h.name, v)
	return nil
}
