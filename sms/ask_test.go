package sms_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sms"
)

// asked is a vendor that can be asked.
type asked struct{ vendor }

func (*asked) Ask(context.Context, sms.Question) (sms.Receipt, error) { return sms.Receipt{}, nil }

// finderFunc is a vendor that can be asked.
type finderFunc func(ctx context.Context, q sms.Question) (sms.Receipt, error)

func (f finderFunc) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) { return f(ctx, q) }

func answering(err error) sms.Finder {
	return finderFunc(func(context.Context, sms.Question) (sms.Receipt, error) { return sms.Receipt{ID: "x"}, err })
}

func question() sms.Question {
	return sms.Question{Message: sms.Message{To: "+8613812345678", Body: "Hello", Key: "k1"}, Since: time.Now()}
}

func TestAsk(t *testing.T) {
	refusal := &sms.Error{Reason: sms.Unauthorized, Outcome: sms.Rejected, Message: "no permission"}
	without := func(change func(*sms.Question)) sms.Question { q := question(); change(&q); return q }
	for name, test := range map[string]struct {
		finder sms.Finder
		q      sms.Question
		want   error // nil: found
		words  string
	}{
		"found":                {answering(nil), question(), nil, ""},
		"never taken":          {answering(fmt.Errorf("listed: %w", sms.ErrNotFound)), question(), sms.ErrNotFound, ""},
		"undecided":            {answering(fmt.Errorf("%w: the list is cut", sms.ErrUndecided)), question(), sms.ErrUndecided, "the list is cut"},
		"one that says both":   {answering(errors.Join(sms.ErrNotFound, sms.ErrUndecided)), question(), sms.ErrUndecided, ""},
		"a foreign error":      {answering(errors.New("out of paper")), question(), sms.ErrUndecided, "out of paper"},
		"a refused question":   {answering(refusal), question(), sms.ErrUndecided, "no permission"},
		"closed":               {answering(fmt.Errorf("%w: %w", sms.ErrUndecided, sms.ErrClosed)), question(), sms.ErrClosed, ""},
		"no key":               {answering(sms.ErrNotFound), without(func(q *sms.Question) { q.Key = "" }), sms.ErrUndecided, "no key"},
		"no time":              {answering(sms.ErrNotFound), without(func(q *sms.Question) { q.Since = time.Time{} }), sms.ErrUndecided, "set Since"},
		"nothing to ask":       {nil, question(), errors.ErrUnsupported, ""},
		"a panic with a value": {finderFunc(func(context.Context, sms.Question) (sms.Receipt, error) { panic("+8613812345678") }), question(), sms.ErrUndecided, "panicked with a string"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sms.Ask(t.Context(), test.finder, test.q)
			switch {
			case test.want == nil && err != nil:
				t.Fatalf("got %v, want it found", err)
			case test.want == nil:
				return
			case !errors.Is(err, test.want):
				t.Fatalf("got %v, want %v", err, test.want)
			case test.want == sms.ErrNotFound && err != sms.ErrNotFound:
				t.Errorf("got %#v, want ErrNotFound itself", err)
			case test.want != sms.ErrNotFound && (errors.Is(err, sms.ErrNotFound) || !errors.Is(err, sms.ErrUndecided)):
				t.Errorf("%v is not undecided", err)
			case !strings.Contains(err.Error(), test.words) || strings.Contains(err.Error(), "13812345678"):
				t.Errorf("the text is %q", err)
			}
			if got := sms.OutcomeOf(err); got != sms.Unknown {
				t.Errorf("the answer to a question reads as a message that was %v", got)
			}
			if errors.Is(err, sms.Unauthorized) {
				t.Error("the refusal of the question reads as one of the message")
			}
		})
	}
}

// A Finder is handed a copy, so that one which keeps or changes the maps of the
// message changes nothing for the next question.
func TestAsk_givesACopy(t *testing.T) {
	q := question()
	q.Params = sms.Params{"code": "1"}
	_, _ = sms.Ask(t.Context(), finderFunc(func(_ context.Context, q sms.Question) (sms.Receipt, error) {
		q.Params["code"] = "2"
		return sms.Receipt{}, nil
	}), q)
	if q.Params["code"] != "1" {
		t.Error("the caller's Params were changed")
	}
}

