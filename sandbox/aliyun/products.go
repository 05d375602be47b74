package aliyun

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// The names of the further products in messages, faults and webhooks.
const (
	GlobeName = "aliyunglobe"
	PNVSName  = "aliyunpnvs"
)

// The signature and the template that PNVS gives its accounts.
const (
	PNVSSignature = "速通互联验证码"
	PNVSTemplate  = "100001"
)

// A product is one service of the vendor behind the same gateway.
type product struct {
	name, where, version string
	match                func(*http.Request, []byte) bool
	actions              func(*vendor) map[string]action
	templates            func() []Template
	refusal              func(*failure) fields // nil: Code and Message
	report               func(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error)
	reply                func(kernel.Reply) ([]*http.Request, error)
	repeat               []time.Duration // between pushes of a report
}

var smsProduct = product{
	name: Name, where: "at /", version: "2017-05-25",
	match:   atRoot,
	actions: (*vendor).smsActions, templates: smsTemplates,
	report: report, reply: reply, repeat: []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute},
}

func atRoot(r *http.Request, _ []byte) bool { return r.URL.Path == "/" || r.URL.Path == "" }

// NewGlobe returns the international service for the sandbox: SendMessageToGlobe and
// QueryMessage of Dysmsapi 2018-05-01. It takes the requests at "/" that name this
// version.
func NewGlobe(o Options) kernel.Opener {
	return open(product{
		name: GlobeName, where: "at /, version 2018-05-01", version: "2018-05-01",
		match: func(r *http.Request, body []byte) bool {
			return atRoot(r, nil) && peek(r, body, "Version", "X-Acs-Version") == "2018-05-01"
		},
		actions: (*vendor).globeActions, templates: func() []Template { return nil },
		refusal: func(f *failure) fields { return fields{"ResponseCode": f.code, "ResponseDescription": f.message} },
		report:  globeReport, repeat: []time.Duration{time.Minute, 5 * time.Minute},
	}, o)
}

// NewPNVS returns the verification product for the sandbox: SendSmsVerifyCode of
// Dypnsapi 2017-05-25, with the caller's own codes. Its account has [PNVSSignature]
// and [PNVSTemplate].
func NewPNVS(o Options) kernel.Opener {
	o.Signatures = append([]Signature{{Name: PNVSSignature}}, o.Signatures...)
	return open(product{
		name: PNVSName, where: "at /, SendSmsVerifyCode", version: "2017-05-25",
		match: func(r *http.Request, body []byte) bool {
			return atRoot(r, nil) && peek(r, body, "Action", "X-Acs-Action") == "SendSmsVerifyCode"
		},
		actions: (*vendor).pnvsActions,
		templates: func() []Template {
			return []Template{{Code: PNVSTemplate, Text: "您的验证码为${code}。尊敬的客户,以上验证码${min}分钟内有效,请注意保密,切勿告知他人。"}}
		},
		refusal: func(f *failure) fields {
			return fields{"Code": f.code, "Message": f.message, "Success": false, "Model": nil}
		},
		report: report, repeat: smsProduct.repeat,
	}, o)
}

// peek returns a parameter of the gateway's before the request is read.
func peek(r *http.Request, body []byte, param, header string) string {
	if value := r.Header.Get(header); value != "" {
		return value
	}
	if value := r.URL.Query().Get(param); value != "" {
		return value
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return ""
	}
	form, _ := url.ParseQuery(string(body))
	return form.Get(param)
}

func (v *vendor) globeActions() map[string]action {
	return map[string]action{
		"SendMessageToGlobe": {
			kind: kernel.Send, required: []string{"To"},
			numbers: func(p url.Values) []sms.Number { return readNumbers([]string{p.Get("To")}) },
			do:      v.sendMessageToGlobe,
		},
		"QueryMessage": {kind: kernel.Look, required: []string{"MessageId"}, do: v.queryMessage},
	}
}

// maxTaskID and maxGlobeText bound what the product takes, in bytes and characters.
const (
	maxTaskID    = 255
	maxGlobeText = 1000
)

func (v *vendor) sendMessageToGlobe(c *call) (fields, *failure) {
	to, mainland, ok := readNumber(c.params.Get("To"))
	text, from := c.params.Get("Message"), c.params.Get("From")
	switch {
	case !ok || strings.ContainsAny(c.params.Get("To"), "+ "):
		return nil, refuse("MOBILE_NUMBER_ILLEGAL", "The mobile number is illegal.")
	case mainland:
		return nil, refuse("NOT_SUPPORTED_COUNTRY", "The country is not supported.")
	case text == "":
		return nil, refuse("INVALID_PARAMETERS", "Message is mandatory.")
	case len([]rune(text)) > maxGlobeText, len(c.params.Get("TaskId")) > maxTaskID:
		return nil, refuse("PARAM_LENGTH_LIMIT", "A parameter is too long.")
	case !slices.Contains([]string{"", "OTP", "NOTIFY", "MKT"}, c.params.Get("Type")):
		return nil, refuse("INVALID_PARAMETERS", "Type is illegal.")
	case !isSenderID(from):
		return nil, refuse("INVALID_SENDERID", "The sender ID is illegal.")
	}
	segments, _ := sms.CountSegments(text)
	id := strings.TrimSuffix(newBizID(), "^0")
	c.taken = append(c.taken, kernel.Record{Message: kernel.Message{
		ID: id, Account: c.account, To: to, From: from, Text: text, Key: c.params.Get("TaskId"), At: c.now,
	}})
	return fields{"ResponseCode": "OK", "ResponseDescription": "OK", "MessageId": id, "To": c.params.Get("To"), "From": from,
		"Segments": strconv.Itoa(segments), "NumberDetail": fields{"Region": to.Region(), "Country": to.Region(), "Carrier": "Sandbox"}}, nil
}

