package delivery

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// start is when the records of the tests begin.
var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// A fact is one thing that happens to a vendor message, in words and as a record.
type fact struct {
	name   string
	record Record
	// What an independent reading of the rules needs: the state for the whole message,
	// or the part that was delivered.
	state sms.DeliveryState
	part  int
}

func reported(name string, r sms.Report) fact {
	f := fact{name: name, state: r.State}
	f.record = Record{ID: ID{1}, Provider: "p", VendorID: "v", Put: start}
	f.record.report(r, start)
	if r.Parts > 1 && r.State == sms.StateDelivered {
		f.state, f.part = sms.StateSent, r.Part
	}
	if f.state == 0 {
		f.state = sms.StateAccepted
	}
	return f
}

func answered(name string, a Answer, after time.Duration) fact {
	f := fact{name: name}
	f.record = Record{ID: ID{1}, Own: true, Key: "order-1", Provider: "p", VendorID: "v", To: "+8613****0000", Number: Hash{7}, Sealed: "sealed",
		Template: "code", Kind: sms.Verification, Region: "CN", Segments: 1, Answer: a, Put: start,
		TriedAt: start.Add(after), Tries: []Try{{Provider: "p", Outcome: outcomeOf(a)}}}
	if a == AnswerAccepted {
		f.state = sms.StateAccepted
	}
	return f
}

// facts are all kinds of events of one vendor message of two parts.
var facts = []fact{
	answered("accepted", AnswerAccepted, time.Second),
	answered("asked again, accepted", AnswerAccepted, time.Minute),
	answered("unknown", AnswerUnknown, time.Millisecond),
	reported("queued", sms.Report{State: sms.StateAccepted}),
	reported("sent, echoes a key", sms.Report{State: sms.StateSent, Key: "order-1", Ref: "order-1"}),
	reported("lost", sms.Report{State: sms.StateLost}),
	reported("expired", sms.Report{State: sms.StateExpired, Code: "EXPIRED", Reason: sms.Expired}),
	reported("undelivered for 1", sms.Report{State: sms.StateUndelivered, Code: "1", Reason: sms.InvalidNumber}),
	reported("undelivered for 2", sms.Report{State: sms.StateUndelivered, Code: "2", Reason: sms.Internal}),
	reported("blocked", sms.Report{State: sms.StateBlocked, Code: "STOP", Reason: sms.RecipientBlocked}),
	reported("delivered", sms.Report{State: sms.StateDelivered, Price: "0.01", Segments: 2}),
	reported("a word that is not known", sms.Report{Code: "FLYING"}),
	reported("part 1 delivered", sms.Report{State: sms.StateDelivered, Part: 1, Parts: 2}),
	reported("part 2 delivered", sms.Report{State: sms.StateDelivered, Part: 2, Parts: 2}),
	reported("part 2 undelivered", sms.Report{State: sms.StateUndelivered, Code: "2", Reason: sms.Internal, Part: 2, Parts: 2}),
}

// expected is the rule in other words: the highest of what was reported, and
// delivered if all parts were.
func expected(set []fact) (state sms.DeliveryState) {
	parts := map[int]bool{}
	for _, f := range set {
		state = max(state, f.state)
		if f.part > 0 {
			parts[f.part] = true
		}
	}
	if len(parts) == 2 {
		return sms.StateDelivered
	}
	return state
}

type joiner func(stored, added Record) (Record, bool)

// run joins a set in one order.
func run(join joiner, set []fact) (Record, error) {
	r := set[0].record
	for _, f := range set[1:] {
		before := r
		after, changed := join(r, f.record)
		if after.Current() < before.Current() {
			return r, fmt.Errorf("%q takes %v back to %v", f.name, before.Current(), after.Current())
		}
		if !changed && !reflect.DeepEqual(before, after) {
			return r, fmt.Errorf("%q changes the record and is said to change nothing", f.name)
		}
		if again, changed := join(after, f.record); changed || !reflect.DeepEqual(again, after) {
			return r, fmt.Errorf("%q changes the record when it is repeated", f.name)
		}
		r = after
	}
	return r, nil
}

