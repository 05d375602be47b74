package recipe

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/notifykit/notify/sms"
)

var formats = []string{"json", "xml", "form", "text", "none"}

// slots collects the paths that are read of an answer, each once.
type slots []path

func (s *slots) of(p path) int {
	for i, known := range *s {
		if slices.Equal(known, p) {
			return i
		}
	}
	*s = append(*s, p)
	return len(*s) - 1
}

func (d *reader) path(v value) path {
	p, err := parsePath(d.word(v))
	if err != nil {
		d.fault(v.Line, v.path, "%w", err)
	}
	return p
}

// singlePath is a path without "*".
func (d *reader) singlePath(v value) path {
	p := d.path(v)
	if p.every() {
		d.fault(v.Line, v.path, "\"*\" is for accepted and code only")
	}
	return p
}

func (d *reader) answer(v value) *answer {
	a := &answer{id: -1, requestID: -1, segments: -1, retryAfter: -1, rows: map[string][]row{}}
	list := slots{}
	status := ""
	slot := func(to *int) func(value) { return func(v value) { *to = list.of(d.singlePath(v)) } }
	paths := func(to *[]int, path func(value) path) func(value) {
		return func(v value) {
			for _, item := range d.items(v) {
				*to = append(*to, list.of(path(item)))
			}
		}
	}
	d.fields(v, map[string]func(value){
		"format":      func(v value) { a.format = d.oneOf(v, formats...) },
		"status":      func(v value) { status = d.oneOf(v, "ignored", "decides"); a.decides = status == "decides" },
		"unframed":    func(v value) { a.unframed = d.oneOf(v, "accept") == "accept" },
		"otherwise":   func(v value) { a.rejects = d.oneOf(v, "unknown", "rejected") == "rejected" },
		"accepted":    func(v value) { a.accepted = d.rules(v, &list, true) },
		"patterns":    func(v value) { a.patterns = d.texts(v) },
		"id":          slot(&a.id),
		"code":        paths(&a.codes, d.path),
		"message":     paths(&a.message, d.singlePath),
		"segments":    slot(&a.segments),
		"retry_after": slot(&a.retryAfter),
		"request_id": func(v value) {
			if name, ok := strings.CutPrefix(v.Value, "header:"); ok {
				a.requestHdr = name
				return
			}
			a.requestID = list.of(d.singlePath(v))
		},
		"codes": func(v value) { d.codes(a, v, &list) },
		"echo": func(v value) {
			d.pairs(v, func(key *yaml.Node, v value) {
				p, err := parsePath(key.Value)
				if err != nil {
					d.fault(key.Line, v.path, "%w", err)
				}
				a.echo = append(a.echo, echo{p, d.text(v)})
			})
		},
	})
	if a.format == "" {
		d.fault(v.Line, v.path+".format", "it is missing: write %s", strings.Join(formats, ", "))
	}
	if status == "" {
		d.fault(v.Line, v.path+".status", "it is missing: write ignored if codes count before the HTTP status, decides if a 4xx refuses and a 2xx never does")
	}
	if len(a.accepted) == 0 {
		d.fault(v.Line, v.path+".accepted", "it is missing: nothing would be accepted")
	}
	a.slots, a.trie = list, &trie{}
	for i, p := range list {
		a.trie.add(p, i)
	}
	return a
}

// rules reads one rule or a list. all says that "*" may stand in a path.
func (d *reader) rules(v value, list *slots, all bool) (rules []rule) {
	positive := false
	for _, item := range d.items(v) {
		r := d.rule(item, list, all)
		positive = positive || r.op != "absent"
		rules = append(rules, r)
	}
	if !positive && len(rules) > 0 {
		d.fault(v.Line, v.path, "absent alone would take any other page for an acceptance: add a rule of what is there")
	}
	return rules
}

func (d *reader) rule(v value, list *slots, all bool) rule {
	r := rule{at: -1}
	path := d.singlePath
	if all {
		path = d.path
	}
	place := func(v value) {
		if r.path != "" || r.at >= 0 {
			d.fault(v.Line, v.path, "a rule has one path: at, present or absent")
		}
		p := path(v)
		r.at, r.path, r.every = list.of(p), p.String(), p.every()
	}
	op := func(name string) func(value) {
		return func(v value) {
			if r.op != "" {
				d.fault(v.Line, v.path, "a rule has one of is, begins and contains")
			}
			r.op, r.values = name, d.words(v)
		}
	}
	d.fields(v, map[string]func(value){
		"status": func(v value) {
			for _, item := range d.items(v) {
				r.status = append(r.status, d.number(item))
			}
		},
		"at": place, "is": op("is"), "begins": op("begins"), "contains": op("contains"),
		"present": func(v value) { place(v); r.op = "present" },
		"absent":  func(v value) { place(v); r.op = "absent" },
	})
	switch {
	case r.at >= 0 && r.op == "":
		d.fault(v.Line, v.path, "at needs is, begins or contains")
	case r.at < 0 && r.op != "", r.at < 0 && r.status == nil:
		d.fault(v.Line, v.path, "a rule needs at, present, absent or status")
	}
	return r
}

