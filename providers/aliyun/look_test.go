package aliyun_test

import (
	"errors"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// What Aliyun says of a message that it took.
func TestLook(t *testing.T) {
	const to = sms.Number("+8613800000000")
	for name, test := range map[string]struct {
		pace  time.Duration
		fails string
		state sms.DeliveryState
		code  string
	}{
		"on its way":  {-1, "", sms.StateAccepted, ""},
		"delivered":   {time.Nanosecond, "", sms.StateDelivered, ""},
		"undelivered": {time.Nanosecond, "MOBILE_NOT_ON_SERVICE", sms.StateUndelivered, "MOBILE_NOT_ON_SERVICE"},
		"expired":     {time.Nanosecond, "EXPIRED", sms.StateExpired, "EXPIRED"},
	} {
		sb := sandboxtest.StartWith(t, sandbox.Options{Pace: test.pace})
		p, err := aliyun.New(aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Endpoint: sb.URL, Templates: roleTemplates(t)})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if test.fails != "" {
			if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Aliyun, Fails: test.fails}); err != nil {
				t.Fatal(err)
			}
		}
		sent, err := p.Send(t.Context(), sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913"}, Key: "order-1"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Look(t.Context(), sent.ID, to, time.Now())
		if err != nil || r.State != test.state || r.Code != test.code || r.ID != sent.ID || r.Key != "order-1" || r.To != to || !r.SharedID {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		for _, unknown := range []struct {
			id string
			to sms.Number
			at time.Time
		}{{"1^0", to, time.Now()}, {sent.ID, "+8613900000000", time.Now()}, {sent.ID, to, time.Now().Add(-72 * time.Hour)}} {
			if _, err := p.Look(t.Context(), unknown.id, unknown.to, unknown.at); !errors.Is(err, sms.ErrNotFound) {
				t.Errorf("%s: %v: %v", name, unknown, err)
			}
		}
		if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Aliyun, Operation: "list", Status: 500}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Look(t.Context(), sent.ID, to, time.Now()); err == nil || errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s: a vendor that is down: %v", name, err)
		}
	}
	for _, api := range []string{"globe", "pnvs"} {
		o := aliyun.Options{API: api, AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret}
		if api == "pnvs" {
			o.From, o.Templates = "速通互联验证码", roleTemplates(t)
		}
		p, err := aliyun.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Look(t.Context(), "1^0", to, time.Now()); p.Can().Look || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", api, err)
		}
		p.Close()
	}
}
