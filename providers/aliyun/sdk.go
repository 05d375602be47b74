package aliyun

// Every use of the vendor's SDK stands in this file. It builds and signs the
// request and owns the types of request and answer. It does not carry them: its
// client takes no context, races on its own time-out, follows redirects with a
// second POST, puts numbers and codes in the URL, and is told by the environment
// (DEBUG, HTTP_PROXY) to print or to divert what it sends. None of that code runs
// here.

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
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

// signSendSms makes the call that submits o. An error means that nothing can be
// sent, and holds nothing of o.
func signSendSms(o order, region string, c Credentials) (call signedCall, err error) {
	defer func() {
		if recover() != nil { // its value may hold a parameter
			call, err = signedCall{}, errors.New("the vendor's SDK panicked while it made the request")
		}
	}()
	r := dysmsapi.CreateSendSmsRequest()
	r.PhoneNumbers = o.phone
	r.SignName = o.signature
	r.TemplateCode = o.template
	r.TemplateParam = o.params
	r.SmsUpExtendCode = o.extendCode
	r.OutId = o.key
	return sign(r, region, c)
}

// sign moves every parameter to the body. Version 1 of the signature covers the
// method and the sorted parameters wherever they stand, and the SDK leaves them
// all, Signature included, in the query.
func sign(r requests.AcsRequest, region string, c Credentials) (signedCall, error) {
	if err := requests.InitParams(r); err != nil {
		return signedCall{}, errors.New("the vendor's SDK cannot make the request")
	}
	if err := auth.Sign(r, nil, region, keyOf(c)); err != nil {
		return signedCall{}, errors.New("the vendor's SDK cannot sign the request")
	}
	return signedCall{method: r.GetMethod(), contentType: r.GetHeaders()["Content-Type"], form: formOf(r.GetQueryParams())}, nil
}

// formOf writes parameters as a form, in the order of their names.
func formOf(parameters map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(parameters[name]))
	}
	return b.String()
}

// keyOf hands the SDK one key, so that it looks for none in the environment.
type keyOf Credentials

func (k keyOf) GetCredentials() (*credentials.Credentials, error) {
	return &credentials.Credentials{
		AccessKeyId:     k.AccessKeyID,
		AccessKeySecret: k.AccessKeySecret,
		SecurityToken:   k.SecurityToken,
		ProviderName:    k.GetProviderName(),
	}, nil
}

func (keyOf) GetProviderName() string { return "static_ak" }

// A reply is what the vendor said, in either form.
type reply struct{ code, message, bizID, requestID string }

var errUnreadable = errors.New("the answer cannot be read")

// readSendSms reads a whole answer with a status of 2xx. The SDK's decoder is
// kept from what it would take for more than it is: it fills a Code from an
// object that is cut off.
func readSendSms(body []byte) (r reply, err error) {
	defer func() {
		if recover() != nil {
			r, err = reply{}, errUnreadable
		}
	}()
	if !json.Valid(body) {
		return reply{}, errUnreadable
	}
	answer := dysmsapi.CreateSendSmsResponse()
	err = responses.Unmarshal(answer, &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}, "JSON")
	if err != nil {
		return reply{}, errUnreadable
	}
	return reply{code: answer.Code, message: answer.Message, bizID: answer.BizId, requestID: answer.RequestId}, nil
}
