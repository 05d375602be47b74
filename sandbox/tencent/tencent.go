// Package tencent imitates Tencent Cloud's SMS API (2021-01-11) at "/" of the
// sandbox, for requests with an X-TC-Action: SendSms, DescribeSendRecordList,
// PullSmsSendStatus, PullSmsSendStatusByPhoneNumber, DescribeSmsTemplateList and
// DescribeSmsSignList, signed by TC3-HMAC-SHA256. The older signatures are not
// imitated.
//
// It reports by HTTP push and brings replies to the addresses of PUT
// /_sandbox/webhooks.
package tencent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// version is the one version of the API that is imitated.
const version = "2021-01-11"

// A vendor answers as the gateway and its SMS product do.
type vendor struct {
	desk       *kernel.Desk
	options    Options
	keys       map[string]string // SecretKey by SecretId
	apps       []string
	signatures []Signature // in the order of their SignId
	templates  map[string]*template
	counts     *kernel.Counts
	refusals   refusals
	actions    map[string]action
}

// An action is one operation: its parameters, and what it does.
type action struct {
	kind   kernel.Kind
	params func() any // a pointer to a struct that JSON is read into
	do     func(c *call, o kernel.Order) (map[string]any, *failure)
}

// New returns the vendor for the sandbox.
func New(o Options) kernel.Opener {
	return func(d *kernel.Desk) (kernel.Vendor, error) {
		if err := o.Validate(); err != nil {
			return kernel.Vendor{}, err
		}
		v := newVendor(d, o)
		return kernel.Vendor{
			Name: Name, Where: "at / with an X-TC-Action",
			Match: func(r *http.Request, _ []byte) bool {
				return r.Header.Get("X-TC-Action") != "" || strings.HasPrefix(r.Header.Get("Authorization"), algorithm)
			},
			Call:         v.call,
			Show:         func(m *kernel.Message, _ *kernel.Record, s kernel.Status) { m.Status = s.State.String() },
			ThrottleCode: "RequestLimitExceeded",
			Report:       v.report, MaxReports: 100, Acknowledged: acknowledged, Repeat: []time.Duration{time.Minute, time.Minute},
			Reply: reply,
		}, nil
	}
}

func newVendor(d *kernel.Desk, o Options) *vendor {
	v := &vendor{desk: d, options: o, keys: map[string]string{SecretID: SecretKey}, apps: append([]string{AppID}, o.AppIDs...),
		signatures: []Signature{{Name: SignatureName}}, templates: map[string]*template{}, counts: kernel.NewCounts(24 * time.Hour)}
	for _, k := range o.Keys {
		v.keys[k.ID] = k.Secret
	}
	for _, s := range o.Signatures {
		if i := slices.IndexFunc(v.signatures, func(known Signature) bool { return known.Name == s.Name }); i >= 0 {
			v.signatures[i] = s
			continue
		}
		v.signatures = append(v.signatures, s)
	}
	for _, t := range slices.Concat(wellKnownTemplates(), o.Templates) {
		v.templates[t.ID] = newTemplate(t)
	}
	v.actions = map[string]action{
		"SendSms":                        {kernel.Send, func() any { return new(sendRequest) }, v.sendSms},
		"DescribeSendRecordList":         {kernel.List, func() any { return new(recordRequest) }, v.describeSendRecordList},
		"PullSmsSendStatus":              {kernel.List, func() any { return new(pullRequest) }, v.pullSmsSendStatus},
		"PullSmsSendStatusByPhoneNumber": {kernel.List, func() any { return new(recordRequest) }, v.pullByPhoneNumber},
		"DescribeSmsTemplateList":        {kernel.Look, func() any { return new(templateListRequest) }, v.describeTemplates},
		"DescribeSmsSignList":            {kernel.Look, func() any { return new(signListRequest) }, v.describeSignatures},
	}
	return v
}

