package notify_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// The caller's time is over, and nobody knows whether the message was sent. Later
// the vendor is asked. ErrNotFound is the only answer after which the program may
// send again.
func ExampleClient_Find() {
	vendor, err := sandbox.Listen("", sandbox.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer vendor.Close()
	client, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{"aliyun": {Driver: "aliyun", Settings: aliyun.Options{
			AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Endpoint: vendor.URL,
		}}},
		Templates: []sms.Template{{Name: "shipped", Text: "${name},您的订单${order}已发货。",
			Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}}}},
	}, aliyun.Driver())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	_ = vendor.SetFaults(sandbox.Fault{Operation: "SendSms", HangUp: sandbox.HangUpAfter}, // the answer is lost,
		sandbox.Fault{Operation: "QuerySendDetails", Latency: 10 * time.Second, Times: 1}) // and the vendor is slow to be asked

	m := sms.Message{To: "+8613800000000", Template: "shipped", Params: sms.Params{"name": "张三", "order": "A-1024"}, Key: sms.NewKey()}
	started := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	receipt, err := client.Send(ctx, m)
	fmt.Println(sms.OutcomeOf(err))

	later := context.Background() // another request, or a job of the night
	if sms.OutcomeOf(err) == sms.Unknown {
		receipt, err = client.Find(later, m, started)
	}
	switch {
	case err == nil:
		fmt.Println("found at", receipt.Provider)
	case errors.Is(err, sms.ErrNotFound):
		fmt.Println("never taken: it may be sent again")
	default:
		fmt.Println("nobody can say yet: ask again later")
	}
	// Output:
	// unknown
	// found at aliyun
}
