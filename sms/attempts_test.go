package sms_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

func TestSumAttempts(t *testing.T) {
	first := &sms.Error{Provider: "a", Code: "1", Message: "one", RequestID: "r1", Key: "k", Kind: sms.Verification, Reason: sms.Throttled, Outcome: sms.Rejected, RetryAfter: time.Minute}
	lost := &sms.Error{Provider: "b", Code: "2", Message: "two", RequestID: "r2", Reason: sms.Unavailable}
	odd := &sms.Error{Provider: "c", Reason: sms.Internal}
	last := &sms.Error{Provider: "d", Code: "4", Message: "four", RequestID: "r4", Reason: sms.Unauthorized, Outcome: sms.Rejected, RetryAfter: time.Second}
	try := func(errs ...error) (list []sms.Attempt) {
		for _, err := range errs {
			list = append(list, sms.Attempt{Provider: "named", Err: err})
		}
		return list
	}
	type sum struct {
		provider, code, message, requestID, key string
		reason                                  sms.Reason
		outcome                                 sms.Outcome
		kind                                    sms.Kind
		after                                   time.Duration
		attempts                                int
	}
	for _, c := range []struct {
		name string
		give []sms.Attempt
		want sum
	}{
		{"all rejected: the last one's reason, the shortest wait", try(first, last),
			sum{"d", "4", "four", "r4", "k", sms.Unauthorized, sms.Rejected, sms.Verification, time.Second, 2}},
		{"a longer wait last", try(last, first),
			sum{"a", "1", "one", "r1", "k", sms.Throttled, sms.Rejected, sms.Verification, time.Second, 2}},
		{"one unknown: its reason, the last one's words", try(first, lost, last),
			sum{"d", "4", "four", "r4", "k", sms.Unavailable, sms.Unknown, sms.Verification, time.Second, 3}},
		{"two unknown: the first one's reason", try(odd, lost, last),
			sum{"d", "4", "four", "r4", "", sms.Internal, sms.Unknown, 0, time.Second, 3}},
		{"unknown last", try(last, lost),
			sum{"b", "2", "two", "r2", "", sms.Unavailable, sms.Unknown, 0, time.Second, 2}},
		{"not classified by anyone", try(last, errors.New("foreign")),
			sum{"named", "", "", "", "", sms.Internal, sms.Unknown, 0, time.Second, 2}},
		{"the caller left", try(first, context.Canceled),
			sum{"named", "", "", "", "k", sms.Canceled, sms.Unknown, sms.Verification, time.Minute, 2}},
		{"a bare reason", try(first, sms.Throttled),
			sum{"named", "", "", "", "k", sms.Throttled, sms.Unknown, sms.Verification, time.Minute, 2}},
		{"wrapped", try(fmt.Errorf("x: %w", lost), fmt.Errorf("y: %w", last)),
			sum{"d", "4", "four", "r4", "", sms.Unavailable, sms.Unknown, 0, time.Second, 2}},
		{"a sum among them", try(sms.SumAttempts(try(first, lost)), last),
			sum{"d", "4", "four", "r4", "k", sms.Unavailable, sms.Unknown, sms.Verification, time.Second, 3}},
		{"joined ones among them", try(errors.Join(first, lost), last),
			sum{"d", "4", "four", "r4", "k", sms.Unavailable, sms.Unknown, sms.Verification, time.Second, 3}},
		{"an accepted one among them", append(try(first), sms.Attempt{Provider: "e"}),
			sum{"a", "1", "one", "r1", "k", sms.Throttled, sms.Rejected, sms.Verification, time.Minute, 2}},
		{"an outcome that no error may have", try(last, &sms.Error{Outcome: sms.Accepted, Reason: sms.Throttled}),
			sum{"named", "", "", "", "", sms.Throttled, sms.Unknown, 0, time.Second, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := sms.SumAttempts(c.give)
			got := sum{e.Provider, e.Code, e.Message, e.RequestID, e.Key, e.Reason, e.Outcome, e.Kind, e.RetryAfter, len(e.Attempts)}
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			for _, a := range e.Attempts {
				if e, ok := errors.AsType[*sms.Error](a.Err); ok && len(e.Attempts) > 0 {
					t.Errorf("not flat: %v", a.Err)
				}
			}
			if c.want.outcome != sms.OutcomeOf(e) || c.want.reason != sms.ReasonOf(e) || c.want.kind != sms.KindOf(e) {
				t.Errorf("asked for: %v, %v, %v", sms.OutcomeOf(e), sms.ReasonOf(e), sms.KindOf(e))
			}
		})
	}
}

