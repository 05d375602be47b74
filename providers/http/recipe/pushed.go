package recipe

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// ErrNoPush reports that the recipe's gateway pushes no such thing, or that it signs
// what it pushes with a key of its own that no imitation can have.
var ErrNoPush = errors.New("the recipe describes no such report or reply, or only its gateway can sign it")

// A Pushed is what a gateway reports of a message, or a person's reply. It prints
// without number and text.
type Pushed struct {
	ID, Key  string
	To, From string
	Text     string
	// State is that of a report. Code says why; empty is that of the example.
	State    sms.DeliveryState
	Code     string
	Segments int
	At       time.Time
}

// Push returns the request by which the gateway reports a state, made from the
// recipe's example of a report. The error is ErrNoPush if there is none, if it has no
// word for the state, or if it is signed with a key that only the gateway has.
func (r *Recipe) Push(to string, p Pushed, secrets map[string]string) (*http.Request, error) {
	if r.reports == nil {
		return nil, ErrNoPush
	}
	word := r.reports.word(p.State)
	if word == "" {
		return nil, ErrNoPush
	}
	return r.push("report", r.reports, to, p, word, secrets)
}

// PushReply returns the request by which the gateway brings a person's reply.
func (r *Recipe) PushReply(to string, p Pushed, secrets map[string]string) (*http.Request, error) {
	if r.replies == nil {
		return nil, ErrNoPush
	}
	return r.push("reply", r.replies, to, p, "", secrets)
}

// word returns the gateway's word for a state.
func (b *inbound) word(state sms.DeliveryState) string {
	var words []string
	for word, s := range b.states {
		if s == state {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return slices.Min(words)
}

func (r *Recipe) push(kind string, b *inbound, to string, p Pushed, word string, secrets map[string]string) (*http.Request, error) {
	i := slices.IndexFunc(r.examples, func(e example) bool { return e.kind == kind })
	if i < 0 {
		return nil, ErrNoPush
	}
	e, err := r.complete(r.examples[i])
	if err != nil || e.request == nil {
		return nil, ErrNoPush
	}
	method := e.request.method
	if method == "" {
		method = http.MethodPost
	}
	d, err := b.document(kit.Hook{Method: method, URL: e.request.url, Body: []byte(e.request.body)})
	if err != nil {
		return nil, ErrNoPush
	}
	one := d
	if !b.single {
		list, st := d.get(b.each)
		if st != container || list.kind == listNode && len(list.kids) == 0 {
			return nil, ErrNoPush
		}
		if one = list; list.kind == listNode {
			list.kids, one = list.kids[:1], list.kids[0]
		}
	}
	one.edit(b.edits(one, p, word))
	target, body := to, ""
	if inURL := b.format == "query" || method == http.MethodGet; inURL {
		target = withQuery(to, d)
	} else {
		body = string(d.write(b.format))
	}
	q, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, list := range e.request.header {
		q.Header[name] = list
	}
	q.Header.Del("Content-Length")
	return q, r.prove(b.verify, q, body, secrets)
}

// edits are the values of one report. A path that the example lacks is left out.
func (b *inbound) edits(d *doc, p Pushed, word string) (list []edit) {
	add := func(at path, value string) {
		if at != nil && value != "" {
			list = append(list, edit{at, value})
		}
	}
	number := func(at path, value string) {
		if sample := d.textAt(at); !strings.HasPrefix(sample, "+") {
			value = strings.TrimPrefix(value, "+")
		}
		add(at, value)
	}
	add(b.id, p.ID)
	add(b.key, p.Key)
	number(b.to, p.To)
	number(b.from, p.From)
	add(b.text, p.Text)
	add(b.state, word)
	add(b.code, p.Code)
	if p.Segments > 0 {
		add(b.segments, strconv.Itoa(p.Segments))
	}
	if b.at != nil && !p.At.IsZero() {
		add(b.at, b.layout.format(p.At))
	}
	return list
}

// withQuery puts the fields into an address, in the place of those that it has.
func withQuery(to string, d *doc) string {
	base, query, _ := strings.Cut(to, "?")
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); pair != "" && (err != nil || !slices.Contains(d.names, plain)) {
			pairs = append(pairs, pair)
		}
	}
	return base + "?" + strings.Join(append(pairs, string(d.write("form"))), "&")
}

// prove adds what shows that the request is from the gateway.
func (r *Recipe) prove(y *verify, q *http.Request, body string, secrets map[string]string) error {
	if y == nil {
		return nil
	}
	secret := secrets[y.secret]
	if y.by == "basic" {
		q.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret)))
		return nil
	}
	header, before := "", ""
	for _, p := range y.at.parts {
		if p.name == "header" {
			header = p.arg
		} else if header == "" {
			before += p.literal
		}
	}
	if header == "" {
		return ErrNoPush
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	if y.time != nil {
		for _, p := range y.time.parts {
			if p.name == "header" {
				q.Header.Set(p.arg, now)
			}
		}
	}
	switch y.by {
	case "token":
		q.Header.Set(header, before+secret)
		return nil
	case "hmac_sha1", "hmac_sha256", "hmac_sha512":
	default:
		return ErrNoPush
	}
	f := &filler{r: r, q: r.send, in: &Input{Secrets: secrets, Settings: r.Defaults()}, hook: map[string]string{"url": q.URL.String(), "body": body}}
	for name := range q.Header {
		f.hook[strings.ToLower(name)] = q.Header.Get(name)
	}
	mac := hmac.New(macs[y.by], []byte(secret))
	for _, t := range y.over {
		s, _, err := f.text(t)
		if err != nil {
			return err
		}
		mac.Write([]byte(s))
	}
	encode := hex.EncodeToString
	if y.as == "base64" {
		encode = base64.StdEncoding.EncodeToString
	}
	q.Header.Set(header, before+encode(mac.Sum(nil)))
	return nil
}

// Listing returns the answer to a request that asks for messages, made from the
// recipe's example of one. messages are those that the gateway has, and match the
// request.
func (r *Recipe) Listing(messages []Pushed) (Response, bool) {
	for _, e := range r.examples {
		if e.kind != "find" || r.find == nil {
			continue
		}
		e, err := r.complete(e)
		if err != nil || e.answer == nil || (e.is.outcome == "accepted") != (len(messages) > 0) && !(len(messages) == 0 && !r.find.single) {
			continue
		}
		d, err := parseDoc(r.find.format, e.answer.Body, nil)
		if err != nil {
			continue
		}
		r.find.fill(d, messages)
		return Response{Status: e.answer.Status, Header: e.answer.Header, Body: d.write(r.find.format)}, true
	}
	return Response{}, false
}

func (f *find) fill(d *doc, messages []Pushed) {
	edits := func(m Pushed, one *doc) (list []edit) {
		b := inbound{id: f.id, key: f.key, to: f.to, text: f.text, at: f.at, layout: f.layout}
		return b.edits(one, m, "")
	}
	if f.single {
		if len(messages) > 0 {
			d.edit(edits(messages[0], d))
		}
		return
	}
	list, st := d.get(f.each)
	if st != container || list.kind != listNode {
		return
	}
	if len(messages) == 0 || len(list.kids) == 0 {
		list.kids = nil
		return
	}
	sample := list.kids[0]
	list.kids = nil
	for _, m := range messages {
		one := sample.clone()
		one.edit(edits(m, one))
		list.kids = append(list.kids, one)
	}
}

func (d *doc) clone() *doc {
	c := *d
	c.kids = make([]*doc, len(d.kids))
	for i, kid := range d.kids {
		c.kids[i] = kid.clone()
	}
	return &c
}
