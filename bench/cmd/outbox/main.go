// Command outbox measures the outbox on a file of SQLite, beside the bare
// statements with the same commits:
//
//	go run ./bench/cmd/outbox
//	go run ./bench/cmd/outbox -waiting 1000000
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
	wait := flag.Int("waiting", 0, "measure instead what so many waiting messages cost")
	flag.Parse()
	if *wait > 0 {
		if err := waiting(context.Background(), *wait); err != nil {
			log.Fatal(err)
		}
		return
	}
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
	path := func() string { return filepath.Join(dir, fmt.Sprint(stores, ".db")) }
	f, err := measure.Case{Workers: workers, Open: func() (outbox.Engine, func() error, error) {
		stores++
		e, err := sqlitebox.Open(path(), sqlitebox.Options{})
		if err != nil {
			return nil, nil, err
		}
		return e, e.Close, nil
	}, Bare: func() (*sql.DB, error) { return measure.OpenSQLite(path()) }}.Measure(ctx, n)
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
		{fmt.Sprintf("sent a second from a backlog, sender of 0 ms, %d workers", workers), int(f.Bare.Ours.PerSecond)},
		{"the bare statements, ends with the next marks", int(f.Bare.AtOnce.PerSecond)},
		{"ours to the bare statements", fmt.Sprintf("%.2f", f.Bare.Ours.PerSecond/f.Bare.AtOnce.PerSecond)},
		{fmt.Sprintf("sent a second, sender of 50 ms, %d workers (at most %d)", workers, workers*20), int(f.Slow)},
		{"from Enqueue to the Sender, alone: half within", f.P50.Round(10 * time.Microsecond)},
		{"from Enqueue to the Sender, alone: 99 of 100 within", f.P99.Round(10 * time.Microsecond)},
		{fmt.Sprintf("a code behind %d promotions, 8 workers of 5 ms: the longest of 50", n), f.Code.Round(10 * time.Microsecond)},
	} {
		fmt.Printf("| %s | %v |\n", line.what, line.of)
	}
	return nil
}
