package vendortest_test

import (
	"testing"

	nhttp "github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

const aliyunRecipe = `recipe: aliyunrecipe
endpoint: https://dysmsapi.aliyuncs.com
secrets: [key_id, key_secret]
settings: {signature: {about: the approved signature}}
regions: [CN]
times: {stamp: {layout: "2006-01-02T15:04:05Z"}}
sign:
  fields: {plain: {sorted: query, between: "&", escape: percent, without: [Signature]}, as: percent}
  sig: {hmac_sha1: ["{method}&%2F&{sign.fields}"], key: "{secret.key_secret}&", as: base64}
request:
  method: GET
  path: /
  query:
    AccessKeyId: "{secret.key_id}"
    Action: SendSms
    Format: JSON
    OutId: "{key}"
    PhoneNumbers: "{to.national}"
    RegionId: cn-hangzhou
    SignName: "{setting.signature}"
    SignatureMethod: HMAC-SHA1
    SignatureNonce: "{nonce}"
    SignatureVersion: "1.0"
    TemplateCode: "{template}"
    TemplateParam: "{values:json_map}"
    Timestamp: "{time.stamp}"
    Version: "2017-05-25"
    Signature: "{sign.sig}"
answer:
  format: json
  status: ignored
  accepted: {at: Code, is: [OK]}
  id: BizId
  code: Code
  message: Message
  request_id: RequestId
  codes:
    SignatureDoesNotMatch: {reason: unauthorized}
    isv.BUSINESS_LIMIT_CONTROL: {reason: recipient_limited}
`

const tencentRecipe = `recipe: tencentrecipe
endpoint: https://sms.tencentcloudapi.com
secrets: [secret_id, secret_key]
settings: {app_id: {about: SmsSdkAppId}, signature: {about: the approved signature}}
times: {date: {layout: "2006-01-02"}}
sign:
  hash: {sha256: ["{body}"]}
  canonical: {sha256: ["{method}\n/\n\ncontent-type:application/json\nhost:{host}\n\ncontent-type;host\n{sign.hash}"]}
  day: {hmac_sha256: ["{time.date}"], key: "TC3{secret.secret_key}", as: raw}
  service: {hmac_sha256: ["sms"], key: "{sign.day}", as: raw}
  signing: {hmac_sha256: ["tc3_request"], key: "{sign.service}", as: raw}
  sig: {hmac_sha256: ["TC3-HMAC-SHA256\n{time}\n{time.date}/sms/tc3_request\n{sign.canonical}"], key: "{sign.signing}"}
request:
  path: /
  content_type: application/json
  headers:
    Authorization: "TC3-HMAC-SHA256 Credential={secret.secret_id}/{time.date}/sms/tc3_request, SignedHeaders=content-type;host, Signature={sign.sig}"
    X-TC-Action: SendSms
    X-TC-Version: "2021-01-11"
    X-TC-Region: ap-guangzhou
    X-TC-Timestamp: "{time}"
  json: {PhoneNumberSet: ["{to}"], SmsSdkAppId: "{setting.app_id}", SignName: "{setting.signature}", TemplateId: "{template}", TemplateParamSet: "{values:list}", SessionContext: "{key}"}
answer:
  format: json
  status: ignored
  accepted: {at: Response.SendStatusSet.*.Code, is: [Ok]}
  id: Response.SendStatusSet.0.SerialNo
  code: [Response.Error.Code, Response.SendStatusSet.*.Code]
  message: Response.Error.Message
  request_id: Response.RequestId
  codes:
    AuthFailure.SignatureFailure: {reason: unauthorized}
`

// Recipes of Aliyun's and Tencent's signatures pass the sandbox's imitations of the two,
// which were not written from recipes. They do not ship: both vendors have providers.
func TestRecipe_theSignaturesOfAliyunAndTencent(t *testing.T) {
	sb, err := sandbox.Listen("", sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	for _, c := range []struct {
		text, wrong string
		o           nhttp.Options
		binding     sms.Binding
		code        string
	}{
		{aliyunRecipe, "key_secret", nhttp.Options{Name: "under-test", Secrets: map[string]string{"key_id": sandbox.AliyunKeyID, "key_secret": sandbox.AliyunKeySecret},
			Settings: map[string]string{"signature": sandbox.AliyunSignature}}, sms.Binding{ID: "SMS_0002"}, "SignatureDoesNotMatch"},
		{tencentRecipe, "secret_key", nhttp.Options{Name: "under-test", Secrets: map[string]string{"secret_id": sandbox.TencentSecretID, "secret_key": sandbox.TencentSecretKey},
			Settings: map[string]string{"app_id": sandbox.TencentAppID, "signature": sandbox.TencentSignature}}, sms.Binding{ID: "1000002"}, "AuthFailure.SignatureFailure"},
	} {
		registry, err := sms.NewRegistry(sms.Template{Name: "shipped", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。", Bindings: map[string]sms.Binding{"under-test": c.binding}})
		if err != nil {
			t.Fatal(err)
		}
		c.o.Endpoint, c.o.Templates, c.o.AllowNumberInURL = sb.URL, registry, true
		p := openRecipe(t, c.text, c.o)
		for i, name := range []string{"Ann", "张伟 & +~*'()%", "a=b&c d"} {
			m := sms.Message{To: "+8613812345678", Template: "shipped", Params: sms.Params{"name": name, "order": "7"}, Key: "order-" + string(rune('a'+i))}
			receipt, err := p.Send(t.Context(), m)
			if err != nil || receipt.ID == "" {
				t.Errorf("%s: %v", c.code, err)
				continue
			}
			got := sb.Messages(m.To)
			if last := got[len(got)-1]; last.Key != m.Key || last.Text == "" {
				t.Errorf("%s: the inbox has %q", c.code, last.Key)
			}
		}
		c.o.Secrets[c.wrong] = "another-secret"
		_, err = openRecipe(t, c.text, c.o).Send(t.Context(), sms.Message{To: "+8613812345678", Template: "shipped", Params: sms.Params{"name": "Ann", "order": "7"}})
		if sms.ReasonOf(err) != sms.Unauthorized || codeOf(err) != c.code {
			t.Errorf("another secret: %v", err)
		}
	}
}
