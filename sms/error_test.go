package sms_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

func rejected(r sms.Reason) *sms.Error { return &sms.Error{Reason: r, Outcome: sms.Rejected} }
func unknown(r sms.Reason) *sms.Error  { return &sms.Error{Reason: r, Outcome: sms.Unknown} }

func TestOutcomeOf_ReasonOf(t *testing.T) {
	foreign := errors.New("foreign")
	var typedNil *sms.Error
	for _, c := range []struct {
		name    string
		err     error
		outcome sms.Outcome
		reason  sms.Reason
	}{
		{"nil", nil, sms.Accepted, ""},
		{"a nil *Error as an error", typedNil, sms.Unknown, sms.Internal},
		{"a nil *Error, wrapped", fmt.Errorf("a: %w", typedNil), sms.Unknown, sms.Internal},
		{"foreign", foreign, sms.Unknown, sms.Internal},
		{"rejected", rejected(sms.Throttled), sms.Rejected, sms.Throttled},
		{"unknown", unknown(sms.Unavailable), sms.Unknown, sms.Unavailable},
		{"wrapped twice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", rejected(sms.Expired))), sms.Rejected, sms.Expired},
		{"wrapped beside another", fmt.Errorf("%w and %w", foreign, rejected(sms.Expired)), sms.Rejected, sms.Expired},
		{"the zero *Error", &sms.Error{}, sms.Unknown, sms.Internal},
		{"an *Error that says accepted", &sms.Error{Reason: sms.Throttled, Outcome: sms.Accepted}, sms.Unknown, sms.Throttled},
		{"an *Error with an outcome that does not exist", &sms.Error{Reason: sms.Throttled, Outcome: 9}, sms.Unknown, sms.Throttled},
		{"an *Error speaks for its cause", &sms.Error{Reason: sms.Internal, Outcome: sms.Rejected, Err: unknown(sms.Unavailable)}, sms.Rejected, sms.Internal},
		{"joined, all rejected", errors.Join(rejected(sms.Throttled), rejected(sms.Expired)), sms.Rejected, sms.Expired},
		{"joined, one unknown", errors.Join(unknown(sms.Unavailable), rejected(sms.Expired)), sms.Unknown, sms.Unavailable},
		{"joined, two unknown", errors.Join(rejected(sms.Expired), unknown(sms.Unavailable), unknown(sms.Internal)), sms.Unknown, sms.Unavailable},
		{"joined, one foreign", errors.Join(foreign, rejected(sms.Expired)), sms.Rejected, sms.Expired},
		{"joined, all foreign", errors.Join(foreign, foreign), sms.Unknown, sms.Internal},
		{"joined, within joined", errors.Join(errors.Join(rejected(sms.Expired)), fmt.Errorf("a: %w", unknown(sms.Unavailable))), sms.Unknown, sms.Unavailable},
		{"joined, one a nil *Error", errors.Join(rejected(sms.Expired), typedNil), sms.Unknown, sms.Internal},
		{"a bare reason", sms.Throttled, sms.Unknown, sms.Throttled},
		{"a bare reason, wrapped", fmt.Errorf("a: %w", sms.Throttled), sms.Unknown, sms.Throttled},
		{"an empty reason", sms.Reason(""), sms.Unknown, sms.Internal},
		{"canceled", context.Canceled, sms.Unknown, sms.Canceled},
		{"the deadline", fmt.Errorf("a: %w", context.DeadlineExceeded), sms.Unknown, sms.Canceled},
		{"joined with the deadline", errors.Join(foreign, context.DeadlineExceeded), sms.Unknown, sms.Canceled},
		{"a time-out that answers to the deadline", timeout{}, sms.Unknown, sms.Internal},
		{"closed", &sms.Error{Reason: sms.Internal, Outcome: sms.Rejected, Err: sms.ErrClosed}, sms.Rejected, sms.Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sms.OutcomeOf(c.err); got != c.outcome {
				t.Errorf("outcome %v, want %v", got, c.outcome)
			}
			if got := sms.ReasonOf(c.err); got != c.reason {
				t.Errorf("reason %q, want %q", string(got), string(c.reason))
			}
		})
	}
}

