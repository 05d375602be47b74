package aliyun

// The uses of the vendor's SDK for the products globe and pnvs; see sdk.go.

import (
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dypnsapi"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
)

func signSendMessageToGlobe(o order, region string, c Credentials) (signedCall, error) {
	r := dysmsapi.CreateSendMessageToGlobeRequest()
	r.To, r.From, r.Message, r.Type, r.TaskId = o.phone, o.signature, o.text, o.globeType(), o.key
	return sign(r, region, c)
}

func readSendMessageToGlobe(body []byte) (reply, error) {
	answer := dysmsapi.CreateSendMessageToGlobeResponse()
	if err := decode(body, answer); err != nil {
		return reply{}, err
	}
	return reply{code: answer.ResponseCode, message: answer.ResponseDescription, id: answer.MessageId, requestID: answer.RequestId, segments: max(number(answer.Segments), 0)}, nil
}

func signQueryMessage(id, region string, c Credentials) (signedCall, error) {
	r := dysmsapi.CreateQueryMessageRequest()
	r.MessageId = id
	return sign(r, region, c)
}

func readQueryMessage(body []byte) (reply, error) {
	answer := dysmsapi.CreateQueryMessageResponse()
	if err := decode(body, answer); err != nil {
		return reply{}, err
	}
	return reply{code: answer.ResponseCode, message: answer.ResponseDescription, id: answer.MessageId, requestID: answer.RequestId}, nil
}

func signSendSmsVerifyCode(o order, region string, c Credentials) (signedCall, error) {
	r := dypnsapi.CreateSendSmsVerifyCodeRequest()
	r.CountryCode, r.PhoneNumber, r.Interval = countryCode, o.phone, requests.Integer(pnvsInterval)
	r.SignName, r.TemplateCode, r.TemplateParam = o.signature, o.template, o.params
	r.SmsUpExtendCode, r.OutId = o.extendCode, o.key
	return sign(r, region, c)
}

// readSendSmsVerifyCode reads an answer whose Model is null after a refusal.
func readSendSmsVerifyCode(body []byte) (reply, error) {
	answer := dypnsapi.CreateSendSmsVerifyCodeResponse()
	if err := decode(body, answer); err != nil {
		return reply{}, err
	}
	return reply{code: answer.Code, message: answer.Message, id: answer.Model.BizId, requestID: answer.Model.RequestId}, nil
}
