package aliyun_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// The sandbox, which reads requests by itself, takes what callers send side by
// side over real connections: each message once, by fewer calls.
func TestCoalesce_atTheSandbox(t *testing.T) {
	sb := sandboxtest.Start(t)
	if err := sb.SetFaults(sandbox.Fault{Operation: "SendSms", Latency: 5 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	p := open(t, aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, Endpoint: sb.URL, Coalesce: true, MaxCalls: 1})
	const people = 300
	receipts := make([]sms.Receipt, people)
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			var err error
			if receipts[i], err = p.Send(t.Context(), sale(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	ids := map[string]bool{}
	for i, r := range receipts {
		ids[r.ID] = true
		inbox := sb.Messages(person(i))
		if len(inbox) != 1 || inbox[0].ID != r.ID {
			t.Fatalf("%v has %+v, and the receipt says %q", person(i), inbox, r.ID)
		}
		if own := inbox[0].Key == fmt.Sprintf("sale-%d", i); own == aliyun.IsBatch(inbox[0].Key) {
			t.Errorf("OutId %q", inbox[0].Key)
		}
	}
	if len(ids) >= people/2 {
		t.Errorf("%d calls for %d messages", len(ids), people)
	}
}

// The sandbox refuses a call whole for one number, as the vendor may. All others
// get their message once.
func TestCoalesce_aBadNumberAtTheSandbox(t *testing.T) {
	sb := sandboxtest.Start(t)
	bad := person(7)
	p := open(t, aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, Endpoint: sb.URL,
		Coalesce: true, MaxCalls: 1, FindAfter: time.Millisecond})
	if err := sb.SetFaults(
		sandbox.Fault{Vendor: sandbox.Aliyun, Operation: "SendSms", To: bad, Code: "isv.BLACK_KEY_CONTROL_LIMIT"},
		sandbox.Fault{Operation: "SendSms", Latency: 5 * time.Millisecond},
	); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			_, err := p.Send(t.Context(), sale(i))
			if blocked := sms.ReasonOf(err) == sms.RecipientBlocked && sms.OutcomeOf(err) == sms.Rejected; blocked != (person(i) == bad) || !blocked && err != nil {
				t.Errorf("person %d: %v", i, err)
			}
		})
	}
	all.Wait()
	for i := range 40 {
		if n := len(sb.Messages(person(i))); n != 1 && person(i) != bad || n != 0 && person(i) == bad {
			t.Errorf("person %d has %d messages", i, n)
		}
	}
}
