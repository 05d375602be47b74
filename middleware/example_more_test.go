package middleware_test

import (
	"context"
	"expvar"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

func ExampleSuppress() {
	var list middleware.SuppressionList
	list.Add("+8613800000000", middleware.Suppression{Reason: "opted out", Since: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, sms.Promotion)
	suppress, err := middleware.Suppress(&list)
	if err != nil {
		fmt.Println(err)
		return
	}
	sender := sms.Chain(provider("aliyun"), suppress)
	for _, kind := range []sms.Kind{sms.Promotion, sms.Verification} {
		_, err := sender.Send(context.Background(), sms.Message{To: "+8613800000000", Body: "hello", Kind: kind})
		fmt.Printf("%v: %v\n", kind, err)
	}
	// Output:
	// promotion: sms: recipient blocked: the number has been suppressed since 2026-03-01 (opted out)
	// verification: <nil>
}

func ExampleLog() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "took" {
			return slog.Attr{} // what changes from run to run
		}
		return a
	}}))
	m := code
	m.Key = "order-17"
	_, _ = sms.Chain(provider("aliyun", refused("aliyun", sms.InvalidNumber)), middleware.Log(logger)).Send(context.Background(), m)
	// Output:
	// level=WARN msg="sms rejected" key=order-17 to=+86138****0000 region=CN template=login-code kind=unset outcome=rejected provider=aliyun reason=invalid_number error="aliyun: invalid number"
}

// Counts by provider and outcome, published by expvar.
func ExampleObserve() {
	attempts := new(expvar.Map).Init() // expvar.NewMap("sms_attempts") publishes it
	sender := sms.Chain(
		middleware.Failover(provider("aliyun", refused("aliyun", sms.Unavailable)), provider("twilio")),
		middleware.Observe(func(_ context.Context, e middleware.Event) {
			if !e.Message {
				attempts.Add(e.Provider+" "+e.Outcome.String(), 1)
			}
		}))
	for range 3 {
		_, _ = sender.Send(context.Background(), code)
	}
	fmt.Println(attempts)
	// Output: {"aliyun accepted": 2, "aliyun rejected": 1, "twilio accepted": 1}
}

func ExampleDeduplicate() {
	sender := sms.Chain(provider("aliyun"), middleware.Deduplicate(middleware.NewMemoryStore(0), time.Hour))
	m := code
	m.Key = "login-17"
	for range 2 { // the second is answered from the store
		receipt, err := sender.Send(context.Background(), m)
		fmt.Println(receipt.Provider, err)
	}
	m.Params = sms.Params{"code": "999999"}
	_, err := sender.Send(context.Background(), m)
	fmt.Println(err)
	// Output:
	// aliyun <nil>
	// aliyun <nil>
	// sms: invalid message: the key was used for another message: every message needs a key of its own
}

func ExampleNewBudget() {
	budget, err := middleware.NewBudget(middleware.BudgetLimit{Name: "abroad", Segments: 1, Per: 24 * time.Hour, Regions: []string{"US"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	sender := sms.Chain(provider("twilio"), budget.Middleware)
	for _, to := range []sms.Number{"+15005550006", "+15005550006", "+8613800000000"} {
		_, err := sender.Send(context.Background(), sms.Message{To: to, Body: "hello"})
		fmt.Println(sms.OutcomeOf(err))
	}
	spent, _ := budget.Spent(context.Background())
	fmt.Println("spent:", spent)
	// Output:
	// accepted
	// rejected
	// accepted
	// spent: [1]
}
