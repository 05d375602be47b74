package aliyun_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// withAbilities adds to p what the suite must know of Aliyun's listing, webhooks,
// calls of several numbers and keys.
func withAbilities(p smstest.Provider, gathering func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender) smstest.Provider {
	p.Key = func(r *http.Request) string { return r.PostFormValue("OutId") }
	p.Listing = &smstest.Listing{
		By:   smstest.ByKey,
		Asks: func(r *http.Request) bool { return r.PostFormValue("Action") == "QuerySendDetails" },
		ID:   func(n int) string { return fmt.Sprintf("9006197469364984%02d^0", n) },
		Accept: func(w http.ResponseWriter, _ *http.Request, id string) {
			io.WriteString(w, object("Code", "OK", "Message", "OK", "RequestId", "R-1", "BizId", id))
		},
		Write: func(w http.ResponseWriter, r *http.Request, taken []smstest.Taken) {
			rows := []map[string]any{}
			for _, m := range taken {
				sent, at := m.Request(), m.At.In(time.FixedZone("UTC+8", 8*60*60))
				if at.Format("20060102") == r.PostFormValue("SendDate") {
					rows = append(rows, detail(sent.PostFormValue("OutId"), sent.PostFormValue("TemplateCode"), at.Format(time.DateTime), 1))
				}
			}
			json.NewEncoder(w).Encode(map[string]any{
				"Code": "OK", "Message": "OK", "RequestId": "Q-1", "TotalCount": fmt.Sprint(len(rows)),
				"SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": rows},
			})
		},
	}
	push := func(row map[string]any) kit.Hook {
		body, _ := json.Marshal([]any{row})
		return kit.Hook{Method: http.MethodPost, URL: "https://example.com/aliyun", Body: body}
	}
	p.Webhook = &smstest.Webhook{
		ID: "900619746936498440^0", Delivered: "true", Failed: "false",
		Report: func(to sms.Number, id, word string) kit.Hook {
			return push(map[string]any{"phone_number": strings.TrimPrefix(to.E164(), "+86"), "biz_id": id, "success": word, "err_code": "X", "report_time": "2026-01-02 03:04:05"})
		},
		Reply: func(from sms.Number, text string) kit.Hook {
			return push(map[string]any{"phone_number": strings.TrimPrefix(from.E164(), "+86"), "content": text, "dest_code": "9"})
		},
	}
	p.Batch = &smstest.Batch{
		New: gathering, Whole: true,
		Numbers: func(r *http.Request) (numbers []string) {
			for phone := range strings.SplitSeq(r.PostFormValue("PhoneNumbers"), ",") {
				numbers = append(numbers, "+86"+phone)
			}
			return numbers
		},
		Answer: func(w http.ResponseWriter, _ *http.Request, _ string) { io.WriteString(w, acceptedBody) },
	}
	return p
}
