// Package twilio imitates Twilio's Messages resource (2010-04-01) under
// "/2010-04-01/Accounts/{sid}/Messages" of the sandbox: basic auth in its three
// forms, the vendor's test numbers, paging, status callbacks signed as the vendor
// signs them, and replies with opt-outs. It also shows accounts, numbers,
// Messaging Services and content templates.
package twilio

import (
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

const prefix = "/2010-04-01/"

// A vendor answers as the Messages resource does.
type vendor struct {
	desk     *kernel.Desk
	accounts map[string]*account
	optOuts  optOuts
}

// New returns the vendor for the sandbox.
func New(o Options) kernel.Opener {
	return func(d *kernel.Desk) (kernel.Vendor, error) {
		if err := o.Validate(); err != nil {
			return kernel.Vendor{}, err
		}
		v := &vendor{desk: d, accounts: accountsOf(o), optOuts: optOuts{out: map[optOut]struct{}{}}}
		return kernel.Vendor{
			Name: Name, Where: "under /2010-04-01/Accounts",
			Match: func(r *http.Request, _ []byte) bool {
				return strings.HasPrefix(r.URL.Path, prefix) || isInspection(r.URL.Path)
			},
			Call:      v.call,
			Show:      func(m *kernel.Message, r *kernel.Record, s kernel.Status) { m.Status, m.From = stateOf(r, s) },
			CheckCode: checkCode, ThrottleCode: "20429",
			Report: v.report,
			Reply:  v.reply,
		}, nil
	}
}

func checkCode(code string) error {
	if _, err := strconv.ParseInt(code, 10, 32); err != nil {
		return fmt.Errorf("%q is none of Twilio's, which are numbers", code)
	}
	return nil
}

// A call is one request.
type call struct {
	request   *http.Request
	body      []byte
	account   *account
	accountID string // of the path
	sid       string // of the message in the path; empty: the list
	form      url.Values
	operation string
	now       time.Time
	listAfter time.Duration // a fault: younger messages are not listed yet
	taken     []kernel.Record
}

// An apiError is an error body of the vendor's.
type apiError struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

func refuse(status, code int, format string, args ...any) *apiError {
	return &apiError{Code: code, Message: fmt.Sprintf(format, args...), Status: status,
		MoreInfo: "https://www.twilio.com/docs/errors/" + strconv.Itoa(code)}
}

func (e *apiError) answer() kernel.Answer {
	a := kernel.JSON(e.Status, "application/json", e)
	a.Code, a.Words = strconv.Itoa(e.Code), e.Message
	switch e.Status {
	case http.StatusUnauthorized:
		a.Header = http.Header{"Www-Authenticate": {`Basic realm="Twilio API"`}}
	case http.StatusTooManyRequests:
		a.Header = http.Header{"Retry-After": {"1"}}
	}
	return a
}

// kinds are the operations on messages in common words.
var kinds = map[string]kernel.Kind{"create": kernel.Send, "list": kernel.List, "fetch": kernel.Look}

// call reads a request.
func (v *vendor) call(r *http.Request, body []byte) kernel.Call {
	requestID := newSID("RQ")
	signed := func(a kernel.Answer) kernel.Answer {
		if a.Header == nil {
			a.Header = http.Header{}
		}
		a.Header.Set("Twilio-Request-Id", requestID)
		return a
	}
	c := &call{request: r, body: body, now: time.Now()}
	k := kernel.Call{Refuse: func(code, message string, status int) kernel.Answer {
		return signed(failureOf(code, message, status).answer())
	}}
	if isInspection(r.URL.Path) {
		k.Operation, k.Kind = "inspect", kernel.Look
		k.Carry = func(kernel.Order) kernel.Answer { return signed(v.inspect(c)) }
		return k
	}
	unreadable := c.read()
	k.Operation, k.Kind, k.Numbers = c.operation, kinds[c.operation], v.numbersOf(c)
	k.Carry = func(o kernel.Order) kernel.Answer {
		if unreadable != nil {
			return signed(unreadable.answer())
		}
		c.listAfter = o.ListAfter
		return signed(v.carry(c))
	}
	return k
}

// numbersOf returns the number that a call concerns, for the faults.
func (v *vendor) numbersOf(c *call) []sms.Number {
	if to := c.form.Get("To"); to != "" {
		return []sms.Number{sms.Number(to)}
	}
	var numbers []sms.Number
	if c.sid != "" {
		v.desk.Update(c.sid, c.now, func(r *kernel.Record, _ kernel.Status) { numbers = []sms.Number{r.To} })
	}
	return numbers
}

// carry checks the credentials, and then does what the operation does.
func (v *vendor) carry(c *call) kernel.Answer {
	if !v.authorize(c) {
		if refusal := v.unless(c, refuse(http.StatusUnauthorized, 20003, "Authenticate")); refusal != nil {
			return refusal.answer()
		}
	}
	c.account = v.accounts[c.accountID]
	if c.account == nil { // of a lenient sandbox only
		c.account = &account{Account: Account{SID: c.accountID}}
	}
	operations := map[string]func(*call) (kernel.Answer, *apiError){
		"create": v.create, "list": v.list, "fetch": v.fetch, "update": v.change, "delete": v.remove,
	}
	a, refusal := operations[c.operation](c)
	if refusal != nil {
		return refusal.answer()
	}
	a.Taken = c.taken
	return a
}

// unless returns the refusal, or nil if the sandbox is lenient.
func (v *vendor) unless(c *call, e *apiError) *apiError {
	if v.desk.LetPass(c.operation, strconv.Itoa(e.Code), e.Message) {
		return nil
	}
	return e
}

// authorize takes an account with its token, an API key of the account in the
// path, and an account's token with one of its subaccounts in the path.
func (v *vendor) authorize(c *call) bool {
	user, password, ok := c.request.BasicAuth()
	account := v.accounts[c.accountID]
	if !ok || account == nil {
		return false
	}
	if slices.Contains(account.APIKeys, kernel.Key{ID: user, Secret: password}) {
		return true
	}
	owner := v.accounts[user]
	return owner != nil && owner.Token != "" && owner.Token == password && (user == c.accountID || user == account.Parent)
}

// read parses the request: the account and the message of the path, the
// form, and the operation that they make.
func (c *call) read() *apiError {
	r := c.request
	path := strings.Split(strings.TrimPrefix(r.URL.Path, prefix), "/")
	notFound := refuse(http.StatusNotFound, 20404, "The requested resource %s was not found", r.URL.Path)
	if len(path) < 3 || path[0] != "Accounts" {
		return notFound
	}
	c.accountID = path[1]
	switch {
	case len(path) == 3 && path[2] == "Messages.json":
		c.operation = map[string]string{http.MethodPost: "create", http.MethodGet: "list"}[r.Method]
	case len(path) == 4 && path[2] == "Messages" && strings.HasSuffix(path[3], ".json"):
		c.sid = strings.TrimSuffix(path[3], ".json")
		c.operation = map[string]string{http.MethodPost: "update", http.MethodGet: "fetch", http.MethodDelete: "delete"}[r.Method]
	default:
		return notFound
	}
	if c.operation == "" {
		return refuse(http.StatusMethodNotAllowed, 20004, "Method not allowed")
	}
	return c.readForm()
}

func (c *call) readForm() *apiError {
	malformed := refuse(http.StatusBadRequest, 20001, "The parameters are not in the form of URL-encoded parameters")
	var err error
	if c.form, err = url.ParseQuery(c.request.URL.RawQuery); err != nil {
		return malformed
	}
	if kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type")); c.request.Method != http.MethodPost || kind != "application/x-www-form-urlencoded" {
		return nil
	}
	if c.form, err = url.ParseQuery(string(c.body)); err != nil {
		return malformed
	}
	return nil
}

