package aliyun

// The uses of the vendor's SDK that look at signatures and templates; see sdk.go.

import (
	"strconv"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/responses"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
)

// A review is what the vendor says of a signature or template.
type review struct {
	status   int // 0 in review, 1 approved, 2 rejected, 10 cancelled
	why      string
	register int  // of a signature: 1 registered
	told     bool // whether register was told
	text     string
	kind     int
}

// An inquiry is one call that looks at something: the newer one, or the older.
type inquiry struct {
	request requests.AcsRequest
	answer  responses.AcsResponse
	read    func() (reply, review)
}

func getSmsSign(name string) inquiry {
	r, a := dysmsapi.CreateGetSmsSignRequest(), dysmsapi.CreateGetSmsSignResponse()
	r.SignName = name
	return inquiry{r, a, func() (reply, review) {
		return reply{code: a.Code, message: a.Message, requestID: a.RequestId},
			review{status: int(a.SignStatus), why: a.AuditInfo.RejectInfo, register: a.RegisterResult, told: true}
	}}
}

func querySmsSign(name string) inquiry {
	r, a := dysmsapi.CreateQuerySmsSignRequest(), dysmsapi.CreateQuerySmsSignResponse()
	r.SignName = name
	return inquiry{r, a, func() (reply, review) {
		return reply{code: a.Code, message: a.Message, requestID: a.RequestId}, review{status: a.SignStatus, why: a.Reason}
	}}
}

func getSmsTemplate(code string) inquiry {
	r, a := dysmsapi.CreateGetSmsTemplateRequest(), dysmsapi.CreateGetSmsTemplateResponse()
	r.TemplateCode = code
	return inquiry{r, a, func() (reply, review) {
		v := review{why: a.AuditInfo.RejectInfo, text: a.TemplateContent, status: number(a.TemplateStatus), kind: number(a.TemplateType)}
		return reply{code: a.Code, message: a.Message, requestID: a.RequestId}, v
	}}
}

func querySmsTemplate(code string) inquiry {
	r, a := dysmsapi.CreateQuerySmsTemplateRequest(), dysmsapi.CreateQuerySmsTemplateResponse()
	r.TemplateCode = code
	return inquiry{r, a, func() (reply, review) {
		return reply{code: a.Code, message: a.Message, requestID: a.RequestId},
			review{status: a.TemplateStatus, why: a.Reason, text: a.TemplateContent, kind: a.TemplateType}
	}}
}

// number reads what the newer call writes as a text; what cannot be read is no
// status that there is.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// A listedTemplate is a row of the vendor's list. Its kind is the outer type,
// which is numbered as in all other calls.
type listedTemplate struct {
	code, name, text, audit string
	kind                    int
}

// querySmsTemplateList asks for one page of the list; rows is where they go.
func querySmsTemplateList(page int, rows *[]listedTemplate, total *int) inquiry {
	r, a := dysmsapi.CreateQuerySmsTemplateListRequest(), dysmsapi.CreateQuerySmsTemplateListResponse()
	r.PageSize, r.PageIndex = requests.NewInteger(perPage), requests.NewInteger(page)
	return inquiry{r, a, func() (reply, review) {
		for _, t := range a.SmsTemplateList {
			*rows = append(*rows, listedTemplate{t.TemplateCode, t.TemplateName, t.TemplateContent, t.AuditStatus, t.OuterTemplateType})
		}
		*total = int(a.TotalCount)
		return reply{code: a.Code, message: a.Message, requestID: a.RequestId}, review{}
	}}
}
