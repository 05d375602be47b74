package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/sms"
)

// Fill leaves n promotions waiting on e.
func Fill(ctx context.Context, e outbox.Engine, n int) error {
	b, err := outbox.New(outbox.Options{Engine: e, Sender: sms.SenderFunc(nothing), Templates: registry})
	if err != nil {
		return err
	}
	if err := fill(ctx, b, n); err != nil {
		return err
	}
	return b.Close(ctx)
}

// CodeBehind gives the longest time of 50 from the Enqueue of a code to the Sender,
// while promotions wait on e, which 8 workers send, each in 5 ms. It closes e.
func CodeBehind(ctx context.Context, e outbox.Engine) (longest time.Duration, err error) {
	c := Case{Workers: 8, Open: func() (outbox.Engine, func() error, error) { return e, e.Close, nil }}
	came := make(chan string, 1)
	b, _, closed, err := c.box(coming(came), c.Workers)
	if err != nil {
		return 0, err
	}
	if err := b.Start(ctx); err != nil {
		return 0, err
	}
	for i := range 50 {
		took, err := code(ctx, b, fmt.Sprint("behind-", i), came)
		if err != nil {
			return 0, err
		}
		longest = max(longest, took)
	}
	return longest, closed()
}

// coming is a Sender that tells of codes, and takes 5 ms for everything else.
func coming(came chan<- string) sms.SenderFunc {
	return func(ctx context.Context, m sms.Message) (sms.Receipt, error) {
		if m.Template == "code" {
			came <- m.Key
		} else {
			time.Sleep(5 * time.Millisecond)
		}
		return nothing(ctx, m)
	}
}

// code gives how long a code takes from Enqueue to the Sender.
func code(ctx context.Context, b *outbox.Outbox, key string, came <-chan string) (time.Duration, error) {
	began := time.Now()
	m := sms.Message{To: "+8613800000000", Template: "code", Params: sms.Params{"code": "482913"}, Key: key}
	if err := b.Enqueue(ctx, m); err != nil {
		return 0, err
	}
	<-came
	return time.Since(began), nil
}