// codes reads the table of codes. A code may have several rows with a condition each.
func (d *reader) codes(a *answer, v value, list *slots) {
	d.pairs(v, func(key *yaml.Node, v value) {
		rows := d.items(v)
		for i, item := range rows {
			w := d.row(key.Value, item, list)
			if len(w.when) == 0 && i < len(rows)-1 {
				d.fault(item.Line, item.path, "a row without when must be the last one of its code")
			}
			a.rows[key.Value] = append(a.rows[key.Value], w)
			a.table = append(a.table, w.info)
		}
	})
}

func (d *reader) row(code string, v value, list *slots) row {
	w := row{info: sms.CodeInfo{Code: code, Outcome: sms.Rejected}}
	d.fields(v, map[string]func(value){
		"reason":  func(v value) { w.info.Reason = d.reason(v) },
		"outcome": func(v value) { w.info.Outcome = d.outcome(v) },
		"meaning": func(v value) { w.info.Meaning = d.word(v) },
		"advice":  func(v value) { w.info.Advice = d.word(v) },
		"late":    func(v value) { w.info.Late = d.boolean(v) },
		"when":    func(v value) { w.when = d.rules(v, list, false) },
	})
	if w.info.Reason == "" && w.info.Outcome != sms.Accepted {
		d.fault(v.Line, v.path, "a code needs a reason")
	}
	if w.info.Late {
		w.info.Scope = "report"
	}
	if w.info.Advice == "" {
		w.info.Advice = advice[w.info.Reason]
	}
	return w
}

// advice is what a person should do, by reason, unless a row says it.
var advice = map[sms.Reason]string{
	sms.Unauthorized: "check the secrets of this provider", sms.AccountBlocked: "top up the account, or ask the gateway's support",
	sms.InvalidNumber: "ask the person for another number", sms.InvalidMessage: "correct the text, the values or the sender",
	sms.ContentRejected: "change the text", sms.Throttled: "send more slowly, or ask for a higher rate",
	sms.Unavailable: "wait, and look into the gateway's log before sending again", sms.RecipientBlocked: "do not send to this number any more",
	sms.RecipientLimited: "wait before sending to this number again", sms.Unsupported: "look at the configuration of this provider",
	sms.Internal: "look at the gateway's documentation",
}

func (d *reader) reason(v value) sms.Reason {
	var known []string
	for _, r := range sms.Reasons() {
		known = append(known, string(r))
	}
	return sms.Reason(d.oneOf(v, known...))
}

func (d *reader) outcome(v value) sms.Outcome {
	switch d.oneOf(v, "rejected", "unknown", "accepted") {
	case "unknown":
		return sms.Unknown
	case "accepted":
		return sms.Accepted
	}
	return sms.Rejected
}

func (d *reader) duration(v value) time.Duration {
	t, err := time.ParseDuration(d.word(v))
	if err != nil || t < 0 {
		d.fault(v.Line, v.path, "%q is no time: write 30s, 5m or 24h", v.Value)
	}
	return t
}

func (d *reader) find(v value) *find {
	f := &find{layout: stamp{zone: time.UTC}, single: true, line: v.Line}
	list := slots{}
	to := func(p *path) func(value) { return func(v value) { *p = d.singlePath(v) } }
	d.fields(v, map[string]func(value){
		"request": func(v value) { f.request = d.request(v) },
		"format":  func(v value) { f.format = d.oneOf(v, "json", "xml") },
		"ok":      func(v value) { f.ok = d.rules(v, &list, false) },
		"each":    func(v value) { f.each, f.single = d.singlePath(v), false },
		"key":     to(&f.key), "id": to(&f.id), "to": to(&f.to), "text": to(&f.text),
		"time": func(v value) { f.at, f.layout = d.timeAt(v) },
		"full": func(v value) { f.full = d.number(v) }, "after": func(v value) { f.after = d.duration(v) }, "back": func(v value) { f.back = d.duration(v) },
	})
	f.slots = list
	switch {
	case f.request == nil || f.format == "" || f.id == nil:
		d.fault(v.Line, v.path, "it needs request, format and id")
	case f.key == nil && (f.to == nil || f.text == nil):
		d.fault(v.Line, v.path, "it needs key, or to and text: a message must be told from all others")
	case len(f.ok) == 0:
		d.fault(v.Line, v.path, "it needs ok: a rule by which an empty list is told from an error")
	}
	return f
}

