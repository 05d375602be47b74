package recipe

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxFile is the longest recipe that is read, in bytes.
const maxFile = 1 << 20

var recipeName = regexp.MustCompile(`^[a-z0-9]{1,40}$`)

// Parse reads a recipe and checks it. file is its name in errors. beside holds the
// files that examples name; it may be nil if they are not needed. The error joins
// every fault, each a *Fault with its line.
func Parse(file string, data []byte, beside fs.FS) (*Recipe, error) {
	d := &reader{file: file}
	root, err := document(data)
	if err != nil {
		d.fault(0, "", "%w", err)
		return nil, d.err()
	}
	r := &Recipe{file: file, beside: beside, data: data, nonce: nonce{"0123456789abcdef", 32}, times: map[string]stamp{},
		values: writing{name: "{name}", equals: "=", separator: ","}}
	d.recipe(r, value{root, ""})
	if len(d.faults) == 0 {
		d.check(r)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return r, nil
}

func document(data []byte) (*yaml.Node, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("it is longer than %d bytes", maxFile)
	}
	var n yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&n); err != nil {
		return nil, fmt.Errorf("it is no YAML: %w", err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds more than one document")
	}
	return n.Content[0], nil
}

// recipe reads the whole. The order of the file does not matter: what needs a part
// that may follow is read after the others.
func (d *reader) recipe(r *Recipe, v value) {
	sections := map[string]value{}
	later := func(name string) func(value) { return func(v value) { sections[name] = v } }
	d.fields(v, map[string]func(value){
		"recipe":     func(v value) { r.Name = d.word(v) },
		"about":      func(v value) { r.About = d.word(v) },
		"endpoint":   func(v value) { r.Endpoint = d.endpoint(v) },
		"sources":    func(v value) { r.Sources = d.sources(v) },
		"unverified": func(v value) { r.Unverified = d.unverified(v) },
		"secrets":    func(v value) { r.Secrets = d.words(v) },
		"settings":   func(v value) { r.Settings = d.settings(v) },
		"regions":    func(v value) { r.Regions = d.regions(v) },
		"limits": func(v value) {
			d.fields(v, map[string]func(value){"text": func(v value) { r.maxText = d.number(v) }, "from": func(v value) { r.maxFrom = d.number(v) }})
		},
		"times":  func(v value) { d.pairs(v, func(key *yaml.Node, v value) { r.times[key.Value] = d.stamp(v) }) },
		"nonce":  func(v value) { d.nonce(r, v) },
		"key":    func(v value) { d.fields(v, map[string]func(value){"max": func(v value) { r.MaxKey = d.number(v) }}) },
		"values": func(v value) { d.writing(r, v) },
		"sign": func(v value) {
			d.pairs(v, func(key *yaml.Node, v value) { r.signs = append(r.signs, d.sign(key.Value, v)) })
		},
		"request": later("request"), "unicode": later("unicode"), "answer": later("answer"), "find": later("find"),
		"reports": later("reports"), "replies": later("replies"), "examples": later("examples"),
	})
	for _, name := range []string{"request", "answer"} {
		if _, ok := sections[name]; !ok {
			d.fault(v.Line, name, "it is missing")
		}
	}
	for name, v := range sections {
		switch name {
		case "request":
			r.send = d.request(v)
			if over, ok := sections["unicode"]; ok {
				r.unicode = d.request(value{overlay(v.Node, over.Node), "unicode"})
			}
		case "answer":
			r.answer = d.answer(v)
		case "find":
			r.find = d.find(v)
		case "reports":
			r.reports = d.inbound(v, true)
		case "replies":
			r.replies = d.inbound(v, false)
		case "examples":
			r.examples = d.examples(v)
		}
	}
	if !recipeName.MatchString(r.Name) {
		d.fault(v.Line, "recipe", "%q is no name: write lower-case letters and digits, such as acme", r.Name)
	}
}

