package sandbox

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

	"github.com/notifykit/notify/sms"
)

const twilioPrefix = "/2010-04-01/"

// A twilioVendor answers as Twilio's Messages resource does.
type twilioVendor struct {
	*Sandbox
	accounts map[string]*twilioAccount
	optOuts  optOuts
}

// A twilioAccount is an Account, its services and contents by SID.
type twilioAccount struct {
	Account
	services map[string]Service
	contents map[string]Content
}

func newTwilioVendor(s *Sandbox) *twilioVendor {
	v := &twilioVendor{Sandbox: s, accounts: map[string]*twilioAccount{}, optOuts: optOuts{out: map[optOut]struct{}{}}}
	for _, a := range s.options.Accounts {
		known := v.accounts[a.SID]
		if known == nil {
			known = &twilioAccount{services: map[string]Service{}, contents: map[string]Content{}}
			v.accounts[a.SID] = known
		}
		known.Account = Account{SID: a.SID, Token: cmp.Or(a.Token, known.Token), Parent: cmp.Or(a.Parent, known.Parent),
			APIKeys: slices.Concat(known.APIKeys, a.APIKeys), Senders: slices.Concat(known.Senders, a.Senders)}
		for _, service := range a.Services {
			known.services[service.SID] = service
		}
		for _, content := range a.Contents {
			known.contents[content.SID] = content
		}
	}
	return v
}

// A twilioCall is one request to Twilio.
type twilioCall struct {
	request   *http.Request
	account   *twilioAccount
	accountID string // of the path
	sid       string // of the message in the path; empty: the list
	form      url.Values
	operation string
	now       time.Time
	listAfter time.Duration // a fault: younger messages are not listed yet
}

// A twilioError is an error body of the vendor's.
type twilioError struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

func twilioRefuse(status, code int, format string, args ...any) *twilioError {
	return &twilioError{Code: code, Message: fmt.Sprintf(format, args...), Status: status,
		MoreInfo: "https://www.twilio.com/docs/errors/" + strconv.Itoa(code)}
}

func (e *twilioError) reply() reply {
	p := jsonReply(e.Status, "application/json", e)
	switch e.Status {
	case http.StatusUnauthorized:
		p.header = http.Header{"Www-Authenticate": {`Basic realm="Twilio API"`}}
	case http.StatusTooManyRequests:
		p.header = http.Header{"Retry-After": {"1"}}
	}
	return p
}

// serve reads the request, lets a fault have its way, and carries the call out.
func (v *twilioVendor) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Twilio-Request-Id", newSID("RQ"))
	c := &twilioCall{request: r, now: time.Now()}
	if refusal := c.read(); refusal != nil {
		refusal.reply().write(w)
		return
	}
	fault := v.faults.hit(Twilio, c.operation, v.numbersOf(c))
	c.listAfter = fault.ListAfter
	v.answer(w, r, fault, func() reply { return v.carry(c) }, func(code, message string, status int) reply {
		return twilioFailure(code, message, status).reply()
	})
}

// numbersOf gives the number that a call concerns, for the faults.
func (v *twilioVendor) numbersOf(c *twilioCall) []sms.Number {
	if to := c.form.Get("To"); to != "" {
		return []sms.Number{sms.Number(to)}
	}
	var numbers []sms.Number
	if c.sid != "" {
		v.store.update(Twilio, c.sid, func(e *entry) { numbers = []sms.Number{e.To} })
	}
	return numbers
}

// carry looks at the credentials, and goes on into the operation.
func (v *twilioVendor) carry(c *twilioCall) reply {
	if !v.authorize(c) {
		refusal := twilioRefuse(http.StatusUnauthorized, 20003, "Authenticate")
		if !v.options.Lenient {
			return refusal.reply()
		}
		v.letPass(c, refusal)
	}
	c.account = v.accounts[c.accountID]
	if c.account == nil { // of a lenient sandbox only
		c.account = &twilioAccount{Account: Account{SID: c.accountID}}
	}
	operations := map[string]func(*twilioCall) (reply, *twilioError){
		"create": v.create, "list": v.list, "fetch": v.fetch, "update": v.change, "delete": v.remove,
	}
	p, refusal := operations[c.operation](c)
	if refusal != nil {
		return refusal.reply()
	}
	return p
}

func (v *twilioVendor) letPass(c *twilioCall, e *twilioError) {
	v.refused(Refusal{Vendor: Twilio, Operation: c.operation, Code: strconv.Itoa(e.Code), Message: e.Message})
}

// authorize takes an account with its token, an API key of the account in the
// path, and an account's token with one of its subaccounts in the path.
func (v *twilioVendor) authorize(c *twilioCall) bool {
	user, password, ok := c.request.BasicAuth()
	account := v.accounts[c.accountID]
	if !ok || account == nil {
		return false
	}
	if slices.Contains(account.APIKeys, Key{ID: user, Secret: password}) {
		return true
	}
	owner := v.accounts[user]
	return owner != nil && owner.Token != "" && owner.Token == password && (user == c.accountID || user == account.Parent)
}

// read takes the request apart: the account and the message of the path, the
// form, and the operation that they make.
func (c *twilioCall) read() *twilioError {
	r := c.request
	path := strings.Split(strings.TrimPrefix(r.URL.Path, twilioPrefix), "/")
	notFound := twilioRefuse(http.StatusNotFound, 20404, "The requested resource %s was not found", r.URL.Path)
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
		return twilioRefuse(http.StatusMethodNotAllowed, 20004, "Method not allowed")
	}
	return c.readForm()
}

func (c *twilioCall) readForm() *twilioError {
	malformed := twilioRefuse(http.StatusBadRequest, 20001, "The parameters are not in the form of URL-encoded parameters")
	var err error
	if c.form, err = url.ParseQuery(c.request.URL.RawQuery); err != nil {
		return malformed
	}
	body, err := readBody(c.request)
	if err != nil {
		return twilioRefuse(http.StatusRequestEntityTooLarge, 20001, "The request body is longer than %d bytes, or was cut", maxBody)
	}
	if kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type")); c.request.Method != http.MethodPost || kind != "application/x-www-form-urlencoded" {
		return nil
	}
	if c.form, err = url.ParseQuery(string(body)); err != nil {
		return malformed
	}
	return nil
}

// twilioFailure is the answer for a code that a fault names.
func twilioFailure(code, message string, status int) *twilioError {
	n, _ := strconv.Atoi(code) // Fault.validate has looked
	known, ok := twilioKnown[n]
	if !ok {
		known.status = http.StatusBadRequest
	}
	return twilioRefuse(cmp.Or(status, known.status), n, "%s", cmp.Or(message, known.message, "Error "+code))
}

// twilioKnown has the words and statuses of codes that faults are made of, and
// of the magic numbers.
var twilioKnown = map[int]struct {
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
	21606: {400, "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination."},
	21610: {400, "Attempt to send to unsubscribed recipient"},
	21611: {400, "This 'From' number has exceeded the maximum number of queued messages."},
	21612: {400, "The 'To' phone number is not currently reachable via SMS."},
	21614: {400, "'To' number is not a valid mobile number"},
	63038: {429, "Account exceeded the daily messages limit"},
}
