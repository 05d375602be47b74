package delivery_test

import (
	"context"
	"fmt"
	"log"

	notify "github.com/notifykit/notify"
	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// A tracker records what Send returns, and the reports that follow.
func Example() {
	ctx := context.Background()
	tracker, err := delivery.New(delivery.Options{Store: delivery.NewMemoryStore(100_000)})
	if err != nil {
		log.Fatal(err)
	}
	client, err := notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{"local": {Driver: "fake"}},
		Delivery:  tracker,
	}, fake.Driver())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	receipt, err := client.Send(ctx, sms.Message{To: "+14155550100", Key: "order-1", Body: "Your order is on its way."})
	if err != nil {
		log.Fatal(err)
	}
	// The vendor reports out of order.
	for _, state := range []sms.DeliveryState{sms.StateDelivered, sms.StateSent} {
		if err := tracker.Report(ctx, sms.Report{Provider: "local", ID: receipt.ID, To: "+14155550100", State: state}); err != nil {
			log.Fatal(err)
		}
	}
	status, err := tracker.Status(ctx, "order-1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status.To, status.State)
	// Output: +141****0100 delivered
}