// overlay returns base with the fields of over. null takes a field away.
func overlay(base, over *yaml.Node) *yaml.Node {
	if base.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode {
		return over
	}
	merged := *base
	merged.Content = slices.Clone(base.Content)
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, n := over.Content[i], over.Content[i+1]
		at := -1
		for j := 0; j+1 < len(merged.Content); j += 2 {
			if merged.Content[j].Value == key.Value {
				at = j
			}
		}
		switch isNull := (value{n, ""}).isNull(); {
		case isNull && at >= 0:
			merged.Content = slices.Delete(merged.Content, at, at+2)
		case at >= 0:
			merged.Content[at+1] = overlay(merged.Content[at+1], n)
		case !isNull:
			merged.Content = append(merged.Content, key, n)
		}
	}
	return &merged
}

func (d *reader) endpoint(v value) string {
	s := d.word(v)
	u, err := url.Parse(s)
	switch {
	case s == "":
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(s, "{}"):
		d.fault(v.Line, v.path, "%q must be \"https://\" and a host, without placeholders", s)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		d.fault(v.Line, v.path, "%q must have no user, query or fragment", s)
	}
	return strings.TrimRight(s, "/")
}

func (d *reader) sources(v value) (list []Source) {
	for _, item := range d.items(v) {
		var s Source
		d.fields(item, map[string]func(value){
			"url":    func(v value) { s.URL = d.word(v) },
			"read":   func(v value) { s.Read = d.word(v) },
			"dated":  func(v value) { s.Dated = d.word(v) },
			"client": func(v value) { s.Client = d.boolean(v) },
		})
		if !strings.Contains(s.URL, "://") || s.Read == "" {
			d.fault(item.Line, item.path, "a source needs url and read, the day on which it was read")
		}
		list = append(list, s)
	}
	return list
}

func (d *reader) unverified(v value) []string {
	if v.Kind == yaml.ScalarNode && v.Tag == "!!bool" {
		if v.Value == "true" {
			return []string{"everything"}
		}
		return nil
	}
	return d.words(v)
}

func (d *reader) settings(v value) (list []Setting) {
	d.pairs(v, func(key *yaml.Node, v value) {
		s := Setting{Name: key.Value}
		d.fields(v, map[string]func(value){
			"about":   func(v value) { s.About = d.word(v) },
			"default": func(v value) { s.Default, s.HasDefault = d.word(v), true },
			"example": func(v value) { s.Example = d.word(v) },
			"one_of":  func(v value) { s.OneOf = d.words(v) },
		})
		list = append(list, s)
	})
	return list
}

func (d *reader) regions(v value) []string {
	list := d.words(v)
	for _, region := range list {
		if len(region) != 2 || region != strings.ToUpper(region) {
			d.fault(v.Line, v.path, "%q is no region: write two capital letters, such as CN", region)
		}
	}
	return list
}

// stamp reads a form of the time: a layout, or a map of layout and zone.
func (d *reader) stamp(v value) stamp {
	s := stamp{zone: time.UTC}
	if v.Kind == yaml.ScalarNode {
		s.layout = d.word(v)
	} else {
		d.fields(v, map[string]func(value){"layout": func(v value) { s.layout = d.word(v) }, "zone": func(v value) { s.zone = d.zone(v) }})
	}
	if s.layout == "" {
		d.fault(v.Line, v.path, "a time needs a layout: unix, unix_ms, or Go's, such as 20060102150405")
	}
	return s
}

func (d *reader) zone(v value) *time.Location {
	zone, err := time.LoadLocation(d.word(v))
	if err != nil {
		d.fault(v.Line, v.path, "%q is no time zone: write a name such as Asia/Shanghai", v.Value)
		return time.UTC
	}
	return zone
}

var nonceChars = map[string]string{"digits": "0123456789", "hex": "0123456789abcdef", "letters": "abcdefghijklmnopqrstuvwxyz", "alphanumeric": "abcdefghijklmnopqrstuvwxyz0123456789"}

func (d *reader) nonce(r *Recipe, v value) {
	d.fields(v, map[string]func(value){
		"chars": func(v value) { r.nonce.chars = nonceChars[d.oneOf(v, keysOf(nonceChars)...)] },
		"length": func(v value) {
			if r.nonce.length = d.number(v); r.nonce.length < 1 || r.nonce.length > 64 {
				d.fault(v.Line, v.path, "it must be between 1 and 64")
			}
		},
	})
}

