package sqlbox_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/sms"
)

var errBack = errors.New("the order is taken back")

// The ways of docs/outbox-sql.md to give EnqueueTx a transaction, each committed
// and rolled back.
func TestEnqueueTx_through(t *testing.T) {
	dsn := servertest.PostgreSQL(t)
	db := migrated(t, "pgx", dsn, sqlbox.PostgreSQL)
	box, _ := box(t, engine(t, db, sqlbox.PostgreSQL, sqlbox.Options{}))
	for name, in := range map[string]func(ctx context.Context, m sms.Message, end error) error{
		"GORM": func(ctx context.Context, m sms.Message, end error) error {
			orm, err := gorm.Open(postgres.New(postgres.Config{Conn: db}), &gorm.Config{})
			if err != nil {
				return err
			}
			return orm.Transaction(func(tx *gorm.DB) error {
				if err := sqlbox.EnqueueTx(ctx, box, tx.Statement.ConnPool, m); err != nil {
					return err
				}
				return end
			})
		},
		"ent": func(ctx context.Context, m sms.Message, end error) error {
			tx, err := entsql.OpenDB(dialect.Postgres, db).BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			// A generated *ent.Tx with the feature sql/execquery calls this one.
			if err := sqlbox.EnqueueTx(ctx, box, tx.(*entsql.Tx), m); err != nil {
				return errors.Join(err, tx.Rollback())
			}
			if end != nil {
				return errors.Join(end, tx.Rollback())
			}
			return tx.Commit()
		},
		"pgx": func(ctx context.Context, m sms.Message, end error) error {
			conn, err := pgx.Connect(ctx, dsn)
			if err != nil {
				return err
			}
			defer conn.Close(ctx)
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				if err := sqlbox.EnqueueTx(ctx, box, pgxTx{tx}, m); err != nil {
					return err
				}
				return end
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if err := in(ctx, notice(name+"-kept"), nil); err != nil {
				t.Fatal(err)
			}
			if status, err := box.Status(ctx, name+"-kept"); err != nil || status.State != outbox.Queued {
				t.Errorf("committed: %+v, %v", status, err)
			}
			if err := in(ctx, notice(name+"-gone"), errBack); !errors.Is(err, errBack) {
				t.Fatal(err)
			}
			if _, err := box.Status(ctx, name+"-gone"); !errors.Is(err, outbox.ErrNotFound) {
				t.Errorf("rolled back: %v", err)
			}
		})
	}
}

// pgxTx is a transaction of pgx without database/sql, for EnqueueTx.
type pgxTx struct{ pgx.Tx }

func (t pgxTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	tag, err := t.Exec(ctx, query, args...)
	return tagResult{tag.RowsAffected()}, err
}

type tagResult struct{ rows int64 }

func (r tagResult) LastInsertId() (int64, error) { return 0, errors.ErrUnsupported }
func (r tagResult) RowsAffected() (int64, error) { return r.rows, nil }
