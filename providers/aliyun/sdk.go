package aliyun

// Every use of the vendor's SDK is in this file, in sdk_products.go and in
// sdk_inspect.go. It owns the
// types of request and answer. It does not sign requests (see sign.go; its signer
// is the oracle of a test), and it does not carry them: its
// client takes no context, races on its own time-out, follows redirects with a
// second POST, puts numbers and codes in the URL, and is told by the environment
// (DEBUG, HTTP_PROXY) to print or to divert what it sends. None of that code runs
// here.

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/responses"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
)

// A signedCall is a request ready to be carried.
type signedCall struct {
	method      string
	contentType string
	form        string // all parameters, the signature included
}

// signSendSms makes the call that submits o.
func signSendSms(o order, region string, c Credentials) (signedCall, error) {
	r := dysmsapi.CreateSendSmsRequest()
	r.PhoneNumbers = o.phone
	r.SignName = o.signature
	r.TemplateCode = o.template
	r.TemplateParam = o.params
	r.SmsUpExtendCode = o.extendCode
	r.OutId = o.key
	return sign(r, region, c)
}

// signQuerySendDetails makes the call that lists what went to a number on one of
// the vendor's days, one page of it.
func signQuerySendDetails(bizID, phone, date string, page int, region string, c Credentials) (signedCall, error) {
	r := dysmsapi.CreateQuerySendDetailsRequest()
	r.BizId = bizID // empty: all
	r.PhoneNumber = phone
	r.SendDate = date
	r.PageSize = requests.NewInteger(perPage)
	r.CurrentPage = requests.NewInteger(page)
	return sign(r, region, c)
}

// sign moves every parameter to the body: version 1 of the signature covers the
// method and the sorted parameters wherever they stand. An error means that nothing
// can be sent, and holds nothing of the request.
func sign(r requests.AcsRequest, region string, c Credentials) (call signedCall, err error) {
	defer func() {
		if recover() != nil { // its value may hold a parameter
			call, err = signedCall{}, errors.New("the vendor's SDK panicked while it made the request")
		}
	}()
	if err := requests.InitParams(r); err != nil {
		return signedCall{}, errors.New("the vendor's SDK cannot make the request")
	}
	parameters := r.GetQueryParams()
	complete(parameters, r.GetVersion(), r.GetActionName(), r.GetAcceptFormat(), region, c)
	return signedCall{method: r.GetMethod(), contentType: requests.Form, form: formOf(r.GetMethod(), parameters, c.AccessKeySecret)}, nil
}

// A reply is what the vendor said, in either form.
type reply struct {
	code, message, requestID string

	id       string // of the message
	segments int    // as billed, if the vendor says so

	rows  []row // of QuerySendDetails
	total string
}

// A row is a message as QuerySendDetails lists it. BizId is not in it.
type row struct {
	outID, template, sent, text string
	status                      int64 // SendStatus
	code, received              string
}

var errUnreadable = errors.New("the answer cannot be read")

// readSendSms reads a whole answer with a status of 2xx.
func readSendSms(body []byte) (reply, error) {
	answer := dysmsapi.CreateSendSmsResponse()
	if err := decode(body, answer); err != nil {
		return reply{}, err
	}
	return reply{code: answer.Code, message: answer.Message, id: answer.BizId, requestID: answer.RequestId}, nil
}

// readQuerySendDetails does so for a listing.
func readQuerySendDetails(body []byte) (reply, error) {
	answer := dysmsapi.CreateQuerySendDetailsResponse()
	if err := decode(body, answer); err != nil {
		return reply{}, err
	}
	r := reply{code: answer.Code, message: answer.Message, requestID: answer.RequestId, total: answer.TotalCount}
	for _, d := range answer.SmsSendDetailDTOs.SmsSendDetailDTO {
		r.rows = append(r.rows, row{outID: d.OutId, template: d.TemplateCode, sent: d.SendDate, text: d.Content, status: d.SendStatus, code: d.ErrCode, received: d.ReceiveDate})
	}
	return r, nil
}

// decode fills answer. The SDK's decoder is kept from what it would take for more
// than it is: it fills a Code from an object that is cut off.
func decode(body []byte, answer responses.AcsResponse) (err error) {
	defer func() {
		if recover() != nil {
			err = errUnreadable
		}
	}()
	if !json.Valid(body) {
		return errUnreadable
	}
	if responses.Unmarshal(answer, &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}, "JSON") != nil {
		return errUnreadable
	}
	return nil
}
