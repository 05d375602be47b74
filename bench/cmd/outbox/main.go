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

// bareStatements takes what an outbox has on its file to its end with the
// statements that this needs and nothing else: the same rows and indexes, a group
// at a time, each mark and each end committed.
func bareStatements(ctx context.Context, path string, n, group int) (float64, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(2000)")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	mark, err := db.PrepareContext(ctx, "UPDATE notify_outbox SET state = 2, ready = 0, owner = 7, lease = 7, was_at = at, at = ? WHERE id IN (SELECT id FROM notify_outbox WHERE ready = 1 AND class = 'promotion' AND due <= ? ORDER BY due, id LIMIT ?) RETURNING id, data")
	if err != nil {
		return 0, err
	}
	end, err := db.PrepareContext(ctx, "UPDATE notify_outbox SET state = 3, at = ?, owner = NULL, tries = 1, story = ?, data = NULL WHERE id = ? AND state = 2 AND lease = 7")
	if err != nil {
		return 0, err
	}
	story := make([]byte, 220) // as long as that of a message accepted at once
	began := time.Now()
	for done := 0; done < n; {
		rows, err := mark.QueryContext(ctx, time.Now().UnixMicro(), time.Now().UnixMicro(), group)
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
		if len(ids) == 0 {
			return 0, fmt.Errorf("the file has %d messages, not %d", done, n)
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return 0, err
		}
		one := tx.StmtContext(ctx, end)
		for _, id := range ids {
			if _, err := one.ExecContext(ctx, time.Now().UnixMicro(), story, id); err != nil {
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
