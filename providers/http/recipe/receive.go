package recipe

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// Reports and Replies report whether the recipe describes them.
func (r *Recipe) Reports() bool { return r.reports != nil }

// Replies reports whether the recipe describes replies of people.
func (r *Recipe) Replies() bool { return r.replies != nil }

// Hook reads what the gateway posted. The error is kit.ErrNotAuthentic or
// kit.ErrMalformed.
func (r *Recipe) Hook(h kit.Hook, in Input) (kit.Inbound, error) {
	b := r.reports
	if h.Kind == "replies" || b == nil {
		b = r.replies
	}
	if b == nil {
		return kit.Inbound{}, fmt.Errorf("%w: the recipe describes none", kit.ErrMalformed)
	}
	signed := false
	if b.verify != nil {
		if err := r.authentic(b.verify, h, &in); err != nil {
			return kit.Inbound{}, err
		}
		signed = true
	}
	d, err := b.document(h)
	if err != nil {
		return kit.Inbound{}, fmt.Errorf("%w: it is no %s", kit.ErrMalformed, b.format)
	}
	out := kit.Inbound{Signed: signed, Status: b.answerStatus, ContentType: b.answerType, Answer: []byte(b.answerBody)}
	elements := []*doc{d}
	if !b.single {
		elements = d.elements(b.each)
	}
	for _, e := range elements { // one that is bad does not spoil the others
		if b == r.replies {
			out.Replies = append(out.Replies, b.reply(e)...)
		} else {
			out.Reports = append(out.Reports, b.report(e, r.MaxKey)...)
		}
	}
	if len(out.Reports)+len(out.Replies) == 0 {
		return kit.Inbound{}, fmt.Errorf("%w: it names no message", kit.ErrMalformed)
	}
	return out, nil
}

func (b *inbound) document(h kit.Hook) (*doc, error) {
	if b.format == "query" || h.Method == http.MethodGet {
		u, err := url.Parse(h.URL)
		if err != nil {
			return nil, err
		}
		return parseForm(u.RawQuery)
	}
	return parseDoc(b.format, h.Body, nil)
}

func (b *inbound) report(e *doc, maxKey int) []sms.Report {
	r := sms.Report{ID: e.textAt(b.id), To: numberOf(e.textAt(b.to)), Code: asCode(e.textAt(b.code)), Message: e.textAt(b.message),
		Price: e.textAt(b.price), Currency: e.textAt(b.currency), At: b.time(e)}
	if r.Key = e.textAt(b.key); r.Key != "" {
		r.Ref = r.Key
	}
	r.Segments, _ = strconv.Atoi(e.textAt(b.segments))
	word := e.textAt(b.state)
	r.State = b.states[word]
	if r.State == 0 {
		r.Code = asCode(word)
	}
	if r.ID == "" && r.Key == "" || word == "" {
		return nil
	}
	return []sms.Report{r}
}

func (b *inbound) reply(e *doc) []sms.Reply {
	r := sms.Reply{ID: e.textAt(b.id), From: numberOf(e.textAt(b.from)), To: e.textAt(b.to), Text: e.textAt(b.text), At: b.time(e)}
	if r.From == "" {
		return nil
	}
	return []sms.Reply{r}
}

func (b *inbound) time(e *doc) time.Time {
	s := e.textAt(b.at)
	if s == "" || b.at == nil {
		return time.Time{}
	}
	at, err := b.layout.parse(s)
	if err != nil {
		return time.Time{}
	}
	return at
}

// numberOf reads a number with or without "+"; "" if it is none in E.164.
func numberOf(s string) sms.Number {
	n := sms.Number("+" + strings.TrimLeft(strings.TrimSpace(s), "+"))
	if !n.Valid() {
		return ""
	}
	return n
}

var macs = map[string]func() hash.Hash{"hmac_sha1": sha1.New, "hmac_sha256": sha256.New, "hmac_sha512": sha512.New}

// authentic checks who sent a hook, by one of the kit's verifiers.
func (r *Recipe) authentic(y *verify, h kit.Hook, in *Input) error {
	f := &filler{r: r, q: r.send, in: in, hook: map[string]string{"url": h.URL, "body": string(h.Body)}}
	for name := range h.Header {
		f.hook[strings.ToLower(name)] = h.Header.Get(name)
	}
	fill := func(list ...text) string {
		var b strings.Builder
		for _, t := range list {
			for _, p := range t.parts {
				if p.name == "" {
					b.WriteString(p.literal)
				} else if v, err := f.placeholder(p); err == nil {
					b.WriteString(v)
				}
			}
		}
		return b.String()
	}
	secret, given := in.Secrets[y.secret], fill(y.at)
	decode := hex.DecodeString
	if y.as == "base64" {
		decode = base64.StdEncoding.DecodeString
	}
	var err error
	switch y.by {
	case "token":
		err = kit.CheckToken(given, secret)
	case "basic":
		err = kit.CheckBasic(h.Header, secret)
	case "ed25519":
		err = kit.CheckEd25519([]byte(fill(y.over...)), given, secret)
	case "jwt":
		_, err = kit.CheckJWT(strings.TrimPrefix(given, "Bearer "), in.Now, secret)
	default:
		err = kit.CheckHMAC(macs[y.by], []byte(fill(y.over...)), given, decode, secret)
	}
	if err != nil || y.time == nil {
		return err
	}
	seconds, err := strconv.ParseInt(fill(*y.time), 10, 64)
	if err != nil {
		return kit.ErrNotAuthentic
	}
	return kit.CheckAge(time.Unix(seconds, 0), in.Now, y.within)
}
