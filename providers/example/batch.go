package example

import (
	"context"
	"net/http"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// batch says how Postal takes several messages in one call. Codes go alone, so that
// none waits for another message.
func (v *vendor) batch() *kit.Batch[order] {
	return &kit.Batch[order]{
		Max:    50,
		Number: func(o order) string { return o.To },
		Send:   v.sendAll,
		Like: func(o order, m sms.Message) string {
			if m.Kind == sms.Verification {
				return ""
			}
			return strings.Join(append([]string{o.From, o.Template}, o.Values...), "\x00")
		},
	}
}

// sendAll submits several messages in one call. Postal answers each one.
func (v *vendor) sendAll(ctx context.Context, orders []order, _ string) ([]kit.Result, error) {
	a, err := v.call(ctx, http.MethodPost, "/v1/batches", orders)
	if err != nil {
		return nil, err
	}
	var said struct {
		Call    string
		Results []struct{ Code, Message, ID string }
	}
	switch err := a.JSON(&said); {
	case !a.OK() || a.Status != http.StatusOK:
		return nil, a.Refused("", "")
	case err != nil || len(said.Results) != len(orders):
		return nil, a.Unreadable("the answer does not have one result for each message")
	}
	results := make([]kit.Result, len(orders))
	for i, r := range said.Results {
		switch r.Code {
		case "0":
			results[i].Accepted = kit.Accepted{ID: r.ID, RequestID: said.Call}
		case "":
			results[i].Err = a.Unreadable("a result has no code")
		default:
			results[i].Err = a.Refused(r.Code, r.Message, said.Call)
		}
	}
	return results, nil
}
