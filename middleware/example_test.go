package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// provider stands for a vendor's provider: it accepts, or answers with errs in turn.
func provider(name string, errs ...error) sms.Sender {
	return sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
		if len(errs) > 0 {
			err := errs[0]
			errs = errs[1:]
			if err != nil {
				return sms.Receipt{}, err
			}
		}
		return sms.Receipt{Provider: name, Key: m.Key}, nil
	})
}

func refused(name string, r sms.Reason) error {
	return &sms.Error{Provider: name, Reason: r, Outcome: sms.Rejected}
}

var code = sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "482913"}}

// The recommended order: what is asked once stands outside of Failover, what
// each vendor has of its own stands inside.
func Example() {
	registry, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		fmt.Println(err)
		return
	}
	vendor := func(name string, s sms.Sender) sms.Sender {
		breaker := middleware.Breaker(middleware.BreakerOptions{Name: name})(sms.Chain(s, middleware.Timeout(5*time.Second)))
		pace, err := middleware.NewPace(middleware.PaceOptions{Name: name, PerSecond: 100,
			Open: func() bool { return breaker.(middleware.Stater).State() == middleware.StateOpen }})
		if err != nil {
			panic(err) // only if PerSecond is not above 0
		}
		return sms.Chain(breaker, middleware.Retry(middleware.RetryOptions{}), pace.Middleware)
	}
	sender := sms.Chain(
		middleware.Failover(
			vendor("aliyun", provider("aliyun", refused("aliyun", sms.AccountBlocked))),
			vendor("twilio", provider("twilio"))),
		middleware.Validate(registry),
		middleware.RateLimit(
			middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Minute}, middleware.Window{Count: 5, Per: time.Hour}),
			middleware.RateLimitOptions{Name: "per number", Key: middleware.ByNumber}))

	receipt, err := sender.Send(context.Background(), code)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("accepted by", receipt.Provider)
	for _, try := range receipt.Attempts {
		fmt.Printf("%s: %v\n", try.Provider, sms.OutcomeOf(try.Err))
	}
	_, err = sender.Send(context.Background(), code)
	fmt.Println("the next one within a minute:", sms.ReasonOf(err))
	// Output:
	// accepted by twilio
	// aliyun: rejected
	// twilio: accepted
	// the next one within a minute: recipient_limited
}

func ExampleFailover() {
	sender := middleware.Failover(
		provider("aliyun", refused("aliyun", sms.Unavailable), refused("aliyun", sms.RecipientBlocked)),
		provider("twilio"))

	receipt, _ := sender.Send(context.Background(), code)
	fmt.Println("accepted by", receipt.Provider, "after", len(receipt.Attempts), "tries")

	_, err := sender.Send(context.Background(), code)
	fmt.Println(err)
	// Output:
	// accepted by twilio after 2 tries
	// aliyun: recipient blocked
}

// One vendor does not serve a country that the next one does.
func ExampleFailoverWith() {
	sender := middleware.FailoverWith(
		middleware.FailoverOptions{Also: []sms.Reason{sms.InvalidNumber}},
		provider("aliyun", refused("aliyun", sms.InvalidNumber)),
		provider("twilio"))
	receipt, err := sender.Send(context.Background(), code)
	fmt.Println(receipt.Provider, err)
	// Output: twilio <nil>
}

func ExampleRetry() {
	sender := sms.Chain(
		provider("aliyun", refused("aliyun", sms.Throttled), refused("aliyun", sms.Unavailable)),
		middleware.Retry(middleware.RetryOptions{Attempts: 3, MinDelay: time.Millisecond}))
	receipt, err := sender.Send(context.Background(), code)
	fmt.Println(len(receipt.Attempts), "tries,", sms.OutcomeOf(err))
	// Output: 3 tries, accepted
}

