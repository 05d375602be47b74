package aliyun

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	// perPage is the most rows that one QuerySendDetails lists.
	perPage = 50
	// maxCalls bounds one question.
	maxCalls = 60
	// listed is how far back the vendor lists. The first day has to be listed whole.
	listed = 29 * day
	// maxSkew is how far the vendor's clock may be from ours for it to accept a call
	// (InvalidTimeStamp.Expired): the day of a message may be off by so much.
	maxSkew = 15 * time.Minute
)

// listing says how Aliyun is asked whether it has a message: it lists what was sent
// to a number, on one of its days (UTC+8), with the OutId, which is our key.
//
// A message that was sent in a call with others ([IsBatch]) is known to the process
// that sent it by that call's OutId and its number. To another process it is the
// only message that such a call took to that number by that template since then,
// with that text if the vendor lists the text.
//
// It is undecided if there is a message of the same template in that time with
// another OutId or none. The listing does not have the BizId, so Receipt.ID is
// empty.
func (v *vendor) listing() *kit.Listing[order] {
	return &kit.Listing[order]{Exact: true, Back: listed, Zone: china, Skew: maxSkew, Calls: maxCalls, List: v.page}
}

// page reads one page of one day. A page's token is the number of rows before it. A
// listing that ends before its own total says nothing of what it lacks.
func (v *vendor) page(ctx context.Context, q kit.Query[order]) (kit.Page, error) {
	r, err := v.call(ctx, readQuerySendDetails, func(key Credentials) (signedCall, error) {
		return signQuerySendDetails("", q.Order.phone, q.From.In(china).Format("20060102"), q.Number, v.region, key)
	})
	if err != nil {
		return kit.Page{}, err
	}
	total, err := strconv.Atoi(r.total)
	if err != nil || total < 0 {
		return kit.Page{}, errors.New("the vendor's listing does not say how many messages there are")
	}
	var p kit.Page
	for _, row := range r.rows {
		p.Rows = append(p.Rows, row.compare(q))
	}
	before, _ := strconv.Atoi(q.Page)
	switch seen := before + len(r.rows); {
	case seen < total && len(r.rows) == 0:
		return p, errors.New("the vendor's listing ends before its total")
	case seen < total:
		p.Next = strconv.Itoa(seen)
	}
	return p, nil
}

// look asks for one message by its BizId, on the vendor's day of at and, if that is
// near midnight, on the day beside it.
func (v *vendor) look(ctx context.Context, bizID string, to sms.Number, at time.Time) (sms.Report, error) {
	phone, _, err := phoneOf(to)
	if err != nil {
		return sms.Report{}, err
	}
	last := ""
	for _, when := range []time.Time{at, at.Add(-maxSkew), at.Add(maxSkew)} {
		date := when.In(china).Format("20060102")
		if date == last {
			continue
		}
		last = date
		r, err := v.call(ctx, readQuerySendDetails, func(key Credentials) (signedCall, error) {
			return signQuerySendDetails(bizID, phone, date, 1, v.region, key)
		})
		if err != nil {
			return sms.Report{}, err
		}
		if len(r.rows) == 1 {
			return v.looked(r.rows[0]), nil
		}
	}
	return sms.Report{}, sms.ErrNotFound
}

// looked returns what a row of the listing says, as a report would. SendStatus is 1
// while the carrier has said nothing, 2 if it failed and 3 if it was delivered
// (document 419277).
func (v *vendor) looked(r row) sms.Report {
	found := sms.Report{Ref: r.outID, Code: r.code, At: timeOf(r.received)}
	if !IsBatch(r.outID) {
		found.Key = r.outID
	}
	switch r.status {
	case 1:
		found.State, found.Code = sms.StateAccepted, ""
	case 2:
		found.State = v.Codes.Undelivered(r.code)
	case 3:
		found.State, found.Code = sms.StateDelivered, ""
	}
	return found
}

// compare compares a listed message with the one that is looked for. One of the
// same template and without our OutId may still be ours: a call of several numbers
// has one OutId for all of them.
func (r row) compare(q kit.Query[order]) kit.Row {
	var row kit.Row
	row.At, _ = time.ParseInLocation(time.DateTime, r.sent, china)
	maybe := func(why string) { row.Match, row.Why = kit.Maybe, why }
	ours := r.template == q.Order.template
	switch {
	case r.outID == q.Ref && ours:
		row.Match = kit.Certain
	case q.Batched && r.outID != q.Ref && r.outID != "": // another call, whatever it took
	case mayShare(q.Message.Kind) && IsBatch(r.outID) && ours:
		row.Mark = kit.Mark(r.outID, q.Order.phone)
		if row.Match = kit.Same; r.text != "" && r.text != q.Order.text {
			maybe("the vendor has a message of the same template and time, sent with others, that reads otherwise")
		}
	case r.outID == q.Ref:
		row.At = time.Time{} // whenever it was
		maybe("the vendor has a message of this key with another template")
	case ours:
		maybe("the vendor has a message of the same template and time that does not carry this key")
	case r.template == "":
		row.At = time.Time{}
		maybe("the vendor lists a message without its template")
	}
	return row
}
