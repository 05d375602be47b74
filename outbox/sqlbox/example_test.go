package sqlbox_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/sms"
)

// The order and the message that speaks of it commit together, or neither does.
func ExampleEnqueueTx() {
	order := func(ctx context.Context, db *sql.DB, box *outbox.Outbox, id string, to sms.Number) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, "INSERT INTO orders (id) VALUES ($1)", id); err != nil {
			return err
		}
		err = sqlbox.EnqueueTx(ctx, box, tx, sms.Message{
			Key: "order-" + id + "-confirmed", To: to, Template: "order-confirmed", Params: sms.Params{"order": id},
		})
		if err != nil {
			return err
		}
		return tx.Commit()
	}
	_ = order
}

// Migrate may be called at every start; Open says so where it was not.
func ExampleOpen() {
	open := func(ctx context.Context, db *sql.DB) (outbox.Engine, error) {
		if err := sqlbox.Migrate(ctx, db, sqlbox.PostgreSQL); err != nil {
			return nil, err
		}
		return sqlbox.Open(ctx, db, sqlbox.PostgreSQL, sqlbox.Options{})
	}
	_ = open
	fmt.Println(sqlbox.PostgreSQL)
	// Output: PostgreSQL
}
