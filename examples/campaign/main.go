// Command campaign texts 100,000 people from one file on disk, with a line that
// shows how far it is. Stop it however you like, Ctrl-C or kill -9, and run it
// again: it goes on, and nobody gets the message twice.
//
//	go run ./cmd/notify sandbox --lenient &      # or any vendor
//	go run ./examples/campaign -endpoint http://127.0.0.1:8025 -file campaign.db
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

func main() {
	endpoint := flag.String("endpoint", "http://127.0.0.1:8025", "the vendor, or a sandbox")
	file := flag.String("file", "campaign.db", "where it is kept")
	people := flag.Int("people", 100_000, "how many people")
	workers := flag.Int("workers", 64, "how many calls at once")
	findAfter := flag.Duration("find-after", sms.FindAfter, "how long after a call nobody knows the outcome of the vendor is asked")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *endpoint, *file, *people, *workers, *findAfter); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, endpoint, file string, people, workers int, findAfter time.Duration) (err error) {
	engine, err := sqlitebox.Open(file, sqlitebox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	templates, err := sms.NewRegistry(sms.Template{Name: "shipped", Text: "${name},您的订单${order}已发货。", Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}}})
	if err != nil {
		return err
	}
	client, err := aliyun.New(aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature,
		Endpoint: endpoint, Templates: templates, FindAfter: findAfter})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	box, err := outbox.New(outbox.Options{Engine: engine, Sender: client, Templates: templates, Workers: workers, FindAfter: findAfter,
		SendTimeout: 10 * time.Second, WatchEvery: 250 * time.Millisecond})
	if err != nil {
		return err
	}
	if err := box.Start(ctx); err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		err = errors.Join(err, box.Close(closing))
	}()
	if err := enqueue(ctx, box, people); err != nil {
		return err
	}
	return watch(ctx, out, box, people)
}

// enqueue puts everybody into the outbox. Those who are there already, from the
// run before, are no fault: the key says who it is for.
func enqueue(ctx context.Context, box *outbox.Outbox, people int) error {
	batch := make([]sms.Message, 0, 1000)
	for i := range people {
		batch = append(batch, sms.Message{
			Key: fmt.Sprintf("spring-%d", i), To: sms.Number(fmt.Sprintf("+86139%08d", i)),
			Template: "shipped", Params: sms.Params{"name": "张三", "order": fmt.Sprintf("A-%d", i)},
		})
		if len(batch) == cap(batch) || i == people-1 {
			if err := box.Enqueue(ctx, batch...); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// watch shows how far it is, until everything has ended.
func watch(ctx context.Context, out io.Writer, box *outbox.Outbox, people int) error {
	began := time.Now()
	first := int64(-1)
	for counts, err := range box.Watch(ctx) {
		if err != nil {
			return err
		}
		done := int64(0)
		for state, n := range counts.States {
			if state != outbox.Queued && state != outbox.Sending {
				done += n
			}
		}
		if first < 0 {
			first = done
		}
		rate := float64(done-first) / time.Since(began).Seconds()
		fmt.Fprintf(out, "\r%d of %d: %d accepted, %d held, %d dead, %.0f a second   ", done, people, counts.States[outbox.Accepted], counts.States[outbox.Held], counts.States[outbox.Dead], rate)
		if int(done) >= people {
			fmt.Fprintln(out)
			return nil
		}
	}
	fmt.Fprintln(out, "\nstopped: run it again to go on")
	return nil
}
