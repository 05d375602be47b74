package sqlbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify/sqlstore"
)

// A cluster is a Galera of three nodes, of which a test kills some.
type cluster struct {
	*testing.T
	nodes    []servertest.GaleraNode
	database string
}

// first returns the DSN of the first of some nodes that takes connections.
func (c *cluster) first(nodes ...int) string {
	name := fmt.Sprint("galera", nodes[0])
	mysql.RegisterDialContext(name, func(ctx context.Context, _ string) (conn net.Conn, err error) {
		for _, n := range nodes {
			if conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", c.nodes[n].Addr); err == nil {
				return conn, nil
			}
		}
		return nil, err
	})
	return fmt.Sprintf("root@%s(any)/%s?wsrep_sync_wait=7&interpolateParams=true", name, c.database)
}

// status is the sum of a status variable of some nodes.
func (c *cluster) status(name string, nodes ...int) (sum int) {
	c.Helper()
	for _, n := range nodes {
		var one int
		db := open(c, "mysql", c.nodes[n].DSN(c.database))
		if err := db.QueryRowContext(c.Context(), "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = ?", name).Scan(&one); err != nil {
			c.Fatal(err)
		}
		sum += one
	}
	return sum
}

// On three nodes of Galera the tables are made once, two nodes are written to at once,
// and one of them is killed.
func TestGalera(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts three servers")
	}
	c := &cluster{T: t}
	c.nodes, c.database = servertest.Galera(t)
	c.migrate()
	if !t.Failed() {
		c.work()
	}
}

// migrate makes the tables of two packages on every node at once.
func (c *cluster) migrate() {
	var all sync.WaitGroup
	for _, n := range c.nodes {
		db := open(c, "mysql", n.DSN(c.database))
		for range 2 {
			all.Go(func() {
				if err := sqlbox.Migrate(c.Context(), db, sqlbox.MySQL); err != nil {
					c.Error(err)
				}
				if err := sqlstore.Migrate(c.Context(), db, sqlstore.MySQL); err != nil {
					c.Error(err)
				}
			})
		}
	}
	all.Wait()
	alone := open(c, "mysql", servertest.MariaDB(c))
	for name, err := range map[string]error{"sqlbox": sqlbox.Migrate(c.Context(), alone, sqlbox.MySQL), "sqlstore": sqlstore.Migrate(c.Context(), alone, sqlstore.MySQL)} {
		if err != nil {
			c.Fatal(name, err)
		}
	}
	want := tables(c, alone)
	for i, n := range c.nodes {
		if got := tables(c, open(c, "mysql", n.DSN(c.database))); got != want {
			c.Errorf("node %d has %s; one server has %s", i+1, got, want)
		}
	}
}

// tables says what a database has: columns, columns of indexes, and versions.
func tables(tb testing.TB, db *sql.DB) string {
	tb.Helper()
	text := ""
	for _, query := range []string{
		"SELECT GROUP_CONCAT(table_name, '.', column_name ORDER BY 1, 2) FROM information_schema.columns WHERE table_schema = DATABASE()",
		"SELECT GROUP_CONCAT(index_name, '.', column_name ORDER BY table_name, index_name, seq_in_index) FROM information_schema.statistics WHERE table_schema = DATABASE()",
		"SELECT GROUP_CONCAT(version) FROM notify_outbox_schema", "SELECT GROUP_CONCAT(version) FROM notify_verify_schema",
	} {
		var one string
		if err := db.QueryRowContext(tb.Context(), query).Scan(&one); err != nil {
			tb.Fatal(err)
		}
		text += one + "; "
	}
	return text
}

// warnings counts what an Outbox and its Engine warn of.
type warnings struct {
	slog.Handler
	mu  sync.Mutex
	all []string
}

func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, text)
	return nil
}

func (w *warnings) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (w *warnings) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = nil
}

func (w *warnings) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.all...)
}

// work lets two processes enqueue and send on two nodes, and kills one of the nodes.
func (c *cluster) work() {
	sent := map[string]int{}
	var mu sync.Mutex
	sender := sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
		mu.Lock()
		defer mu.Unlock()
		sent[m.Key]++
		return sms.Receipt{Provider: "fake", ID: m.Key}, nil
	})
	w := &warnings{Handler: slog.DiscardHandler}
	l := &load{T: c.T}
	for _, dsn := range []string{c.first(0, 2), c.first(1, 2)} {
		e := engine(c, open(c, "mysql", dsn), sqlbox.MySQL, sqlbox.Options{Logger: slog.New(w)})
		b, err := outbox.New(outbox.Options{Engine: e, Sender: sender, Logger: slog.New(w)})
		if err != nil {
			c.Fatal(err)
		}
		if err := b.Start(c.Context()); err != nil {
			c.Fatal(err)
		}
		c.Cleanup(func() { _ = b.Close(context.WithoutCancel(c.Context())) })
		l.boxes = append(l.boxes, b)
	}
	w.reset() // of one that the Sender cannot be asked
	l.start(4)
	l.enough(1000)
	aborted := c.status("wsrep_local_cert_failures", 0, 1) + c.status("wsrep_local_bf_aborts", 0, 1)
	if aborted == 0 {
		c.Error("no transaction was undone by another node: this test shows nothing")
	}
	if failed := l.failures(); len(failed) > 0 {
		c.Errorf("%d calls of Enqueue failed because of another node, of them %v", len(failed), failed[0])
	}
	if all := w.list(); len(all) > 0 {
		c.Errorf("%d warnings because of another node, of them %s", len(all), all[0])
	}
	before := l.acknowledged()
	began := time.Now()
	c.nodes[0].Kill()
	l.enough(len(before) + 1000)
	took := time.Since(began)
	for _, key := range l.stop() {
		await(c.T, l.boxes[1], key, outbox.Accepted)
	}
	mu.Lock()
	defer mu.Unlock()
	twice := 0
	for key, times := range sent {
		if times > 1 {
			twice++
			c.Errorf("%s was sent %d times", key, times)
		}
	}
	c.Logf("%d acknowledged, %d before the kill, 1000 more within %v; %d twice; %d transactions undone by another node; %d errors of Enqueue, %d warnings",
		len(l.acknowledged()), len(before), took.Round(time.Millisecond), twice, aborted, len(l.failures()), len(w.list()))
}
