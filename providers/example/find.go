package example

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/notifykit/notify/providers/kit"
)

// maxReference is the longest reference that Postal takes.
const maxReference = 36

// listing says how Postal is asked whether it has a message: it lists what was sent
// to a number with our reference, within two minutes.
func (v *vendor) listing() *kit.Listing[order] {
	return &kit.Listing[order]{Exact: true, After: 2 * time.Minute, List: v.list}
}

// list reads the messages to one number. Postal has no pages.
func (v *vendor) list(ctx context.Context, q kit.Query[order]) (kit.Page, error) {
	query := url.Values{"to": {q.Order.To}, "from": {q.From.UTC().Format(time.RFC3339)}, "until": {q.To.UTC().Format(time.RFC3339)}}
	a, err := v.call(ctx, http.MethodGet, "/v1/messages?"+query.Encode(), nil)
	if err != nil {
		return kit.Page{}, err
	}
	var said struct {
		Messages *[]struct {
			ID, Reference string
			At            time.Time
		}
	}
	switch err := a.JSON(&said); {
	case !a.OK():
		return kit.Page{}, a.Refused("", "")
	case err != nil || said.Messages == nil: // no list is not an empty one
		return kit.Page{}, a.Unreadable("the list of messages is missing")
	}
	var p kit.Page
	for _, m := range *said.Messages {
		row := kit.Row{ID: m.ID, At: m.At}
		if m.Reference == q.Ref {
			row.Match = kit.Certain
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}
