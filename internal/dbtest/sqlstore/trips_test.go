package sqlstore_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
	"github.com/notifykit/notify/verify/sqlstore"
)

// behindProxy opens a Store whose requests are counted.
func behindProxy(t *testing.T, driver, dsn string, d sqlstore.Dialect) (*sqlstore.Store, *servertest.Proxy) {
	t.Helper()
	begin, end := "@", "/"
	if driver == "mysql" {
		begin, end = "tcp(", ")"
	}
	_, rest, _ := strings.Cut(dsn, begin)
	addr, _, _ := strings.Cut(rest, end)
	proxy := servertest.NewProxy(t, addr)
	return open(t, driver, strings.Replace(dsn, addr, proxy.Addr(), 1), d), proxy
}

func verifier(tb testing.TB, s verify.Store) (*verify.Verifier, func(sms.Number) string) {
	tb.Helper()
	var codes sync.Map
	key := sha256.Sum256([]byte("a key"))
	v, err := verify.New(verify.Options{Store: s, Key: key[:], Template: "login-code", Sender: sms.SenderFunc(func(_ context.Context, m sms.Message) (sms.Receipt, error) {
		codes.Store(m.To, m.Params["code"])
		return sms.Receipt{}, nil
	})})
	if err != nil {
		tb.Fatal(err)
	}
	return v, func(n sms.Number) string { code, _ := codes.Load(n); return code.(string) }
}

func newcomer(i int) (sms.Number, string) {
	return sms.Number(fmt.Sprintf("+86138%08d", i)), fmt.Sprintf("%d.%d.%d.9", 11+i>>16, i>>8&255, i&255)
}

// A Start takes at most 3 round trips, and a Check 2.
func TestTrips(t *testing.T) {
	for name, on := range databases {
		t.Run(name, func(t *testing.T) {
			s, proxy := behindProxy(t, on.driver, on.dsn(t), on.dialect)
			v, codeOf := verifier(t, s)
			ctx := t.Context()
			to, ip := newcomer(1)
			count := func(what string, most int, do func() error) {
				t.Helper()
				before := proxy.Requests()
				if err := do(); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				trips := proxy.Requests() - before
				t.Logf("%s: %d trips", what, trips)
				if trips > most {
					t.Errorf("%s takes %d trips, at most %d", what, trips, most)
				}
			}
			start := func(to sms.Number, purpose, ip string) error {
				_, err := v.Start(ctx, verify.Request{To: to, Purpose: purpose, IP: ip})
				return err
			}
			check := func(to sms.Number, code, ip string, want error) error {
				if err := v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: code, IP: ip}); !errors.Is(err, want) {
					return fmt.Errorf("Check answers %v", err)
				}
				return nil
			}
			for i := range 3 { // each connection prepares its statements
				to, ip := newcomer(100 + i)
				if err := start(to, "login", ip); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(check(to, "no", ip, verify.ErrWrong), check(to, codeOf(to), ip, nil),
					check(sms.Number(fmt.Sprintf("+8613900001%03d", i)), "no", ip, verify.ErrNotFound)); err != nil {
					t.Fatal(err)
				}
			}
			count("a first Start", 3, func() error { return start(to, "login", ip) })
			code := codeOf(to)
			count("a Start of another purpose", 3, func() error { return start(to, "pay", ip) })
			count("a wrong answer", 2, func() error { return check(to, "no", ip, verify.ErrWrong) })
			count("a right answer", 2, func() error { return check(to, code, ip, nil) })
			count("an answer for no code", 2, func() error { return check("+8613900000000", "no", ip, verify.ErrNotFound) })
			count("a refused Start", 1, func() error {
				if _, limited := errors.AsType[*verify.LimitError](start(to, "login", ip)); !limited {
					return errors.New("it was not refused")
				}
				return nil
			})
		})
	}
}

// BenchmarkStore compares whole calls of 64 goroutines, each of a new number and of an
// address in a range of its own, with a plain upsert on the same database, in turns: on
// PostgreSQL as it is installed, where each commit waits for the disk, and on servers
// that wait for nothing, where processor time alone counts.
//
//	go test -run - -bench Store -benchtime 1x ./sqlstore
func BenchmarkStore(b *testing.B) {
	durable := databases["PostgreSQL"]
	durable.dsn = func(tb testing.TB) string {
		return servertest.PostgreSQL(tb, "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on", "-c", "autovacuum=on", "-c", "shared_buffers=128MB")
	}
	for _, c := range []struct {
		name string
		on   database
	}{{"PostgreSQL", durable}, {"PostgreSQL_without_the_disk", databases["PostgreSQL"]}, {"MariaDB_without_the_disk", databases["MariaDB"]}} {
		on := c.on
		b.Run(c.name, func(b *testing.B) {
			db, err := sql.Open(on.driver, on.dsn(b))
			if err != nil {
				b.Fatal(err)
			}
			s := prepared(b, db, on.dialect)
			v, codeOf := verifier(b, s)
			if _, err := db.Exec("CREATE TABLE plain (id VARCHAR(64) PRIMARY KEY, n BIGINT NOT NULL)"); err != nil {
				b.Fatal(err)
			}
			upsert := "INSERT INTO plain (id, n) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET n = plain.n + 1"
			if on.dialect == sqlstore.MySQL {
				upsert = "INSERT INTO plain (id, n) VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1"
			}
			const each = 500 * time.Millisecond
			var n, calls, started atomic.Int64
			rate := func(do func(i int) error) float64 {
				calls.Store(0)
				began := time.Now()
				var all sync.WaitGroup
				for range 64 {
					all.Go(func() {
						for time.Since(began) < each {
							if err := do(int(n.Add(1))); err != nil {
								b.Error(err)
								return
							}
							calls.Add(1)
						}
					})
				}
				all.Wait()
				return float64(calls.Load()) / time.Since(began).Seconds()
			}
			ctx := b.Context()
			for b.Loop() {
				var plain, start, check float64
				const rounds = 4
				for range rounds {
					plain += rate(func(i int) error {
						to, _ := newcomer(i)
						_, err := db.ExecContext(ctx, upsert, to.E164())
						return err
					})
					first := n.Load() + 1
					start += rate(func(i int) error {
						to, ip := newcomer(i)
						_, err := v.Start(ctx, verify.Request{To: to, Purpose: "login", IP: ip})
						return err
					})
					started.Store(n.Load())
					next := atomic.Int64{}
					check += rate(func(int) error {
						i := first + next.Add(1)%(started.Load()-first+1) // again from the first after the last
						to, ip := newcomer(int(i))
						if err := v.Check(ctx, verify.Attempt{To: to, Purpose: "login", Code: codeOf(to), IP: ip}); err != nil {
							if _, judged := errors.AsType[*verify.CheckError](err); !judged {
								return err
							}
						}
						return nil
					})
				}
				b.ReportMetric(plain/rounds, "upserts/s")
				b.ReportMetric(start/plain, "start/upsert")
				b.ReportMetric(check/plain, "check/upsert")
			}
		})
	}
}
