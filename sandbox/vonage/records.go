package vonage

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
)

const (
	recordTime = "2006-01-02T15:04:05-0700"
	// perPage is how many messages one answer has; its link leads on.
	perPage = 200
)

func refuseRecords(_ *call, code, text string, status int) kernel.Answer {
	if code == "1" { // too fast
		return problem(cmp.Or(status, http.StatusTooManyRequests), "#throttled", "Rate Limit Hit", "Please wait, then retry your request")
	}
	return problem(cmp.Or(status, http.StatusUnprocessableEntity), "#"+code, cmp.Or(text, "Error "+code), cmp.Or(text, "Error "+code))
}

func unprocessable(name, reason string) kernel.Answer {
	return kernel.JSON(http.StatusUnprocessableEntity, "application/problem+json", map[string]any{
		"type": "https://developer.vonage.com/api-errors/reports#invalid", "title": "Unprocessable entity", "instance": kernel.NewUUID(),
		"invalid_parameters": []map[string]string{{"name": name, "reason": reason}},
	})
}

// A question is what a listing asks for.
type question struct {
	messages    bool
	ids         []string
	from, until time.Time
	status, to  string
	first       uint64 // only messages older than this place; 0: from the newest
	texts       bool
}

// readQuestion reads the parameters, and returns an answer if they are wrong.
func (c *call) readQuestion() (q question, wrong *kernel.Answer) {
	bad := func(name, reason string) (question, *kernel.Answer) {
		a := unprocessable(name, reason)
		return q, &a
	}
	p := c.request.URL.Query()
	switch p.Get("product") {
	case "SMS":
	case "MESSAGES":
		q.messages = true
	default:
		return bad("product", "The sandbox has SMS and MESSAGES")
	}
	if p.Get("direction") != "outbound" {
		return bad("direction", "The sandbox has outbound only")
	}
	q.status, q.to, q.texts = p.Get("status"), p.Get("to"), p.Get("include_message") == "true"
	q.first, _ = strconv.ParseUint(p.Get("cursor"), 10, 64)
	if ids := p.Get("id"); ids != "" {
		if p.Get("date_start") != "" || p.Get("date_end") != "" || q.status != "" {
			return bad("id", "Must not be used with status, date_start or date_end")
		}
		q.ids = strings.Split(ids, ",")
		return q, nil
	}
	var ok, ok2 bool
	if q.from, ok = readTime(p.Get("date_start")); !ok {
		return bad("date_start", "Missing required parameter, or no date")
	}
	if q.until, ok2 = readTime(p.Get("date_end")); !ok2 {
		return bad("date_end", "Missing required parameter, or no date")
	}
	if q.until.Before(q.from) || q.until.Sub(q.from) > 24*time.Hour {
		return bad("date_end", "Must be no more than 24 hours later than date_start")
	}
	return q, nil
}

func readTime(s string) (time.Time, bool) {
	for _, layout := range []string{recordTime, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// records lists what was sent, the newest first: a record for each part.
func (v *vendor) records(c *call) kernel.Answer {
	if v.authorize(c) != 0 {
		return problem(http.StatusUnauthorized, "#unauthorized", "Unauthorized", "You did not provide correct credentials.")
	}
	if c.request.URL.Query().Get("account_id") != c.key {
		return problem(http.StatusForbidden, "#forbidden", "Forbidden", "User not authorized to query the requested data")
	}
	q, wrong := c.readQuestion()
	if wrong != nil {
		return *wrong
	}
	found, missing := []map[string]any{}, slices.Clone(q.ids)
	shown, next := 0, uint64(0)
	v.desk.Newest(c.now, func(r *kernel.Record, s kernel.Status) bool {
		f := r.Facts.(*facts)
		if r.Account != c.key || c.now.Sub(r.At) < c.order.ListAfter || q.first != 0 && r.Place() >= q.first || !q.matches(r, s, f) {
			return true
		}
		if shown == perPage {
			return false
		}
		shown, next = shown+1, r.Place()
		for _, id := range f.ids {
			if len(q.ids) > 0 && !slices.Contains(q.ids, id) {
				continue
			}
			missing = slices.DeleteFunc(missing, func(wanted string) bool { return wanted == id })
			found = append(found, q.record(r, s, f, id))
		}
		return true
	})
	return c.listing(q, found, missing, shown == perPage, next)
}

// matches reports whether a message is asked for.
func (q question) matches(r *kernel.Record, s kernel.Status, f *facts) bool {
	if f.messages != q.messages || q.to != "" && string(r.To) != "+"+q.to {
		return false
	}
	if len(q.ids) > 0 {
		return slices.ContainsFunc(f.ids, func(id string) bool { return slices.Contains(q.ids, id) })
	}
	return !r.At.Before(q.from) && r.At.Before(q.until) && (q.status == "" || q.status == wordOf(r, s.State))
}

// record is a part of a message as the listing shows it.
func (q question) record(r *kernel.Record, s kernel.Status, f *facts, id string) map[string]any {
	row := map[string]any{
		"account_id": r.Account, "client_ref": r.Key, "direction": "outbound", "from": r.From, "to": strings.TrimPrefix(string(r.To), "+"),
		"country": r.To.Region(), "date_received": r.At.UTC().Format(recordTime), "status": wordOf(r, s.State), "currency": "EUR", "total_price": 0.0333,
	}
	name := "message_id"
	if f.messages {
		name = "message_uuid"
	} else {
		row["concatenated"], row["network"], row["error_code"] = len(f.ids) > 1, network(r.To), "0"
	}
	row[name] = id
	if s.State.Final() {
		row["date_finalized"], row["latency"] = s.Since.UTC().Format(recordTime), s.Since.Sub(r.At).Milliseconds()
	}
	if s.State == kernel.Failed && !f.messages {
		_, row["error_code"] = failure(r.Fails)
	}
	if q.texts {
		row["message_body"] = r.Text
	}
	return row
}

// listing is the answer around its records.
func (c *call) listing(q question, found []map[string]any, missing []string, more bool, next uint64) kernel.Answer {
	link := func(query url.Values) map[string]string {
		return map[string]string{"href": "https://api.nexmo.com/v2/reports/records?" + query.Encode()}
	}
	query := c.request.URL.Query()
	links := map[string]any{"self": link(query)}
	if more {
		query.Set("cursor", strconv.FormatUint(next, 10))
		links["next"] = link(query)
	}
	body := map[string]any{
		"_links": links, "request_id": kernel.NewUUID(), "request_status": "SUCCESS", "received_at": c.now.UTC().Format(recordTime), "price": 0.0, "currency": "EUR",
		"account_id": c.key, "product": query.Get("product"), "direction": "outbound", "include_message": q.texts, "items_count": len(found), "records": found,
	}
	if len(q.ids) > 0 {
		body["ids_not_found"] = strings.Join(missing, ",")
	}
	return kernel.JSON(http.StatusOK, "application/json", body)
}
