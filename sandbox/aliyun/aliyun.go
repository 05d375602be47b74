// Package aliyun imitates Alibaba Cloud's Short Message Service (Dysmsapi
// 2017-05-25) at "/" of the sandbox: the RPC style, GET and POST, parameters in
// the query, in the body or in both, signature version 1 with HMAC-SHA1, and
// ACS3-HMAC-SHA256 by headers. Answers are JSON, whatever Format says. Two more
// products are vendors of their own there, [NewGlobe] and [NewPNVS].
//
// It reports by HTTP push (SmsReport) and brings replies (SmsUp) to the addresses
// of PUT /_sandbox/webhooks.
package aliyun

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// A vendor answers as the gateway and one of its services do.
type vendor struct {
	desk       *kernel.Desk
	product    product
	keys       map[string]string // secret by access key ID
	signatures map[string]Signature
	templates  map[string]*template
	nonces     *nonces
	counts     *kernel.Counts
	actions    map[string]action
}

// An action is one operation: the parameters that it requires, the numbers that
// it concerns, and what it does.
type action struct {
	kind     kernel.Kind
	required []string
	numbers  func(params url.Values) []sms.Number
	do       func(c *call) (fields, *failure)
}

// fields are what an answer holds besides RequestId.
type fields map[string]any

// New returns the vendor for the sandbox. It takes every request at "/", so it
// must be the last of the vendors there.
func New(o Options) kernel.Opener { return open(smsProduct, o) }

func open(p product, o Options) kernel.Opener {
	return func(d *kernel.Desk) (kernel.Vendor, error) {
		if err := o.Validate(); err != nil {
			return kernel.Vendor{}, err
		}
		return kernel.Vendor{
			Name: p.name, Where: p.where, Match: p.match,
			Call:         newVendor(d, p, o).call,
			Show:         func(m *kernel.Message, _ *kernel.Record, s kernel.Status) { m.Status = statusOf(s, "").word },
			ThrottleCode: "Throttling.User",
			Report:       p.report, MaxReports: maxReports, Acknowledged: acknowledged, Repeat: p.repeat,
			Reply: p.reply,
		}, nil
	}
}

func newVendor(d *kernel.Desk, p product, o Options) *vendor {
	v := &vendor{desk: d, product: p, keys: map[string]string{KeyID: KeySecret}, templates: map[string]*template{},
		signatures: map[string]Signature{SignatureName: {Name: SignatureName}}, nonces: newNonces(maxNonces), counts: kernel.NewCounts(24 * time.Hour)}
	for _, k := range o.Keys {
		v.keys[k.ID] = k.Secret
	}
	for _, signature := range o.Signatures {
		v.signatures[signature.Name] = signature
	}
	for _, t := range slices.Concat(p.templates(), o.Templates) {
		v.templates[t.Code] = newTemplate(t)
	}
	v.actions = p.actions(v)
	return v
}

// smsActions are what the short message service can do.
func (v *vendor) smsActions() map[string]action {
	return map[string]action{
		"SendSms": {
			kind:     kernel.Send,
			required: []string{"PhoneNumbers", "SignName", "TemplateCode"},
			numbers:  func(p url.Values) []sms.Number { return readNumbers(strings.Split(p.Get("PhoneNumbers"), ",")) },
			do:       v.sendSms,
		},
		"SendBatchSms": {
			kind:     kernel.Send,
			required: []string{"PhoneNumberJson", "SignNameJson", "TemplateCode"},
			numbers: func(p url.Values) []sms.Number {
				list, _ := readJSONList[string](p.Get("PhoneNumberJson"))
				return readNumbers(list)
			},
			do: v.sendBatchSms,
		},
		"QuerySendDetails": {
			kind:     kernel.List,
			required: []string{"PhoneNumber", "SendDate", "PageSize", "CurrentPage"},
			numbers:  func(p url.Values) []sms.Number { return readNumbers([]string{p.Get("PhoneNumber")}) },
			do:       v.querySendDetails,
		},
		"QuerySmsTemplate":     {kind: kernel.Look, required: []string{"TemplateCode"}, do: v.querySmsTemplate},
		"GetSmsTemplate":       {kind: kernel.Look, required: []string{"TemplateCode"}, do: v.getSmsTemplate},
		"QuerySmsTemplateList": {kind: kernel.Look, do: v.querySmsTemplateList},
		"QuerySmsSign":         {kind: kernel.Look, required: []string{"SignName"}, do: v.querySmsSign},
		"GetSmsSign":           {kind: kernel.Look, required: []string{"SignName"}, do: v.getSmsSign},
		"QuerySmsSignList":     {kind: kernel.Look, do: v.querySmsSignList},
	}
}

