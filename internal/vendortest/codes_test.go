package vendortest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// Every code of an answer to a send, as the sandbox writes it, means what the
// provider's table says, and no message is taken.
func TestEveryCode(t *testing.T) {
	for _, v := range []struct {
		name, scope string
		codes       []sms.CodeInfo
		atLeast     int
	}{
		{sandbox.Aliyun, "", aliyun.Codes(), 80},
		{"aliyunglobe", "globe", aliyun.Codes(), 10},
		{sandbox.Tencent, "", tencent.Codes(), 50},
		{sandbox.Twilio, "", twilio.Codes(), 60},
		{sandbox.Vonage, vonage.APISMS, vonage.Codes(), 15},
	} {
		t.Run(v.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := abroad()
				o.Pace = time.Nanosecond
				sb, transport := inBubble(t, o)
				p := at(t, v.name, sb, transport)
				tried := 0
				for i, row := range v.codes {
					if row.Scope != v.scope || row.Late {
						continue
					}
					tried++
					if err := sb.SetFaults(sandbox.Fault{Vendor: v.name, Operation: "send", Code: row.Code}); err != nil {
						t.Fatal(err)
					}
					m := message("shipped", i)
					_, err := p.Send(t.Context(), m)
					e := sms.AsError(err)
					if e == nil || e.Code != row.Code || e.Reason != row.Reason || e.Outcome != row.Outcome {
						t.Errorf("%s: %v, %v, want %s, %v", row.Code, err, sms.OutcomeOf(err), row.Reason, row.Outcome)
					}
					if n := len(sb.Messages(m.To)); n != 0 {
						t.Errorf("%s: the sandbox has the message", row.Code)
					}
				}
				if tried < v.atLeast {
					t.Errorf("%d codes were tried, want at least %d", tried, v.atLeast)
				}
			})
		})
	}
}
