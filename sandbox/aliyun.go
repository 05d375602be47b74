package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// aliyunVersion is the one version of the API that is imitated.
const aliyunVersion = "2017-05-25"

// An aliyunVendor answers as Aliyun's gateway and its short message service do.
type aliyunVendor struct {
	*Sandbox
	keys       map[string]string // secret by access key ID
	signatures map[string]Signature
	templates  map[string]*aliyunTemplate
	nonces     *nonces
	limits     *aliyunLimits
	actions    map[string]aliyunAction
}

// An aliyunAction is one operation: the parameters without which it is not
// entered, the numbers that it concerns, and what it does.
type aliyunAction struct {
	required []string
	numbers  func(params url.Values) []sms.Number
	do       func(c *aliyunCall) (fields, *aliyunRefusal)
}

// fields are what an answer holds besides RequestId.
type fields map[string]any

func newAliyunVendor(s *Sandbox) *aliyunVendor {
	v := &aliyunVendor{Sandbox: s, keys: map[string]string{}, templates: map[string]*aliyunTemplate{},
		signatures: map[string]Signature{}, nonces: newNonces(maxNonces), limits: newAliyunLimits()}
	for _, k := range s.options.Keys {
		v.keys[k.ID] = k.Secret
	}
	for _, signature := range s.options.Signatures {
		v.signatures[signature.Name] = signature
	}
	for _, t := range s.options.Templates {
		v.templates[t.Code] = newAliyunTemplate(t)
	}
	v.actions = v.allActions()
	return v
}

// allActions is the one list of what this vendor can do.
func (v *aliyunVendor) allActions() map[string]aliyunAction {
	return map[string]aliyunAction{
		"SendSms": {
			required: []string{"PhoneNumbers", "SignName", "TemplateCode"},
			numbers:  func(p url.Values) []sms.Number { return readNumbers(strings.Split(p.Get("PhoneNumbers"), ",")) },
			do:       v.sendSms,
		},
		"SendBatchSms": {
			required: []string{"PhoneNumberJson", "SignNameJson", "TemplateCode"},
			numbers: func(p url.Values) []sms.Number {
				list, _ := readJSONList[string](p.Get("PhoneNumberJson"))
				return readNumbers(list)
			},
			do: v.sendBatchSms,
		},
		"QuerySendDetails": {
			required: []string{"PhoneNumber", "SendDate", "PageSize", "CurrentPage"},
			numbers:  func(p url.Values) []sms.Number { return readNumbers([]string{p.Get("PhoneNumber")}) },
			do:       v.querySendDetails,
		},
		"QuerySmsTemplate":     {required: []string{"TemplateCode"}, do: v.querySmsTemplate},
		"GetSmsTemplate":       {required: []string{"TemplateCode"}, do: v.getSmsTemplate},
		"QuerySmsTemplateList": {do: v.querySmsTemplateList},
		"QuerySmsSign":         {required: []string{"SignName"}, do: v.querySmsSign},
		"GetSmsSign":           {required: []string{"SignName"}, do: v.getSmsSign},
		"QuerySmsSignList":     {do: v.querySmsSignList},
	}
}

// An aliyunCall is one request to Aliyun as the gateway has read it.
type aliyunCall struct {
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
	listAfter time.Duration // a fault: younger messages are not listed yet
}

// An aliyunRefusal is an answer that says no.
type aliyunRefusal struct {
	status        int // 200: of the service; else of the gateway
	code, message string
}

func (r *aliyunRefusal) reply(c *aliyunCall) reply {
	body := fields{"RequestId": c.requestID, "Code": r.code, "Message": r.message}
	if r.status != http.StatusOK {
		body["HostId"] = "dysmsapi.aliyuncs.com"
		body["Recommend"] = "https://api.aliyun.com/troubleshoot?q=" + url.QueryEscape(r.code) + "&product=Dysmsapi"
	}
	return c.reply(r.status, body)
}

func (c *aliyunCall) reply(status int, body fields) reply {
	body["RequestId"] = c.requestID
	p := jsonReply(status, "application/json;charset=utf-8", body)
	p.header = http.Header{"X-Acs-Request-Id": {c.requestID}}
	return p
}