// timeout answers errors.Is(err, context.DeadlineExceeded), as net/http's does.
type timeout struct{}

func (timeout) Error() string        { return "took too long" }
func (timeout) Timeout() bool        { return true }
func (timeout) Is(target error) bool { return target == context.DeadlineExceeded }

// The real time-out of net/http's client is not the caller leaving.
func TestReasonOf_timeoutOfAnHTTPClient(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	client := &http.Client{Timeout: time.Millisecond}
	_, err := client.Get(server.URL)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("net/http's time-out does not answer to the deadline any more: %v", err)
	}
	if got := sms.ReasonOf(err); got == sms.Canceled {
		t.Errorf("a time-out of ours is taken for the caller leaving: %v", err)
	}
}

func TestKindOf(t *testing.T) {
	code := &sms.Error{Kind: sms.Verification}
	for name, c := range map[string]struct {
		err  error
		want sms.Kind
	}{
		"nil":     {nil, 0},
		"foreign": {errors.New("foreign"), 0},
		"untold":  {&sms.Error{}, 0},
		"told":    {fmt.Errorf("a: %w", code), sms.Verification},
		"joined":  {errors.Join(&sms.Error{}, code), sms.Verification},
		"by try":  {&sms.Error{Attempts: []sms.Attempt{{Err: &sms.Error{}}, {}, {Err: code}}}, sms.Verification},
	} {
		if got := sms.KindOf(c.err); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	var typedNil *sms.Error
	if got := sms.KindOf(typedNil); got != 0 {
		t.Errorf("a nil *Error: %v", got)
	}
}

func TestError_Error(t *testing.T) {
	full := &sms.Error{
		Provider: "aliyun", Code: "isv.BUSINESS_LIMIT_CONTROL", Message: "hourly limit", RequestID: "R-1", Key: "k",
		Reason: sms.RecipientLimited, Outcome: sms.Rejected, RetryAfter: time.Hour, Err: errors.New("cause"),
	}
	lost := &sms.Error{Provider: "twilio", Reason: sms.Unavailable, Err: errors.New("no answer within 5s")}
	var typedNil *sms.Error
	for _, c := range []struct {
		name string
		err  *sms.Error
		want string
	}{
		{"nil", typedNil, "sms: no error was made (a nil *sms.Error was returned as an error)"},
		{"zero", &sms.Error{}, "sms: internal fault, outcome unknown"},
		{"all of it", full, "aliyun: recipient limited (isv.BUSINESS_LIMIT_CONTROL): hourly limit: cause; try again after 1h0m0s; request R-1"},
		{"unknown", lost, "twilio: unavailable, outcome unknown: no answer within 5s"},
		{"several tries", sms.SumAttempts([]sms.Attempt{{Provider: "twilio", Err: lost}, {Provider: "aliyun", Err: rejected(sms.Expired)}}),
			"sms: 2 attempts failed, outcome unknown; 1: twilio: unavailable, outcome unknown: no answer within 5s; 2: sms: message expired"},
		{"a try that was accepted", &sms.Error{Outcome: sms.Rejected, Attempts: []sms.Attempt{{Provider: "a"}, {Provider: "b", Err: sms.Throttled}}},
			"sms: 2 attempts failed; 1: a: accepted; 2: throttled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.err.Error(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.err != nil {
				if got := fmt.Sprintf("%+v", c.err); got != c.want {
					t.Errorf("%%+v: %s", got)
				}
			}
		})
	}
}

