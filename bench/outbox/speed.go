package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/bench/cputime"
)

// A Speed is what taking a backlog to its end cost.
type Speed struct {
	PerSecond float64 // messages
	// Server and Client are processor time a message, in microseconds: of all
	// processes of the database, and of this one. SQLite is in this one.
	Server, Client float64
	Allocations    float64 // a message
	Group          float64 // messages of a commit, of ours
}

// String returns the figures on one line.
func (s Speed) String() string {
	return fmt.Sprintf("%6.0f/s, server %4.1f µs, client %4.1f µs, %4.1f allocations, groups of %.0f", s.PerSecond, s.Server, s.Client, s.Allocations, s.Group)
}

// A Round is ours and both bare forms, one after another on the same store.
type Round struct{ Ours, Apart, AtOnce Speed }

// Round measures one round of n messages.
func (c Case) Round(ctx context.Context, n int) (r Round, err error) {
	if r.Ours, err = c.ours(ctx, n); err != nil {
		return r, err
	}
	if r.Apart, err = c.bare(ctx, n, Apart); err != nil {
		return r, err
	}
	r.AtOnce, err = c.bare(ctx, n, AtOnce)
	return r, err
}

// bare lets the bare statements take a backlog to its end.
func (c Case) bare(ctx context.Context, n int, form Form) (s Speed, err error) {
	b, _, closed, err := c.box(nothing, c.Workers)
	if err != nil {
		return s, err
	}
	if err := fill(ctx, b, n); err != nil {
		return s, err
	}
	if err := closed(); err != nil {
		return s, err
	}
	db, err := c.Bare()
	if err != nil {
		return s, err
	}
	defer db.Close()
	s, err = c.measured(db, n, func() error { return Bare(ctx, db, c.PostgreSQL, form, n, c.Workers) })
	s.Group = float64(c.Workers)
	return s, err
}

// measured measures what do costs for n messages.
func (c Case) measured(db *sql.DB, n int, do func() error) (s Speed, err error) {
	server := func() (time.Duration, error) { return 0, nil }
	if c.PostgreSQL {
		if server, err = servers(db); err != nil {
			return s, err
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used, err := server()
	if err != nil {
		return s, err
	}
	client := cputime.Used()
	began := time.Now()
	if err := do(); err != nil {
		return s, err
	}
	took := time.Since(began)
	client = cputime.Used() - client
	then, err := server()
	if err != nil {
		return s, err
	}
	runtime.ReadMemStats(&after)
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(n) }
	return Speed{PerSecond: float64(n) / took.Seconds(), Server: each(then - used), Client: each(client), Allocations: float64(after.Mallocs-before.Mallocs) / float64(n)}, nil
}

// servers returns a function that returns the processor time of all processes of
// PostgreSQL on this machine: zero if the system does not tell.
func servers(db *sql.DB) (func() (time.Duration, error), error) {
	var backend int
	if err := db.QueryRow("SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return nil, err
	}
	parent := stat(backend)
	if parent == nil {
		return func() (time.Duration, error) { return 0, nil }, nil
	}
	return func() (sum time.Duration, err error) {
		all, err := os.ReadDir("/proc")
		if err != nil {
			return 0, err
		}
		for _, one := range all {
			pid, err := strconv.Atoi(one.Name())
			if err != nil {
				continue
			}
			if f := stat(pid); f != nil && (f[1] == parent[1] || strconv.Itoa(pid) == parent[1]) {
				for _, ticks := range f[11:13] { // user and system
					t, _ := strconv.Atoi(ticks) // the system writes numbers
					sum += time.Duration(t) * 10 * time.Millisecond
				}
			}
		}
		return sum, nil
	}, nil
}

// stat returns the fields of /proc/PID/stat after the name: state, parent and so on.
func stat(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}
