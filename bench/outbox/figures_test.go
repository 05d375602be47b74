package outbox_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	measure "github.com/notifykit/notify/bench/outbox"
	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
)

var figures = flag.Int("figures", 0, "how many messages to measure each engine and queue with, on servers that sync every commit; 0 tries whether they work, with a few")

func TestMain(m *testing.M) { servertest.Main(m) }

var rounds = flag.Int("rounds", 1, "how many rounds of TestSpeed")

const few = 1000

func size() int {
	if *figures > 0 {
		return *figures
	}
	return few
}

// cases are our engines with several numbers of workers.
func cases(t *testing.T) map[string]measure.Case {
	all := map[string]measure.Case{}
	for _, workers := range []int{64, 256} {
		all[fmt.Sprintf("SQLite, %d workers", workers)] = sqlite(t, workers)
		all[fmt.Sprintf("PostgreSQL, %d workers", workers)] = postgreSQL(t, workers)
	}
	return all
}

func sqlite(t *testing.T, workers int) measure.Case {
	dir, files := t.TempDir(), 0
	path := func() string { return filepath.Join(dir, fmt.Sprint(files, ".db")) }
	return measure.Case{Workers: workers, Open: func() (outbox.Engine, func() error, error) {
		files++
		e, err := sqlitebox.Open(path(), sqlitebox.Options{})
		if err != nil {
			return nil, nil, err
		}
		return e, e.Close, nil
	}, Bare: func() (*sql.DB, error) { return measure.OpenSQLite(path()) }}
}

func postgreSQL(t *testing.T, workers int) measure.Case {
	dsn := servertest.PostgreSQL(t, durable...)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(80)
	db.SetMaxIdleConns(80)
	if err := sqlbox.Migrate(t.Context(), db, sqlbox.PostgreSQL); err != nil {
		t.Fatal(err)
	}
	return measure.Case{Workers: workers, PostgreSQL: true, Open: func() (outbox.Engine, func() error, error) {
		if _, err := db.ExecContext(t.Context(), "TRUNCATE notify_outbox"); err != nil {
			return nil, nil, err
		}
		e, err := sqlbox.Open(t.Context(), db, sqlbox.PostgreSQL, sqlbox.Options{})
		if err != nil {
			return nil, nil, err
		}
		return e, e.Close, nil
	}, Bare: func() (*sql.DB, error) { return sql.Open("pgx", dsn) }}
}

// TestSpeed prints rounds of ours and both forms of the bare statements, which do the
// JSON of an outbox too, and the medians of ours to the best form.
func TestSpeed(t *testing.T) {
	all := cases(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var ratios, client []float64
		for range *rounds {
			r, err := all[name].Round(t.Context(), size())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s\n  ours          %v\n  bare, apart   %v\n  bare, at once %v", name, r.Ours, r.Apart, r.AtOnce)
			best := max(r.AtOnce.PerSecond, r.Apart.PerSecond)
			ratios, client = append(ratios, r.Ours.PerSecond/best), append(client, r.Ours.Client/r.AtOnce.Client)
		}
		slices.Sort(ratios)
		slices.Sort(client)
		t.Logf("%s: ours to the best form, median of %d: %.2f; client processor time %.2f times", name, *rounds, ratios[len(ratios)/2], client[len(client)/2])
	}
}

// TestFigures prints what stands in docs/outbox.md.
func TestFigures(t *testing.T) {
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) { engine(t, c) })
	}
}

var durable = []string{"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on", "-c", "shared_buffers=256MB", "-c", "autovacuum=on", "-c", "max_connections=200"}

func engine(t *testing.T, c measure.Case) {
	f, err := c.Measure(t.Context(), size())
	if err != nil {
		t.Fatal(err)
	}
	print(t, f)
	t.Logf("sender of 50 ms: %.0f a second (at most %d); a code behind %d promotions, 8 workers of 5 ms, the longest of 50: %v", f.Slow, c.Workers*20, size(), f.Code.Round(10*time.Microsecond))
	t.Logf("ours    %v\nbare, apart   %v\nbare, at once %v", f.Bare.Ours, f.Bare.Apart, f.Bare.AtOnce)
	if f.Bare.Ours.PerSecond == 0 || f.Bare.Apart.PerSecond == 0 || f.Bare.AtOnce.PerSecond == 0 {
		t.Error("nothing was measured")
	}
}

func print(t *testing.T, f measure.Figures) {
	t.Logf("enqueued a second by 1: %.0f, by 64: %.0f, in batches of 1,000: %.0f; from a backlog, sender of 0 ms: %.0f; alone: half within %v, 99 of 100 within %v",
		f.One, f.Many, f.Batches, f.Bare.Ours.PerSecond, f.P50.Round(10*time.Microsecond), f.P99.Round(10*time.Microsecond))
}

// TestQueues prints the same of queues that have no record by key.
func TestQueues(t *testing.T) {
	ctx := t.Context()
	latencies := 3
	if *figures > 0 {
		latencies = 50
	}
	for name, open := range map[string]func(t *testing.T) func() (measure.Queue, error){
		"River on PostgreSQL, 64 workers":    rivers(ctx, 64),
		"River on PostgreSQL, 1000 workers":  rivers(ctx, 1000),
		"asynq, a sync a write, 64 workers":  asynqs(64, "--appendonly", "yes", "--appendfsync", "always"),
		"asynq, a sync a second, 64 workers": asynqs(64, "--appendonly", "yes", "--appendfsync", "everysec"),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := measure.MeasureQueue(ctx, open(t), size(), latencies)
			if err != nil {
				t.Fatal(err)
			}
			print(t, f)
		})
	}
}

func rivers(ctx context.Context, workers int) func(t *testing.T) func() (measure.Queue, error) {
	return func(t *testing.T) func() (measure.Queue, error) {
		dsn := servertest.PostgreSQL(t, durable...)
		return func() (measure.Queue, error) { return newRiver(ctx, dsn, workers) }
	}
}

func asynqs(workers int, args ...string) func(t *testing.T) func() (measure.Queue, error) {
	return func(t *testing.T) func() (measure.Queue, error) {
		addr := servertest.Redis(t, args...)
		return func() (measure.Queue, error) { return newAsynq(addr, workers) }
	}
}
