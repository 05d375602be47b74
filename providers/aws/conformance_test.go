package aws_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

const (
	keyID  = "AKIAIOSFODNN7EXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// answer answers as the API: an acceptance for an empty code, else the exception or
// the reason that it names.
func answer(w http.ResponseWriter, _ *http.Request, code, words string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", "b2f0c9a1-5d1f-4f2e-9a63-7c3b1e0f8d11")
	if code == "" {
		fmt.Fprint(w, `{"MessageId":"0f5c1a2b-3d4e-5f60-7182-93a4b5c6d7e8"}`)
		return
	}
	exception, reason := code, ""
	if strings.ToUpper(code) == code {
		exception, reason = "ConflictException", code
	}
	status := http.StatusBadRequest
	if exception == "InternalServerException" || exception == "InternalFailure" {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.pinpointsmsvoicev2#" + exception, "Message": words, "Reason": reason})
}

func options(endpoint string) aws.Options {
	return aws.Options{Region: "eu-west-1", AccessKeyID: keyID, SecretAccessKey: secret, From: "ACME", Endpoint: endpoint}
}

func TestConformance(t *testing.T) {
	codes, unknown := smstest.CodesOf(slices.DeleteFunc(aws.Codes(), func(c sms.CodeInfo) bool { return c.Late }))
	open := func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
		o := options(endpoint)
		o.Name, o.Templates, o.Timeout = smstest.Name, r, timeout
		p, err := aws.New(o)
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	smstest.Run(t, smstest.Provider{
		New:        func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender { return open(tb, endpoint, r, 0) },
		NewTimeout: open, Codes: codes, UnknownCodes: unknown, Secrets: []string{secret},
		Bindings: map[string]sms.Binding{smstest.LoginCode: {}, smstest.Notice: {}},
		Accept:   func(w http.ResponseWriter, r *http.Request) { answer(w, r, "", "") },
		Refuse: func(w http.ResponseWriter, r *http.Request) {
			answer(w, r, "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT", "limit")
		},
		Answer: answer,
		Read: func(r *http.Request) (to, text string) {
			var sent struct{ DestinationPhoneNumber, MessageBody string }
			json.NewDecoder(r.Body).Decode(&sent)
			return sent.DestinationPhoneNumber, sent.MessageBody
		},
	})
}
