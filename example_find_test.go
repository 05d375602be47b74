package notify_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// A slowVendor takes messages, and its answers do not come in time.
type slowVendor struct{ *fake.Provider }

func (v slowVendor) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if receipt, err := v.Provider.Send(ctx, m); err != nil {
		return receipt, err
	}
	<-ctx.Done()
	return sms.Receipt{}, &sms.Error{Reason: sms.Canceled, Key: m.Key, Err: ctx.Err()} // its Outcome is Unknown
}

// The caller's time is over, and it is not known whether the message was sent. Later
// the vendor is asked. ErrNotFound is the only answer after which the program may
// send again.
func ExampleClient_Find() {
	vendor, err := fake.New(fake.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := notify.New(notify.Config{Providers: map[string]notify.ProviderConfig{"fake": {Sender: slowVendor{vendor}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	m := sms.Message{To: "+8613800000000", Body: "Your order A-1024 has been shipped.", Key: sms.NewKey()}
	started := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	receipt, err := client.Send(ctx, m)
	fmt.Println(sms.OutcomeOf(err))

	later := context.Background() // another request, or a job of the night
	if sms.OutcomeOf(err) == sms.Unknown {
		receipt, err = client.Find(later, m, started)
	}
	switch {
	case err == nil:
		fmt.Println("found at", receipt.Provider)
	case errors.Is(err, sms.ErrNotFound):
		fmt.Println("never taken: it may be sent again")
	default:
		fmt.Println("nobody can say yet: ask again later")
	}
	// Output:
	// unknown
	// found at fake
}
