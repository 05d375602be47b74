package recipe

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// A Verdict is what an answer is taken for.
type Verdict struct {
	Outcome sms.Outcome
	Reason  sms.Reason // empty if Accepted
	// Code, Words, ID and RequestID are the gateway's own, unmasked.
	Code, Words, ID, RequestID string
	Segments                   int
	RetryAfter                 time.Duration
	// Why says what decided: a row of the table, the HTTP status, or what could not be
	// read.
	Why string
}

// maxSlots is how many paths an answer may have without an allocation.
const maxSlots = 16

// Judge returns what an answer is taken for. rows, which may be nil, are rows of the
// user's own and come before the recipe's. What cannot be read leaves the outcome
// Unknown, unless the status refuses.
func (r *Recipe) Judge(a kit.Answer, rows map[string]sms.CodeInfo) Verdict {
	var room [maxSlots]found
	slots := room[:]
	if len(r.answer.slots) > maxSlots {
		slots = make([]found, len(r.answer.slots))
	}
	slots = slots[:len(r.answer.slots)]
	unreadable := r.answer.read(a, slots)
	v := Verdict{}
	success := a.Status >= 200 && a.Status <= 299
	if unreadable == nil {
		v = r.answer.collect(a, slots)
		if slices.ContainsFunc(slots, func(f found) bool { return f.state == repeated }) {
			unreadable = errors.New("a name comes twice in the answer")
			v = Verdict{}
		}
	}
	if unreadable == nil && r.answer.holds(r.answer.accepted, a.Status, slots, true) {
		v.Outcome, v.Code, v.Why = sms.Accepted, "", "the answer fulfils accepted"
		return v
	}
	if unreadable == nil && r.answer.mixed(a.Status, slots) {
		v.Outcome, v.Reason, v.Why = sms.Unknown, sms.Internal, "the answer accepts one entry and not another"
		return v
	}
	row, found := r.answer.row(a.Status, slots, v.Code, rows)
	switch {
	case unreadable != nil && success:
		v.Outcome, v.Reason, v.Why = sms.Unknown, sms.Internal, unreadable.Error()
	case found && row.Outcome == sms.Accepted:
		v.Outcome, v.Why = sms.Accepted, "the code "+strconv.Quote(row.Code)+" says that the message was taken before"
	case r.answer.decides:
		r.answer.byStatus(&v, a.Status, row, found)
	case found && !row.Late:
		v.Outcome, v.Reason, v.Why = row.Outcome, row.Reason, "the code "+strconv.Quote(row.Code)
	case success:
		v.Outcome, v.Reason, v.Why = sms.Unknown, sms.Internal, "the answer neither accepts nor has a known code"
		if r.answer.rejects {
			v.Outcome, v.Why = sms.Rejected, "no known code, and otherwise: rejected"
		}
	default:
		v.Reason, v.Outcome = kit.OfStatus(a.Status)
		v.Why = fmt.Sprintf("HTTP status %d", a.Status)
	}
	return v
}

// byStatus is the rule of status: decides. A 4xx but 408 refuses and the code gives
// the reason; a 2xx never refuses; a 5xx only by a row that rules acceptance out.
func (a *answer) byStatus(v *Verdict, status int, row sms.CodeInfo, found bool) {
	v.Reason, v.Outcome = kit.OfStatus(status)
	v.Why = fmt.Sprintf("HTTP status %d", status)
	switch {
	case status >= 200 && status <= 299:
		v.Reason, v.Outcome = sms.Internal, sms.Unknown
		if found {
			v.Reason = row.Reason
		}
	case !found:
	case v.Outcome == sms.Rejected:
		v.Reason, v.Why = row.Reason, v.Why+" and the code "+strconv.Quote(row.Code)
	case status >= http.StatusInternalServerError && !row.Late && row.Outcome == sms.Rejected:
		v.Reason, v.Outcome, v.Why = row.Reason, sms.Rejected, "the code "+strconv.Quote(row.Code)
	}
}

// read fills the slots from the body.
func (a *answer) read(k kit.Answer, out []found) error {
	if k.Cut != nil {
		return errors.New("the answer is cut")
	}
	switch a.format {
	case "none":
		return nil
	case "json":
		return scanJSON(k.Body, a.trie, out)
	case "text", "form":
		if k.Unframed && !a.unframed {
			return errors.New("the answer ended with the connection, so it may not be whole")
		}
	}
	d, err := parseDoc(a.format, k.Body, a.patterns)
	if err != nil {
		return err
	}
	d.fill(a.slots, out)
	return nil
}

// collect reads what the answer says besides its verdict.
func (a *answer) collect(k kit.Answer, slots []found) Verdict {
	at := func(slot int) string {
		if slot < 0 || slots[slot].state != scalar {
			return ""
		}
		return slots[slot].text
	}
	first := func(list []int) string {
		for _, slot := range list {
			if s := at(slot); s != "" {
				return s
			}
			for _, e := range slots[slot].all {
				if e.state == scalar && e.text != "" {
					return e.text
				}
			}
		}
		return ""
	}
	v := Verdict{ID: printableID(at(a.id)), Code: asCode(first(a.codes)), Words: first(a.message), RequestID: at(a.requestID)}
	if a.requestHdr != "" {
		v.RequestID = k.Header.Get(a.requestHdr)
	}
	v.Segments, _ = strconv.Atoi(at(a.segments))
	if seconds, err := strconv.ParseFloat(at(a.retryAfter), 64); err == nil && seconds > 0 {
		v.RetryAfter = time.Duration(min(seconds, 7*24*3600) * float64(time.Second))
	}
	v.Segments = max(v.Segments, 0)
	return v
}

