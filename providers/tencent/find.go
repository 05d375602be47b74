package tencent

import (
	"context"
	"strconv"
	"time"

	"github.com/notifykit/notify/providers/kit"
)

const (
	// listed is how far back Tencent lists.
	listed = 72 * time.Hour
	// perPage and maxOffset bound DescribeSendRecordList.
	perPage, maxOffset = 50, 1000
)

// listing says how Tencent is asked whether it has a message. Its list has no key of
// ours and masks the text, so a message that this process has no ID of cannot be
// told from another one to the same number: that is undecided.
func (v *vendor) listing() *kit.Listing[order] {
	return &kit.Listing[order]{
		Content: func(o order) (number, text string) { return o.Numbers[0], o.text },
		After:   findAfter, Back: listed, Calls: maxOffset/perPage + 1, List: v.page,
	}
}

// record is a message as Tencent lists it.
type record struct {
	SerialNo   string
	SendStatus int // 1 refused, 2 delivered, 3 on its way, 4 not delivered
	SendTime   int64
}

// page reads one page. A page's token is its offset.
func (v *vendor) page(ctx context.Context, q kit.Query[order]) (kit.Page, error) {
	offset, _ := strconv.Atoi(q.Page)
	request := map[string]any{
		"PhoneNumber": q.Order.Numbers[0], "SmsSdkAppId": v.app, "BeginTime": q.From.Unix(), "EndTime": min(q.To.Unix(), time.Now().Unix()),
		"Limit": perPage, "Offset": offset,
	}
	var said struct {
		SendRecordSet []record
		TotalCount    int
	}
	a, err := v.call(ctx, "DescribeSendRecordList", request, &said)
	if err != nil {
		return kit.Page{}, err
	}
	if said.SendRecordSet == nil && said.TotalCount != 0 {
		return kit.Page{}, a.Unreadable("the list of records is missing")
	}
	var p kit.Page
	for _, r := range said.SendRecordSet {
		row := kit.Row{ID: r.SerialNo, At: time.Unix(r.SendTime, 0), Match: kit.Maybe, Why: "the vendor has a message to this number since then, and lists neither our key nor the whole text"}
		if r.SendStatus == 1 {
			row.Match = kit.Ignore
		}
		p.Rows = append(p.Rows, row)
	}
	if next := offset + len(said.SendRecordSet); len(said.SendRecordSet) > 0 && next < said.TotalCount {
		p.Next = strconv.Itoa(next)
	}
	return p, nil
}