// A call is one request as the gateway has read it.
type call struct {
	request   *http.Request
	requestID string
	params    url.Values // of query and form, decoded
	query     url.Values // of the query alone, which ACS3 signs
	body      []byte
	v3        *acs3 // nil: signature version 1
	action    string
	account   string
	known     bool // whether the account's secret is known
	now       time.Time
	shape     func(*failure) fields // how the product refuses; nil: by Code and Message
	listAfter time.Duration         // a fault: younger messages are not listed yet
	taken     []kernel.Record
}

// A failure is an answer that says no.
type failure struct {
	status        int // 200: of the service; else of the gateway
	code, message string
}

func (f *failure) answer(c *call) kernel.Answer {
	body := fields{"RequestId": c.requestID, "Code": f.code, "Message": f.message}
	if f.status == http.StatusOK && c.shape != nil {
		body = c.shape(f)
	}
	if f.status != http.StatusOK {
		body["HostId"] = "dysmsapi.aliyuncs.com"
		body["Recommend"] = "https://api.aliyun.com/troubleshoot?q=" + url.QueryEscape(f.code) + "&product=Dysmsapi"
	}
	a := c.answer(f.status, body)
	a.Code, a.Words = f.code, words(f.message)
	return a
}

func (c *call) answer(status int, body fields) kernel.Answer {
	if _, ok := body["Model"]; !ok { // the verification product's is within it
		body["RequestId"] = c.requestID
	}
	a := kernel.JSON(status, "application/json;charset=utf-8", body)
	a.Header = http.Header{"X-Acs-Request-Id": {c.requestID}}
	a.Taken = c.taken
	return a
}

// call reads a request.
func (v *vendor) call(r *http.Request, body []byte) kernel.Call {
	c := &call{request: r, requestID: strings.ToUpper(kernel.NewUUID()), now: time.Now(), body: body, shape: v.product.refusal}
	unreadable := c.read()
	a := v.actions[c.action]
	k := kernel.Call{
		Operation: c.action, Kind: a.kind,
		Carry: func(o kernel.Order) kernel.Answer {
			if unreadable != nil {
				return unreadable.answer(c)
			}
			c.listAfter = o.ListAfter
			body, refused := v.carry(c)
			if refused != nil {
				return refused.answer(c)
			}
			return c.answer(http.StatusOK, body)
		},
		Refuse: func(code, words string, status int) kernel.Answer { return failureOf(code, words, status).answer(c) },
	}
	if a.numbers != nil {
		k.Numbers = a.numbers(c.params)
	}
	return k
}

// carry makes the gateway's checks in the vendor's order, and then does what the
// action does.
func (v *vendor) carry(c *call) (fields, *failure) {
	for _, check := range []func(*call) *failure{v.checkKey, v.checkTimestamp, v.checkSignature, v.checkNonce} {
		if refused := check(c); refused != nil && !v.letPass(c, refused) {
			return nil, refused
		}
	}
	if given := c.system("Version", "X-Acs-Version"); given != v.product.version {
		return nil, refuseMissingOr("Version", given, &failure{400, "InvalidVersion", "Specified parameter Version is not valid."})
	}
	a, ok := v.actions[c.action]
	if !ok {
		return nil, refuseMissingOr("Action", c.action, &failure{404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."})
	}
	for _, name := range a.required {
		if c.params.Get(name) == "" {
			return nil, refuseMissing(name)
		}
	}
	return a.do(c)
}

// letPass reports whether a lenient sandbox accepts what the vendor refuses.
func (v *vendor) letPass(c *call, f *failure) bool {
	return v.desk.LetPass(c.action, f.code, words(f.message))
}

// words are a message without the string to sign, which has numbers and values in it.
func words(message string) string {
	message, _, _ = strings.Cut(message, " server string to sign is:")
	return message
}

func refuseMissing(name string) *failure {
	return &failure{400, "Missing" + name, name + " is mandatory for this action."}
}

func refuseMissingOr(name, value string, wrong *failure) *failure {
	if value == "" {
		return refuseMissing(name)
	}
	return wrong
}

// read parses the request. What it refuses no client of the vendor's sends.
func (c *call) read() *failure {
	r := c.request
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return &failure{400, "UnsupportedHTTPMethod", "This http method is not supported."}
	}
	var err error
	if c.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return refuseFormat("query")
	}
	c.params = url.Values{}
	for k, values := range c.query {
		c.params[k] = slices.Clone(values)
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return refuseFormat("body")
		}
		for k, values := range form {
			c.params[k] = append(c.params[k], values...)
		}
	}
	c.v3 = readACS3(r)
	c.action = c.system("Action", "X-Acs-Action")
	return nil
}

