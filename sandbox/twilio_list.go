package sandbox

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// A twilioPage says which part of a list is wanted. The list runs from the
// newest message to the oldest, and a token names the message at its border, so
// that messages which come in between move nothing.
type twilioPage struct {
	number, size int
	after        uint64 // only messages older than this one; 0: from the newest
	before       uint64 // the messages just newer than this one; 0: not asked for
}

func (v *twilioVendor) list(c *twilioCall) (reply, *twilioError) {
	page, refusal := readTwilioPage(c.form)
	if refusal != nil {
		return reply{}, refusal
	}
	matches, refusal := readTwilioFilter(c.form, v.options.Pace, c.now)
	if refusal != nil {
		return reply{}, refusal
	}
	var all []*entry // newest first
	v.store.newest(func(e *entry) bool {
		if e.Vendor == Twilio && e.Account == c.accountID && !e.twilio.deleted && c.now.Sub(e.At) >= c.listAfter && matches(e) {
			all = append(all, e)
		}
		return true
	})
	first, last := page.cut(all)
	shown := make([]map[string]any, 0, last-first)
	v.store.newest(func(e *entry) bool { // once more under the lock: messages change
		if _, ok := slices.BinarySearchFunc(all[first:last], e.seq, func(e *entry, seq uint64) int {
			return cmp.Compare(seq, e.seq) // the newest first
		}); ok {
			shown = append(shown, e.resource(c.now, v.options.Pace))
		}
		return true
	})
	return jsonReply(http.StatusOK, "application/json", page.envelope(c.request.URL.Path, c.form, all, first, last, shown)), nil
}

// cut gives the part of the list that the page shows.
func (p twilioPage) cut(all []*entry) (first, last int) {
	switch {
	case p.after > 0:
		first = countWhile(all, func(e *entry) bool { return e.seq >= p.after })
	case p.before > 0:
		last = countWhile(all, func(e *entry) bool { return e.seq > p.before })
		return max(0, last-p.size), last
	default:
		first = min(p.number*p.size, len(all))
	}
	return first, min(first+p.size, len(all))
}

func countWhile(all []*entry, holds func(*entry) bool) int {
	n := slices.IndexFunc(all, func(e *entry) bool { return !holds(e) })
	if n < 0 {
		return len(all)
	}
	return n
}

// envelope is the list around its messages. The addresses are relative to the
// host, as the vendor's are.
func (p twilioPage) envelope(path string, form url.Values, all []*entry, first, last int, shown []map[string]any) map[string]any {
	link := func(number int, token string) string {
		q := url.Values{}
		for k, values := range form {
			q[k] = values
		}
		q.Del("PageToken")
		q.Set("PageSize", strconv.Itoa(p.size))
		q.Set("Page", strconv.Itoa(number))
		if token != "" {
			q.Set("PageToken", token)
		}
		return path + "?" + q.Encode()
	}
	start := p.number * p.size
	body := map[string]any{
		"page": p.number, "page_size": p.size, "start": start, "end": max(start, start+len(shown)-1),
		"uri": link(p.number, form.Get("PageToken")), "first_page_uri": link(0, ""),
		"next_page_uri": nil, "previous_page_uri": nil, "messages": shown,
	}
	if last < len(all) && last > first {
		body["next_page_uri"] = link(p.number+1, "PA"+strconv.FormatUint(all[last-1].seq, 10))
	}
	if first > 0 && first < len(all) && p.number > 0 {
		body["previous_page_uri"] = link(p.number-1, "PB"+strconv.FormatUint(all[first].seq, 10))
	}
	return body
}

func readTwilioPage(form url.Values) (twilioPage, *twilioError) {
	page := twilioPage{size: defaultPageSize}
	var err error
	if s := form.Get("PageSize"); s != "" {
		if page.size, err = strconv.Atoi(s); err != nil || page.size < 1 {
			return page, twilioRefuse(400, 20001, "PageSize has to be a number between 1 and %d", maxPageSize)
		}
		page.size = min(page.size, maxPageSize)
	}
	if s := form.Get("Page"); s != "" {
		if page.number, err = strconv.Atoi(s); err != nil || page.number < 0 || page.number > 1_000_000 {
			return page, twilioRefuse(400, 20001, "Page has to be a number from 0")
		}
	}
	token := form.Get("PageToken")
	if token == "" {
		return page, nil
	}
	border, err := strconv.ParseUint(token[min(2, len(token)):], 10, 64)
	switch {
	case err == nil && border > 0 && strings.HasPrefix(token, "PA"):
		page.after = border
	case err == nil && border > 0 && strings.HasPrefix(token, "PB"):
		page.before = border
	default:
		return page, twilioRefuse(400, 20001, "The PageToken is invalid")
	}
	return page, nil
}

// readTwilioFilter reads To, From and the three forms of DateSent, in which a
// date is a whole day of UTC's and a time is to the second; both ends belong to
// it. A message that is not sent yet counts by when it was created.
func readTwilioFilter(form url.Values, pace time.Duration, now time.Time) (func(*entry) bool, *twilioError) {
	to, from := form.Get("To"), form.Get("From")
	var notBefore, notAfter time.Time
	for _, name := range []string{"DateSent", "DateSent>", "DateSent<"} {
		value := form.Get(name)
		if value == "" {
			continue
		}
		start, end, ok := readSpan(value)
		if !ok {
			return nil, twilioRefuse(400, 20001, "%s is no date and no time: write 2006-01-02 or 2006-01-02T15:04:05Z", name)
		}
		if name != "DateSent<" {
			notBefore = later(notBefore, start)
		}
		if name != "DateSent>" && (notAfter.IsZero() || end.Before(notAfter)) {
			notAfter = end
		}
	}
	return func(e *entry) bool {
		state := e.twilioState(now, pace)
		sent := state.sent
		if sent.IsZero() {
			sent = e.At
		}
		sent = sent.Truncate(time.Second) // as the vendor shows it
		return (to == "" || string(e.To) == to) && (from == "" || state.from == from) &&
			!sent.Before(notBefore) && (notAfter.IsZero() || !sent.After(notAfter))
	}, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// readSpan reads a day or a second.
func readSpan(s string) (start, end time.Time, ok bool) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day, day.Add(24*time.Hour - time.Second), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC().Truncate(time.Second)
			return t, t, true
		}
	}
	return time.Time{}, time.Time{}, false
}
