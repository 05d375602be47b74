package recipe

import (
	"fmt"
	"slices"
	"strings"
)

// what each place of a recipe may hold.
var (
	inMessage = []string{"to", "text", "template", "from", "key", "nonce", "time", "time_ms", "value", "values", "extra", "setting", "secret", "sign", "report_url", "validity", "n", "name"}
	inHeader  = []string{"from", "key", "nonce", "time", "time_ms", "extra", "setting", "secret", "sign", "report_url", "validity", "template"}
	inSign    = append(slices.Clone(inMessage), "method", "host", "path", "query", "body")
	inFind    = []string{"to", "text", "key", "nonce", "time", "time_ms", "setting", "secret", "sign", "since", "until"}
	inVerify  = []string{"body", "url", "header", "setting", "secret", "time"}
	inPattern = []string{"id", "code", "words", "request_id"}
)

// check refuses what can never be right, after the whole has been read.
func (d *reader) check(r *Recipe) {
	c := &checker{reader: d, r: r, secrets: map[string]bool{}, signs: map[string]bool{}, settings: map[string]bool{}}
	c.request(r.send, "request", inMessage)
	if r.unicode != nil {
		c.request(r.unicode, "unicode", inMessage)
	}
	if r.find != nil {
		c.request(r.find.request, "find.request", inFind)
	}
	number, content := c.number, c.content // in a signature alone they reach nobody
	for _, s := range r.signs {
		c.sign(s)
	}
	c.number, c.content = number, content
	for _, in := range []*inbound{r.reports, r.replies} {
		if in != nil && in.verify != nil {
			for _, t := range append(slices.Clone(in.verify.over), in.verify.at) {
				c.text(t, "verify", inVerify)
			}
			c.secret(in.verify.secret, in.verify.line, "verify.secret")
		}
	}
	for _, p := range r.answer.patterns {
		c.text(p, "answer.patterns", inPattern)
		for i := 1; i < len(p.parts); i++ {
			if p.parts[i].name != "" && p.parts[i-1].name != "" {
				d.fault(p.line, "answer.patterns", "%v and %v need a text between them", p.parts[i-1], p.parts[i])
			}
		}
	}
	c.used()
	c.needs()
}

type checker struct {
	*reader
	r                        *Recipe
	secrets, signs, settings map[string]bool // used
	number, content          bool
}

func (c *checker) request(q *request, path string, allowed []string) {
	c.urlText(q, q.path)
	c.text(q.path, path+".path", allowed)
	for _, h := range q.headers {
		place := allowed
		if path != "find.request" {
			place = inHeader
		}
		c.text(h.text, path+".headers."+h.name, place)
		if h.user != nil {
			c.text(*h.user, path+".basic.user", place)
		}
	}
	q.query.each(func(t text, n *node, isName bool) { c.leaf(t, n, isName, allowed, false); c.urlText(q, t) })
	q.body.each(func(t text, n *node, isName bool) { c.leaf(t, n, isName, allowed, q.bodyKind == "json") })
	for _, n := range []*node{q.query, q.body} {
		if n != nil && (n != q.body || q.bodyKind == "form") {
			c.flat(n)
		}
	}
	if q.bodyKind == "xml" && (q.body.kind != mapNode || len(q.body.kids) != 1) {
		c.fault(q.body.line, q.body.path, "XML has one root element")
	}
	c.cycles(q, path)
}

// flat refuses a tree in a form.
func (c *checker) flat(n *node) {
	if n.kind != mapNode {
		c.fault(n.line, n.path, "it must be a map of fields")
		return
	}
	for _, kid := range n.kids {
		deep := kid.kind == mapNode
		for _, k := range kid.kids {
			deep = deep || k.kind != leafNode
		}
		if deep {
			c.fault(kid.line, kid.path, "a form has no trees: write a text, or use :json_map")
		}
	}
}