// failureOf returns the error for a code that a fault names.
func failureOf(code, message string, status int) *apiError {
	n, _ := strconv.Atoi(code) // checkCode has accepted it
	row, ok := known[n]
	if !ok {
		row.status = http.StatusBadRequest
	}
	return refuse(cmp.Or(status, row.status), n, "%s", cmp.Or(message, row.message, "Error "+code))
}

// known holds the words and statuses of codes that faults use, and of the test
// numbers.
var known = map[int]struct {
	status  int
	message string
}{
	20003: {401, "Authenticate"},
	20005: {401, "Account not active"},
	20006: {403, "Access Denied"},
	20008: {403, "Resource not accessible with Test Account Credentials"},
	20403: {403, "Forbidden"},
	20404: {404, "The requested resource was not found"},
	20429: {429, "Too Many Requests"},
	20500: {500, "Internal Server Error"},
	20503: {503, "Service Unavailable"},
	21211: {400, "The 'To' number is not a valid phone number."},
	21212: {400, "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID."},
	21408: {400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number."},
	21608: {400, "The number is unverified. Trial accounts cannot send messages to unverified numbers."},
	21606: {400, "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination."},
	21610: {400, "Attempt to send to unsubscribed recipient"},
	21611: {400, "This 'From' number has exceeded the maximum number of queued messages."},
	21612: {400, "The 'To' phone number is not currently reachable via SMS."},
	21614: {400, "'To' number is not a valid mobile number"},
	63038: {429, "Account exceeded the daily messages limit"},
}
