package aws

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

const (
	maxText    = 1600 // characters
	maxContext = 5    // entries
	minTTL     = 5    // seconds
	maxTTL     = 259200
	partCost   = 0.00581 // US dollars
)

// An input is that of SendTextMessage.
type input struct {
	DestinationPhoneNumber, OriginationIdentity, MessageBody, MessageType string
	Keyword, MaxPrice, ConfigurationSetName, ProtectConfigurationID       string
	TimeToLive                                                            *int
	DryRun, MessageFeedbackEnabled                                        bool
	Context, DestinationCountryParameters                                 map[string]string
}

// Format prints nothing of the message.
func (in input) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%d context entries}", len(in.Context)) }

// facts are what the vendor's records hold besides the Message. They do not change.
type facts struct {
	kind     string // TRANSACTIONAL or PROMOTIONAL
	set      string // the configuration set; without one there are no events
	base     string // the address of the sandbox as the client wrote it
	context  map[string]string
	segments int
	unicode  bool
}

var (
	aRecipient = regexp.MustCompile(`^\+?[1-9][0-9]{1,18}$`)
	aSet       = regexp.MustCompile(`^[A-Za-z0-9_:/-]{1,256}$`)
	aPrice     = regexp.MustCompile(`^[0-9]{0,2}\.[0-9]{1,5}$|^[0-9]{1,2}$`)
	aContext   = regexp.MustCompile(`^\S{1,100}$`)
)

// send takes a message.
func (v *vendor) send(c *call) kernel.Answer {
	var in input
	if err := c.decode(&in); err != nil {
		return c.refuse("SerializationException", "The body is no JSON of this operation.", 0)
	}
	if fault := in.fault(); fault != nil {
		return c.refuseFields("FIELD_VALIDATION_FAILED", "The request failed validation.", 0, []fieldFault{*fault})
	}
	to := sms.Number("+" + strings.TrimPrefix(in.DestinationPhoneNumber, "+"))
	if !to.Valid() || to.Region() == "" {
		return c.refuseFields("INVALID_PARAMETER", "DestinationPhoneNumber is not a valid phone number.", 0, []fieldFault{{"DestinationPhoneNumber", "It is no E.164 number."}})
	}
	if code, words := v.resources(in); code != "" && !v.desk.LetPass("SendTextMessage", code, words) {
		return c.refuse(code, words, 0)
	}
	segments, unicode := sms.CountSegments(in.MessageBody)
	if price, err := strconv.ParseFloat(in.MaxPrice, 64); err == nil && price < partCost*float64(segments) {
		return c.refuse("PRICE_OVER_THRESHOLD", "The message costs more than MaxPrice.", 0)
	}
	if code := v.limited(c, to); code != "" {
		return c.refuse(code, "", 0)
	}
	id := kernel.NewUUID()
	a := c.answer(map[string]string{"MessageId": id})
	if in.DryRun {
		return a
	}
	from := in.OriginationIdentity
	if from == "" {
		from = Phone
	}
	a.Taken = []kernel.Record{{
		Facts: &facts{kind: in.MessageType, set: in.ConfigurationSetName, base: baseOf(c.request), context: in.Context, segments: segments, unicode: unicode}, FactBytes: 128 + len(c.body),
		Message: kernel.Message{ID: id, Account: c.account, To: to, From: from, Params: sms.Params{}, Text: in.MessageBody, Key: in.Context["key"], At: c.now},
	}}
	return a
}

// fault returns the first field that breaks the vendor's model.
func (in input) fault() *fieldFault {
	switch {
	case !aRecipient.MatchString(in.DestinationPhoneNumber):
		return &fieldFault{"DestinationPhoneNumber", "Must match ^\\+?[1-9][0-9]{1,18}$."}
	case strings.TrimSpace(in.MessageBody) == "" || utf8.RuneCountInString(in.MessageBody) > maxText:
		return &fieldFault{"MessageBody", "Must have 1 to 1600 characters, not only white space."}
	case in.MessageType != "" && in.MessageType != "TRANSACTIONAL" && in.MessageType != "PROMOTIONAL":
		return &fieldFault{"MessageType", "Must be TRANSACTIONAL or PROMOTIONAL."}
	case in.MaxPrice != "" && !aPrice.MatchString(in.MaxPrice):
		return &fieldFault{"MaxPrice", "Must be a price in US dollars."}
	case in.TimeToLive != nil && (*in.TimeToLive < minTTL || *in.TimeToLive > maxTTL):
		return &fieldFault{"TimeToLive", "Must be 5 to 259200."}
	case in.ConfigurationSetName != "" && !aSet.MatchString(in.ConfigurationSetName):
		return &fieldFault{"ConfigurationSetName", "Must match ^[A-Za-z0-9_:/-]+$."}
	case len(in.Context) > maxContext:
		return &fieldFault{"Context", "Must have at most 5 entries."}
	}
	for key, value := range in.Context {
		if n := utf8.RuneCountInString(value); !aContext.MatchString(key) || n < 1 || n > 800 || strings.TrimSpace(value) != value {
			return &fieldFault{"Context", "An entry has a key of 1 to 100 characters and a value of 1 to 800, without white space around it."}
		}
	}
	for key := range in.DestinationCountryParameters {
		if key != "IN_ENTITY_ID" && key != "IN_TEMPLATE_ID" {
			return &fieldFault{"DestinationCountryParameters", "Must be IN_ENTITY_ID or IN_TEMPLATE_ID."}
		}
	}
	return nil
}

// resources returns the exception for what the account does not have.
func (v *vendor) resources(in input) (code, words string) {
	if from := in.OriginationIdentity; from != "" && !known(from, append([]string{Sender, Phone}, v.options.Senders...)...) {
		return "ResourceNotFoundException", "The origination identity was not found in this region."
	}
	if set := in.ConfigurationSetName; set != "" && !known(set, append([]string{Set}, v.options.Sets...)...) {
		return "ResourceNotFoundException", "The configuration set was not found in this region."
	}
	return "", ""
}

// limited returns the code by which a new account's message is refused, or "": one
// message a second, and verified numbers only.
func (v *vendor) limited(c *call, to sms.Number) string {
	if !v.desk.Limits() {
		return ""
	}
	if to != Verified && !slices.Contains(v.options.Verified, string(to)) {
		return "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"
	}
	if !v.calls.Take(c.now, []string{c.account}, func(_ int, earlier []time.Time) bool { return len(earlier) < 1 }) {
		return "ThrottlingException"
	}
	return ""
}

// baseOf returns the address by which the client reached the sandbox: its
// certificate is there.
func baseOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