func (d *reader) writing(r *Recipe, v value) {
	d.fields(v, map[string]func(value){
		"name": func(v value) {
			if r.values.name = d.word(v); !strings.Contains(r.values.name, "{name}") {
				d.fault(v.Line, v.path, "it must hold {name}")
			}
		},
		"equals":    func(v value) { r.values.equals = d.word(v) },
		"separator": func(v value) { r.values.separator = d.word(v) },
		"escape":    func(v value) { r.values.percent = d.oneOf(v, "none", "percent") == "percent" },
		"first":     func(v value) { r.values.first = d.number(v) },
	})
}

// request reads the description of a request.
func (d *reader) request(v value) *request {
	r := &request{method: "POST", bodyKind: "none", line: v.Line}
	body := func(kind string) func(value) {
		return func(v value) {
			if r.body != nil {
				d.fault(v.Line, v.path, "a request has one body: json, form or xml")
			}
			r.bodyKind, r.body = kind, d.tree(v, kind == "json")
		}
	}
	authorized := func(h header) {
		if slices.ContainsFunc(r.headers, func(o header) bool { return o.name == "Authorization" }) {
			d.fault(v.Line, v.path, "basic, bearer and the header Authorization exclude each other")
		}
		r.headers = append(r.headers, h)
	}
	d.fields(v, map[string]func(value){
		"method": func(v value) { r.method = d.oneOf(v, "GET", "POST", "PUT") },
		"path":   func(v value) { r.path = d.text(v) },
		"query":  func(v value) { r.query = d.tree(v, false) },
		"json":   body("json"), "form": body("form"), "xml": body("xml"),
		"content_type": func(v value) { r.contentType = d.word(v) },
		"bearer": func(v value) {
			t := d.text(v)
			t.parts = append([]part{{literal: "Bearer "}}, t.parts...)
			authorized(header{name: "Authorization", text: t})
		},
		"basic": func(v value) {
			h := header{name: "Authorization", user: new(text)}
			d.fields(v, map[string]func(value){"user": func(v value) { *h.user = d.text(v) }, "password": func(v value) { h.text = d.text(v) }})
			authorized(h)
		},
		"headers": func(v value) {
			d.pairs(v, func(key *yaml.Node, v value) {
				name := textproto.CanonicalMIMEHeaderKey(key.Value)
				d.headerName(key, v.path)
				h := header{name: name, text: d.text(v)}
				if name == "Authorization" {
					authorized(h)
				} else {
					r.headers = append(r.headers, h)
				}
			})
		},
	})
	if p := r.path.String(); !strings.HasPrefix(p, "/") && p != "" {
		d.fault(v.Line, v.path+".path", "%q must begin with a slash", p)
	}
	if strings.ContainsAny(cmp.Or(r.path.String(), "/"), "#") || strings.Contains(strings.ReplaceAll(r.path.String(), "?}", "}"), "?") {
		d.fault(v.Line, v.path+".path", "it must have no query: write it under query")
	}
	d.contentType(r, v)
	return r
}

// refusedHeaders are those that net/http or the body decide. With the idempotency
// keys net/http would repeat a request by itself.
var refusedHeaders = []string{"Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Te", "Trailer", "Upgrade", "Cookie",
	"Idempotency-Key", "X-Idempotency-Key", "Expect", "Accept-Encoding"}

var token = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (d *reader) headerName(key *yaml.Node, path string) {
	name := textproto.CanonicalMIMEHeaderKey(key.Value)
	switch {
	case !token.MatchString(key.Value):
		d.fault(key.Line, path, "%q is no name of a header", key.Value)
	case name == "Idempotency-Key" || name == "X-Idempotency-Key":
		d.fault(key.Line, path, "with this header net/http would repeat a request by itself: send the key in a field or under another name")
	case slices.Contains(refusedHeaders, name) || strings.HasPrefix(name, "Proxy-"):
		d.fault(key.Line, path, "a recipe cannot set the header %s", name)
	}
}

