package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	// service is the name that a signature is for, and target begins the header that
	// names the operation.
	service = "sms-voice"
	target  = "PinpointSMSVoiceV2."
	// contentType is that of AWS JSON 1.0.
	contentType = "application/x-amz-json-1.0"
	// maxText is the longest text, in characters, by the vendor's model.
	maxText = 1600
	// minTTL and maxTTL bound how long a message may wait, in seconds, by the same.
	minTTL, maxTTL = 5, 259200
	// keyEntry is the entry of Context that holds Message.Key.
	keyEntry = "key"
)

// An order is one message as SendTextMessage takes it. The fields have the
// vendor's names.
type order struct {
	DestinationPhoneNumber       string
	OriginationIdentity          string `json:",omitempty"`
	MessageBody                  string
	MessageType                  string
	MaxPrice                     string            `json:",omitempty"`
	TimeToLive                   int               `json:",omitempty"`
	ConfigurationSetName         string            `json:",omitempty"`
	ProtectConfigurationID       string            `json:"ProtectConfigurationId,omitempty"`
	Context                      map[string]string `json:",omitempty"`
	DestinationCountryParameters map[string]string `json:",omitempty"`
	DryRun                       bool              `json:",omitempty"`
}

// order turns a message into the vendor's form.
func (v *vendor) order(m *kit.Outgoing) (order, error) {
	o := order{
		DestinationPhoneNumber: m.To.E164(), OriginationIdentity: m.Sender, MessageBody: m.Text, MessageType: "TRANSACTIONAL",
		MaxPrice: v.fixed.maxPrice, ConfigurationSetName: v.fixed.configurationSet, ProtectConfigurationID: v.fixed.protect,
		Context: map[string]string{keyEntry: v.Ref(m.Key)}, DestinationCountryParameters: v.india[m.Template],
	}
	if m.Kind == sms.Promotion {
		o.MessageType = "PROMOTIONAL"
	}
	if err := v.check(m); err != nil {
		return o, err
	}
	left, err := m.Left(maxTTL)
	if left > 0 {
		o.TimeToLive = max(left, minTTL)
	}
	return o, err
}

// check refuses a text that AWS would refuse.
func (v *vendor) check(m *kit.Outgoing) error {
	switch n := utf8.RuneCountInString(m.Text); {
	case strings.TrimSpace(m.Text) == "":
		return kit.InvalidMessage("the text is empty")
	case n > maxText:
		return kit.InvalidMessage("the text has %d characters: the vendor takes at most %d", n, maxText)
	}
	return nil
}

// show returns the fields for a preview.
func (v *vendor) show(o order) map[string]string {
	fields := map[string]string{"DestinationPhoneNumber": o.DestinationPhoneNumber, "MessageBody": o.MessageBody, "MessageType": o.MessageType}
	set := func(name, value string) {
		if value != "" {
			fields[name] = value
		}
	}
	set("OriginationIdentity", o.OriginationIdentity)
	set("MaxPrice", o.MaxPrice)
	set("ConfigurationSetName", o.ConfigurationSetName)
	set("ProtectConfigurationId", o.ProtectConfigurationID)
	if o.TimeToLive > 0 {
		fields["TimeToLive"] = strconv.Itoa(o.TimeToLive)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Context)) {
		fields["Context."+name] = o.Context[name]
	}
	for name, value := range o.DestinationCountryParameters {
		fields["DestinationCountryParameters."+name] = value
	}
	return fields
}

// send submits one message.
func (v *vendor) send(ctx context.Context, o order) (kit.Accepted, error) {
	a, err := v.call(ctx, "SendTextMessage", o)
	if err != nil {
		return kit.Accepted{}, err
	}
	var said struct{ MessageID string }
	switch err := a.JSON(&said); {
	case err != nil:
		return kit.Accepted{}, a.Unreadable("the answer names no message")
	case said.MessageID == "":
		return kit.Accepted{}, a.Unreadable("the answer has no MessageId")
	}
	return kit.Accepted{ID: said.MessageID, RequestID: requestID(a.Header)}, nil
}

// call signs and carries one call. Its answer is a 2xx, perhaps a cut one.
func (v *vendor) call(ctx context.Context, operation string, input any) (kit.Answer, error) {
	body, err := json.Marshal(input)
	if err != nil {
		return kit.Answer{}, kit.InvalidMessage("it cannot be written as JSON")
	}
	k, err := v.ring.Get(ctx)
	if err != nil {
		return kit.Answer{}, err
	}
	r, err := v.Request(http.MethodPost, "/", contentType, string(body))
	if err != nil {
		return kit.Answer{}, err
	}
	r.Header.Set("X-Amz-Target", target+operation)
	sum := sha256.Sum256(body)
	if err := v.signer.SignHTTP(ctx, k.credentials(), r, hex.EncodeToString(sum[:]), service, v.region, time.Now()); err != nil {
		return kit.Answer{}, sms.Refuse(sms.Message{}, sms.Internal, err) // nothing was written
	}
	a, err := v.Do(ctx, r)
	if err != nil {
		return a, err
	}
	if a.Status < 200 || a.Status > 299 {
		refused := refusal(a)
		if refused.Reason == sms.Unauthorized || slices.Contains(expired, refused.Code) {
			v.ring.Forget(k)
		}
		return a, refused
	}
	return a, nil
}

// requestID returns AWS's ID of a call.
func requestID(h http.Header) string { return h.Get("X-Amzn-Requestid") }
