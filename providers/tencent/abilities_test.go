package tencent_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// withAbilities adds to p what the suite must know of Tencent's records, webhooks,
// calls of several numbers and keys. Tencent lists neither our key nor the whole text.
func withAbilities(p smstest.Provider, gathering func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender) smstest.Provider {
	respond := func(w http.ResponseWriter, response map[string]any) {
		response["RequestId"] = "a0aabda6-cf91-4f3e-a81f-9198114a2279"
		json.NewEncoder(w).Encode(map[string]any{"Response": response})
	}
	// entry is the result of one number; its SerialNo is that of the number, if id is empty.
	entry := func(number, id, code string) map[string]any {
		if id == "" {
			id = "5000:" + strings.TrimPrefix(number, "+")
		}
		return map[string]any{"SerialNo": id, "PhoneNumber": number, "Fee": 1, "Code": code, "Message": code, "IsoCode": "CN"}
	}
	p.Key = func(r *http.Request) string { return readAsked(r).SessionContext }
	p.Listing = &smstest.Listing{
		By:   smstest.ByNothing,
		Asks: func(r *http.Request) bool { return r.Header.Get("X-TC-Action") == "DescribeSendRecordList" },
		ID:   func(n int) string { return fmt.Sprintf("5000:10457106691570536%03d", n) },
		Accept: func(w http.ResponseWriter, r *http.Request, id string) {
			respond(w, map[string]any{"SendStatusSet": []any{entry(readAsked(r).PhoneNumberSet[0], id, "Ok")}})
		},
		Write: func(w http.ResponseWriter, _ *http.Request, taken []smstest.Taken) {
			rows := []any{}
			for _, m := range taken {
				rows = append(rows, map[string]any{"SerialNo": m.ID, "SendStatus": 3, "SendTime": m.At.Unix(), "Content": "****"})
			}
			respond(w, map[string]any{"SendRecordSet": rows, "TotalCount": len(rows)})
		},
	}
	push := func(v any) kit.Hook {
		body, _ := json.Marshal(v)
		return kit.Hook{Method: http.MethodPost, URL: "https://example.com/tencent", Body: body}
	}
	p.Webhook = &smstest.Webhook{
		ID: "5000:1045710669157053657801", Delivered: "SUCCESS", Failed: "FAIL",
		Report: func(to sms.Number, id, word string) kit.Hook {
			return push([]any{map[string]string{"nationcode": "86", "mobile": strings.TrimPrefix(to.E164(), "+86"), "sid": id, "report_status": word, "errmsg": "X", "user_receive_time": "2026-01-02 03:04:05"}})
		},
		Reply: func(from sms.Number, text string) kit.Hook {
			return push(map[string]any{"nationcode": "86", "mobile": strings.TrimPrefix(from.E164(), "+86"), "text": text, "sign": "云通信", "time": 1700000000})
		},
	}
	p.Batch = &smstest.Batch{
		New:     gathering,
		Numbers: func(r *http.Request) []string { return readAsked(r).PhoneNumberSet },
		Answer: func(w http.ResponseWriter, r *http.Request, refused string) {
			set := []any{}
			for _, number := range readAsked(r).PhoneNumberSet {
				code := "Ok"
				if number == refused {
					code = "FailedOperation.PhoneNumberInBlacklist"
				}
				set = append(set, entry(number, "", code))
			}
			respond(w, map[string]any{"SendStatusSet": set})
		},
	}
	return p
}