// A call is one request as the gateway has read it.
type call struct {
	request   *http.Request
	body      []byte
	requestID string
	action    string
	params    any // of the action; nil if the body could not be read
	numbers   []sms.Number
	now       time.Time
	taken     []kernel.Record
	rejected  []kernel.Rejection
}

// A failure is an answer that refuses the whole call.
type failure struct{ Code, Message string }

func (c *call) answer(status int, response map[string]any) kernel.Answer {
	response["RequestId"] = c.requestID
	a := kernel.JSON(status, "application/json", map[string]any{"Response": response})
	a.Taken, a.Rejected = c.taken, c.rejected
	return a
}

func (c *call) refuse(f *failure, status int) kernel.Answer {
	if status == 0 {
		status = http.StatusOK
	}
	a := c.answer(status, map[string]any{"Error": f})
	a.Code, a.Words = f.Code, f.Message
	return a
}

// call reads a request.
func (v *vendor) call(r *http.Request, body []byte) kernel.Call {
	c := &call{request: r, body: body, requestID: kernel.NewUUID(), action: r.Header.Get("X-TC-Action"), now: time.Now()}
	a, known := v.actions[c.action]
	var unreadable *failure
	if known {
		params := a.params()
		if unreadable = readParams(body, params); unreadable == nil {
			c.params = params
			c.numbers = numbersOf(params)
		}
	}
	return kernel.Call{
		Operation: c.action, Kind: a.kind, Numbers: c.numbers, Each: c.action == "SendSms",
		Carry: func(o kernel.Order) kernel.Answer {
			if f := v.check(c, known, unreadable); f != nil {
				return c.refuse(f, 0)
			}
			response, f := a.do(c, o)
			if f != nil {
				return c.refuse(f, 0)
			}
			return c.answer(http.StatusOK, response)
		},
		Refuse: func(code, words string, status int) kernel.Answer { return v.refuseBy(c, code, words, status) },
	}
}

// check makes the gateway's checks, in the vendor's order as far as it is known.
func (v *vendor) check(c *call, known bool, unreadable *failure) *failure {
	if c.request.Method != http.MethodPost {
		return &failure{"UnsupportedProtocol", "The HTTP method is not supported: use POST."}
	}
	if f := v.authorize(c); f != nil && !v.desk.LetPass(c.action, f.Code, f.Message) {
		return f
	}
	switch given := c.request.Header.Get("X-TC-Version"); {
	case given != version:
		return &failure{"NoSuchVersion", fmt.Sprintf("The API version %q does not exist.", given)}
	case !known:
		return &failure{"InvalidAction", fmt.Sprintf("The API %q does not exist.", c.action)}
	case c.request.Header.Get("X-TC-Region") == "":
		return &failure{"MissingParameter", "The request is missing the required parameter `Region`."}
	}
	return unreadable
}

// readParams reads a body. A parameter that does not exist is refused, as the
// gateway does.
func readParams(body []byte, into any) *failure {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after the JSON value")
		}
	}
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind):
		return &failure{"InvalidParameter", fmt.Sprintf("The parameter `%s` has a wrong type.", kind.Field)}
	case strings.Contains(err.Error(), "unknown field"):
		return &failure{"UnknownParameter", "The parameter " + strings.TrimPrefix(err.Error(), "json: unknown field ") + " is not recognized."}
	}
	return &failure{"FailedOperation.JsonParseFail", "The body is no JSON object."}
}

// refuseBy answers with a code that a fault names: a code of a number in the entry
// of each number, all others for the call.
func (v *vendor) refuseBy(c *call, code, words string, status int) kernel.Answer {
	if words == "" {
		words = wordsOf(code)
	}
	if send, ok := c.params.(*sendRequest); ok && isOfNumber(code) {
		var set []sendStatus
		for _, number := range send.PhoneNumberSet {
			set = append(set, refusedStatus(send, number, code, words))
		}
		return c.answer(max(status, http.StatusOK), map[string]any{"SendStatusSet": set})
	}
	return c.refuse(&failure{code, words}, status)
}