// urlText notes that something of the message is in the URL.
func (c *checker) urlText(q *request, t text) {
	q.secretPath = q.secretPath || t.uses("to", "text", "value", "values")
}

// leaf checks a text of a tree.
func (c *checker) leaf(t text, n *node, isName bool, allowed []string, json bool) {
	c.text(t, n.path, allowed)
	if isName {
		for _, p := range t.parts {
			if p.name != "" && p.name != "n" && p.name != "name" {
				c.fault(t.line, n.path, "a value never makes a name: %v cannot stand in the name of a field", p)
			}
		}
		return
	}
	for i := 1; i < len(t.parts); i++ {
		if a, b := t.parts[i-1], t.parts[i]; ofMessage(a) && ofMessage(b) && !(a.name == "to" && b.name == "to") {
			c.fault(t.line, n.path, "%v and %v need a text between them: the gateway could not tell where one ends", a, b)
		}
	}
	for _, p := range t.parts {
		_, alone := t.alone()
		switch p.form {
		case "number", "boolean", "list", "map":
			if !json || !alone {
				c.fault(t.line, n.path, "%v must be alone in a leaf of json", p)
			}
		}
	}
}

// ofMessage reports whether a placeholder is of the message, and not of the account.
func ofMessage(p part) bool {
	return p.name != "" && p.name != "secret" && p.name != "sign" && p.name != "setting"
}

// text checks the placeholders of a text.
func (c *checker) text(t text, path string, allowed []string) {
	for _, p := range t.parts {
		if p.name == "" {
			continue
		}
		if !slices.Contains(allowed, p.name) {
			c.fault(t.line, path, "%v cannot stand here", p)
		}
		lists := slices.Contains([]string{"list", "map", "json_list", "json_map", "join", "pairs"}, p.form)
		if p.name == "values" && !lists {
			c.fault(t.line, path, "{values} needs a form: write {values:list}, {values:map}, {values:json_list}, {values:json_map}, {values:join} or {values:pairs}")
		}
		if p.name != "values" && lists {
			c.fault(t.line, path, "%v: only {values} is a list", p)
		}
		c.number = c.number || p.name == "to"
		c.content = c.content || p.name == "text" || p.name == "template" || p.name == "values" || p.name == "value"
		switch p.name {
		case "secret":
			c.secret(p.arg, t.line, path)
		case "sign":
			if c.signs[p.arg] = true; !slices.ContainsFunc(c.r.signs, func(s *sign) bool { return s.name == p.arg }) {
				c.fault(t.line, path, "there is no signature %q under sign", p.arg)
			}
		case "setting":
			if c.settings[p.arg] = true; !slices.ContainsFunc(c.r.Settings, func(s Setting) bool { return s.Name == p.arg }) {
				c.fault(t.line, path, "there is no setting %q under settings", p.arg)
			}
		case "time", "since", "until":
			if _, ok := c.r.times[p.arg]; !ok && p.arg != "" {
				c.fault(t.line, path, "there is no time %q under times%s", p.arg, didYouMean(p.arg, keysOf(c.r.times)))
			}
		case "to":
			if p.arg == "national" && len(c.r.Regions) == 0 && !c.usesCC() {
				c.fault(t.line, path, "{to.national} has lost its country: set regions, or send {to.cc} as well")
			}
		}
	}
}

func (c *checker) usesCC() (found bool) {
	see := func(t text, _ *node, _ bool) {
		found = found || slices.ContainsFunc(t.parts, func(p part) bool { return p.name == "to" && p.arg == "cc" })
	}
	see(c.r.send.path, nil, false)
	c.r.send.query.each(see)
	c.r.send.body.each(see)
	return found
}

func (c *checker) secret(name string, line int, path string) {
	if c.secrets[name] = true; !slices.Contains(c.r.Secrets, name) {
		c.fault(line, path, "there is no secret %q under secrets%s", name, didYouMean(name, c.r.Secrets))
	}
}

