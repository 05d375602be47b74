package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
	"github.com/notifykit/notify/verify/sqlstore"
)

// Processes that serve the same users share the database, and with it limits,
// failures and codes.
func Example() {
	verifier := func(ctx context.Context, db *sql.DB, client sms.Sender, key []byte) (*verify.Verifier, error) {
		if err := sqlstore.Migrate(ctx, db, sqlstore.PostgreSQL); err != nil {
			return nil, err
		}
		store, err := sqlstore.New(db, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
		if err != nil {
			return nil, err
		}
		return verify.New(verify.Options{Sender: client, Store: store, Key: key, Template: "login-code"})
	}
	_ = verifier
	_, err := sqlstore.New(nil, sqlstore.Options{})
	fmt.Println(err)
	// Output:
	// sqlstore: the database is nil
	// sqlstore: there is no dialect 0: write sqlstore.PostgreSQL or sqlstore.MySQL
}
