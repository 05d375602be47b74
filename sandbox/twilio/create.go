package twilio

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
	"strings"
	"time"
	"unicode/utf8"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

const (
	maxBody           = 1600 // characters
	maxCallbackURL    = 4000
	maxValidity       = 36_000 // seconds
	maxMedia          = 10
	maxScheduleBefore = 35 * 24 * time.Hour
)

// facts are what Twilio's records hold besides the Message. They are
// read and changed under the store's lock.
type facts struct {
	service  string // Messaging Service SID
	sender   string // what From will be, once it is chosen
	redacted bool   // fetch shows no body
	smart    bool   // the text is counted as Smart Encoding sends it
	media    int
	updated  time.Time // of the last change by the account; zero: none
	deleted  bool      // the account has deleted it: the vendor does not show it any more
}

// The magic numbers of the vendor's test credentials.
var (
	magicFrom = map[string]int{"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
	magicTo   = map[string]int{"+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610, "+15005550009": 21614}
)

func magicError(code int) *apiError { return failureOf(strconv.Itoa(code), "", 0) }

// create takes a message.
func (v *vendor) create(c *call) (kernel.Answer, *apiError) {
	f := &facts{}
	r := &kernel.Record{Facts: f, Message: kernel.Message{Account: c.accountID, At: c.now}}
	for _, read := range []func(*call, *kernel.Record, *facts) *apiError{v.readTo, v.readSender, v.checkNumbers, v.readContent, readCallback, readTimes} {
		if refusal := read(c, r, f); refusal != nil {
			return kernel.Answer{}, refusal
		}
	}
	r.ID = newSID("SM")
	if f.media > 0 {
		r.ID = newSID("MM")
	}
	f.service, f.sender = strings.Clone(f.service), strings.Clone(f.sender)
	r.FactBytes = 256 + len(f.service) + len(f.sender)
	c.taken = []kernel.Record{*r}
	return kernel.JSON(http.StatusCreated, "application/json", resource(r, v.desk.Status(r, c.now))), nil
}

func (v *vendor) readTo(c *call, e *kernel.Record, _ *facts) *apiError {
	to := c.form.Get("To")
	if to == "" {
		return refuse(400, 21604, "A 'To' phone number is required.")
	}
	if e.To = sms.Number(to); !e.To.Valid() {
		return refuse(400, 21211, "The 'To' number %s is not a valid phone number.", to)
	}
	return nil
}

// readSender finds who sends: a number or sender ID of the account's, or a
// Messaging Service, which chooses one later.
func (v *vendor) readSender(c *call, e *kernel.Record, f *facts) *apiError {
	from, service := c.form.Get("From"), c.form.Get("MessagingServiceSid")
	if isSID("MG", from) && service == "" {
		from, service = "", from // the vendor takes a service there too
	}
	if from == "" && service == "" {
		return refuse(400, 21603, "A 'From' phone number is required.")
	}
	e.From, f.sender, f.service = from, from, service
	if service != "" {
		known, ok := c.account.services[service]
		if !ok {
			if refusal := v.unless(c, refuse(400, 21705, "The Messaging Service Sid %s is invalid.", service)); refusal != nil {
				return refusal
			}
		}
		f.sender = cmp.Or(from, first(known.Senders), first(c.account.Senders), Sender)
	}
	_, magic := magicFrom[from]
	if from == "" || magic || slices.Contains(c.account.Senders, from) {
		return nil
	}
	return v.unless(c, magicError(21606))
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// checkNumbers refuses the vendor's test numbers, of which the sender's counts
// first, numbers that have opted out, and under Limits, where every account is a
// trial account, numbers that the account has not verified.
func (v *vendor) checkNumbers(c *call, e *kernel.Record, f *facts) *apiError {
	if code := cmp.Or(magicFrom[e.From], magicTo[string(e.To)]); code != 0 {
		return magicError(code)
	}
	if v.optOuts.has(optOut{e.Account, f.sender, e.To}) {
		return magicError(21610)
	}
	if v.desk.Limits() && !slices.Contains(c.account.Verified, string(e.To)) {
		return magicError(21608)
	}
	if e.From == string(e.To) && e.From != Sender {
		return refuse(400, 21211, "'To' and 'From' number cannot be the same: %s", e.From)
	}
	return nil
}

// readContent finds the text: a content template with its variables, or a body.
func (v *vendor) readContent(c *call, e *kernel.Record, f *facts) *apiError {
	f.media = len(c.form["MediaUrl"])
	if f.media > maxMedia {
		return refuse(400, 21623, "Number of media files exceeds allowed limit.")
	}
	f.smart = c.form.Get("SmartEncoded") == "true"
	if c.form.Has("ContentSid") || c.form.Get("ContentVariables") != "" {
		return v.readTemplate(c, e, f)
	}
	body := c.form.Get("Body")
	if body == "" && f.media == 0 {
		return refuse(400, 21602, "Message body is required.")
	}
	e.Params = sms.Params{}
	return setBody(e, f, body)
}

func setBody(e *kernel.Record, f *facts, body string) *apiError {
	if utf8.RuneCountInString(body) > maxBody {
		return refuse(400, 21617, "The concatenated message body exceeds the %d character limit.", maxBody)
	}
	e.Text = body
	return nil
}

var contentVariable = regexp.MustCompile(`\{\{([A-Za-z0-9_]+)\}\}`)

func (v *vendor) readTemplate(c *call, e *kernel.Record, f *facts) *apiError {
	sid, given := c.form.Get("ContentSid"), c.form.Get("ContentVariables")
	if sid == "" {
		return refuse(400, 21654, "ContentSid is required when ContentVariables is given.")
	}
	values, refusal := readContentVariables(given)
	if refusal != nil {
		return refusal
	}
	content, ok := c.account.contents[sid]
	if !ok {
		if refusal := v.unless(c, refuse(400, 21655, "The ContentSid %s is invalid.", sid)); refusal != nil {
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
		return refuse(400, 21656, "The ContentVariables parameter is invalid: a variable has no value.")
	}
	return setBody(e, f, text)
}

func readContentVariables(text string) (sms.Params, *apiError) {
	values := sms.Params{}
	if text == "" {
		return values, nil
	}
	if err := json.Unmarshal([]byte(text), (*map[string]string)(&values)); err != nil || values == nil {
		return nil, refuse(400, 21656, "The ContentVariables parameter is invalid: it is no JSON object of strings.")
	}
	return values, nil
}

func readCallback(c *call, e *kernel.Record, _ *facts) *apiError {
	given := c.form.Get("StatusCallback")
	if given == "" {
		return nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(given) > maxCallbackURL {
		return refuse(400, 21609, "The 'StatusCallback' URL is not a valid URL.")
	}
	e.ReportTo = given
	return nil
}

// readTimes reads how long the message is good for and when it is to go. The
// vendor wants a schedule to be some minutes ahead; here it may be sooner, so
// that a test can see it go.
func readTimes(c *call, e *kernel.Record, f *facts) *apiError {
	if validity := c.form.Get("ValidityPeriod"); validity != "" {
		if n, err := strconv.Atoi(validity); err != nil || n < 1 || n > maxValidity {
			return refuse(400, 21624, "The 'ValidityPeriod' has to be between 1 and %d seconds.", maxValidity)
		}
	}
	schedule, at := c.form.Get("ScheduleType"), c.form.Get("SendAt")
	if schedule == "" && at == "" {
		return nil
	}
	when, err := time.Parse(time.RFC3339, at)
	switch {
	case f.service == "":
		return refuse(400, 35118, "MessagingServiceSid is required to schedule a message")
	case schedule != "fixed":
		return refuse(400, 35112, "ScheduleType has to be 'fixed'")
	case at == "":
		return refuse(400, 35111, "SendAt is required for a message that is to be scheduled")
	case err != nil, !when.After(c.now), when.Sub(c.now) > maxScheduleBefore:
		return refuse(400, 35114, "SendAt has to be an ISO 8601 time in the future, at most 35 days ahead")
	}
	e.Depart = when
	return nil
}

// newSID makes a SID of the vendor's.
func newSID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}