// bodyTypes are the content types of the kinds of bodies.
var bodyTypes = map[string]string{"json": "application/json", "form": "application/x-www-form-urlencoded", "xml": "application/xml", "none": ""}

// isTypeOf reports whether a content type without its parameters is one of a kind of
// body, such as application/vnd.api+json of json.
func isTypeOf(base, kind string) bool {
	switch kind {
	case "json":
		return base == bodyTypes[kind] || strings.HasPrefix(base, "application/") && strings.HasSuffix(base, "+json")
	case "xml":
		return base == bodyTypes[kind] || base == "text/xml"
	}
	return base == bodyTypes[kind]
}

func (d *reader) contentType(r *request, v value) {
	base, _, _ := strings.Cut(r.contentType, ";")
	switch {
	case r.contentType == "":
		if r.contentType = bodyTypes[r.bodyKind]; r.bodyKind == "xml" {
			r.contentType += "; charset=utf-8"
		}
	case !isTypeOf(strings.TrimSpace(base), r.bodyKind):
		d.fault(v.Line, v.path+".content_type", "%q is not the type of the body, %q", r.contentType, bodyTypes[r.bodyKind])
	case strings.ContainsAny(r.contentType, "\r\n{"):
		d.fault(v.Line, v.path+".content_type", "it holds a line end or a placeholder")
	}
	if r.method == "GET" && r.bodyKind != "none" {
		d.fault(v.Line, v.path, "a GET has no body: write the fields under query")
	}
}

var hashes = []string{"md5", "sha1", "sha256", "sha512", "plain", "hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha512"}

func (d *reader) sign(name string, v value) *sign {
	s := &sign{name: name, as: "hex", path: v.path, line: v.Line}
	known := map[string]func(value){
		"key": func(v value) { t := d.text(v); s.key = &t },
		"as":  func(v value) { s.as = d.oneOf(v, "hex", "hex_upper", "base64", "base64url", "percent", "raw") },
		"vectors": func(v value) {
			for _, item := range d.items(v) {
				var x vector
				d.fields(item, map[string]func(value){"given": func(v value) { x.pieces = d.words(v) }, "key": func(v value) { x.key = d.word(v) }, "is": func(v value) { x.is = d.word(v) }})
				s.vectors = append(s.vectors, x)
			}
		},
	}
	for _, method := range hashes {
		known[method] = func(v value) {
			if s.method != "" {
				d.fault(v.Line, v.path, "a signature has one hash")
			}
			if s.method = method; v.Kind == yaml.MappingNode {
				s.sorted = d.sorted(v)
			} else {
				s.pieces = d.texts(v)
			}
		}
	}
	d.fields(v, known)
	if s.method == "plain" && s.as == "hex" {
		s.as = "raw"
	}
	switch {
	case s.method == "":
		d.fault(v.Line, v.path, "it needs a hash: %s", strings.Join(hashes, ", "))
	case strings.HasPrefix(s.method, "hmac_") && s.key == nil:
		d.fault(v.Line, v.path, "%s needs a key", s.method)
	case !strings.HasPrefix(s.method, "hmac_") && s.key != nil:
		d.fault(v.Line, v.path, "%s has no key: put it among the pieces, or write hmac_%[1]s", s.method)
	}
	return s
}

func (d *reader) sorted(v value) *sorted {
	s := &sorted{pair: text{parts: []part{{name: "name"}, {literal: "="}, {name: "value"}}}}
	d.fields(v, map[string]func(value){
		"sorted":  func(v value) { s.of = d.oneOf(v, "query", "form", "json") },
		"pair":    func(v value) { s.pair = d.text(v) },
		"between": func(v value) { s.between = d.text(v) },
		"before":  func(v value) { s.before = d.text(v) },
		"after":   func(v value) { s.after = d.text(v) },
		"escape":  func(v value) { s.percent = d.oneOf(v, "none", "percent") == "percent" },
		"without": func(v value) { s.without = d.words(v) },
	})
	if s.of == "" {
		d.fault(v.Line, v.path, "sorted says whose fields: query, form or json")
	}
	return s
}