// maxID is the longest ID or code that is kept.
const maxID, maxCode = 256, 128

func printableID(s string) string {
	if len(s) > maxID || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return s
}

// asCode drops what is no code, such as a page.
func asCode(s string) string {
	if len(s) > maxCode || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) {
		return ""
	}
	return s
}

// holds reports whether all rules do. A rule without a status needs a 2xx if success
// is set.
func (a *answer) holds(rules []rule, status int, slots []found, success bool) bool {
	for _, r := range rules {
		if !r.holds(status, slots, success) {
			return false
		}
	}
	return true
}

func (r rule) holds(status int, slots []found, success bool) bool {
	if len(r.status) > 0 && !slices.Contains(r.status, status) || len(r.status) == 0 && success && (status < 200 || status > 299) {
		return false
	}
	if r.op == "" {
		return true
	}
	f := slots[r.at]
	if !r.every {
		return r.is(entry{f.state, f.text})
	}
	for _, e := range f.all {
		if !r.is(e) {
			return false
		}
	}
	return len(f.all) > 0
}

func (r rule) is(e entry) bool {
	there := e.state == container || e.state == scalar && e.text != ""
	switch r.op {
	case "present":
		return there
	case "absent":
		return !there && e.state != repeated
	}
	return e.state == scalar && slices.ContainsFunc(r.values, func(v string) bool {
		switch r.op {
		case "begins":
			return strings.HasPrefix(e.text, v)
		case "contains":
			return strings.Contains(e.text, v)
		}
		return e.text == v
	})
}

// mixed reports whether some entries of a list fulfil accepted and others do not.
func (a *answer) mixed(status int, slots []found) bool {
	for _, r := range a.accepted {
		if !r.every || r.op == "" {
			continue
		}
		yes := 0
		for _, e := range slots[r.at].all {
			if e.state == repeated {
				return true
			}
			if r.is(e) {
				yes++
			}
		}
		if yes > 0 && yes < len(slots[r.at].all) {
			return true
		}
	}
	return false
}

// row returns the row of a code: the user's, then the recipe's, then that of the
// status for an answer without a code of its own. If the entries of a list have codes
// of different outcomes, the row is Unknown.
func (a *answer) row(status int, slots []found, code string, own map[string]sms.CodeInfo) (sms.CodeInfo, bool) {
	row, ok := a.one(status, slots, code, own)
	for _, slot := range a.codes {
		for _, e := range slots[slot].all {
			other, known := a.one(status, slots, asCode(e.text), own)
			if other.Outcome != row.Outcome || known != ok {
				row.Outcome = sms.Unknown
			}
		}
	}
	return row, ok
}

func (a *answer) one(status int, slots []found, code string, own map[string]sms.CodeInfo) (sms.CodeInfo, bool) {
	if code == "" {
		code = "HTTP " + strconv.Itoa(status)
	}
	if row, ok := own[code]; ok {
		return row, true
	}
	for _, w := range a.rows[code] {
		if a.holds(w.when, status, slots, false) {
			return w.info, true
		}
	}
	return sms.CodeInfo{}, false
}

// Codes returns a copy of the recipe's table.
func (r *Recipe) Codes() []sms.CodeInfo { return slices.Clone(r.answer.table) }

// HasID reports whether the gateway's answer names the message.
func (r *Recipe) HasID() bool { return r.answer.id >= 0 }

// ShowsMessageInURL reports whether the number or the text stands in the URL of a
// request, where proxies and logs keep it.
func (r *Recipe) ShowsMessageInURL() bool {
	return r.send.secretPath || r.unicode != nil && r.unicode.secretPath
}

// Source returns the recipe as it is written.
func (r *Recipe) Source() []byte { return slices.Clone(r.data) }

// Form returns a number as the gateway gets it.
func (r *Recipe) Form(n sms.Number) (string, error) {
	if len(r.Regions) > 0 && !slices.Contains(r.Regions, n.Region()) {
		return "", fmt.Errorf("%s reaches %s only", r.Name, strings.Join(r.Regions, ", "))
	}
	var first text
	see := func(t text, _ *node, _ bool) {
		if len(first.parts) == 0 && t.uses("to") {
			first = t
		}
	}
	see(r.send.path, nil, false)
	r.send.query.each(see)
	r.send.body.each(see)
	var b strings.Builder
	for _, p := range first.parts {
		if p.name != "to" {
			b.WriteString(p.literal)
			continue
		}
		s, err := number(n, p.arg)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// Needs reports whether the request has a placeholder, such as "template".
func (r *Recipe) Needs(placeholder string) (needed bool) {
	see := func(t text, _ *node, _ bool) { needed = needed || t.uses(placeholder) }
	see(r.send.path, nil, false)
	r.send.query.each(see)
	r.send.body.each(see)
	for _, h := range r.send.headers {
		see(h.text, nil, false)
	}
	for _, s := range r.signs {
		for _, t := range s.pieces {
			see(t, nil, false)
		}
	}
	return needed
}