// isSenderID reports whether from is empty, at most 11 letters and digits, or at most
// 15 digits.
func isSenderID(from string) bool {
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return len(from) <= 15 && strings.Trim(from, digits) == "" || len(from) <= 11 && strings.Trim(from, digits+letters) == ""
}

func (v *vendor) queryMessage(c *call) (fields, *failure) {
	var found fields
	v.desk.Newest(c.now, func(r *kernel.Record, s kernel.Status) bool {
		if r.ID != c.params.Get("MessageId") || r.Account != c.account {
			return true
		}
		state, code := globeStatus(s.State, r.Fails)
		found = fields{"ResponseCode": "OK", "ResponseDescription": "OK", "MessageId": r.ID, "To": strings.TrimPrefix(string(r.To), "+"), "Message": r.Text,
			"Status": state, "ErrorCode": code, "ErrorDescription": code, "SendDate": r.At.In(china).Format(time.RFC1123Z)}
		if s.State.Final() {
			found["ReceiveDate"] = s.Since.In(china).Format(time.RFC1123Z)
		}
		return false
	})
	if found == nil {
		return nil, refuse("DATA_NOT_EXIST", "The record does not exist.")
	}
	return found, nil
}

// globeStatus returns Status and ErrorCode: 1 delivered, 2 failed, 3 on its way.
func globeStatus(s kernel.State, fails string) (status, code string) {
	switch {
	case s == kernel.Delivered:
		return "1", "DELIVERED"
	case s.Final():
		return "2", cmp.Or(fails, "UNDELIVERED")
	}
	return "3", ""
}

func (v *vendor) pnvsActions() map[string]action {
	return map[string]action{"SendSmsVerifyCode": {
		kind: kernel.Send, required: []string{"PhoneNumber", "SignName", "TemplateCode", "TemplateParam"},
		numbers: func(p url.Values) []sms.Number { return readNumbers([]string{p.Get("PhoneNumber")}) },
		do:      v.sendSmsVerifyCode,
	}}
}

// defaultInterval is how long a number gets no second code if Interval is not sent.
const defaultInterval = 60

func (v *vendor) sendSmsVerifyCode(c *call) (fields, *failure) {
	signature := c.params.Get("SignName")
	t, refusal := v.texts(c, signature)
	if refusal != nil {
		return nil, refusal
	}
	numbers, refusal := t.recipients([]string{c.params.Get("PhoneNumber")}, 1)
	if refusal != nil {
		return nil, refusal
	}
	if code := c.params.Get("CountryCode"); code != "" && code != "86" {
		return nil, refuse("isv.INVALID_PARAMETERS", "CountryCode is illegal.")
	}
	values, refusal := readValues(c.params.Get("TemplateParam"))
	if refusal != nil {
		return nil, refusal
	}
	for _, name := range t.variables {
		if values[name] == "" {
			return nil, &failure{http.StatusBadRequest, "MissingTemplateParam", "TemplateParam is mandatory for this action."}
		}
	}
	if values["code"] == "##code##" {
		return nil, refuse("isv.INVALID_PARAMETERS", "this imitation takes the caller's own codes only")
	}
	interval, err := strconv.Atoi(cmp.Or(c.params.Get("Interval"), strconv.Itoa(defaultInterval)))
	if err != nil || interval < 0 {
		return nil, refuse("isv.INVALID_PARAMETERS", "Interval is illegal.")
	}
	if v.hadCodeWithin(c, numbers[0], time.Duration(interval)*time.Second) {
		return nil, refuse("biz.FREQUENCY", "check frequency failed")
	}
	answer, refusal := v.take(c, t, []part{{to: numbers[0], signature: signature, values: values}})
	if refusal != nil {
		return nil, refusal
	}
	return fields{"Code": "OK", "Message": "OK", "Success": true, "Model": fields{
		"BizId": answer["BizId"], "OutId": c.params.Get("OutId"), "RequestId": c.requestID}}, nil
}

func (v *vendor) hadCodeWithin(c *call, to sms.Number, interval time.Duration) (had bool) {
	v.desk.Newest(c.now, func(r *kernel.Record, _ kernel.Status) bool {
		had = r.To == to && r.Account == c.account && c.now.Sub(r.At) < interval
		return !had && c.now.Sub(r.At) < interval
	})
	return had
}

// A globeReportRow is one message in a push of the international service.
type globeReportRow struct {
	To               string `json:"To"`
	Status           string `json:"Status"`
	MessageID        string `json:"MessageId"`
	SmsSize          string `json:"SmsSize"`
	TaskID           string `json:"TaskId"`
	SendDate         string `json:"SendDate"`
	ReceiveDate      string `json:"ReceiveDate"`
	ErrorCode        string `json:"ErrorCode"`
	ErrorDescription string `json:"ErrorDescription"`
}

func globeReport(to string, messages []kernel.Record, s kernel.State) ([]*http.Request, error) {
	if !s.Final() {
		return nil, nil
	}
	list := make([]globeReportRow, len(messages))
	for i, m := range messages {
		segments, _ := sms.CountSegments(m.Text)
		status, code := globeStatus(s, m.Fails)
		list[i] = globeReportRow{To: strings.TrimPrefix(string(m.To), "+"), Status: status, MessageID: m.ID, SmsSize: strconv.Itoa(segments), TaskID: m.Key,
			SendDate: m.At.In(china).Format(time.RFC1123Z), ReceiveDate: time.Now().In(china).Format(time.RFC1123Z), ErrorCode: code, ErrorDescription: code}
	}
	return push(to, list)
}