// timeAt reads {at, layout, zone}.
func (d *reader) timeAt(v value) (at path, s stamp) {
	s.zone = time.UTC
	d.fields(v, map[string]func(value){
		"at": func(v value) { at = d.singlePath(v) }, "layout": func(v value) { s.layout = d.word(v) }, "zone": func(v value) { s.zone = d.zone(v) },
	})
	if at == nil || s.layout == "" {
		d.fault(v.Line, v.path, "it needs at and layout")
	}
	return at, s
}

var stateWords = map[string]sms.DeliveryState{
	"accepted": sms.StateAccepted, "sent": sms.StateSent, "lost": sms.StateLost, "expired": sms.StateExpired,
	"undelivered": sms.StateUndelivered, "blocked": sms.StateBlocked, "delivered": sms.StateDelivered,
}

// inbound reads how reports or replies arrive.
func (d *reader) inbound(v value, report bool) *inbound {
	in := &inbound{single: true, states: map[string]sms.DeliveryState{}, layout: stamp{zone: time.UTC}, line: v.Line}
	to := func(p *path) func(value) { return func(v value) { *p = d.singlePath(v) } }
	known := map[string]func(value){
		"format": func(v value) { in.format = d.oneOf(v, "json", "form", "query") },
		"each":   func(v value) { in.each, in.single = d.singlePath(v), false },
		"id":     to(&in.id), "to": to(&in.to),
		"time":   func(v value) { in.at, in.layout = d.timeAt(v) },
		"verify": func(v value) { in.verify = d.verify(v) },
		"answer": func(v value) { d.reply(in, v) },
	}
	if report {
		known["key"], known["code"], known["message"], known["segments"] = to(&in.key), to(&in.code), to(&in.message), to(&in.segments)
		known["price"], known["currency"] = to(&in.price), to(&in.currency)
		known["state"] = func(v value) { d.states(in, v) }
	} else {
		known["from"], known["text"] = to(&in.from), to(&in.text)
	}
	d.fields(v, known)
	switch {
	case in.format == "":
		d.fault(v.Line, v.path+".format", "it is missing: write json, form or query")
	case report && (in.state == nil || in.id == nil && in.key == nil):
		d.fault(v.Line, v.path, "a report needs state, and id or key")
	case !report && (in.from == nil || in.text == nil):
		d.fault(v.Line, v.path, "a reply needs from and text")
	}
	return in
}

func (d *reader) states(in *inbound, v value) {
	known := map[string]func(value){"at": func(v value) { in.state = d.singlePath(v) }}
	for word, state := range stateWords {
		known[word] = func(v value) {
			for _, vendors := range d.words(v) {
				if _, twice := in.states[vendors]; twice {
					d.fault(v.Line, v.path, "%q stands for two states", vendors)
				}
				in.states[vendors] = state
			}
		}
	}
	d.fields(v, known)
}

// reply reads what the gateway expects to be answered.
func (d *reader) reply(in *inbound, v value) {
	d.fields(v, map[string]func(value){
		"status": func(v value) { in.answerStatus = d.number(v) },
		"text":   func(v value) { in.answerType, in.answerBody = "text/plain; charset=utf-8", d.word(v) },
		"json": func(v value) {
			n := d.tree(v, true)
			var b jsonWriter
			if err := b.node(&filler{}, n); err != nil {
				d.fault(v.Line, v.path, "it must have no placeholders")
			}
			in.answerType, in.answerBody = "application/json", string(b.out)
		},
	})
}

func (d *reader) verify(v value) *verify {
	y := &verify{as: "hex", line: v.Line, within: 5 * time.Minute}
	d.fields(v, map[string]func(value){
		"by": func(v value) {
			y.by = d.oneOf(v, "token", "basic", "hmac_sha1", "hmac_sha256", "hmac_sha512", "ed25519", "jwt")
		},
		"at":     func(v value) { y.at = d.text(v) },
		"over":   func(v value) { y.over = d.texts(v) },
		"secret": func(v value) { y.secret = d.word(v) },
		"as":     func(v value) { y.as = d.oneOf(v, "hex", "base64") },
		"time":   func(v value) { t := d.text(v); y.time = &t },
		"within": func(v value) { y.within = d.duration(v) },
	})
	switch {
	case y.by == "" || y.secret == "":
		d.fault(v.Line, v.path, "it needs by, and the name of a secret")
	case y.by != "basic" && len(y.at.parts) == 0:
		d.fault(v.Line, v.path, "it needs at: where the token or signature is, such as \"{header.X-Signature}\"")
	case len(y.over) == 0 && (strings.HasPrefix(y.by, "hmac_") || y.by == "ed25519"):
		d.fault(v.Line, v.path, "it needs over: what is signed, such as \"{body}\"")
	}
	return y
}

func validStatus(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 100 && n <= 599
}
