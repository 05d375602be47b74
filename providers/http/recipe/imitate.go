package recipe

import (
	"net/http"
	"slices"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// A Response is an answer of the gateway, made from one of the recipe's examples. It
// prints without its body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Accept returns the answer by which the gateway accepts a message: that of the first
// example that accepts, with another ID and with what repeats the request. It reports
// false if no example accepts. The ID of a gateway that gives none is not used.
func (r *Recipe) Accept(in Input, id string) (Response, bool) {
	a, ok := r.sample(func(v Verdict) bool { return v.Outcome == sms.Accepted && (v.ID != "" || !r.HasID()) })
	if !ok {
		return Response{}, false
	}
	changes := map[string]string{}
	if r.answer.format == "text" {
		changes["id"] = id
		return r.changed(a, nil, changes), true
	}
	edits := []edit{}
	if at := r.answer.segments; at >= 0 && in.Text != "" {
		n, _ := sms.CountSegments(in.Text)
		edits = append(edits, edit{r.answer.slots[at], itoa(int64(n))})
	}
	if at := r.answer.id; at >= 0 {
		edits = append(edits, edit{r.answer.slots[at], id})
	}
	f := &filler{r: r, q: r.send, in: &in}
	for _, e := range r.answer.echo {
		if s, _, err := f.text(e.text); err == nil {
			edits = append(edits, edit{e.path, s})
		}
	}
	return r.changed(a, edits, nil), true
}

// Refuse returns the answer by which the gateway refuses a message with a code of its
// table, or with "HTTP n". Empty words and a status of zero are those of the example
// that is changed. If no example has the shape of a refusal, the answer is a bare
// status.
func (r *Recipe) Refuse(code, words string, status int) Response {
	var best Response
	found := false
	for _, own := range []bool{true, false} { // first the example of this very code
		for _, e := range r.samples() {
			v := r.Judge(*e.answer, nil)
			if v.Outcome == sms.Accepted || own != (v.Code == code) {
				continue
			}
			answer, ok := r.refusal(*e.answer, v, code, words, status)
			if !found {
				best, found = answer, true
			}
			if ok {
				return answer
			}
		}
	}
	if _, isStatus := strings.CutPrefix(code, "HTTP "); !found || isStatus {
		best = Response{Status: statusOf(code, status, http.StatusBadRequest), Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte(words)}
	}
	return best
}

// refusal changes an example into another refusal, and reports whether it is read as
// the table says.
func (r *Recipe) refusal(a kit.Answer, was Verdict, code, words string, status int) (Response, bool) {
	row, hasRow := r.Row(code)
	if bare, ok := strings.CutPrefix(code, "HTTP "); ok {
		if was.Code != "" {
			return Response{Status: statusOf(code, status, 0), Header: a.Header, Body: a.Body}, false
		}
		a.Status = statusOf("HTTP "+bare, status, a.Status)
	} else if was.Code == "" {
		return Response{Status: a.Status, Header: a.Header, Body: a.Body}, false
	}
	if status != 0 {
		a.Status = status
	} else if hasRow && r.answer.decides && was.Code != code && !strings.HasPrefix(code, "HTTP ") {
		a.Status = usualStatus(row)
	}
	var out Response
	if r.answer.format == "text" {
		changes := map[string]string{"code": code}
		if words != "" {
			changes["words"] = words
		}
		out = r.changed(a, nil, changes)
	} else {
		edits := []edit{}
		if was.Code != "" {
			edits = append(edits, r.firstEdit(a, r.answer.codes, code)...)
		}
		if words != "" {
			edits = append(edits, r.firstEdit(a, r.answer.message, words)...)
		}
		out = r.changed(a, edits, nil)
	}
	v := r.Judge(kit.Answer{Status: out.Status, Header: out.Header, Body: out.Body}, nil)
	if v.Outcome == sms.Accepted {
		return out, false
	}
	wants := strings.HasPrefix(code, "HTTP ") && v.Code == "" || v.Code == code
	return out, wants && (!hasRow || status != 0 || v.Outcome == row.Outcome && (v.Reason == row.Reason || v.Outcome == sms.Unknown))
}

// statusOf returns the status that was asked for, that of "HTTP n", or the usual one.
func statusOf(code string, asked, usual int) int {
	if asked != 0 {
		return asked
	}
	if n, err := atoi(strings.TrimPrefix(code, "HTTP ")); strings.HasPrefix(code, "HTTP ") && err == nil {
		return int(n)
	}
	return usual
}

// usualStatus is the HTTP status of a refusal where the status decides.
func usualStatus(row sms.CodeInfo) int {
	switch {
	case row.Outcome == sms.Unknown:
		return http.StatusInternalServerError
	case row.Reason == sms.Unauthorized:
		return http.StatusUnauthorized
	case row.Reason == sms.Throttled:
		return http.StatusTooManyRequests
	case row.Reason == sms.AccountBlocked:
		return http.StatusPaymentRequired
	}
	return http.StatusBadRequest
}

// Row returns the row of a code that holds without a condition.
func (r *Recipe) Row(code string) (sms.CodeInfo, bool) {
	for _, w := range r.answer.rows[code] {
		if len(w.when) == 0 {
			return w.info, true
		}
	}
	return sms.CodeInfo{}, false
}

// CodeFor returns the first code of the recipe's table with a reason, or the HTTP
// status that has it.
func (r *Recipe) CodeFor(reason sms.Reason) string {
	for _, info := range r.answer.table {
		if row, ok := r.Row(info.Code); ok && row.Reason == reason && !row.Late && row.Outcome == sms.Rejected {
			return info.Code
		}
	}
	switch reason {
	case sms.Unauthorized:
		return "HTTP 401"
	case sms.Throttled:
		return "HTTP 429"
	}
	return "HTTP 400"
}

// samples returns the examples of sending that have an answer.
func (r *Recipe) samples() (list []example) {
	for _, e := range r.examples {
		if e.kind != "send" {
			continue
		}
		if e, err := r.complete(e); err == nil && e.answer != nil {
			list = append(list, e)
		}
	}
	return list
}

func (r *Recipe) sample(fits func(Verdict) bool) (kit.Answer, bool) {
	for _, e := range r.samples() {
		if fits(r.Judge(*e.answer, nil)) {
			return *e.answer, true
		}
	}
	return kit.Answer{}, false
}

// firstEdit returns the edit of the first of several paths that an answer has.
func (r *Recipe) firstEdit(a kit.Answer, slots []int, value string) []edit {
	d, err := parseDoc(r.answer.format, a.Body, nil)
	if err != nil {
		return nil
	}
	for _, slot := range slots {
		p := slices.Clone(r.answer.slots[slot])
		for i := range p {
			if p[i] == "*" {
				p[i] = "0"
			}
		}
		if at, st := d.get(p); st == scalar && at.text != "" {
			return []edit{{p, value}}
		}
	}
	return nil
}