func (c *checker) sign(s *sign) {
	for _, t := range s.pieces {
		c.text(t, s.path, inSign)
	}
	if s.key != nil {
		c.text(*s.key, s.path+".key", inSign)
	}
	if s.sorted != nil {
		for _, t := range []text{s.sorted.before, s.sorted.between, s.sorted.after} {
			c.text(t, s.path, inSign)
		}
		c.text(s.sorted.pair, s.path+".pair", []string{"name", "value"})
	}
}

// used refuses what has no effect.
func (c *checker) used() {
	for _, name := range c.r.Secrets {
		if !c.secrets[name] {
			c.fault(0, "secrets", "%q is not used: write {secret.%[1]s} where it belongs", name)
		}
	}
	for _, s := range c.r.Settings {
		if !c.settings[s.Name] {
			c.fault(0, "settings."+s.Name, "it is not used: write {setting.%s} where it belongs", s.Name)
		}
	}
	for _, s := range c.r.signs {
		if !c.signs[s.name] {
			c.fault(s.line, s.path, "it is not used: write {sign.%s} where it belongs", s.name)
		}
	}
}

func (c *checker) needs() {
	if !c.number {
		c.fault(c.r.send.line, "request", "it has no number: write {to} where it belongs")
	}
	if !c.content {
		c.fault(c.r.send.line, "request", "it has neither {text} nor {template}")
	}
	for _, e := range c.r.answer.echo {
		c.text(e.text, "answer.echo", inMessage)
	}
	if c.r.answer.format != "text" && len(c.r.answer.patterns) > 0 {
		c.fault(0, "answer.patterns", "patterns are for format: text")
	}
	for code := range c.r.answer.rows {
		if status, ok := strings.CutPrefix(code, "HTTP "); ok && !validStatus(status) {
			c.fault(0, "answer.codes", "%q is no HTTP status", code)
		}
	}
}

// cycles refuses signatures that need themselves, through pieces, sorted fields, the
// body, the query or the path.
func (c *checker) cycles(q *request, path string) {
	var visit func(what string, way []string) bool
	visit = func(what string, way []string) bool {
		if slices.Contains(way, what) {
			c.fault(q.line, path, "%s needs itself: %s", what, strings.Join(append(way, what), " → "))
			return false
		}
		way = append(slices.Clone(way), what)
		for _, next := range c.parts(q, what) {
			if !visit(next, way) {
				return false
			}
		}
		return true
	}
	for _, s := range c.r.signs {
		if !visit("{sign."+s.name+"}", nil) {
			return
		}
	}
}

// parts returns what a signature, the body, the query or the path is made of.
func (c *checker) parts(q *request, what string) (list []string) {
	add := func(t text) {
		for _, p := range t.parts {
			if p.name == "sign" || p.name == "body" || p.name == "query" || p.name == "path" {
				list = append(list, fmt.Sprintf("{%s}", strings.TrimSuffix(p.name+"."+p.arg, ".")))
			}
		}
	}
	all := func(n *node) { n.each(func(t text, _ *node, _ bool) { add(t) }) }
	switch what {
	case "{body}":
		all(q.body)
	case "{query}":
		all(q.query)
	case "{path}":
		add(q.path)
	}
	i := slices.IndexFunc(c.r.signs, func(s *sign) bool { return what == "{sign."+s.name+"}" })
	if i < 0 {
		return list
	}
	s := c.r.signs[i]
	for _, t := range s.pieces {
		add(t)
	}
	if s.key != nil {
		add(*s.key)
	}
	if s.sorted != nil {
		for _, t := range []text{s.sorted.before, s.sorted.between, s.sorted.after} {
			add(t)
		}
		n := q.body
		if s.sorted.of == "query" {
			n = q.query
		}
		if n != nil {
			for j, name := range n.names {
				if plain, ok := name.literal(); !ok || !slices.Contains(s.sorted.without, plain) {
					all(n.kids[j])
				}
			}
		}
	}
	return list
}
