package twilio_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

func TestConformance(t *testing.T) {
	codes, unknown := map[string]sms.Reason{}, []string(nil)
	for _, row := range twilio.Codes() {
		if row.Late {
			continue // no answer to a call has it
		}
		codes[row.Code] = row.Reason
		if row.Outcome == sms.Unknown {
			unknown = append(unknown, row.Code)
		}
	}
	bindings := map[string]map[string]sms.Binding{
		"bodies":            nil,
		"content templates": {smstest.LoginCode: {ID: content, Order: []string{"code"}}, smstest.Notice: {ID: content, Order: []string{"name", "order"}}},
	}
	for name, bindings := range bindings {
		t.Run(name, func(t *testing.T) {
			by := smstest.ByText
			if bindings != nil {
				by = smstest.ByNothing
			}
			smstest.Run(t, withAbilities(smstest.Provider{
				New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
					return conforming(tb, endpoint, r, 0)
				},
				NewTimeout:   conforming,
				Accept:       answer(http.StatusCreated, accepted),
				Refuse:       answer(http.StatusBadRequest, `{"code":21612,"message":"no route","more_info":"","status":400}`),
				Read:         readRequest,
				Codes:        codes,
				UnknownCodes: unknown,
				Answer:       answerCode,
				Bindings:     bindings,
				Secrets:      []string{token},
			}, by))
		})
	}
}

func conforming(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender {
	p, err := twilio.New(twilio.Options{
		Name: smstest.Name, Endpoint: endpoint, Templates: r, Timeout: timeout,
		AccountSID: account, AuthToken: token, From: "+15005550006", StatusCallback: reportsTo,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func readRequest(r *http.Request) (to, text string) {
	text = r.FormValue("Body")
	var values map[string]string
	if json.Unmarshal([]byte(r.FormValue("ContentVariables")), &values) == nil {
		text = strings.Join(slices.Collect(maps.Values(values)), " ")
	}
	return r.FormValue("To"), text
}

// answerCode answers as Twilio does: 2xxxx codes that name a status have it.
func answerCode(w http.ResponseWriter, r *http.Request, code, words string) {
	status := http.StatusBadRequest
	switch {
	case code == "20003":
		status = http.StatusUnauthorized
	case strings.HasPrefix(code, "20") && len(code) == 5:
		if n, err := strconv.Atoi(code[2:]); err == nil && n >= 400 && n < 600 {
			status = n
		}
	}
	quoted := code
	if _, err := strconv.Atoi(code); err != nil {
		quoted = strconv.Quote(code)
	}
	answer(status, fmt.Sprintf(`{"code":%s,"message":%s,"more_info":"","status":%d}`, quoted, jsonString(words), status))(w, r)
}
