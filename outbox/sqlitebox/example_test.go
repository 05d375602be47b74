package sqlitebox_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// A message is on disk when Enqueue answers, and goes out when somebody starts.
func Example() {
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	engine, err := sqlitebox.Open(filepath.Join(dir, "outbox.db"), sqlitebox.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	sender, _ := fake.New(fake.Options{}) // a notify.Client, in a program
	box, err := outbox.New(outbox.Options{Engine: engine, Sender: sender})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	err = box.Enqueue(ctx, sms.Message{Key: "order-1024-shipped", To: "+8613800000000", Body: "Your order is on its way."})
	if err != nil {
		fmt.Println(err)
		return
	}
	before, _ := box.Status(ctx, "order-1024-shipped")
	if err := box.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	for counts := range box.Watch(ctx) {
		if counts.States[outbox.Accepted] == 1 {
			break
		}
	}
	fmt.Println(before.State, box.Close(ctx))
	after, _ := box.Status(ctx, "order-1024-shipped")
	fmt.Println(after.State, after.To)
	// Output:
	// queued <nil>
	// accepted +86138****0000
}
