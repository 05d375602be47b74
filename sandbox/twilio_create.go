package sandbox

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

const (
	maxTwilioBody     = 1600 // characters
	maxCallbackURL    = 4000
	maxValidity       = 36_000 // seconds
	maxMedia          = 10
	maxScheduleBefore = 35 * 24 * time.Hour
)

// twilioFacts are what Twilio's records hold besides the Message. They are
// read and changed under the store's lock.
type twilioFacts struct {
	service  string // Messaging Service SID
	sender   string // what From will be, once it is chosen
	body     string // what fetch shows: empty when redacted
	media    int
	callback string
	sendAt   time.Time // scheduled for; zero: at once
	canceled time.Time // zero: not canceled
	updated  time.Time // of the last change by the account; zero: none
	deleted  bool      // the account has deleted it: the vendor shows it to nobody
}

// The magic numbers of the vendor's test credentials.
var (
	magicFrom = map[string]int{"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
	magicTo   = map[string]int{"+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610, "+15005550009": 21614}
)

func twilioMagic(code int) *twilioError { return twilioFailure(strconv.Itoa(code), "", 0) }

// create takes a message.
func (v *twilioVendor) create(c *twilioCall) (reply, *twilioError) {
	e := &entry{twilio: &twilioFacts{}, Message: Message{Vendor: Twilio, Account: c.accountID, At: c.now}}
	for _, read := range []func(*twilioCall, *entry) *twilioError{v.readTo, v.readSender, v.checkNumbers, v.readContent, readCallback, readTimes} {
		if refusal := read(c, e); refusal != nil {
			return reply{}, refusal
		}
	}
	e.ID = newSID("SM")
	if e.twilio.media > 0 {
		e.ID = newSID("MM")
	}
	p := jsonReply(http.StatusCreated, "application/json", e.resource(c.now, v.options.Pace))
	v.store.add(e) // from here on others may change it
	if e.twilio.callback != "" {
		p.after = func() { v.callbacks.start(e) }
	}
	return p, nil
}

func (v *twilioVendor) readTo(c *twilioCall, e *entry) *twilioError {
	to := c.form.Get("To")
	if to == "" {
		return twilioRefuse(400, 21604, "A 'To' phone number is required.")
	}
	if e.To = sms.Number(to); !e.To.Valid() {
		return twilioRefuse(400, 21211, "The 'To' number %s is not a valid phone number.", to)
	}
	return nil
}

// readSender finds who sends: a number or sender ID of the account's, or a
// Messaging Service, which chooses one later.
func (v *twilioVendor) readSender(c *twilioCall, e *entry) *twilioError {
	from, service := c.form.Get("From"), c.form.Get("MessagingServiceSid")
	if isSID("MG", from) && service == "" {
		from, service = "", from // the vendor takes a service there too
	}
	if from == "" && service == "" {
		return twilioRefuse(400, 21603, "A 'From' phone number is required.")
	}
	e.From, e.twilio.sender, e.twilio.service = from, from, service
	if service != "" {
		known, ok := c.account.services[service]
		if !ok {
			if refusal := v.unless(c, twilioRefuse(400, 21705, "The Messaging Service Sid %s is invalid.", service)); refusal != nil {
				return refusal
			}
		}
		e.twilio.sender = cmp.Or(from, first(known.Senders), first(c.account.Senders), TwilioSender)
	}
	_, magic := magicFrom[from]
	if from == "" || magic || slices.Contains(c.account.Senders, from) {
		return nil
	}
	return v.unless(c, twilioMagic(21606))
}

// unless gives the refusal on, unless the sandbox is lenient.
func (v *twilioVendor) unless(c *twilioCall, e *twilioError) *twilioError {
	if !v.options.Lenient {
		return e
	}
	v.letPass(c, e)
	return nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// checkNumbers refuses by the vendor's test numbers, of which the sender's
// counts first, and those who have opted out.
func (v *twilioVendor) checkNumbers(_ *twilioCall, e *entry) *twilioError {
	if code := cmp.Or(magicFrom[e.From], magicTo[string(e.To)]); code != 0 {
		return twilioMagic(code)
	}
	if v.optOuts.has(optOut{e.Account, e.twilio.sender, e.To}) {
		return twilioMagic(21610)
	}
	if e.From == string(e.To) && e.From != TwilioSender {
		return twilioRefuse(400, 21211, "'To' and 'From' number cannot be the same: %s", e.From)
	}
	return nil
}

// readContent finds the text: a content template with its variables, or a body.
func (v *twilioVendor) readContent(c *twilioCall, e *entry) *twilioError {
	e.twilio.media = len(c.form["MediaUrl"])
	if e.twilio.media > maxMedia {
		return twilioRefuse(400, 21623, "Number of media files exceeds allowed limit.")
	}
	if c.form.Has("ContentSid") || c.form.Get("ContentVariables") != "" {
		return v.readTemplate(c, e)
	}
	body := c.form.Get("Body")
	if body == "" && e.twilio.media == 0 {
		return twilioRefuse(400, 21602, "Message body is required.")
	}
	e.Params = sms.Params{}
	return setBody(e, body)
}

func setBody(e *entry, body string) *twilioError {
	if utf8.RuneCountInString(body) > maxTwilioBody {
		return twilioRefuse(400, 21617, "The concatenated message body exceeds the %d character limit.", maxTwilioBody)
	}
	e.Text, e.twilio.body = body, body
	return nil
}

var contentVariable = regexp.MustCompile(`\{\{([A-Za-z0-9_]+)\}\}`)

func (v *twilioVendor) readTemplate(c *twilioCall, e *entry) *twilioError {
	sid, given := c.form.Get("ContentSid"), c.form.Get("ContentVariables")
	if sid == "" {
		return twilioRefuse(400, 21654, "ContentSid is required when ContentVariables is given.")
	}
	values, refusal := readContentVariables(given)
	if refusal != nil {
		return refusal
	}
	content, ok := c.account.contents[sid]
	if !ok {
		if refusal := v.unless(c, twilioRefuse(400, 21655, "The ContentSid %s is invalid.", sid)); refusal != nil {
			return refusal
		}
		content.Text = sid + " " + given
	}
	e.Template, e.Params = sid, values
	missing := false
	text := contentVariable.ReplaceAllStringFunc(content.Text, func(name string) string {
		value, ok := values[name[2:len(name)-2]]
		missing = missing || !ok
		return value
	})
	if missing && ok {
		return twilioRefuse(400, 21656, "The ContentVariables parameter is invalid: a variable has no value.")
	}
	return setBody(e, text)
}

func readContentVariables(text string) (sms.Params, *twilioError) {
	values := sms.Params{}
	if text == "" {
		return values, nil
	}
	if err := json.Unmarshal([]byte(text), (*map[string]string)(&values)); err != nil || values == nil {
		return nil, twilioRefuse(400, 21656, "The ContentVariables parameter is invalid: it is no JSON object of strings.")
	}
	return values, nil
}

func readCallback(c *twilioCall, e *entry) *twilioError {
	given := c.form.Get("StatusCallback")
	if given == "" {
		return nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(given) > maxCallbackURL {
		return twilioRefuse(400, 21609, "The 'StatusCallback' URL is not a valid URL.")
	}
	e.twilio.callback = given
	return nil
}

// readTimes reads how long the message is good for and when it is to go. The
// vendor wants a schedule to be some minutes ahead; here it may be sooner, so
// that a test can see it go.
func readTimes(c *twilioCall, e *entry) *twilioError {
	if validity := c.form.Get("ValidityPeriod"); validity != "" {
		if n, err := strconv.Atoi(validity); err != nil || n < 1 || n > maxValidity {
			return twilioRefuse(400, 21624, "The 'ValidityPeriod' has to be between 1 and %d seconds.", maxValidity)
		}
	}
	schedule, at := c.form.Get("ScheduleType"), c.form.Get("SendAt")
	if schedule == "" && at == "" {
		return nil
	}
	when, err := time.Parse(time.RFC3339, at)
	switch {
	case e.twilio.service == "":
		return twilioRefuse(400, 35118, "MessagingServiceSid is required to schedule a message")
	case schedule != "fixed":
		return twilioRefuse(400, 35112, "ScheduleType has to be 'fixed'")
	case at == "":
		return twilioRefuse(400, 35111, "SendAt is required for a message that is to be scheduled")
	case err != nil, !when.After(c.now), when.Sub(c.now) > maxScheduleBefore:
		return twilioRefuse(400, 35114, "SendAt has to be an ISO 8601 time in the future, at most 35 days ahead")
	}
	e.twilio.sendAt = when
	return nil
}

// newSID makes a SID of the vendor's.
func newSID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}
