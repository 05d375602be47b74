package vendortest_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
	twilioclient "github.com/twilio/twilio-go/client"
	twilioapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// aliyunSDK is the vendor's client as its users write it, pointed at sb.
func aliyunSDK(t *testing.T, sb *sandbox.Sandbox, keyID, secret string) *dysmsapi.Client {
	t.Helper()
	client, err := dysmsapi.NewClientWithAccessKey("cn-hangzhou", keyID, secret)
	if err != nil {
		t.Fatal(err)
	}
	client.Domain = strings.TrimPrefix(sb.URL, "http://")
	return client
}

func sendSmsRequest(number, template, params string) *dysmsapi.SendSmsRequest {
	r := dysmsapi.CreateSendSmsRequest()
	r.PhoneNumbers, r.SignName, r.TemplateCode, r.TemplateParam = number, sandbox.AliyunSignature, template, params
	return r
}

func TestGoAliyunSDK(t *testing.T) {
	sb := sandboxtest.StartWith(t, sandbox.Options{Pace: time.Nanosecond})
	client := aliyunSDK(t, sb, sandbox.AliyunKeyID, sandbox.AliyunKeySecret)
	for _, method := range []string{"GET", "POST"} {
		sb.Clear("")
		r := sendSmsRequest("13800000000", "SMS_0002", `{"name":"~ *+!'()%&=/ 漢","order":"${a}\n\"𠀀"}`)
		r.Method, r.OutId = method, "key-"+method
		answer, err := client.SendSms(r)
		if err != nil || answer.Code != "OK" {
			t.Fatalf("%s: %v, code %q: %s", method, err, answer.Code, answer.Message)
		}
		sent := sb.Messages("+8613800000000")
		if len(sent) != 1 || sent[0].ID != answer.BizId || sent[0].Key != "key-"+method {
			t.Fatalf("%s: the sandbox holds %v", method, sent)
		}
		if want := "【云通信】~ *+!'()%&=/ 漢,您的订单${a}\n\"𠀀已发货。"; sent[0].Text != want {
			t.Errorf("%s: the recipient reads something else than %q", method, want)
		}
		query := dysmsapi.CreateQuerySendDetailsRequest()
		query.PhoneNumber, query.SendDate = "13800000000", sent[0].At.In(time.FixedZone("", 8*3600)).Format("20060102")
		query.PageSize, query.CurrentPage = requests.NewInteger(50), requests.NewInteger(1)
		details, err := client.QuerySendDetails(query)
		if err != nil || details.Code != "OK" || details.TotalCount != "1" {
			t.Fatalf("%s: QuerySendDetails: %v, %+v", method, err, details)
		}
		row := details.SmsSendDetailDTOs.SmsSendDetailDTO[0]
		if row.SendStatus != 3 || row.ErrCode != "DELIVERED" || row.ReceiveDate == "" || row.OutId != "key-"+method ||
			row.PhoneNum != "13800000000" || row.Content != sent[0].Text || row.TemplateCode != "SMS_0002" {
			t.Errorf("%s: QuerySendDetails shows %+v", method, row)
		}
	}
}

func TestGoAliyunSDK_wrongSecret(t *testing.T) {
	sb := sandboxtest.Start(t)
	client := aliyunSDK(t, sb, sandbox.AliyunKeyID, "wrong")
	_, err := client.SendSms(sendSmsRequest("13800000000", "SMS_0001", `{"code":"1234"}`))
	var refused *sdkerrors.ServerError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a ServerError", err)
	}
	// The SDK compares the string to sign with its own: only if they are equal it
	// blames the secret.
	if refused.ErrorCode() != "SignatureDoesNotMatch" || refused.HttpStatus() != 400 || !strings.Contains(refused.Recommend(), "InvalidAccessKeySecret") {
		t.Errorf("got %s, status %d, recommending %q", refused.ErrorCode(), refused.HttpStatus(), refused.Recommend())
	}
	if sent := sb.Messages(""); len(sent) != 0 {
		t.Errorf("%d messages were taken with a wrong secret", len(sent))
	}
}

// redirect sends what is meant for the vendor's host to the sandbox.
type redirect struct{ to *url.URL }

func (t redirect) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = t.to.Scheme, t.to.Host, t.to.Host
	return http.DefaultTransport.RoundTrip(r)
}

// twilioSDK is the vendor's client as its users write it, pointed at sb.
func twilioSDK(t *testing.T, sb *sandbox.Sandbox, user, password, account string) *twilioapi.ApiService {
	t.Helper()
	to, err := url.Parse(sb.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := &twilioclient.Client{Credentials: twilioclient.NewCredentials(user, password),
		HTTPClient: &http.Client{Transport: redirect{to}, Timeout: 10 * time.Second}}
	client.SetAccountSid(account)
	return twilioapi.NewApiServiceWithClient(client)
}

func TestGoTwilioSDK(t *testing.T) {
	sb := sandboxtest.StartWith(t, sandbox.Options{Pace: time.Nanosecond})
	api := twilioSDK(t, sb, sandbox.TwilioAccountSID, sandbox.TwilioAuthToken, sandbox.TwilioAccountSID)
	for _, body := range []string{"one", "two", "three"} {
		p := &twilioapi.CreateMessageParams{}
		p.SetTo("+12025550123").SetFrom(sandbox.TwilioSender).SetBody(body)
		m, err := api.CreateMessage(p)
		if err != nil || *m.Status != "queued" || *m.NumSegments != "1" || *m.From != sandbox.TwilioSender {
			t.Fatalf("create: %v, %+v", err, m)
		}
		fetched, err := api.FetchMessage(*m.Sid, nil)
		if err != nil || *fetched.Status != "delivered" || *fetched.Body != body || fetched.DateSent == nil {
			t.Fatalf("fetch: %v, %+v", err, fetched)
		}
	}
	list := &twilioapi.ListMessageParams{}
	list.SetTo("+12025550123").SetPageSize(2)
	all, err := api.ListMessage(list)
	if err != nil || len(all) != 3 || *all[0].Body != "three" || *all[2].Body != "one" {
		t.Fatalf("list over two pages: %v, %d messages", err, len(all))
	}
	if err := api.DeleteMessage(*all[0].Sid, nil); err != nil {
		t.Errorf("delete: %v", err)
	}
	if all, err = api.ListMessage(list); err != nil || len(all) != 2 {
		t.Errorf("list after delete: %v, %d messages", err, len(all))
	}
	if sent := sb.Messages(sms.Number("+12025550123")); len(sent) != 3 {
		t.Errorf("the inbox holds %d messages, want 3: what the account deletes the recipient has all the same", len(sent))
	}
}

func TestGoTwilioSDK_errors(t *testing.T) {
	sb := sandboxtest.Start(t)
	api := twilioSDK(t, sb, sandbox.TwilioAccountSID, "wrong", sandbox.TwilioAccountSID)
	p := &twilioapi.CreateMessageParams{}
	p.SetTo("+12025550123").SetFrom(sandbox.TwilioSender).SetBody("x")
	_, err := api.CreateMessage(p)
	var refused *twilioclient.TwilioRestError
	if !errors.As(err, &refused) || refused.Code != 20003 || refused.Status != 401 {
		t.Errorf("a wrong token gives %v", err)
	}
	api = twilioSDK(t, sb, sandbox.TwilioAccountSID, sandbox.TwilioAuthToken, sandbox.TwilioAccountSID)
	p.SetTo("+15005550004")
	if _, err = api.CreateMessage(p); !errors.As(err, &refused) || refused.Code != 21610 || refused.Status != 400 {
		t.Errorf("a blocked number gives %v", err)
	}
}
