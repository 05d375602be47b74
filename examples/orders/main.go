// Command orders takes an order and texts the customer, in one transaction of the
// database: the message goes out if, and only if, the order stands.
//
//	go run ./examples/orders -driver pgx   -dsn postgres://me@127.0.0.1/shop
//	go run ./examples/orders -driver mysql -dsn 'me@tcp(127.0.0.1:3306)/shop'
//
// It sends to a sandbox of its own, whose inbox it prints.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

func main() {
	driver := flag.String("driver", "pgx", "pgx or mysql")
	dsn := flag.String("dsn", "", "the database, as the driver takes it")
	flag.Parse()
	if err := run(context.Background(), *driver, *dsn); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, driver, dsn string) (err error) {
	vendor, err := sandbox.Listen("", sandbox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vendor.Close()) }()
	shop, err := open(ctx, driver, dsn, vendor.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.close()) }()

	if err := shop.order(ctx, "A-1024", "张三", "+8613800000001", true); err != nil {
		return err
	}
	fmt.Println("order A-1024 is committed, and its message with it")
	if err := shop.order(ctx, "A-1025", "李四", "+8613800000002", false); !errors.Is(err, errOutOfStock) {
		return fmt.Errorf("order A-1025: %w", err)
	}
	fmt.Println("order A-1025 is rolled back, and its message with it")

	waiting, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := vendor.Await(waiting, "+8613800000001", ""); err != nil {
		return err
	}
	for _, m := range vendor.Messages("") {
		fmt.Println("the vendor has:", m.To, m.Text)
	}
	return nil
}

// A shop has orders, and an outbox on the same database.
type shop struct {
	db     *sql.DB
	engine *sqlbox.Engine
	box    *outbox.Outbox
	place  string // how the driver writes parameters
}

func open(ctx context.Context, driver, dsn, endpoint string) (*shop, error) {
	dialect, place, charset := sqlbox.PostgreSQL, "$1, $2", ""
	if driver == "mysql" {
		dialect, place, charset = sqlbox.MySQL, "?, ?", " CHARACTER SET utf8mb4"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	if err := sqlbox.Migrate(ctx, db, dialect); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS orders (id varchar(20) PRIMARY KEY, customer varchar(100) NOT NULL)"+charset); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	engine, err := sqlbox.Open(ctx, db, dialect, sqlbox.Options{})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	box, err := newBox(engine, endpoint)
	if err == nil {
		err = box.Start(ctx) // here too; as a rule another process sends
	}
	if err != nil {
		return nil, errors.Join(err, engine.Close(), db.Close())
	}
	return &shop{db, engine, box, place}, nil
}

func newBox(engine outbox.Engine, endpoint string) (*outbox.Outbox, error) {
	templates, err := sms.NewRegistry(sms.Template{Name: "order-shipped", Text: "${name},您的订单${order}已发货。",
		Bindings: map[string]sms.Binding{"aliyun": {ID: "SMS_0002"}}})
	if err != nil {
		return nil, err
	}
	client, err := aliyun.New(aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret,
		From: sandbox.AliyunSignature, Endpoint: endpoint, Templates: templates})
	if err != nil {
		return nil, err
	}
	return outbox.New(outbox.Options{Engine: engine, Sender: client, Templates: templates})
}

var errOutOfStock = errors.New("out of stock")

// order is one transaction: the order's row and the message's, or neither.
func (s *shop) order(ctx context.Context, id, customer string, to sms.Number, inStock bool) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to say
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders (id, customer) VALUES ("+s.place+")", id, customer); err != nil {
		return err
	}
	err = sqlbox.EnqueueTx(ctx, s.box, tx, sms.Message{
		Key: "order-" + id + "-shipped", To: to, Template: "order-shipped", Params: sms.Params{"name": customer, "order": id},
	})
	if err != nil {
		return err
	}
	if !inStock { // found out late, as it happens
		return errOutOfStock
	}
	return tx.Commit()
}

func (s *shop) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(s.box.Close(ctx), s.engine.Close(), s.db.Close())
}
