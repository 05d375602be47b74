package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// A code goes out in mainland China by one template and abroad by another. The
// server stands for the vendor, and has nothing left to pay with the third time.
func Example() {
	answers := []string{
		`{"Code":"OK","Message":"OK","BizId":"900619746936498440^0","RequestId":"F655A8D5"}`,
		`{"Code":"OK","Message":"OK","BizId":"900619746936498441^0","RequestId":"F655A8D6"}`,
		`{"Code":"isv.OUT_OF_SERVICE","Message":"业务停机","RequestId":"F655A8D7"}`,
	}
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("vendor:", r.PostFormValue("TemplateCode"), r.PostFormValue("PhoneNumbers"), r.PostFormValue("TemplateParam"))
		io.WriteString(w, answers[0])
		answers = answers[1:]
	}))
	defer vendor.Close()

	templates, err := sms.NewRegistry(sms.Template{
		Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。",
		Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0001", Abroad: "SMS_0004"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	p, err := aliyun.New(aliyun.Options{
		AccessKeyID: "sandbox-key-id", AccessKeySecret: "sandbox-key-secret",
		Endpoint: vendor.URL, From: "云通信", Templates: templates,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	for _, to := range []sms.Number{"+8613812345678", "+85251234567", "+8613812345678"} {
		receipt, err := p.Send(context.Background(), sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913"}})
		if err != nil {
			fmt.Println(sms.OutcomeOf(err), errors.Is(err, sms.AccountBlocked), err)
			continue
		}
		fmt.Println("accepted:", receipt.ID, receipt.Segments)
	}
	// Output:
	// vendor: SMS_0001 13812345678 {"code":"482913"}
	// accepted: 900619746936498440^0 1
	// vendor: SMS_0004 0085251234567 {"code":"482913"}
	// accepted: 900619746936498441^0 1
	// vendor: SMS_0001 13812345678 {"code":"482913"}
	// rejected true aliyun: account blocked (isv.OUT_OF_SERVICE): 业务停机; request F655A8D7
}

func ExampleProvider_Preview() {
	templates, err := sms.NewRegistry(sms.Template{
		Name: "shipped", Text: "${name},您的订单${order}已发货。",
		Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	p, err := aliyun.New(aliyun.Options{AccessKeyID: "id", AccessKeySecret: "secret", From: "云通信", Templates: templates})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	preview, err := p.Preview(sms.Message{To: "+8613812345678", Template: "shipped", Params: sms.Params{"name": "王芳", "order": "A1027"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(preview.Text, preview.Segments, preview.Encoding)
	fmt.Println(preview.Parameters["TemplateCode"], preview.Parameters["TemplateParam"])
	// Output:
	// 【云通信】王芳,您的订单A1027已发货。 1 UCS-2
	// SMS_0002 {"name":"王芳","order":"A1027"}
}

// A promotion goes to 500 people. How many calls that takes depends on how fast
// the vendor answers: what comes in meanwhile goes in the next one.
func ExampleOptions_coalesce() {
	vendor, err := sandbox.Listen("", sandbox.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer vendor.Close()
	templates, err := sms.NewRegistry(sms.Template{
		Name: "spring-sale", Kind: sms.Promotion, Text: "春季上新,拒收请回复R。",
		Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0003"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	p, err := aliyun.New(aliyun.Options{
		AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret,
		Endpoint: vendor.URL, From: sandbox.AliyunSignature, Templates: templates,
		Coalesce: true, MaxCalls: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	var all sync.WaitGroup
	var accepted atomic.Int64
	for i := range 500 {
		all.Go(func() {
			to := sms.Number(fmt.Sprintf("+86139%08d", i))
			if _, err := p.Send(context.Background(), sms.Message{To: to, Template: "spring-sale"}); err != nil {
				log.Print(err)
				return
			}
			accepted.Add(1)
		})
	}
	all.Wait()
	fmt.Println("accepted:", accepted.Load())
	fmt.Println("in the inbox of one:", len(vendor.Messages("+8613900000042")))
	// Output:
	// accepted: 500
	// in the inbox of one: 1
}

// The connection breaks after the vendor took the message. Find settles it.
func ExampleProvider_Ask() {
	vendor, err := sandbox.Listen("", sandbox.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer vendor.Close()
	templates, err := sms.NewRegistry(sms.Template{
		Name: "shipped", Text: "${name},您的订单${order}已发货。",
		Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	p, err := aliyun.New(aliyun.Options{
		AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret,
		Endpoint: vendor.URL, From: sandbox.AliyunSignature, Templates: templates,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	if err := vendor.SetFaults(sandbox.Fault{Operation: "SendSms", HangUp: sandbox.HangUpAfter}); err != nil {
		log.Fatal(err)
	}
	ctx, began := context.Background(), time.Now()
	m := sms.Message{To: "+8613812345678", Template: "shipped", Params: sms.Params{"name": "王芳", "order": "A1027"}, Key: sms.NewKey()}
	receipt, err := p.Send(ctx, m)
	fmt.Println("sent:", sms.OutcomeOf(err))
	if sms.OutcomeOf(err) == sms.Unknown {
		receipt, err = p.Ask(ctx, sms.Question{Message: m, Since: began})
	}
	fmt.Println("found:", sms.OutcomeOf(err), receipt.Key == m.Key)
	// Output:
	// sent: unknown
	// found: accepted true
}