func TestSumAttempts_ofOneAndNone(t *testing.T) {
	if e := sms.SumAttempts(nil); e != nil {
		t.Errorf("of none: %v", e)
	}
	if e := sms.SumAttempts([]sms.Attempt{{Provider: "a"}}); e != nil {
		t.Errorf("of an accepted one: %v", e)
	}
	one := &sms.Error{Provider: "a", Reason: sms.Throttled, Outcome: sms.Rejected}
	if e := sms.SumAttempts([]sms.Attempt{{Provider: "a", Err: fmt.Errorf("x: %w", one)}}); e != one {
		t.Errorf("of one: %v", e)
	}
	shared := rejected(sms.Throttled)
	e := sms.SumAttempts([]sms.Attempt{{Provider: "a", Err: shared}})
	if e.Provider != "a" || shared.Provider != "" {
		t.Errorf("the provider is %q, and the given error has %q", e.Provider, shared.Provider)
	}
}

func TestSumAttempts_keepsItsOwnList(t *testing.T) {
	list := []sms.Attempt{{Provider: "a", Err: rejected(sms.Throttled)}, {Provider: "b", Err: rejected(sms.Throttled)}}
	e := sms.SumAttempts(list)
	list[0] = sms.Attempt{Provider: "changed"}
	if e.Attempts[0].Provider != "a" {
		t.Error("the sum shares the caller's list")
	}
}