func TestError_findsItsTries(t *testing.T) {
	cause := errors.New("cause")
	sum := sms.SumAttempts([]sms.Attempt{
		{Provider: "a", Err: unknown(sms.Unavailable)},
		{Provider: "b", Err: &sms.Error{Reason: sms.Unauthorized, Outcome: sms.Rejected, Err: cause}},
	})
	var err error = fmt.Errorf("sending: %w", sum)
	for target, want := range map[error]bool{
		sms.Unavailable: true, sms.Unauthorized: true, cause: true,
		sms.Throttled: false, sms.Internal: false, context.Canceled: false,
	} {
		if errors.Is(err, target) != want {
			t.Errorf("errors.Is(%v) is %v", target, !want)
		}
	}
	e, ok := errors.AsType[*sms.Error](err)
	if !ok || e != sum {
		t.Errorf("errors.As finds %v and not the sum", e)
	}
	var typedNil *sms.Error
	if errors.Is(typedNil, sms.Internal) || errors.Unwrap(typedNil) != nil {
		t.Error("a nil *Error is something")
	}
}

// errors.Is is about each attempt, ReasonOf about the message as a whole.
func TestError_isAndReasonOf(t *testing.T) {
	limited, down, blocked := rejected(sms.RecipientLimited), rejected(sms.Unavailable), rejected(sms.RecipientBlocked)
	lost := unknown(sms.Unavailable)
	for _, c := range []struct {
		name  string
		tries []error
		whole sms.Reason
		some  []sms.Reason
	}{
		{"one attempt", []error{limited}, sms.RecipientLimited, []sms.Reason{sms.RecipientLimited}},
		{"the last one's, if all were rejected", []error{limited, down, blocked}, sms.RecipientBlocked, []sms.Reason{sms.RecipientLimited, sms.Unavailable, sms.RecipientBlocked}},
		{"the first unknown one's", []error{limited, lost, blocked}, sms.Unavailable, []sms.Reason{sms.RecipientLimited, sms.Unavailable, sms.RecipientBlocked}},
		{"a wrapped attempt", []error{fmt.Errorf("x: %w", limited), down}, sms.Unavailable, []sms.Reason{sms.RecipientLimited, sms.Unavailable}},
		{"a sum within a sum", []error{sms.SumAttempts([]sms.Attempt{{Err: limited}, {Err: down}}), blocked}, sms.RecipientBlocked, []sms.Reason{sms.RecipientLimited, sms.Unavailable, sms.RecipientBlocked}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list []sms.Attempt
			for _, err := range c.tries {
				list = append(list, sms.Attempt{Provider: "a", Err: err})
			}
			err := fmt.Errorf("sending: %w", sms.SumAttempts(list))
			if got := sms.ReasonOf(err); got != c.whole {
				t.Errorf("ReasonOf is %v, want %v", got, c.whole)
			}
			for _, r := range sms.Reasons() {
				if got, want := errors.Is(err, r), slices.Contains(c.some, r); got != want {
					t.Errorf("errors.Is(err, %v) is %v, want %v", r, got, want)
				}
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	cause := errors.New("the list is closed")
	err := sms.Refuse(sms.Message{Key: "k", Kind: sms.Promotion, To: "+8613800000001"}, sms.Unsupported, cause)
	if err.Outcome != sms.Rejected || err.Reason != sms.Unsupported || err.Key != "k" || err.Kind != sms.Promotion || err.Provider != "" || !errors.Is(err, cause) {
		t.Errorf("got %+v", *err)
	}
	if got := sms.Refuse(sms.Message{}, sms.Expired, nil).Error(); got != "sms: message expired" {
		t.Errorf("without a cause the text is %q", got)
	}
}

func ExampleOutcomeOf() {
	send := func(err error) {
		switch sms.OutcomeOf(err) {
		case sms.Accepted:
			fmt.Println("accepted")
		case sms.Rejected:
			fmt.Println("certainly not sent:", sms.ReasonOf(err))
		default:
			fmt.Println("nobody can know yet:", err)
		}
	}
	send(nil)
	send(&sms.Error{Provider: "twilio", Code: "21610", Reason: sms.RecipientBlocked, Outcome: sms.Rejected})
	send(&sms.Error{Provider: "aliyun", Reason: sms.Unavailable, Err: errors.New("no answer within 5s")})
	send(errors.New("from a layer that classifies nothing"))
	// Output:
	// accepted
	// certainly not sent: recipient_blocked
	// nobody can know yet: aliyun: unavailable, outcome unknown: no answer within 5s
	// nobody can know yet: from a layer that classifies nothing
}
