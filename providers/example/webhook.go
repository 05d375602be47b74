package example

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// webhook reads what Postal posts: a delivery report, or a reply. Postal signs the
// body with the account's token.
func (v *vendor) webhook(_ context.Context, h kit.Hook) (kit.Inbound, error) {
	if err := kit.CheckHMAC(sha256.New, h.Body, h.Header.Get("Postal-Signature"), hex.DecodeString, v.token()); err != nil {
		return kit.Inbound{}, err
	}
	var said struct{ ID, Reference, To, Status, Code, From, Text string }
	if json.Unmarshal(h.Body, &said) != nil || said.ID == "" {
		return kit.Inbound{}, kit.ErrMalformed
	}
	in := kit.Inbound{Signed: true}
	if said.Status == "" {
		in.Replies = []sms.Reply{{ID: said.ID, From: sms.Number(said.From), To: said.To, Text: said.Text}}
		return in, nil
	}
	r := sms.Report{ID: said.ID, Key: said.Reference, Ref: said.Reference, To: sms.Number(said.To), Code: said.Code}
	if r.State = states[said.Status]; r.State == 0 {
		r.Code = said.Status // a word that is not known here is kept
	}
	in.Reports = []sms.Report{r}
	return in, nil
}

// states are Postal's words for the state of a message.
var states = map[string]sms.DeliveryState{
	"posted": sms.StateSent, "delivered": sms.StateDelivered, "returned": sms.StateUndelivered,
}
