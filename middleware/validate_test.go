package middleware_test

import (
	"testing"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		m      sms.Message
		reason sms.Reason
		kind   sms.Kind
	}{
		{"a code", sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "482913"}}, "", sms.Verification},
		{"a notice", sms.Message{To: "+8613800000000", Template: "order", Params: sms.Params{"name": "王"}}, "", sms.Notification},
		{"a body of a kind", sms.Message{To: "+8613800000000", Body: "hello", Kind: sms.Promotion}, "", sms.Promotion},
		{"a body of no kind", sms.Message{To: "+8613800000000", Body: "hello"}, "", sms.Notification},
		{"not yet expired", sms.Message{To: "+8613800000000", Body: "hello", Expires: time.Now().Add(time.Hour)}, "", sms.Notification},
		{"Chinese in a code", sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "四八二"}}, sms.InvalidMessage, 0},
		{"no such template", sms.Message{To: "+8613800000000", Template: "other"}, sms.InvalidMessage, 0},
		{"another kind than the template's", sms.Message{To: "+8613800000000", Template: "order", Params: sms.Params{"name": "王"}, Kind: sms.Verification}, sms.InvalidMessage, 0},
		{"two numbers in one", sms.Message{To: "13800000000,13900000000", Body: "hello"}, sms.InvalidNumber, 0},
		{"expired", sms.Message{To: "+8613800000000", Body: "hello", Expires: time.Now().Add(-time.Second)}, sms.Expired, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVendor("a")
			_, err := sms.Chain(v, middleware.Validate(codes(t))).Send(t.Context(), test.m)
			if test.reason != "" {
				wantReason(t, err, test.reason, sms.Rejected)
				if v.calls() != 0 {
					t.Error("it left the machine")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.got[0].Kind != test.kind {
				t.Errorf("the kind further in is %v, want %v", v.got[0].Kind, test.kind)
			}
		})
	}
}

func TestValidate_withoutRegistry(t *testing.T) {
	s := sms.Chain(newVendor("a"), middleware.Validate(nil))
	_, err := s.Send(t.Context(), message)
	wantReason(t, err, sms.InvalidMessage, sms.Rejected)
	if _, err := s.Send(t.Context(), sms.Message{To: "+8613800000000", Body: "hello"}); err != nil {
		t.Errorf("a body: %v", err)
	}
}
