package judges

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sdk "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sms/v20210111"

	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// Our provider and the vendor's SDK send the same 200 random messages: their bodies
// are equal as JSON, and one verifier accepts both signatures.
func TestTencent_differential(t *testing.T) {
	sb := sandboxtest.Start(t)
	recorder, last := recording(t, sb)

	registry, err := sms.NewRegistry(sms.Template{Name: "shipped", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。",
		Bindings: map[string]sms.Binding{"tencent": {ID: "1000002", Order: []string{"name", "order"}}}})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := tencent.New(tencent.Options{SecretID: sandbox.TencentSecretID, SecretKey: sandbox.TencentSecretKey, SDKAppID: sandbox.TencentAppID,
		From: sandbox.TencentSignature, Endpoint: recorder, Templates: registry})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	theirs := client(t, &sandbox.Sandbox{URL: recorder}, sandbox.TencentSecretID, sandbox.TencentSecretKey)

	r := rand.New(rand.NewPCG(17, 200))
	letters := []rune("aZ09 <>&\"'\\/+%=;{}$漢字é😀—")
	value := func() string {
		text := []rune{'x'}
		for range r.IntN(10) {
			text = append(text, letters[r.IntN(len(letters))])
		}
		return string(append(text, 'x'))
	}
	for i := range 200 {
		m := sms.Message{To: sms.Number(fmt.Sprintf("+86138%08d", r.IntN(100_000_000))), Template: "shipped", Key: fmt.Sprint("key-", i),
			Params: sms.Params{"name": value(), "order": value()}}
		if _, err := ours.Send(t.Context(), m); err != nil {
			t.Fatalf("message %d, ours: %v", i, err)
		}
		mine := last()
		q := sdk.NewSendSmsRequest()
		q.SmsSdkAppId, q.SignName, q.TemplateId = common.StringPtr(sandbox.TencentAppID), common.StringPtr(sandbox.TencentSignature), common.StringPtr("1000002")
		q.TemplateParamSet = common.StringPtrs([]string{m.Params["name"], m.Params["order"]})
		q.PhoneNumberSet, q.SessionContext = common.StringPtrs([]string{m.To.E164()}), common.StringPtr(m.Key)
		answer, err := theirs.SendSms(q)
		if err != nil || *answer.Response.SendStatusSet[0].Code != "Ok" {
			t.Fatalf("message %d, the SDK: %v, %+v", i, err, answer)
		}
		if a, b := decoded(t, mine), decoded(t, last()); !reflect.DeepEqual(a, b) {
			t.Fatalf("message %d: the bodies differ:\nours %s\nSDK  %s", i, mine, last())
		}
	}
}