// check joins every set of up to n facts in every order.
func check(join joiner, n int) error {
	var each func(set []fact, from int) error
	each = func(set []fact, from int) error {
		if len(set) > 0 {
			if err := checkSet(join, set); err != nil {
				return err
			}
		}
		if len(set) == n {
			return nil
		}
		for i := from; i < len(facts); i++ {
			if err := each(append(set, facts[i]), i); err != nil { // i, not i+1: a fact may come twice
				return err
			}
		}
		return nil
	}
	return each(make([]fact, 0, n), 0)
}

func checkSet(join joiner, set []fact) (fault error) {
	var first Record
	var have bool
	permute(slices.Clone(set), 0, func(order []fact) bool {
		r, err := run(join, order)
		switch {
		case err != nil:
			fault = fmt.Errorf("%s: %w", names(order), err)
		case r.Current() != expected(set):
			fault = fmt.Errorf("%s: %v, want %v", names(order), r.Current(), expected(set))
		case r.Current().Final() && r.Sealed != "":
			fault = fmt.Errorf("%s: the number is kept after the end", names(order))
		case have && !reflect.DeepEqual(r, first):
			fault = fmt.Errorf("%s: %+v\nin another order %+v", names(order), plain(r), plain(first))
		}
		first, have = r, true
		return fault == nil
	})
	return fault
}

// plain prints every field.
func plain(r Record) any {
	type fields Record
	return fields(r)
}

func names(set []fact) string {
	var all []string
	for _, f := range set {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

func permute(set []fact, from int, f func([]fact) bool) bool {
	if from == len(set) {
		return f(set)
	}
	for i := from; i < len(set); i++ {
		set[from], set[i] = set[i], set[from]
		more := permute(set, from+1, f)
		set[from], set[i] = set[i], set[from]
		if !more {
			return false
		}
	}
	return true
}

func TestJoin_everyOrderAndRepetition(t *testing.T) {
	n, most := 3, 5
	switch {
	case long():
		n = 5
	case testing.Short():
		n, most = 2, 4
	}
	if err := check(Join, n); err != nil {
		t.Fatal(err)
	}
	// Five events of those that matter most, in the short form too.
	all := facts
	defer func() { facts = all }()
	facts = slices.DeleteFunc(slices.Clone(all), func(f fact) bool {
		return !slices.Contains([]string{"accepted", "undelivered for 1", "part 1 delivered", "part 2 delivered", "sent, echoes a key"}, f.name)
	})
	if err := check(Join, most); err != nil {
		t.Fatal(err)
	}
}

// Each mutant breaks one rule, and the property finds it.
func TestJoin_mutants(t *testing.T) {
	for name, mutant := range map[string]joiner{
		"the last report wins": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			if b.State != 0 {
				j.State = b.State
			}
			return j, changed || j.State != a.State
		},
		"the first final state wins": func(a, b Record) (Record, bool) {
			if a.State.Final() {
				return a, false
			}
			return Join(a, b)
		},
		"delivered is replaced": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			if a.State == sms.StateDelivered && b.State.Final() {
				j.State = b.State
			}
			return j, changed || j.State != a.State
		},
		"one part stands for all": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			if b.Done != 0 {
				j.State = sms.StateDelivered
			}
			return j, changed
		},
		"parts are forgotten": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			if b.Done != 0 {
				j.Done = b.Done
			}
			return j, changed
		},
		"a repeated part undoes itself": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			j.Done = a.Done ^ b.Done
			return j, changed
		},
		"the last code stays": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			if b.State == a.State && b.Code != "" {
				j.Code = b.Code
			}
			return j, changed || j.Code != a.Code
		},
		"an unknown word is no acceptance": func(a, b Record) (Record, bool) {
			if a.Code == "FLYING" {
				a.State, a.Answer = 0, 0
			}
			if b.Code == "FLYING" {
				return a, false
			}
			return Join(a, b)
		},
		"a repetition is a change": func(a, b Record) (Record, bool) {
			j, _ := Join(a, b)
			return j, true
		},
		"the answer replaces the report": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			if b.Own {
				j.State = b.State
			}
			return j, changed
		},
		"the later answer wins": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			j.Answer = b.Answer
			return j, changed
		},
		"the number is kept": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			j.Sealed = max(a.Sealed, b.Sealed)
			return j, changed
		},
		"the key of an answer is lost": func(a, b Record) (Record, bool) {
			j, changed := Join(a, b)
			j.Key = a.Key
			return j, changed
		},
	} {
		if err := check(mutant, 3); err == nil {
			t.Errorf("%q is not found", name)
		}
	}
}

