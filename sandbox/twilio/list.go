package twilio

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
	defaultPageSize = 50
	maxPageSize     = 1000
	maxPageBytes    = 256 << 10 // of texts: a page of long ones is shorter, and its link leads on
)

// A page says which part of a list is wanted. The list runs from the
// newest message to the oldest, and a token names the message at its border, so
// that messages which come in between move nothing.
type page struct {
	number, size int
	after        uint64 // only messages older than this one; 0: from the newest
	before       uint64 // the messages just newer than this one; 0: not asked for
}

func (v *vendor) list(c *call) (kernel.Answer, *apiError) {
	page, refusal := readPage(c.form)
	if refusal != nil {
		return kernel.Answer{}, refusal
	}
	matches, refusal := readFilter(c.form)
	if refusal != nil {
		return kernel.Answer{}, refusal
	}
	var all []uint64 // the places of the messages, newest first
	v.desk.Newest(c.now, func(r *kernel.Record, s kernel.Status) bool {
		if f := r.Facts.(*facts); r.Account == c.accountID && !f.deleted && c.now.Sub(r.At) >= c.listAfter && matches(r, s) {
			all = append(all, r.Place())
		}
		return true
	})
	first, last := page.cut(all)
	shown, bytes := []map[string]any{}, 0
	v.desk.Newest(c.now, func(r *kernel.Record, s kernel.Status) bool {
		if _, ok := slices.BinarySearchFunc(all[first:last], r.Place(), func(place, wanted uint64) int {
			return cmp.Compare(wanted, place) // the newest first
		}); ok {
			shown = append(shown, resource(r, s))
			bytes += len(r.Text)
		}
		return len(shown) < last-first && bytes < maxPageBytes
	})
	last = first + len(shown)
	return kernel.JSON(http.StatusOK, "application/json", page.envelope(c.request.URL.Path, c.form, all, first, last, shown)), nil
}

// cut returns the part of the list that the page shows.
func (p page) cut(all []uint64) (first, last int) {
	switch {
	case p.after > 0:
		first = countWhile(all, func(place uint64) bool { return place >= p.after })
	case p.before > 0:
		last = countWhile(all, func(place uint64) bool { return place > p.before })
		return max(0, last-p.size), last
	default:
		first = min(p.number*p.size, len(all))
	}
	return first, min(first+p.size, len(all))
}

func countWhile(all []uint64, holds func(uint64) bool) int {
	n := slices.IndexFunc(all, func(place uint64) bool { return !holds(place) })
	if n < 0 {
		return len(all)
	}
	return n
}

// envelope is the list around its messages. The addresses are relative to the
// host, as the vendor's are.
func (p page) envelope(path string, form url.Values, all []uint64, first, last int, shown []map[string]any) map[string]any {
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
		body["next_page_uri"] = link(p.number+1, "PA"+strconv.FormatUint(all[last-1], 10))
	}
	if first > 0 && first < len(all) && p.number > 0 {
		body["previous_page_uri"] = link(p.number-1, "PB"+strconv.FormatUint(all[first], 10))
	}
	return body
}

func readPage(form url.Values) (page, *apiError) {
	page := page{size: defaultPageSize}
	var err error
	if s := form.Get("PageSize"); s != "" {
		if page.size, err = strconv.Atoi(s); err != nil || page.size < 1 {
			return page, refuse(400, 20001, "PageSize has to be a number between 1 and %d", maxPageSize)
		}
		page.size = min(page.size, maxPageSize)
	}
	if s := form.Get("Page"); s != "" {
		if page.number, err = strconv.Atoi(s); err != nil || page.number < 0 || page.number > 1_000_000 {
			return page, refuse(400, 20001, "Page has to be a number from 0")
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
		return page, refuse(400, 20001, "The PageToken is invalid")
	}
	return page, nil
}

// readFilter reads To, From and the three forms of DateSent, in which a
// date is a whole day of UTC's and a time is to the second; both ends belong to
// it. A message that is not sent yet counts by when it was created.
func readFilter(form url.Values) (func(*kernel.Record, kernel.Status) bool, *apiError) {
	to, from := form.Get("To"), form.Get("From")
	var notBefore, notAfter time.Time
	for _, name := range []string{"DateSent", "DateSent>", "DateSent<"} {
		value := form.Get(name)
		if value == "" {
			continue
		}
		start, end, ok := readSpan(value)
		if !ok {
			return nil, refuse(400, 20001, "%s is no date and no time: write 2006-01-02 or 2006-01-02T15:04:05Z", name)
		}
		if name != "DateSent<" {
			notBefore = later(notBefore, start)
		}
		if name != "DateSent>" && (notAfter.IsZero() || end.Before(notAfter)) {
			notAfter = end
		}
	}
	return func(r *kernel.Record, s kernel.Status) bool {
		sent := s.Sent
		if sent.IsZero() {
			sent = r.At
		}
		sent = sent.Truncate(time.Second) // as the vendor shows it
		_, sender := stateOf(r, s)
		return (to == "" || string(r.To) == to) && (from == "" || sender == from) &&
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