func ExampleBreaker() {
	sender := middleware.Breaker(middleware.BreakerOptions{
		Name:     "aliyun",
		Failures: 2,
		OpenFor:  time.Minute,
		OnChange: func(c middleware.BreakerChange) { fmt.Printf("%s: %v, was %v\n", c.Name, c.To, c.From) },
	})(provider("aliyun", refused("aliyun", sms.InvalidNumber), refused("aliyun", sms.Unavailable), refused("aliyun", sms.Unavailable)))
	for range 4 {
		_, err := sender.Send(context.Background(), code)
		fmt.Println(sms.ReasonOf(err), sender.(middleware.Stater).State())
	}
	// Output:
	// invalid_number closed
	// unavailable closed
	// aliyun: open, was closed
	// unavailable open
	// unavailable open
}

func ExampleTimeout() {
	slow := sms.SenderFunc(func(ctx context.Context, _ sms.Message) (sms.Receipt, error) {
		<-ctx.Done()
		return sms.Receipt{}, &sms.Error{Provider: "aliyun", Reason: sms.Canceled, Outcome: sms.Unknown, Err: ctx.Err()}
	})
	_, err := sms.Chain(slow, middleware.Timeout(time.Millisecond)).Send(context.Background(), code)
	fmt.Println(err)
	fmt.Println("the caller has left:", errors.Is(err, context.DeadlineExceeded))
	// Output:
	// aliyun: unavailable, outcome unknown: no answer within 1ms
	// the caller has left: false
}

func ExampleValidate() {
	registry, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		fmt.Println(err)
		return
	}
	sender := sms.Chain(provider("aliyun"), middleware.Validate(registry))
	_, err = sender.Send(context.Background(), sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": ""}})
	fmt.Println(err)
	// Output: sms: invalid message: template "login-code": the value of "code" is empty: a verification code needs at least one letter or digit
}

func ExampleRateLimit() {
	sender := sms.Chain(
		provider("aliyun", refused("aliyun", sms.Unavailable)),
		middleware.RateLimit(
			middleware.NewLimiter(middleware.Window{Count: 1, Per: time.Hour}),
			middleware.RateLimitOptions{Name: "per number", Key: middleware.ByNumber}))
	for range 3 {
		_, err := sender.Send(context.Background(), code)
		fmt.Println(sms.OutcomeOf(err), sms.ReasonOf(err) == sms.RecipientLimited)
	}
	// The first was never sent, so it gave its token back to the second.

	// Output:
	// rejected false
	// accepted false
	// rejected true
}

func ExampleNewLimiter() {
	china := time.FixedZone("UTC+8", 8*60*60)
	limiter := middleware.NewLimiter(
		middleware.Window{Count: 1, Per: time.Hour},
		middleware.Window{Count: 10, Per: 24 * time.Hour, Zone: china}) // the clock's days, as Aliyun counts
	for range 2 {
		token, err := limiter.Take(context.Background(), "+8613800000000")
		fmt.Println(token.Wait > 0, token.Wait.Round(time.Minute), err)
	}
	// Output:
	// false 0s <nil>
	// true 1h0m0s <nil>
}

func ExampleNewPace() {
	pace, err := middleware.NewPace(middleware.PaceOptions{Name: "aliyun", PerSecond: 0.1, Burst: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	sender := sms.Chain(provider("aliyun"), pace.Middleware)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for range 3 {
		_, err := sender.Send(ctx, code)
		fmt.Println(sms.OutcomeOf(err), errors.Is(err, context.DeadlineExceeded))
	}
	// Output:
	// accepted false
	// accepted false
	// rejected true
}

func ExampleNewWeighted() {
	aliyun, twilio := provider("aliyun"), provider("twilio")
	sender, err := middleware.NewWeighted(
		middleware.Share{Name: "aliyun", Weight: 2, Sender: middleware.Failover(aliyun, twilio)},
		middleware.Share{Name: "twilio", Weight: 1, Sender: middleware.Failover(twilio, aliyun)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		receipt, _ := sender.Send(context.Background(), code)
		fmt.Println(receipt.Provider)
	}
	// Output:
	// aliyun
	// twilio
	// aliyun
}