// serve reads the request, lets a fault have its way, and carries the call out.
func (v *aliyunVendor) serve(w http.ResponseWriter, r *http.Request) {
	c := &aliyunCall{request: r, requestID: newUUID(), now: time.Now()}
	if refusal := c.read(); refusal != nil {
		refusal.reply(c).write(w)
		return
	}
	fault := v.faults.hit(Aliyun, c.action, v.numbersOf(c))
	c.listAfter = fault.ListAfter
	carry := func() reply {
		body, refusal := v.carry(c)
		if refusal != nil {
			return refusal.reply(c)
		}
		return c.reply(http.StatusOK, body)
	}
	v.answer(w, r, fault, carry, func(code, message string, status int) reply {
		return aliyunFailure(code, message, status).reply(c)
	})
}

func (v *aliyunVendor) numbersOf(c *aliyunCall) []sms.Number {
	if a, ok := v.actions[c.action]; ok && a.numbers != nil {
		return a.numbers(c.params)
	}
	return nil
}

// carry goes through the gateway's checks in the vendor's order, and on into
// the operation.
func (v *aliyunVendor) carry(c *aliyunCall) (fields, *aliyunRefusal) {
	for _, check := range []func(*aliyunCall) *aliyunRefusal{v.checkKey, v.checkTimestamp, v.checkSignature, v.checkNonce} {
		if refusal := check(c); refusal != nil {
			if !v.options.Lenient {
				return nil, refusal
			}
			v.letPass(c, refusal)
		}
	}
	if version := c.system("Version", "X-Acs-Version"); version != aliyunVersion {
		return nil, refuseMissingOr("Version", version, &aliyunRefusal{400, "InvalidVersion", "Specified parameter Version is not valid."})
	}
	a, ok := v.actions[c.action]
	if !ok {
		return nil, refuseMissingOr("Action", c.action, &aliyunRefusal{404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."})
	}
	for _, name := range a.required {
		if c.params.Get(name) == "" {
			return nil, refuseMissing(name)
		}
	}
	return a.do(c)
}

// letPass tells the owner of a lenient sandbox. The string to sign, which has
// numbers and values in it, is left out.
func (v *aliyunVendor) letPass(c *aliyunCall, r *aliyunRefusal) {
	message, _, _ := strings.Cut(r.message, " server string to sign is:")
	v.refused(Refusal{Vendor: Aliyun, Operation: c.action, Code: r.code, Message: message})
}

func refuseMissing(name string) *aliyunRefusal {
	return &aliyunRefusal{400, "Missing" + name, name + " is mandatory for this action."}
}

func refuseMissingOr(name, value string, wrong *aliyunRefusal) *aliyunRefusal {
	if value == "" {
		return refuseMissing(name)
	}
	return wrong
}

// read takes the request apart. What it refuses no client of the vendor's sends.
func (c *aliyunCall) read() *aliyunRefusal {
	r := c.request
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return &aliyunRefusal{400, "UnsupportedHTTPMethod", "This http method is not supported."}
	}
	var err error
	if c.body, err = readBody(r); err != nil {
		return &aliyunRefusal{413, "RequestEntityTooLarge", fmt.Sprintf("The request body is longer than %d bytes, or was cut.", maxBody)}
	}
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

func refuseFormat(where string) *aliyunRefusal {
	return &aliyunRefusal{400, "InvalidParameter.Format", "The " + where + " is not in the form of URL-encoded parameters."}
}

// system gives a parameter of the gateway's, which is a header under ACS3 and a
// parameter else; either is taken where the other is missing.
func (c *aliyunCall) system(param, header string) string {
	if value := c.request.Header.Get(header); c.v3 != nil && value != "" {
		return value
	}
	return c.params.Get(param)
}

// aliyunFailure is the answer for a code that a fault names, in the form that the
// vendor uses for it.
func aliyunFailure(code, message string, status int) *aliyunRefusal {
	known, ok := aliyunKnown[code]
	if !ok {
		known = aliyunRefusal{status: http.StatusOK}
		if !strings.HasPrefix(code, "isv.") && !strings.HasPrefix(code, "isp.") && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_:") != "" {
			known.status = http.StatusBadRequest // the gateway's codes are in mixed case
		}
	}
	if message == "" {
		message = known.message
	}
	if message == "" {
		message = code
	}
	if status == 0 {
		status = known.status
	}
	return &aliyunRefusal{status, code, message}
}

// aliyunKnown has the words and statuses of codes that faults are made of.
var aliyunKnown = map[string]aliyunRefusal{
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

// newUUID makes a request ID of the vendor's: an upper-case UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := strings.ToUpper(hex.EncodeToString(b[:]))
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
