package aliyun

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/notifykit/notify/sms"
)

// created is when everything in the sandbox was created and reviewed, as the
// vendor writes it.
const created = "2024-06-03 10:02:34"

// reviewCodes are the numbers and the words that the vendor has for a Review;
// the last word is misspelt there too.
var reviewCodes = map[Review]struct {
	number int
	word   string
}{
	InReview: {0, "AUDIT_STATE_INIT"},
	Approved: {1, "AUDIT_STATE_PASS"},
	Refused:  {2, "AUDIT_STATE_NOT_PASS"},
	Canceled: {10, "AUDIT_SATE_CANCEL"},
}

// registrationCodes are the vendor's numbers of a Registration: the old one, of
// the signature, and the one for each carrier with its reason.
var registrationCodes = map[Registration]struct {
	result, status int
	reason         string
}{
	Registered:         {1, 3, "DETECT_SUCCESS"},
	NotRegistered:      {-1, -2, "NON_REGISTER"},
	Registering:        {-1, -1, "REGISTERING"},
	RegistrationFailed: {0, 0, "QUALIFICATION_ERROR"},
	RegistrationLapsed: {2, 2, "NO_SEND_RECORD"},
}

// The vendor numbers the kinds of templates in two ways.
var (
	outerTypes = map[sms.Kind]int{sms.Verification: 0, 0: 1, sms.Notification: 1, sms.Promotion: 2, sms.International: 3}
	innerTypes = map[sms.Kind]int{sms.Verification: 2, 0: 0, sms.Notification: 0, sms.Promotion: 1, sms.International: 6}
)

func (v *vendor) lookupTemplate(c *call) (*template, *failure) {
	t, ok := v.templates[c.params.Get("TemplateCode")]
	if !ok {
		return nil, refuse("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
	}
	return t, nil
}

func (t *template) name() string { return cmp.Or(t.Name, t.Code) }

// reason is why the review has refused something; empty if it has not.
func (r Review) reason() string {
	if r == Refused {
		return "内容不符合规范"
	}
	return ""
}

func (v *vendor) querySmsTemplate(c *call) (fields, *failure) {
	t, refusal := v.lookupTemplate(c)
	if refusal != nil {
		return nil, refusal
	}
	return fields{"Code": "OK", "Message": "OK", "TemplateCode": t.Code, "TemplateName": t.name(), "TemplateContent": t.Text,
		"TemplateStatus": reviewCodes[t.Review].number, "TemplateType": outerTypes[t.Kind], "CreateDate": created, "Reason": t.Review.reason()}, nil
}

// getSmsTemplate is the newer one: its numbers are texts.
func (v *vendor) getSmsTemplate(c *call) (fields, *failure) {
	t, refusal := v.lookupTemplate(c)
	if refusal != nil {
		return nil, refusal
	}
	return fields{"Code": "OK", "Message": "OK", "TemplateCode": t.Code, "TemplateName": t.name(), "TemplateContent": t.Text,
		"TemplateStatus": strconv.Itoa(reviewCodes[t.Review].number), "TemplateType": strconv.Itoa(outerTypes[t.Kind]), "TemplateTag": 2,
		"CreateDate": created, "AuditInfo": fields{"AuditDate": created, "RejectInfo": t.Review.reason()}}, nil
}

func (v *vendor) querySmsTemplateList(c *call) (fields, *failure) {
	return listPage(c.params, slices.Sorted(maps.Keys(v.templates)), "SmsTemplateList", func(code string) fields {
		t := v.templates[code]
		return fields{"TemplateCode": t.Code, "TemplateName": t.name(), "TemplateContent": t.Text, "OuterTemplateType": outerTypes[t.Kind],
			"TemplateType": innerTypes[t.Kind], "AuditStatus": reviewCodes[t.Review].word, "CreateDate": created, "OrderId": "", "Reason": listReason(t.Review)}
	})
}

func listReason(r Review) fields {
	if r != Refused {
		return fields{}
	}
	return fields{"RejectDate": created, "RejectInfo": r.reason(), "RejectSubInfo": ""}
}

func (v *vendor) lookupSignature(c *call) (Signature, *failure) {
	s, ok := v.signatures[c.params.Get("SignName")]
	if !ok {
		return s, refuse("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
	}
	return s, nil
}

func (v *vendor) querySmsSign(c *call) (fields, *failure) {
	s, refusal := v.lookupSignature(c)
	if refusal != nil {
		return nil, refusal
	}
	return fields{"Code": "OK", "Message": "OK", "SignName": s.Name, "SignStatus": reviewCodes[s.Review].number,
		"CreateDate": created, "Reason": s.Review.reason()}, nil
}

// getSmsSign is the newer one, and the one with the registration.
func (v *vendor) getSmsSign(c *call) (fields, *failure) {
	s, refusal := v.lookupSignature(c)
	if refusal != nil {
		return nil, refusal
	}
	r := registrationCodes[s.Registration]
	var carriers []fields
	for _, carrier := range []string{"mobile", "unicom", "telecom"} {
		carriers = append(carriers, fields{"OperatorCode": carrier, "OperatorCompleteTime": created, "RegisterStatus": r.status,
			"RegisterStatusReasons": []fields{{"ReasonCode": r.reason, "ReasonDescList": []string{}}}})
	}
	return fields{"Code": "OK", "Message": "OK", "SignName": s.Name, "SignStatus": reviewCodes[s.Review].number, "SignTag": "2",
		"CreateDate": created, "ThirdParty": false, "RegisterResult": r.result, "SignIspRegisterDetailList": carriers,
		"AuditInfo": fields{"AuditDate": created, "RejectInfo": s.Review.reason()}}, nil
}

func (v *vendor) querySmsSignList(c *call) (fields, *failure) {
	return listPage(c.params, slices.Sorted(maps.Keys(v.signatures)), "SmsSignList", func(name string) fields {
		s := v.signatures[name]
		return fields{"SignName": s.Name, "AuditStatus": reviewCodes[s.Review].word, "BusinessType": "验证码类型", "CreateDate": created,
			"OrderId": "", "Reason": listReason(s.Review)}
	})
}

// listPage returns one page of a list whose PageSize and PageIndex may be left out.
func listPage(params url.Values, names []string, key string, row func(name string) fields) (fields, *failure) {
	asked := url.Values{"PageSize": {cmp.Or(params.Get("PageSize"), "10")}, "PageIndex": {cmp.Or(params.Get("PageIndex"), "1")}}
	start, size, refusal := readPage(asked, "PageIndex")
	if refusal != nil {
		return nil, refusal
	}
	start = min(start, len(names))
	rows := []fields{}
	for _, name := range names[start:min(start+size, len(names))] {
		rows = append(rows, row(name))
	}
	page, _ := strconv.Atoi(asked.Get("PageIndex")) // readPage has read it
	return fields{"Code": "OK", "Message": "OK", "TotalCount": len(names), "CurrentPage": page, "PageSize": size, key: rows}, nil
}
