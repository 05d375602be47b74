package twilio

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// listing says how Twilio is asked whether it has a message. Twilio has no ID of
// ours, so a message is looked for by number and text.
//
// It is found if there is exactly one such message that no other key is known to
// own. It is undecided if the text cannot be compared, because it was a content
// template, has been redacted, or may be ours as a Messaging Service rewrites texts
// (other quotes, shortened links). The list is asked by number alone and the time
// is compared here, because a message in Twilio's queue has no DateSent yet.
func (v *vendor) listing() *kit.Listing[request] {
	return &kit.Listing[request]{
		Content: func(r request) (number, text string) { return r.to, r.text },
		Calls:   10,
		List:    v.page,
	}
}

// look asks for one message by its SID.
func (v *vendor) look(ctx context.Context, sid string, _ sms.Number, _ time.Time) (sms.Report, error) {
	if !isID(sid) {
		return sms.Report{}, sms.ErrNotFound
	}
	form, c, ok := v.fetch(ctx, sid)
	if !ok {
		if c.answer.Status == http.StatusNotFound && readRefusal(c.answer.Body).code == "20404" {
			return sms.Report{}, sms.ErrNotFound
		}
		return sms.Report{}, c.refused()
	}
	r := report(form, "")
	r.Segments, r.At = count(form.Get("segments")), time.Time{}
	if at, err := time.Parse(time.RFC1123Z, form.Get("at")); err == nil {
		r.At = at
	}
	if r.Price = form.Get("price"); r.Price != "" {
		r.Currency = form.Get("currency")
	}
	return r, nil
}

// page reads one page of the list.
func (v *vendor) page(ctx context.Context, q kit.Query[request]) (kit.Page, error) {
	token, number, _ := strings.Cut(q.Page, " ")
	said, c, ok := v.list(ctx, q.Message.To, token, number)
	if !ok {
		return kit.Page{}, c.refused()
	}
	var p kit.Page
	p.Date, _ = http.ParseTime(c.answer.Header.Get("Date"))
	for _, l := range said.messages {
		p.Rows = append(p.Rows, l.row(q.Order))
	}
	if !said.more {
		return p, nil
	}
	if said.next == "" && said.number == "" {
		return p, errors.New("the list goes on, and does not say where")
	}
	p.Next = said.next + " " + said.number
	return p, nil
}

// row compares a listed message with the one that is looked for.
func (l listed) row(r request) kit.Row {
	row := kit.Row{ID: l.sid, At: l.created, Segments: count(l.segments)}
	maybe := func(why string) { row.Match, row.Why = kit.Maybe, why }
	switch {
	case l.direction == "inbound", l.to != "" && l.to != r.to:
		row.Match = kit.Ignore
	case l.created.IsZero() || l.to == "" || !isID(l.sid):
		maybe("Twilio lists a message without its time, number or SID")
	case r.content != "":
		maybe("the text of a content template is Twilio's own and cannot be compared")
	case l.body == "":
		maybe("Twilio has a message whose text was redacted")
	case l.body == r.text:
		row.Match = kit.Same
	case mayBeRewritten(r.text, l.body):
		maybe("Twilio has a message that may be this one with its text rewritten")
	default:
		row.Match = kit.Other
	}
	return row
}

// mayBeRewritten reports whether theirs may be ours as Twilio rewrites texts: other
// quotes and look-alike letters (smart encoding), shortened links, words put
// before or after. What is left of ours without links, in plain letters and
// digits, is then found in theirs in the same order. A text that is another one
// and passes all the same only makes Find undecided.
func mayBeRewritten(ours, theirs string) bool {
	rest := theirs
	for word := range strings.FieldsSeq(ours) {
		if strings.Contains(word, "://") || strings.HasPrefix(strings.ToLower(word), "www.") {
			continue
		}
		for i := range len(word) {
			c := word[i]
			if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
				continue
			}
			at := strings.IndexByte(rest, c)
			if at < 0 {
				return false
			}
			rest = rest[at+1:]
		}
	}
	return true
}
