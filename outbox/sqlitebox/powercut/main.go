// Command powercut shows what a file holds after a power cut. It is run by
// powercut.sh, which takes away everything that had not reached the disk:
//
//	powercut write FILE     puts messages until it is killed, and prints each key once it is acknowledged
//	powercut judge FILE     reads keys, and counts those that the file does not hold
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
	"github.com/notifykit/notify/sms"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "powercut write|judge FILE")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "powercut:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, what, file string) error {
	e, err := sqlitebox.Open(file, sqlitebox.Options{})
	if err != nil {
		return err
	}
	defer e.Close()
	b, err := outbox.New(outbox.Options{Engine: e, Sender: sms.SenderFunc(nil)})
	if err != nil {
		return err
	}
	if what == "judge" {
		return judge(ctx, b)
	}
	var out sync.Mutex
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", g, i)
				if err := b.Enqueue(ctx, sms.Message{To: "+8613800000000", Body: "Your order is on its way.", Key: key}); err != nil {
					fmt.Fprintln(os.Stderr, "powercut:", err)
					return
				}
				out.Lock()
				fmt.Println(key)
				out.Unlock()
			}
		})
	}
	all.Wait()
	return errors.New("it was to be killed")
}

func judge(ctx context.Context, b *outbox.Outbox) error {
	n, lost := 0, 0
	for keys := bufio.NewScanner(os.Stdin); keys.Scan(); n++ {
		if _, err := b.Status(ctx, keys.Text()); errors.Is(err, outbox.ErrNotFound) {
			lost++
		} else if err != nil {
			return err
		}
	}
	fmt.Printf("%d acknowledged, %d lost\n", n, lost)
	return nil
}
