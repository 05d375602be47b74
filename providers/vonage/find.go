package vonage

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// listing says how Vonage is asked whether it has a message: the Reports API lists
// what was sent in at most 24 hours, with client-ref.
func (v *vendor) listing() *kit.Listing[order] {
	return &kit.Listing[order]{Exact: true, After: findAfter, Window: 24 * time.Hour, Calls: 20, List: v.page}
}

// page reads one page. A page's token is the address of the next one, whose host is
// not followed.
func (v *vendor) page(ctx context.Context, q kit.Query[order]) (kit.Page, error) {
	query := url.Values{
		"account_id": {v.key}, "product": {v.product()}, "direction": {"outbound"}, "to": {q.Order.to},
		"date_start": {q.From.UTC().Format("2006-01-02T15:04:05+0000")}, "date_end": {q.To.UTC().Format("2006-01-02T15:04:05+0000")},
	}
	if q.Page != "" {
		next, err := url.Parse(q.Page)
		if err != nil {
			return kit.Page{}, &kit.Refusal{Reason: sms.Internal, Outcome: sms.Unknown, Cause: err}
		}
		query = next.Query()
	}
	r, err := v.authorized(http.MethodGet, v.At("api")+"/v2/reports/records?"+query.Encode(), "", "")
	if err != nil {
		return kit.Page{}, err
	}
	a, err := v.Do(ctx, r)
	if err != nil {
		return kit.Page{}, err
	}
	var said struct {
		Records *[]struct {
			ID       string `json:"message_id"`
			UUID     string `json:"message_uuid"`
			Ref      string `json:"client_ref"`
			To       string `json:"to"`
			Received string `json:"date_received"`
		} `json:"records"`
		Links struct {
			Next struct {
				Href string `json:"href"`
			} `json:"next"`
		} `json:"_links"`
	}
	switch err := a.JSON(&said); {
	case !a.OK():
		return kit.Page{}, a.Refused("", "")
	case err != nil || said.Records == nil:
		return kit.Page{}, a.Unreadable("the list of records is missing")
	}
	var p kit.Page
	p.Date, _ = http.ParseTime(a.Header.Get("Date"))
	for _, record := range *said.Records {
		row := kit.Row{ID: record.ID + record.UUID}
		row.At, _ = time.Parse("2006-01-02T15:04:05-0700", record.Received)
		switch {
		case record.Ref == q.Ref:
			row.Match = kit.Certain
		case record.Ref == "" && record.To == q.Order.to:
			row.Match, row.Why = kit.Maybe, "the vendor lists a message to this number without its client-ref"
		}
		p.Rows = append(p.Rows, row)
	}
	p.Next = said.Links.Next.Href
	return p, nil
}

func (v *vendor) product() string {
	if v.messages {
		return "MESSAGES"
	}
	return "SMS"
}

// inspect asks Vonage for the balance of the account, which shows that the
// credentials are right. Vonage lists no sender IDs.
func (v *vendor) inspect(ctx context.Context) ([]sms.Finding, error) {
	return v.Inspect(ctx, kit.Inspection{
		Account: v.inspectAccount,
		Sender: func(_ context.Context, sender string) (sms.Finding, error) {
			return sms.Finding{Subject: "sender", Name: sender, State: sms.NotChecked, Detail: "the vendor has no list of sender IDs"}, nil
		},
		Template: kit.TextTemplate,
	})
}

func (v *vendor) inspectAccount(ctx context.Context) (sms.Finding, error) {
	f := sms.Finding{Subject: "account", Name: v.key}
	r, err := v.authorized(http.MethodGet, "/account/get-balance", "", "")
	if err != nil {
		return f, err
	}
	a, err := v.Do(ctx, r)
	if err != nil {
		return f, err
	}
	var said struct {
		Value *float64 `json:"value"`
	}
	switch err := a.JSON(&said); {
	case !a.OK():
		return f, a.Refused("", "")
	case err != nil || said.Value == nil:
		return f, a.Unreadable("the answer has no balance")
	case *said.Value <= 0:
		f.State, f.Detail = sms.NotApproved, "the account has no balance: top it up"
	default:
		f.State = sms.Ready
	}
	return f, nil
}
