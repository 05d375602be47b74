package aliyun_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

func TestConformance(t *testing.T) {
	t.Run("each alone", func(t *testing.T) { conform(t, aliyun.Options{}) })
	t.Run("coalescing", func(t *testing.T) { conform(t, aliyun.Options{Coalesce: true}) })
	t.Run("coalescing by one call", func(t *testing.T) { conform(t, aliyun.Options{Coalesce: true, MaxCalls: 1}) })
}

func conform(t *testing.T, with aliyun.Options) {
	options := func(endpoint string, r *sms.Registry) aliyun.Options {
		return aliyun.Options{Coalesce: with.Coalesce, MaxCalls: with.MaxCalls, Name: smstest.Name, AccessKeyID: keyID, AccessKeySecret: secret, Endpoint: endpoint, From: "云通信", Templates: r}
	}
	start := func(tb testing.TB, o aliyun.Options) sms.Sender {
		p, err := aliyun.New(o)
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	codes, unknown := codesOf("")
	smstest.Run(t, withAbilities(smstest.Provider{
		New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			return start(tb, options(endpoint, r))
		},
		NewTimeout: func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
			o := options(endpoint, r)
			o.Timeout = timeout
			return start(tb, o)
		},
		Accept: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, acceptedBody) },
		Refuse: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, object("Code", "isv.OUT_OF_SERVICE", "Message", "业务停机", "RequestId", "R-1"))
		},
		Answer: func(w http.ResponseWriter, _ *http.Request, code, words string) {
			io.WriteString(w, object("Code", code, "Message", words, "RequestId", "R-1"))
		},
		Read:          read,
		Codes:         codes,
		UnknownCodes:  unknown,
		Bindings:      map[string]sms.Binding{smstest.LoginCode: {ID: "SMS_0001"}, smstest.Notice: {ID: "SMS_0002"}},
		Secrets:       []string{secret},
		TemplatesOnly: true,
	}, func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
		o := options(endpoint, r)
		o.Coalesce, o.MaxCalls = true, 1
		return start(tb, o)
	}))
}

// codesOf returns the codes of a scope. Those of reports are also looked up for
// answers.
func codesOf(scope string) (codes map[string]sms.Reason, unknown []string) {
	codes = map[string]sms.Reason{}
	for _, info := range aliyun.Codes() {
		if info.Scope != scope {
			continue
		}
		codes[info.Code] = info.Reason
		if info.Outcome == sms.Unknown {
			unknown = append(unknown, info.Code)
		}
	}
	return codes, unknown
}

// read finds the number and the values in a SendSms.
func read(r *http.Request) (to, text string) {
	to = r.PostFormValue("PhoneNumbers")
	if abroad, ok := strings.CutPrefix(to, "00"); ok {
		to = "+" + abroad
	} else {
		to = "+86" + to
	}
	var values map[string]string
	if json.Unmarshal([]byte(r.PostFormValue("TemplateParam")), &values) != nil {
		return to, ""
	}
	return to, strings.Join(slices.Sorted(maps.Values(values)), " ")
}
