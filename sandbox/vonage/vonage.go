// Package vonage imitates Vonage's SMS API at "/sms/json" of the sandbox, its
// Messages API for SMS at "/v1/messages", the listing of the Reports API at
// "/v2/reports/records", and "/account/get-balance". Credentials are verified as
// parameters, as a signature of the SMS API, or by basic auth; JSON Web Tokens of
// an application are not.
//
// A text that the SMS API sends in parts has an ID and a receipt for each part. In
// the sandbox's own list it is one message.
package vonage

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// A vendor answers as the four APIs do.
type vendor struct {
	desk    *kernel.Desk
	options Options
	keys    map[string]string // secret by api_key
	calls   *kernel.Counts
}

// An operation is one path.
type operation struct {
	name   string
	method string
	kind   kernel.Kind
	do     func(v *vendor, c *call) kernel.Answer
	refuse func(c *call, code, words string, status int) kernel.Answer
}

// operations are all paths.
var operations = map[string]operation{
	"/sms/json":            {"sms", http.MethodPost, kernel.Send, (*vendor).sendSMS, refuseSMS},
	"/v1/messages":         {"messages", http.MethodPost, kernel.Send, (*vendor).sendMessage, refuseMessage},
	"/v2/reports/records":  {"records", http.MethodGet, kernel.List, (*vendor).records, refuseRecords},
	"/account/get-balance": {"balance", http.MethodGet, kernel.Look, (*vendor).balance, refuseRecords},
}

// New returns the vendor for the sandbox.
func New(o Options) kernel.Opener {
	return func(d *kernel.Desk) (kernel.Vendor, error) {
		if err := o.Validate(); err != nil {
			return kernel.Vendor{}, err
		}
		v := &vendor{desk: d, options: o, keys: map[string]string{APIKey: APISecret}, calls: kernel.NewCounts(time.Second)}
		for _, k := range o.Keys {
			v.keys[k.ID] = k.Secret
		}
		return kernel.Vendor{
			Name: Name, Where: "at /sms/json and /v1/messages",
			Match: func(r *http.Request, _ []byte) bool { _, ok := operations[r.URL.Path]; return ok },
			Call:  v.call,
			Show:  func(m *kernel.Message, r *kernel.Record, s kernel.Status) { m.Status = wordOf(r, s.State) },
			CheckCode: func(code string) error {
				if !aCode.MatchString(code) {
					return fmt.Errorf("%q is none of Vonage's, which are numbers", code)
				}
				return nil
			},
			ThrottleCode: "1",
			Report:       v.report, Repeat: []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 17 * time.Hour},
			Reply: v.reply,
		}, nil
	}
}

var aCode = regexp.MustCompile(`^[0-9]{1,4}$`)

// A call is one request.
type call struct {
	request *http.Request
	body    []byte
	params  map[string]string // of query and body; what is no text is kept as JSON
	invalid bool              // the body could not be read
	key     string            // the account
	now     time.Time
	order   kernel.Order
}

// call reads a request.
func (v *vendor) call(r *http.Request, body []byte) kernel.Call {
	c := &call{request: r, body: body, now: time.Now()}
	c.read()
	op, ok := operations[r.URL.Path]
	if !ok || r.Method != op.method {
		return kernel.Call{Operation: r.URL.Path,
			Carry: func(kernel.Order) kernel.Answer {
				return problem(http.StatusNotFound, "", "Not found", "There is no such path.")
			},
			Refuse: func(code, words string, status int) kernel.Answer { return refuseRecords(c, code, words, status) }}
	}
	k := kernel.Call{
		Operation: op.name, Kind: op.kind,
		Carry: func(o kernel.Order) kernel.Answer {
			c.order = o
			return op.do(v, c)
		},
		Refuse: func(code, words string, status int) kernel.Answer { return op.refuse(c, code, words, status) },
	}
	if to := number(c.params["to"]); to != "" {
		k.Numbers = []sms.Number{to}
	}
	return k
}

// number reads a number without "+", and returns "" if it is none.
func number(digits string) sms.Number {
	n := sms.Number("+" + digits)
	if !n.Valid() {
		return ""
	}
	return n
}

// read collects the parameters: of the query, and of a body that is a form or a
// JSON object.
func (c *call) read() {
	c.params = map[string]string{}
	add := func(form url.Values) {
		for name := range form {
			c.params[name] = form.Get(name)
		}
	}
	add(c.request.URL.Query())
	switch kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type")); {
	case kind == "application/json":
		object := map[string]json.RawMessage{}
		d := json.NewDecoder(bytes.NewReader(c.body))
		if err := d.Decode(&object); err != nil || d.Decode(new(any)) != io.EOF {
			c.invalid = true
			return
		}
		for name, raw := range object {
			text := ""
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			c.params[name] = text
		}
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			c.invalid = true
			return
		}
		add(form)
	}
}

// authorize checks the credentials of basic auth or of the parameters, sets the
// account, and returns a status of the SMS API, 0 if they are right.
func (v *vendor) authorize(c *call) int {
	key, secret, ok := c.request.BasicAuth()
	if !ok {
		key, secret = c.params["api_key"], c.params["api_secret"]
	}
	c.key = key
	known, ok := v.keys[key]
	switch {
	case key == "":
		return 2
	case c.params["sig"] != "" && secret != "":
		return 32
	case !ok:
		return 4
	case c.params["sig"] != "":
		if !v.signed(c) {
			return 14
		}
		return 0
	case secret == "":
		return 2
	case secret != known:
		return 4
	}
	return 0
}

const maxSkew = 5 * time.Minute

// signed verifies a request that is signed as the SMS API is.
func (v *vendor) signed(c *call) bool {
	seconds, err := strconv.ParseInt(c.params["timestamp"], 10, 64)
	if err != nil || c.now.Sub(time.Unix(seconds, 0)).Abs() > maxSkew {
		return false
	}
	return strings.EqualFold(c.params["sig"], hex.EncodeToString(v.sign(c.params)))
}

// network returns the network code of a number: a British one, or one that is made up.
func network(to sms.Number) string {
	if region := to.Region(); region == "GB" {
		return "23410"
	}
	return "12345"
}

// problem answers with a problem of RFC 7807. Kind is the end of its type.
func problem(status int, kind, title, detail string) kernel.Answer {
	return kernel.JSON(status, "application/problem+json", map[string]any{
		"type": "https://developer.vonage.com/api-errors" + kind, "title": title, "detail": detail, "instance": kernel.NewUUID(),
	})
}

// newID returns a message-id of the SMS API: 16 hexadecimal digits.
func newID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return "0A00" + strings.ToUpper(hex.EncodeToString(b[:]))
}

// limited returns the status of the SMS API by which a new account's message is
// refused, or 0: 30 calls a second, and verified numbers only.
func (v *vendor) limited(c *call, to sms.Number) (status int) {
	if !v.desk.Limits() {
		return 0
	}
	if !v.calls.Take(c.now, []string{c.key}, func(_ int, earlier []time.Time) bool { return len(earlier) < 30 }) {
		return 1
	}
	if to != Verified && !slices.Contains(v.options.Verified, string(to)) {
		return 29
	}
	return 0
}

// balance shows what the account has left.
func (v *vendor) balance(c *call) kernel.Answer {
	if v.authorize(c) != 0 {
		return kernel.JSON(http.StatusUnauthorized, "application/json", map[string]string{"error-code": "401", "error-code-label": "authentication failed"})
	}
	return kernel.JSON(http.StatusOK, "application/json", map[string]any{"value": 10.28, "autoReload": false})
}