func TestQuestion_printsMasked(t *testing.T) {
	q := question()
	for _, text := range []string{fmt.Sprint(q), fmt.Sprintf("%+v %#v", q, q), q.LogValue().String()} {
		if strings.Contains(text, "1234567") || strings.Contains(text, "Hello") {
			t.Errorf("%s", text)
		}
	}
}

func TestQuestion_Latest(t *testing.T) {
	now := time.Now()
	for _, test := range []struct{ since, until, want time.Time }{
		{now, time.Time{}, now},
		{now, now.Add(time.Minute), now.Add(time.Minute)},
		{now, now.Add(-time.Minute), now},
	} {
		if got := (sms.Question{Since: test.since, Until: test.until}).Latest(); !got.Equal(test.want) {
			t.Errorf("%v to %v: %v", test.since, test.until, got)
		}
	}
}

func TestSchedule_Next(t *testing.T) {
	undecided := func(e *sms.Error) error {
		_, err := sms.Ask(t.Context(), answering(e), question())
		return err
	}
	again := undecided(&sms.Error{Reason: sms.Unavailable})
	confirm := sms.Schedule{Gap: 200 * time.Millisecond, MaxGap: 15 * time.Second, For: 3 * time.Second}
	outbox := sms.Schedule{After: time.Minute, Gap: 15 * time.Second, MaxGap: 5 * time.Minute, For: 15 * time.Minute}
	began := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		s     sms.Schedule
		now   time.Duration // after Until
		asked int
		last  error
		want  time.Duration // after Until
		none  bool
	}{
		"the first, at once":                {s: confirm, want: 0},
		"the first, later":                  {s: outbox, now: time.Second, want: time.Minute},
		"the first, past its time":          {s: outbox, now: time.Hour, want: time.Hour},
		"the second":                        {s: confirm, now: 10 * time.Millisecond, asked: 1, last: again, want: 210 * time.Millisecond},
		"the third waits twice as long":     {s: confirm, now: time.Second, asked: 2, last: again, want: 1400 * time.Millisecond},
		"a gap has an upper bound":          {s: outbox, now: 5 * time.Minute, asked: 9, last: again, want: 10 * time.Minute},
		"over":                              {s: confirm, now: 2 * time.Second, asked: 5, last: again, none: true},
		"the first time counts from After":  {s: outbox, now: 15 * time.Minute, asked: 2, last: again, want: 15*time.Minute + 30*time.Second},
		"a RetryAfter":                      {s: confirm, asked: 1, last: undecided(&sms.Error{Reason: sms.Throttled, RetryAfter: 2 * time.Second}), want: 2 * time.Second},
		"a RetryAfter that is too long":     {s: confirm, asked: 1, last: undecided(&sms.Error{Reason: sms.Throttled, RetryAfter: time.Minute}), none: true},
		"credentials may come back":         {s: outbox, now: time.Minute, asked: 1, last: undecided(&sms.Error{Reason: sms.Unauthorized}), want: 75 * time.Second},
		"found":                             {s: outbox, now: time.Minute, asked: 1, none: true},
		"never taken":                       {s: outbox, now: time.Minute, asked: 1, last: sms.ErrNotFound, none: true},
		"nothing that can be asked":         {s: outbox, now: time.Minute, asked: 1, last: fmt.Errorf("%w: %w", sms.ErrUndecided, errors.ErrUnsupported), none: true},
		"the zero value asks once":          {want: 0},
		"the zero value does not ask twice": {asked: 1, last: again, none: true},
		"no For asks once":                  {s: sms.Schedule{Gap: time.Second}, asked: 1, last: again, none: true},
		"no Gap asks once":                  {s: sms.Schedule{For: time.Minute}, asked: 1, last: again, none: true},
	} {
		t.Run(name, func(t *testing.T) {
			q := sms.Question{Since: began.Add(-70 * time.Second), Until: began} // it waited for 70 s
			at, ok := test.s.Next(q, began.Add(test.now), test.asked, test.last)
			if ok == test.none || ok && at.Sub(began) != test.want {
				t.Errorf("got %v, %v", at.Sub(began), ok)
			}
		})
	}
}

