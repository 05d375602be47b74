package fake_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// A test reads the login code that its program has sent.
func Example() {
	templates, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}."})
	if err != nil {
		log.Fatal(err)
	}
	vendor, err := fake.New(fake.Options{Templates: templates})
	if err != nil {
		log.Fatal(err)
	}
	defer vendor.Close()

	// The program under test:
	receipt, err := vendor.Send(context.Background(), sms.Message{
		To:       "+8613812345678",
		Template: "login-code",
		Params:   sms.Params{"code": "482913"},
	})
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println("accepted by", receipt.Provider, "as", receipt.ID)
	fmt.Println("code:", vendor.Code("+8613812345678"))
	fmt.Println("printed:", vendor.Sent()[0].To, vendor.Sent()[0].Params)
	// Output:
	// accepted by fake as fake-1
	// code: 482913
	// printed: +86138****5678 [code]
}

// Failures come in the order in which they are scripted.
func ExampleProvider_FailNext() {
	vendor, err := fake.New(fake.Options{})
	if err != nil {
		log.Fatal(err)
	}
	vendor.FailNext(sms.Throttled)
	vendor.FailNext(&sms.Error{Reason: sms.Unavailable, Outcome: sms.Unknown})
	for range 3 {
		_, err := vendor.Send(context.Background(), sms.Message{To: "+8613812345678", Body: "Hello"})
		fmt.Println(sms.OutcomeOf(err), errors.Is(err, sms.Throttled), err)
	}
	// Output:
	// rejected true fake: throttled
	// unknown false fake: unavailable, outcome unknown
	// accepted false <nil>
}
