package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// The types of what SNS posts.
const (
	typeNotification = "Notification"
	typeSubscribe    = "SubscriptionConfirmation"
	typeUnsubscribe  = "UnsubscribeConfirmation"
)

// An envelope is what SNS posts. Message holds the event, as text.
type envelope struct {
	Type, MessageID, Token, TopicArn, Subject, Message string
	Timestamp, SignatureVersion, Signature             string
	SigningCertURL, SubscribeURL                       string
}

// Format prints the type and the topic: the message holds a number and a text.
func (e envelope) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%s of %s}", e.Type, e.TopicArn) }

// webhook reads what SNS posted: events, replies, and the question whether the
// address is ours.
func (v *vendor) webhook(ctx context.Context, h kit.Hook) (kit.Inbound, error) {
	var e envelope
	if err := json.Unmarshal(h.Body, &e); err != nil || e.Type == "" {
		return kit.Inbound{}, fmt.Errorf("%w: it is no notification of SNS", kit.ErrMalformed)
	}
	if err := v.verify(ctx, e); err != nil {
		return kit.Inbound{}, err
	}
	in := kit.Inbound{Status: http.StatusOK, Signed: true}
	switch e.Type {
	case typeSubscribe:
		return in, v.subscribe(ctx, e)
	case typeUnsubscribe:
		return in, nil
	}
	var said notification
	if err := json.Unmarshal([]byte(e.Message), &said); err != nil {
		return kit.Inbound{}, fmt.Errorf("%w: its message is no event of this service", kit.ErrMalformed)
	}
	at, _ := time.Parse(time.RFC3339, e.Timestamp) // verify has read it
	switch {
	case said.EventType != "" && said.MessageID != "":
		in.Reports = []sms.Report{said.report()}
	case said.InboundMessageID != "":
		in.Replies = []sms.Reply{said.reply(at)}
	default:
		return kit.Inbound{}, fmt.Errorf("%w: it has neither eventType nor inboundMessageId", kit.ErrMalformed)
	}
	return in, nil
}

// subscribe confirms that the topic may post here.
func (v *vendor) subscribe(ctx context.Context, e envelope) error {
	if err := v.topics.checkURL(e.SubscribeURL, e.TopicArn); err != nil {
		return fmt.Errorf("%w: SubscribeURL: %v", kit.ErrNotAuthentic, err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	r, err := v.Request(http.MethodGet, e.SubscribeURL, "", "")
	if err != nil {
		return err
	}
	a, err := v.Do(ctx, r)
	if err != nil {
		return err
	}
	if !a.OK() {
		return fmt.Errorf("the subscription to %s could not be confirmed: HTTP status %d", e.TopicArn, a.Status)
	}
	return nil
}

// A notification is what a topic brings: an event of a message, or a reply.
type notification struct {
	EventType              string            `json:"eventType"`
	EventTimestamp         int64             `json:"eventTimestamp"` // milliseconds
	IsFinal                bool              `json:"isFinal"`
	MessageID              string            `json:"messageId"`
	DestinationPhoneNumber string            `json:"destinationPhoneNumber"`
	MessageStatusDetail    string            `json:"messageStatusDescription"`
	TotalMessageParts      int               `json:"totalMessageParts"`
	TotalMessagePrice      *float64          `json:"totalMessagePrice"`
	TotalCarrierFee        float64           `json:"totalCarrierFee"`
	Context                map[string]string `json:"context"`

	InboundMessageID           string `json:"inboundMessageId"`
	OriginationNumber          string `json:"originationNumber"`
	DestinationNumber          string `json:"destinationNumber"`
	MessageBody                string `json:"messageBody"`
	PreviousPublishedMessageID string `json:"previousPublishedMessageId"`
}

// Format prints the type: the rest holds a number or a text.
func (n notification) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%s}", n.EventType) }

// states are the types of events. TEXT_SUCCESSFUL is StateDelivered if it is final:
// some countries have no other word for success.
var states = map[string]sms.DeliveryState{
	"TEXT_QUEUED": sms.StateAccepted, "TEXT_PENDING": sms.StateAccepted, "TEXT_SENT": sms.StateSent, "TEXT_SUCCESSFUL": sms.StateSent,
	"TEXT_DELIVERED": sms.StateDelivered, "TEXT_TTL_EXPIRED": sms.StateExpired, "TEXT_UNKNOWN": sms.StateLost,
	"TEXT_INVALID": sms.StateUndelivered, "TEXT_INVALID_MESSAGE": sms.StateUndelivered, "TEXT_UNREACHABLE": sms.StateUndelivered,
	"TEXT_CARRIER_UNREACHABLE": sms.StateUndelivered, "TEXT_BLOCKED": sms.StateBlocked, "TEXT_CARRIER_BLOCKED": sms.StateBlocked,
	"TEXT_SPAM": sms.StateBlocked, "TEXT_PROTECT_BLOCKED": sms.StateBlocked,
}

// report returns what an event says. The event's type is the code of what went wrong.
func (n notification) report() sms.Report {
	r := sms.Report{
		ID: n.MessageID, Key: n.Context[keyEntry], Ref: n.Context[keyEntry], To: kit.E164(n.DestinationPhoneNumber),
		State: states[n.EventType], Segments: n.TotalMessageParts, Message: n.MessageStatusDetail,
	}
	if n.EventType == "TEXT_SUCCESSFUL" && n.IsFinal {
		r.State = sms.StateDelivered
	}
	if row, ok := (kit.Table{Rows: table}).Find(kit.ScopeReport, n.EventType); ok {
		r.Reason = row.Reason
	}
	if r.State == 0 || r.Reason != "" {
		r.Code = n.EventType
	}
	if n.TotalMessagePrice != nil {
		r.Price, r.Currency = strconv.FormatFloat(*n.TotalMessagePrice+n.TotalCarrierFee, 'f', -1, 64), "USD"
	}
	if n.EventTimestamp > 0 {
		r.At = time.UnixMilli(n.EventTimestamp).UTC()
	}
	return r
}

// reply returns a person's message. AWS answers STOP and HELP itself, and does not
// say what it took a message for.
func (n notification) reply(at time.Time) sms.Reply {
	return sms.Reply{ID: n.InboundMessageID, From: kit.E164(n.OriginationNumber), To: n.DestinationNumber, Text: n.MessageBody, InReplyTo: n.PreviousPublishedMessageID, At: at}
}