func TestSchedule_Settle(t *testing.T) {
	confirm := sms.Schedule{Gap: 200 * time.Millisecond, MaxGap: 15 * time.Second, For: 3 * time.Second}
	again := &sms.Error{Reason: sms.Unavailable}
	for name, test := range map[string]struct {
		s       sms.Schedule
		answers []error // the last one repeats
		within  time.Duration
		want    error
		asked   int
		took    time.Duration
	}{
		"found at once":           {s: confirm, answers: []error{nil}, asked: 1},
		"found later":             {s: confirm, answers: []error{again, again, nil}, asked: 3, took: 600 * time.Millisecond},
		"never taken":             {s: confirm, answers: []error{again, sms.ErrNotFound}, want: sms.ErrNotFound, asked: 2, took: 200 * time.Millisecond},
		"never decided":           {s: confirm, answers: []error{again}, want: sms.ErrUndecided, asked: 4, took: 1400 * time.Millisecond},
		"refused for good":        {s: confirm, answers: []error{&sms.Error{Reason: sms.Unauthorized}}, want: sms.ErrUndecided, asked: 1},
		"it cannot be asked":      {s: confirm, answers: []error{errors.ErrUnsupported}, want: errors.ErrUnsupported, asked: 1},
		"one question later":      {s: sms.Schedule{After: time.Minute}, answers: []error{sms.ErrNotFound}, want: sms.ErrNotFound, asked: 1, took: time.Minute},
		"the caller has no time":  {s: sms.Schedule{After: time.Minute}, answers: []error{nil}, within: 30 * time.Second, want: sms.ErrUndecided},
		"a deadline between":      {s: confirm, answers: []error{again}, within: 500 * time.Millisecond, want: sms.ErrUndecided, asked: 2, took: 200 * time.Millisecond},
		"the caller left already": {s: confirm, answers: []error{nil}, within: -1, want: sms.ErrUndecided},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.within != 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.within)
					defer cancel()
				}
				began, asked := time.Now(), 0
				_, err := test.s.Settle(ctx, finderFunc(func(context.Context, sms.Question) (sms.Receipt, error) {
					asked++
					return sms.Receipt{}, test.answers[min(asked, len(test.answers))-1]
				}), question())
				if !errors.Is(err, test.want) || asked != test.asked || time.Since(began) != test.took {
					t.Errorf("%v after %d questions in %v", err, asked, time.Since(began))
				}
			})
		})
	}
	t.Run("a question that hangs ends with the schedule", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, err := confirm.Settle(t.Context(), finderFunc(func(ctx context.Context, _ sms.Question) (sms.Receipt, error) {
				<-ctx.Done()
				return sms.Receipt{}, ctx.Err()
			}), question())
			if !errors.Is(err, sms.ErrUndecided) || time.Since(began) != 3*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	})
}

// able is a provider that reports its abilities as data, because its type has
// every method.
type able struct{ vendor }

func (able) Can() sms.Abilities { return sms.Abilities{Batch: 200} }
func (able) Ask(context.Context, sms.Question) (sms.Receipt, error) {
	return sms.Receipt{}, errors.ErrUnsupported
}

func TestAbilitiesOf(t *testing.T) {
	a := &able{vendor{"a"}}
	for name, test := range map[string]struct {
		sender sms.Sender
		want   sms.Abilities
	}{
		"data wins over methods": {a, sms.Abilities{Batch: 200}},
		"by interfaces":          {&asked{vendor: vendor{"f"}}, sms.Abilities{Find: true, CheckTemplate: true}},
		"not behind a wrapper":   {sms.Wrap(a, nil), sms.Abilities{}},
		"nothing":                {nil, sms.Abilities{}},
	} {
		if got := sms.AbilitiesOf(test.sender); got != test.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestRegistry_KindOf(t *testing.T) {
	r, err := sms.NewRegistry(sms.Template{Name: "code", Kind: sms.Verification, Text: "${code}"}, sms.Template{Name: "plain", Text: "Hello"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		m    sms.Message
		want sms.Kind
	}{
		{sms.Message{Template: "code"}, sms.Verification},
		{sms.Message{Template: "plain"}, sms.Notification},
		{sms.Message{Body: "x"}, sms.Notification},
		{sms.Message{Body: "x", Kind: sms.Promotion}, sms.Promotion},
		{sms.Message{Template: "none"}, 0},
		{sms.Message{Template: "none", Kind: sms.Promotion}, sms.Promotion},
	} {
		if got := r.KindOf(test.m); got != test.want {
			t.Errorf("%v: %v", test.m, got)
		}
	}
	var none *sms.Registry
	if got := none.KindOf(sms.Message{Body: "x"}); got != sms.Notification {
		t.Errorf("of a nil Registry: %v", got)
	}
}