func TestAppendAttempts(t *testing.T) {
	one := &sms.Error{Provider: "a", Reason: sms.Throttled, Outcome: sms.Rejected}
	two := &sms.Error{Provider: "b", Reason: sms.Unavailable}
	sum := sms.SumAttempts([]sms.Attempt{{Provider: "a", Err: one, Took: 1}, {Provider: "b", Err: two, Took: 2}})
	foreign := errors.New("foreign")
	wrapped := fmt.Errorf("x: %w", one)
	for _, c := range []struct {
		name    string
		receipt sms.Receipt
		err     error
		want    []sms.Attempt
	}{
		{"accepted", sms.Receipt{Provider: "a"}, nil, []sms.Attempt{{Provider: "a", Took: 9}}},
		{"accepted after others", sms.Receipt{Provider: "c", Attempts: []sms.Attempt{{Provider: "a", Err: one, Took: 1}, {Provider: "c", Took: 2}}}, nil,
			[]sms.Attempt{{Provider: "a", Err: one, Took: 1}, {Provider: "c", Took: 2}}},
		{"refused", sms.Receipt{}, one, []sms.Attempt{{Provider: "a", Err: one, Took: 9}}},
		{"refused, wrapped", sms.Receipt{}, wrapped, []sms.Attempt{{Provider: "a", Err: wrapped, Took: 9}}},
		{"not classified", sms.Receipt{}, foreign, []sms.Attempt{{Err: foreign, Took: 9}}},
		{"a sum", sms.Receipt{}, sum, []sms.Attempt{{Provider: "a", Err: one, Took: 1}, {Provider: "b", Err: two, Took: 2}}},
		{"a sum, wrapped", sms.Receipt{}, fmt.Errorf("x: %w", sum), []sms.Attempt{{Provider: "a", Err: one, Took: 1}, {Provider: "b", Err: two, Took: 2}}},
		{"a sum of sums", sms.Receipt{}, &sms.Error{Attempts: []sms.Attempt{{Err: sum}, {Provider: "c", Took: 3}}},
			[]sms.Attempt{{Provider: "a", Err: one, Took: 1}, {Provider: "b", Err: two, Took: 2}, {Provider: "c", Took: 3}}},
		{"joined", sms.Receipt{}, errors.Join(one, foreign, two), []sms.Attempt{{Provider: "a", Err: one, Took: 9}, {Provider: "b", Err: two, Took: 9}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := sms.Attempt{Provider: "before", Took: 7}
			got := sms.AppendAttempts([]sms.Attempt{before}, c.receipt, c.err, 9)
			if want := append([]sms.Attempt{before}, c.want...); !slices.Equal(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestAsError(t *testing.T) {
	one := rejected(sms.Throttled)
	if got := sms.AsError(fmt.Errorf("x: %w", one)); got != one {
		t.Errorf("wrapped: %v", got)
	}
	if got := sms.AsError(nil); got != nil {
		t.Errorf("nil: %v", got)
	}
	var typedNil *sms.Error
	if got := sms.AsError(typedNil); got == nil || got.Outcome != sms.Unknown || got.Reason != sms.Internal || got.Error() == "" {
		t.Errorf("a nil *Error: %v", got)
	}
	foreign := errors.New("foreign")
	if got := sms.AsError(foreign); got.Outcome != sms.Unknown || got.Reason != sms.Internal || got.Err != foreign {
		t.Errorf("foreign: %v", got)
	}
	joined := errors.Join(one, &sms.Error{Reason: sms.Expired, Outcome: sms.Rejected, Kind: sms.Promotion})
	if got := sms.AsError(joined); got.Outcome != sms.Rejected || got.Reason != sms.Expired || got.Kind != sms.Promotion || got.Err != joined {
		t.Errorf("joined: %v", got)
	}
}

func TestMayRepeat_vetoes(t *testing.T) {
	down, lost, blocked, key := rejected(sms.Unavailable), unknown(sms.Unavailable), rejected(sms.RecipientBlocked), rejected(sms.Unauthorized)
	sum := func(errs ...error) error {
		var list []sms.Attempt
		for _, err := range errs {
			list = append(list, sms.Attempt{Err: err})
		}
		return sms.SumAttempts(list)
	}
	var typedNil *sms.Error
	for _, c := range []struct {
		name          string
		err           error
		kind          sms.Kind
		same, another bool
	}{
		{"nothing failed", nil, sms.Verification, false, false},
		{"each allows it", sum(down, down), sms.Notification, true, true},
		{"one allows another vendor only", sum(key, down), sms.Notification, false, true},
		{"the first one forbids it", sum(blocked, down), sms.Verification, false, false},
		{"the last one forbids it", sum(down, blocked), sms.Verification, false, false},
		{"an unknown one, a code", sum(lost, down), sms.Verification, true, true},
		{"an unknown one, a notice", sum(lost, down), sms.Notification, false, false},
		{"an unknown one, kind not told", sum(lost, down), 0, false, false},
		{"an unknown one and a block", sum(lost, blocked), sms.Verification, false, false},
		{"an unknown one that overrides its row", unknown(sms.InvalidNumber), sms.Verification, true, true},
		{"not classified, a code", errors.New("foreign"), sms.Verification, true, true},
		{"not classified, a notice", errors.New("foreign"), sms.Notification, false, false},
		{"a bare reason is unknown", sms.Throttled, sms.Notification, false, false},
		{"joined, one blocks", errors.Join(blocked, down), sms.Verification, false, false},
		{"joined, all allow it", errors.Join(down, down), sms.Notification, true, true},
		{"joined sums, one blocks", errors.Join(sum(down, blocked), sum(down, down)), sms.Verification, false, false},
		{"a sum that is unknown, its tries are not", &sms.Error{Attempts: []sms.Attempt{{Err: down}, {Err: down}}}, sms.Notification, false, false},
		{"a nil *Error", typedNil, sms.Notification, false, false},
		{"an accepted try among them", &sms.Error{Outcome: sms.Rejected, Attempts: []sms.Attempt{{Err: down}, {}}}, sms.Notification, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := sms.Message{Kind: c.kind}
			if got := sms.MayRepeat(c.err, m, sms.Reason.SameVendor); got != c.same {
				t.Errorf("same vendor: %v, want %v", got, c.same)
			}
			if got := sms.MayRepeat(c.err, m, sms.Reason.AnotherVendor); got != c.another {
				t.Errorf("another vendor: %v, want %v", got, c.another)
			}
		})
	}
}

// The provider has looked the template up; the caller may have left Kind empty or wrong.
func TestMayRepeat_kindOfTheErrorFirst(t *testing.T) {
	told := &sms.Error{Reason: sms.Unavailable, Kind: sms.Notification}
	if sms.MayRepeat(told, sms.Message{Kind: sms.Verification}, sms.Reason.SameVendor) {
		t.Error("the message's kind was believed against the provider's")
	}
	told.Kind = sms.Verification
	if !sms.MayRepeat(told, sms.Message{}, sms.Reason.SameVendor) {
		t.Error("the provider's kind was not asked")
	}
	sum := &sms.Error{Attempts: []sms.Attempt{{Err: unknown(sms.Unavailable)}, {Err: told}}}
	if !sms.MayRepeat(sum, sms.Message{}, sms.Reason.SameVendor) {
		t.Error("the kind that a try tells was not found")
	}
}

func TestCountsAgainstVendor(t *testing.T) {
	var typedNil *sms.Error
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nil":                            {nil, false},
		"a nil *Error":                   {typedNil, true},
		"foreign":                        {errors.New("foreign"), true},
		"bare context error":             {context.Canceled, false},
		"rejected, the vendor's":         {rejected(sms.Unavailable), true},
		"rejected, the caller's":         {rejected(sms.InvalidNumber), false},
		"unknown, no vendor's reason":    {unknown(sms.Internal), true},
		"unknown, the caller left":       {unknown(sms.Canceled), false},
		"a sum, one unknown":             {sms.SumAttempts([]sms.Attempt{{Err: unknown(sms.Unavailable)}, {Err: rejected(sms.Canceled)}}), true},
		"a sum, the caller left at last": {sms.SumAttempts([]sms.Attempt{{Err: rejected(sms.Throttled)}, {Err: unknown(sms.Canceled)}}), false},
	} {
		if got := sms.CountsAgainstVendor(c.err); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
