package aliyun_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

func hooked(t testing.TB, body string) (kit.Inbound, error) {
	p, err := aliyun.New(aliyun.Options{AccessKeyID: "id", AccessKeySecret: "secret", From: "云通信", Templates: &sms.Registry{}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	return p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, URL: "https://example.com/r", Body: []byte(body)})
}

func TestHook_reports(t *testing.T) {
	row := func(fields string) string {
		return `[{"phone_number":"13812345678","send_time":"2024-03-01 09:00:00","report_time":"2024-03-01 09:00:07","sms_size":"2","biz_id":"9087654","out_id":"order-1",` + fields + `}]`
	}
	at := time.Date(2024, 3, 1, 1, 0, 7, 0, time.UTC)
	for _, test := range []struct {
		fields string
		state  sms.DeliveryState
		code   string
		reason sms.Reason
	}{
		{`"success":true,"err_code":"DELIVERED","err_msg":"ok"`, sms.StateDelivered, "", ""},
		{`"success":"true","err_code":"DELIVERED"`, sms.StateDelivered, "", ""},
		{`"success":false,"err_code":"MOBILE_IN_BLACK","err_msg":"black"`, sms.StateBlocked, "MOBILE_IN_BLACK", sms.RecipientBlocked},
		{`"success":false,"err_code":"CONTENT_KEYWORD"`, sms.StateBlocked, "CONTENT_KEYWORD", sms.ContentRejected},
		{`"success":false,"err_code":"NEW_IN_2031"`, sms.StateUndelivered, "NEW_IN_2031", ""},
		{`"success":false,"err_code":"EXPIRED"`, sms.StateExpired, "EXPIRED", ""},
		{`"success":"perhaps","err_code":"X"`, 0, "X", ""},
	} {
		in, err := hooked(t, row(test.fields))
		if err != nil || len(in.Reports) != 1 || in.Signed || string(in.Answer) != `{"code":0,"msg":"ok"}` {
			t.Fatalf("%s: %+v, %v", test.fields, in, err)
		}
		r := in.Reports[0]
		if !r.SharedID {
			t.Error("a BizId belongs to all numbers of a call")
		}
		if r.State != test.state || r.Code != test.code || test.reason != "" && r.Reason != test.reason {
			t.Errorf("%s is %v, %q, %q", test.fields, r.State, r.Code, r.Reason)
		}
		if r.ID != "9087654" || r.Key != "order-1" || r.To != "+8613812345678" || r.Segments != 2 || !r.At.Equal(at) || r.Provider != "aliyun" {
			t.Errorf("%s: %q %q %q %d %v", test.fields, r.ID, r.Key, r.To.E164(), r.Segments, r.At)
		}
	}
}

func TestHook_aBatchHasNoKey(t *testing.T) {
	ref := "notify-batch-" + sms.NewKey()
	in, err := hooked(t, `[{"phone_number":"0085298765432","success":true,"biz_id":"1","out_id":"`+ref+`"}]`)
	if err != nil || in.Reports[0].Key != "" || in.Reports[0].Ref != ref || in.Reports[0].To != "+85298765432" {
		t.Errorf("%+v, %v", in.Reports, err)
	}
}

func TestHook_replies(t *testing.T) {
	for _, sequence := range []string{`"1234567"`, `1234567`} {
		in, err := hooked(t, `[{"phone_number":"13812345678","content":"TD","send_time":"2024-03-01 09:00:00","dest_code":"9","sequence_id":`+sequence+`}]`)
		if err != nil || len(in.Replies) != 1 {
			t.Fatalf("%+v, %v", in, err)
		}
		if r := in.Replies[0]; r.From != "+8613812345678" || r.Text != "TD" || r.To != "9" || r.ID != "1234567" {
			t.Errorf("%q %q %q %q", r.From.E164(), r.Text, r.To, r.ID)
		}
	}
}

func TestHook_malformed(t *testing.T) {
	for _, body := range []string{``, `{}`, `null x`, `[{}]`, `[1]`, `[{"biz_id":"1"}] [`, `[{"phone_number":"1"}]`} {
		if in, err := hooked(t, body); !errors.Is(err, kit.ErrMalformed) {
			t.Errorf("%s: %+v, %v", body, in, err)
		}
	}
}

func FuzzHook(f *testing.F) {
	f.Add([]byte(`[{"phone_number":"13812345678","success":true,"biz_id":"1","out_id":"k"}]`))
	f.Add([]byte(`[{"phone_number":13812345678,"content":"TD"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := hooked(t, string(body))
		for _, r := range in.Reports {
			if err != nil || r.To != "" && !r.To.Valid() || r.State != 0 && r.State.String() == "" {
				t.Errorf("%v, %v", r, err)
			}
		}
	})
}
