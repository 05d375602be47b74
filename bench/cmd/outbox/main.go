// Command outbox measures the outbox on a file of SQLite, beside the bare
// statements with the same commits:
//
//	go run ./bench/cmd/outbox
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"time"

	measure "github.com/notifykit/notify/bench/outbox"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
)

func main() {
	n := flag.Int("n", 100_000, "messages of a backlog")
	workers := flag.Int("workers", 64, "workers")
	flag.Parse()
	if err := run(context.Background(), *n, *workers); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, n, workers int) error {
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stores := 0
	path := func() string { stores++; return filepath.Join(dir, fmt.Sprint(stores, ".db")) }
	f, err := measure.Case{Name: "sqlitebox", Workers: workers, Open: func() (outbox.Engine, func() error, error) {
		e, err := sqlitebox.Open(path(), sqlitebox.Options{})
		if err != nil {
			return nil, nil, err
		}
		return e, e.Close, nil
	}}.Measure(ctx, n)
	if err != nil {
		return err
	}
	bare, err := bareStatements(ctx, path(), n, workers)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %s/%s, %d processors; %d messages, %d workers\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), n, workers)
	fmt.Println("| | sqlitebox |\n|---|---:|")
	for _, line := range []struct {
		what string
		of   any
	}{
		{"enqueued a second, 1 goroutine", int(f.One)},
		{"enqueued a second, 64 goroutines", int(f.Many)},
		{"enqueued a second, batches of 1,000", int(f.Batches)},
		{fmt.Sprintf("sent a second from a backlog, sender of 0 ms, %d workers", workers), int(f.EndToEnd)},
		{fmt.Sprintf("the bare statements with the same commits, %d at once", workers), int(bare)},
		{"ours to the bare statements", fmt.Sprintf("%.2f", f.EndToEnd/bare)},
		{fmt.Sprintf("sent a second, sender of 50 ms, %d workers (at most %d)", workers, workers*20), int(f.Slow)},
		{"from Enqueue to the Sender, alone: half within", f.P50.Round(10 * time.Microsecond)},
		{"from Enqueue to the Sender, alone: 99 of 100 within", f.P99.Round(10 * time.Microsecond)},
		{fmt.Sprintf("a code behind %d promotions, 8 workers of 5 ms: the longest of 50", n), f.Code.Round(10 * time.Microsecond)},
	} {
		fmt.Printf("| %s | %v |\n", line.what, line.of)
	}
	return nil
}

// bareStatements marks and ends messages of a table, a group of workers at a
// time, each mark and each end committed, and gives how many a second.
func bareStatements(ctx context.Context, path string, n, group int) (float64, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(2000)")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "CREATE TABLE m (id INTEGER PRIMARY KEY, k TEXT UNIQUE, class TEXT, state INTEGER, due INTEGER, data BLOB); CREATE INDEX d ON m (class, due, id) WHERE state = 1"); err != nil {
		return 0, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	for i := range n {
		if _, err := tx.ExecContext(ctx, "INSERT INTO m (k, class, state, due, data) VALUES (?, 'promotion', 1, ?, ?)", fmt.Sprint("k", i), i, make([]byte, 250)); err != nil {
			return 0, err
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	began := time.Now()
	for done := 0; done < n; {
		rows, err := db.QueryContext(ctx, "UPDATE m SET state = 2 WHERE id IN (SELECT id FROM m WHERE state = 1 AND class = 'promotion' ORDER BY due, id LIMIT ?) RETURNING id, data", group)
		if err != nil {
			return 0, err
		}
		var ids []int64
		for rows.Next() {
			var id int64
			var data []byte
			if err := rows.Scan(&id, &data); err != nil {
				return 0, err
			}
			ids = append(ids, id)
		}
		if err := rows.Close(); err != nil {
			return 0, err
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, "UPDATE m SET state = 3, data = NULL WHERE id = ?", id); err != nil {
				return 0, err
			}
		}
		if err := tx.Commit(); err != nil {
			return 0, err
		}
		done += len(ids)
	}
	return float64(n) / time.Since(began).Seconds(), nil
}
