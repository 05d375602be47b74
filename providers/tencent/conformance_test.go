package tencent_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

const (
	secretID  = "AKIDEXAMPLE0000000000000000000000000"
	secretKey = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
)

// asked is the body of a SendSms.
type asked struct {
	PhoneNumberSet, TemplateParamSet     []string
	SmsSdkAppID                          string `json:"SmsSdkAppId"`
	TemplateID                           string `json:"TemplateId"`
	SignName, SessionContext, ExtendCode string
}

func readAsked(r *http.Request) (a asked) {
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &a)
	return a
}

// answered writes an answer with one entry for each number.
func answered(w http.ResponseWriter, r *http.Request, code, words string) {
	var set []map[string]any
	for i, number := range readAsked(r).PhoneNumberSet {
		entry := map[string]any{"SerialNo": fmt.Sprintf("5000:10457106691570536578%02d", i), "PhoneNumber": number, "Fee": 1, "Code": code, "Message": words, "IsoCode": "CN"}
		if code != "Ok" {
			entry["SerialNo"], entry["Fee"] = "", 0
		}
		set = append(set, entry)
	}
	json.NewEncoder(w).Encode(map[string]any{"Response": map[string]any{"SendStatusSet": set, "RequestId": "a0aabda6-cf91-4f3e-a81f-9198114a2279"}})
}

// refusedWhole writes an answer that refuses the call.
func refusedWhole(w http.ResponseWriter, _ *http.Request, code, words string) {
	json.NewEncoder(w).Encode(map[string]any{"Response": map[string]any{"Error": map[string]string{"Code": code, "Message": words}, "RequestId": "a0aabda6-cf91-4f3e-a81f-9198114a2279"}})
}

func TestConformance(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request, string, string){"by number": answered, "by call": refusedWhole} {
		for _, coalesce := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s coalesce %v", name, coalesce), func(t *testing.T) { smstest.Run(t, conformance(answer, coalesce)) })
		}
	}
}

func conformance(answer func(http.ResponseWriter, *http.Request, string, string), coalesce bool) smstest.Provider {
	start := func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration, coalesce bool, maxCalls int) sms.Sender {
		p, err := tencent.New(tencent.Options{
			Name: smstest.Name, Endpoint: endpoint, Templates: r, Timeout: timeout, Coalesce: coalesce, MaxCalls: maxCalls,
			SecretID: secretID, SecretKey: secretKey, SDKAppID: "1400006666", From: "云通信",
		})
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	open := func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
		return start(tb, endpoint, r, timeout, coalesce, 0)
	}
	codes, unknown := smstest.CodesOf(tencent.Codes())
	return withAbilities(smstest.Provider{
		New:        func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender { return open(tb, endpoint, r, 0) },
		NewTimeout: open,
		Accept:     func(w http.ResponseWriter, r *http.Request) { answered(w, r, "Ok", "send success") },
		Refuse: func(w http.ResponseWriter, r *http.Request) {
			answer(w, r, "FailedOperation.InsufficientBalanceInSmsPackage", "no balance")
		},
		Answer: answer,
		Codes:  codes, UnknownCodes: unknown,
		Read: func(r *http.Request) (to, text string) {
			a := readAsked(r)
			return strings.Join(a.PhoneNumberSet, ","), strings.Join(a.TemplateParamSet, " ")
		},
		Bindings: map[string]sms.Binding{
			smstest.LoginCode: {ID: "1234567", Order: []string{"code"}},
			smstest.Notice:    {ID: "1234568", Order: []string{"name", "order"}},
		},
		Secrets:       []string{secretID, secretKey},
		TemplatesOnly: true,
	}, func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
		return start(tb, endpoint, r, 0, true, 1)
	})
}