func refuseFormat(where string) *failure {
	return &failure{400, "InvalidParameter.Format", "The " + where + " is not in the form of URL-encoded parameters."}
}

// system returns a parameter of the gateway's: under ACS3 the header, if there is
// one, else the parameter.
func (c *call) system(param, header string) string {
	if value := c.request.Header.Get(header); c.v3 != nil && value != "" {
		return value
	}
	return c.params.Get(param)
}

// failureOf returns the failure for a code that a fault names, in the form that
// the vendor uses for it.
func failureOf(code, message string, status int) *failure {
	row, ok := known[code]
	if !ok {
		row = failure{status: http.StatusOK}
		if !strings.HasPrefix(code, "isv.") && !strings.HasPrefix(code, "isp.") && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_:") != "" {
			row.status = http.StatusBadRequest // the gateway's codes are in mixed case
		}
	}
	if message == "" {
		message = row.message
	}
	if message == "" {
		message = code
	}
	if status == 0 {
		status = row.status
	}
	return &failure{status, code, message}
}

// known holds the words and statuses of codes that faults use.
var known = map[string]failure{
	"isv.BUSINESS_LIMIT_CONTROL":      {200, "", "触发分钟级流控Permits:1"},
	"isv.DAY_LIMIT_CONTROL":           {200, "", "触发日发送限额"},
	"isv.OUT_OF_SERVICE":              {200, "", "业务停机"},
	"isv.AMOUNT_NOT_ENOUGH":           {200, "", "账户余额不足"},
	"isv.PRODUCT_UN_SUBSCRIPT":        {200, "", "未开通云通信产品的阿里云客户"},
	"isv.PRODUCT_UNSUBSCRIBE":         {200, "", "产品未开通"},
	"isv.ACCOUNT_NOT_EXISTS":          {200, "", "账户不存在"},
	"isv.ACCOUNT_ABNORMAL":            {200, "", "账户异常"},
	"isv.BLACK_KEY_CONTROL_LIMIT":     {200, "", "黑名单管控"},
	"isp.SYSTEM_ERROR":                {200, "", "isp.SYSTEM_ERROR"},
	"isp.RAM_PERMISSION_DENY":         {200, "", "RAM权限不足"},
	"Throttling":                      {400, "", "Request was denied due to request throttling."},
	"Throttling.User":                 {400, "", "Request was denied due to user flow control."},
	"Throttling.Api":                  {400, "", "Request was denied due to api flow control."},
	"InvalidAccessKeyId.NotFound":     {404, "", "Specified access key is not found."},
	"InvalidAccessKeyId.Inactive":     {400, "", "Specified access key is disabled."},
	"InvalidTimeStamp.Expired":        {400, "", "Specified time stamp or date value is expired."},
	"SignatureNonceUsed":              {400, "", "Specified signature nonce was used already."},
	"Forbidden":                       {403, "", "User not authorized to operate on the specified resource."},
	"Forbidden.RAM":                   {403, "", "User not authorized to operate on the specified resource, or this API doesn't support RAM."},
	"ServiceUnavailable":              {503, "", "The request has failed due to a temporary failure of the server."},
	"InternalError":                   {500, "", "The request processing has failed due to some unknown error, exception or failure."},
	"InvalidAction.NotFound":          {404, "", "Specified api is not found, please check your url and method."},
	"InvalidApi.NotFound":             {404, "", "Specified api is not found, please check your url and method."},
	"InvalidProtocol.NeedSsl":         {404, "", "Your request is denied as lack of ssl protect."},
	"isv.MOBILE_NUMBER_ILLEGAL":       {200, "", "invalid mobile number"},
	"isv.SMS_TEMPLATE_ILLEGAL":        {200, "", "该账号下找不到对应模板"},
	"isv.SMS_SIGNATURE_ILLEGAL":       {200, "", "该账号下找不到对应签名"},
	"isv.TEMPLATE_MISSING_PARAMETERS": {200, "", "模板变量缺少对应参数值"},
}
