package notify_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// The program of ten lines. A program that sends for real gives aliyun.Driver()
// and twilio.Driver() in the place of the fake.
func Example() {
	vendor, err := fake.New(fake.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := notify.Open("testdata/notify.yaml", vendor.Driver("aliyun"), vendor.Driver("twilio"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	to, err := sms.ParseNumber("138 0000 0000", "CN")
	if err != nil {
		fmt.Println(err)
		return
	}
	receipt, err := client.Send(context.Background(), sms.Message{
		To: to, Template: "login-code", Params: sms.Params{"code": "482913"},
	})
	switch sms.OutcomeOf(err) {
	case sms.Accepted:
		fmt.Println("accepted by", receipt.Provider, "for", to)
	case sms.Rejected:
		fmt.Println("certainly not sent:", sms.ReasonOf(err))
	case sms.Unknown:
		fmt.Println("nobody can know yet:", err)
	}
	// Output: accepted by aliyun for +86138****0000
}

// Two vendors, the first of which has no money left: the message goes out
// through the second, once, and the receipt tells both tries.
func ExampleNew() {
	main, err := fake.New(fake.Options{Name: "main"})
	if err != nil {
		fmt.Println(err)
		return
	}
	spare, err := fake.New(fake.Options{Name: "spare"})
	if err != nil {
		fmt.Println(err)
		return
	}
	main.Fail(sms.AccountBlocked)

	client, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{
			"main":  {Driver: "main"},
			"spare": {Driver: "spare"},
		},
		Routes: []notify.Route{{Providers: []string{"main", "spare"}}},
	}, main.Driver("main"), spare.Driver("spare"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	receipt, err := client.Send(context.Background(), sms.Message{To: "+8613800000000", Body: "Your parcel has arrived."})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, attempt := range receipt.Attempts {
		fmt.Printf("%d. %s: %s\n", i+1, attempt.Provider, sms.OutcomeOf(attempt.Err))
	}
	fmt.Println("accepted by", receipt.Provider)
	fmt.Println("the spare vendor took", len(spare.Sent()))
	// Output:
	// 1. main: rejected
	// 2. spare: accepted
	// accepted by spare
	// the spare vendor took 1
}

// A configuration file with three faults: all of them at once, each with its
// place and the way out.
func ExampleOpen_faults() {
	_, err := notify.Open("testdata/faults.yaml", fake.Driver())
	fmt.Println(err)
	// Output:
	// notify: testdata/faults.yaml has 3 faults:
	//   testdata/faults.yaml:2:25: providers.local.latencey: there is no key "latencey": did you mean "latency"?
	//   testdata/faults.yaml:7:16: templates.parcel.bindings.lokal: there is no provider "lokal": did you mean "local"?
	//   testdata/faults.yaml:9:33: routes[0].providers[0]: there is no provider "loca": did you mean "local"?
}

// SendAll reads a source of any length and holds a few messages at a time.
func ExampleClient_SendAll() {
	vendor, err := fake.New(fake.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{"fake": {Sender: vendor}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	var people iter.Seq2[sms.Message, error] = func(yield func(sms.Message, error) bool) {
		for _, to := range []sms.Number{"+8613800000001", "13800000002", "+8613800000003"} {
			if !yield(sms.Message{To: to, Body: "The office is closed tomorrow."}, nil) {
				return
			}
		}
	}
	var lines []string
	for m, result := range client.SendAll(context.Background(), people, notify.BulkOptions{Concurrency: 2}) {
		line := fmt.Sprint(m.To, " ", sms.OutcomeOf(result.Err), " ", sms.ReasonOf(result.Err))
		lines = append(lines, strings.TrimSpace(line)) // the reason of nil is empty
	}
	slices.Sort(lines) // they come in order of completion
	for _, line := range lines {
		fmt.Println(line)
	}
	// Output:
	// **** rejected invalid_number
	// +86138****0001 accepted
	// +86138****0003 accepted
}