func TestJoin_ownKey(t *testing.T) {
	own := Record{ID: ID{1}, Own: true, Key: "a", TriedAt: start}
	echo := Record{ID: ID{1}, Key: "z", State: sms.StateSent}
	one, _ := Join(own, echo)
	other, _ := Join(echo, own)
	if one.Key != "a" || other.Key != "a" {
		t.Errorf("keys %q and %q: the vendor's echo replaced our own", one.Key, other.Key)
	}
}

func TestReport_parts(t *testing.T) {
	report := func(part, parts int) Record {
		var r Record
		r.report(sms.Report{State: sms.StateDelivered, Part: part, Parts: parts}, start)
		return r
	}
	for _, parts := range []int{2, 3, maxParts} {
		r := report(1, parts)
		for part := 2; part <= parts; part++ {
			if r.Current() != sms.StateSent {
				t.Fatalf("%d parts, %d delivered: %v", parts, part-1, r.Current())
			}
			r, _ = Join(r, report(part, parts))
		}
		if r.Current() != sms.StateDelivered {
			t.Errorf("%d parts, all delivered: %v", parts, r.Current())
		}
	}
	for _, one := range []Record{report(0, 2), report(3, 2), report(1, 1), report(0, 0), report(1, 0)} {
		if one.Current() != sms.StateDelivered {
			t.Errorf("a report about no part of several is about the whole: %v", one.Current())
		}
	}
	if r := report(1, maxParts+1); r.Current() != sms.StateSent || r.Parts != 0 {
		t.Errorf("a part of too many: %v", r.Current())
	}
	var strange Record
	strange.report(sms.Report{State: 99}, start)
	if strange.Current() != sms.StateDelivered {
		t.Errorf("a state that does not exist: %v", strange.Current())
	}
}

func TestReport_times(t *testing.T) {
	var r Record
	r.report(sms.Report{State: sms.StateSent}, start)
	if !r.At.Equal(start) {
		t.Error("the time of arrival is not used")
	}
	r.report(sms.Report{State: sms.StateSent, At: start.Add(-time.Hour)}, start)
	if !r.At.Equal(start.Add(-time.Hour)) {
		t.Error("the vendor's time is not used")
	}
}

func TestJoinAll(t *testing.T) {
	in := []Record{{ID: ID{2}, State: 1}, {ID: ID{1}, State: 2}, {ID: ID{2}, State: 5}, {ID: ID{1}, State: 1}, {ID: ID{0}}}
	before := slices.Clone(in)
	out := JoinAll(in)
	if len(out) != 3 || out[0].ID != (ID{0}) || out[1].State != 2 || out[2].State != 5 {
		t.Errorf("%+v", out)
	}
	if !reflect.DeepEqual(in, before) {
		t.Error("the list that was given has changed")
	}
}

func TestAnswerOf(t *testing.T) {
	for outcome, want := range map[sms.Outcome]Answer{sms.Accepted: AnswerAccepted, sms.Rejected: AnswerRejected, sms.Unknown: AnswerUnknown, 9: AnswerUnknown} {
		if got := AnswerOf(outcome); got != want {
			t.Errorf("%v: %v", outcome, got)
		}
	}
	if AnswerAccepted.String() != "accepted" || Answer(9).String() != "answer(9)" {
		t.Error("names")
	}
}

func TestRecord_printsMasked(t *testing.T) {
	r := Record{Key: "secret-key", To: sms.Number("+8613800000000").String(), Sealed: "sealed"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, r); strings.Contains(text, "13800000000") || strings.Contains(text, "sealed") || strings.Contains(text, "secret-key") {
			t.Errorf("%s: %s", verb, text)
		}
	}
	if !strings.Contains(errors.New(r.LogValue().String()).Error(), "record of") {
		t.Error(r.LogValue())
	}
}
