package sqlbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
)

// Many callers write in groups. A transaction of the program's that has put a key and
// is open blocks that key alone.
func TestEnqueue_openTransaction(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			db := migrated(t, on.driver, on.dsn(t), on.dialect)
			b, _ := box(t, engine(t, db, on.dialect, sqlbox.Options{}))
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := sqlbox.EnqueueTx(t.Context(), b, tx, notice("open")); err != nil {
				t.Fatal(err)
			}
			if on.dialect == sqlbox.MySQL {
				t.Skip("MySQL has no groups: each call waits by itself")
			}
			var others sync.WaitGroup
			open := make(chan error, 1)
			go func() { open <- b.Enqueue(t.Context(), notice("open")) }()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for i := range 64 {
				others.Go(func() {
					for j := range 5 {
						if err := b.Enqueue(ctx, notice(fmt.Sprintf("k%d-%d", i, j))); err != nil {
							t.Error(err)
						}
					}
				})
			}
			others.Wait()
			select {
			case err := <-open:
				t.Fatalf("the key is put while another transaction has it: %v", err)
			default:
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := <-open; err != nil {
				t.Errorf("the same message: %v", err)
			}
			counts, err := b.Count(t.Context())
			if err != nil || counts.States[outbox.Queued] != 321 {
				t.Errorf("%v, %v", counts.States, err)
			}
		})
	}
}
