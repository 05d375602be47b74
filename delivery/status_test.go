package delivery

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

func long() bool { return os.Getenv("NOTIFY_LONG") == "1" }

// vendorRow is a record of a vendor message of ours.
func vendorRow(provider, id string, state sms.DeliveryState, after time.Duration) Record {
	return Record{Own: true, Key: "k", Provider: provider, VendorID: id, Number: Hash{7}, To: "+8613****0000", Answer: AnswerAccepted, State: state,
		TriedAt: start.Add(after), Tries: []Try{{Provider: provider, Outcome: sms.Accepted}}}
}

func echo(provider, id string, number Hash, state sms.DeliveryState) Record {
	return Record{Key: "k", Provider: provider, VendorID: id, Number: number, Answer: AnswerAccepted, State: state}
}

func keyRow(provider string, a Answer, reason sms.Reason) Record {
	return Record{Own: true, Key: "k", Provider: provider, Number: Hash{7}, Answer: a, TriedAt: start,
		Tries: []Try{{Provider: provider, Outcome: outcomeOf(a), Reason: reason, Code: "C"}}}
}

func lost(r Record) Record {
	r.State = sms.StateLost
	return r
}

func TestStatusOf(t *testing.T) {
	for _, test := range []struct {
		name    string
		records []Record
		none    bool
		state   sms.DeliveryState
		outcome sms.Outcome
		id      string
		copies  int
		reason  sms.Reason
	}{
		{name: "nothing", none: true},
		{name: "accepted", records: []Record{vendorRow("a", "1", 0, 0)}, state: sms.StateAccepted, outcome: sms.Accepted, id: "1", copies: 1},
		{name: "refused", records: []Record{keyRow("a", AnswerRejected, sms.Throttled)}, outcome: sms.Rejected, reason: sms.Throttled},
		{name: "refused, then accepted", records: []Record{keyRow("a", AnswerRejected, sms.Throttled), vendorRow("b", "1", 0, time.Hour)},
			state: sms.StateAccepted, outcome: sms.Accepted, id: "1", copies: 1},
		{name: "unknown", records: []Record{keyRow("a", AnswerUnknown, sms.Unavailable)}, reason: sms.Unavailable},
		{name: "unknown, and the watchdog ended it", records: []Record{lost(keyRow("a", AnswerUnknown, sms.Unavailable))}, state: sms.StateLost},
		{name: "unknown, then a report that echoes the key", records: []Record{keyRow("a", AnswerUnknown, ""), echo("a", "9", Hash{7}, sms.StateUndelivered)},
			state: sms.StateUndelivered, outcome: sms.Accepted, id: "9", copies: 1},
		{name: "unknown, and a report of another provider", records: []Record{keyRow("a", AnswerUnknown, sms.Unavailable), echo("b", "9", Hash{7}, sms.StateDelivered)}, reason: sms.Unavailable},
		{name: "unknown, and a report for another number", records: []Record{keyRow("a", AnswerUnknown, sms.Unavailable), echo("a", "9", Hash{8}, sms.StateDelivered)}, reason: sms.Unavailable},
		{name: "only another application's report", records: []Record{echo("a", "9", Hash{7}, sms.StateDelivered)}, none: true},
		{name: "another application's report beside ours", records: []Record{vendorRow("a", "1", sms.StateUndelivered, 0), echo("a", "9", Hash{8}, sms.StateDelivered)},
			state: sms.StateUndelivered, outcome: sms.Accepted, id: "1", copies: 1},
		{name: "two copies, one delivered", records: []Record{vendorRow("a", "1", sms.StateUndelivered, 0), vendorRow("b", "2", sms.StateDelivered, time.Hour)},
			state: sms.StateDelivered, outcome: sms.Accepted, id: "2", copies: 2},
		{name: "two copies, one on its way", records: []Record{vendorRow("a", "1", sms.StateBlocked, 0), vendorRow("b", "2", sms.StateSent, time.Hour)},
			state: sms.StateSent, outcome: sms.Accepted, id: "2", copies: 2},
		{name: "two copies, none delivered", records: []Record{vendorRow("a", "1", sms.StateLost, 0), vendorRow("b", "2", sms.StateBlocked, time.Hour)},
			state: sms.StateBlocked, outcome: sms.Accepted, id: "2", copies: 2},
		{name: "two copies, one of unknown outcome", records: []Record{keyRow("a", AnswerUnknown, sms.Unavailable), vendorRow("b", "2", sms.StateUndelivered, time.Hour)}, copies: 1},
		{name: "two parts with an ID each, one behind", records: []Record{vendorRow("a", "1", sms.StateDelivered, 0), vendorRow("a", "2", sms.StateSent, 0)},
			state: sms.StateSent, outcome: sms.Accepted, id: "2", copies: 1},
		{name: "two parts with an ID each, one failed", records: []Record{vendorRow("a", "1", sms.StateSent, 0), vendorRow("a", "2", sms.StateBlocked, 0)},
			state: sms.StateBlocked, outcome: sms.Accepted, id: "2", copies: 1},
		{name: "two parts with an ID each, both delivered", records: []Record{vendorRow("a", "1", sms.StateDelivered, 0), vendorRow("a", "2", sms.StateDelivered, 0)},
			state: sms.StateDelivered, outcome: sms.Accepted, id: "1", copies: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			permuteRecords(slices.Clone(test.records), 0, func(order []Record) {
				s, ok := statusOf(order)
				if ok == test.none {
					t.Fatalf("found %v", ok)
				}
				if test.none {
					return
				}
				if s.State != test.state || s.Outcome != test.outcome || test.id != "" && s.ID != test.id || s.Copies != test.copies || test.reason != "" && s.Reason != test.reason {
					t.Errorf("%+v", s)
				}
				if s.Key != "k" || s.Final() != (test.state.Final() || test.outcome == sms.Rejected) {
					t.Errorf("key %q, final %v", s.Key, s.Final())
				}
			})
		})
	}
}

func permuteRecords(set []Record, from int, f func([]Record)) {
	if from >= len(set) {
		f(set)
		return
	}
	for i := from; i < len(set); i++ {
		set[from], set[i] = set[i], set[from]
		permuteRecords(set, from+1, f)
		set[from], set[i] = set[i], set[from]
	}
}

// A part that was refused and then delivered leaves no code behind.
func TestStatusOf_codeOfAPartThatArrivedLate(t *testing.T) {
	r := vendorRow("a", "1", sms.StateUndelivered, 0)
	r.Code, r.Reason, r.Parts, r.Done = "5", sms.Internal, 2, 3
	if s, _ := statusOf([]Record{r}); s.State != sms.StateDelivered || s.Code != "" || s.Reason != "" {
		t.Errorf("%+v", s)
	}
}
