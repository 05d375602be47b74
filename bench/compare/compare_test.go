package compare_test

import (
	"context"
	"strings"
	"testing"

	"github.com/notifykit/notify/bench/compare"
	"github.com/notifykit/notify/sms"
)

var message = sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": "482913"}, Kind: sms.Verification, Key: "key"}

// Both sides do the same work: every message arrives, and of ours at most as
// much is allocated as is promised.
func TestCases(t *testing.T) {
	for _, c := range compare.Cases() {
		t.Run(c.Title(), func(t *testing.T) {
			ctx, cancel := c.Context(t.Context())
			defer cancel()
			for name, s := range map[string]sms.Sender{"ours": c.Ours, "theirs": c.Theirs} {
				if r, err := s.Send(ctx, message); err != nil || r.Provider != "noop" {
					t.Errorf("%s: %v, %v", name, r, err)
				}
			}
			got := testing.AllocsPerRun(100, func() {
				if _, err := c.Ours.Send(ctx, message); err != nil {
					t.Fatal(err)
				}
			})
			if got > c.Allocations {
				t.Errorf("ours: %v allocations a message, want at most %v", got, c.Allocations)
			}
		})
	}
}

// The measuring itself: every case gets a line, and its figures are there.
func TestMeasure(t *testing.T) {
	results, err := compare.Measure(3, 2000)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := compare.Print(&table, results); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(table.String(), "\n"), len(compare.Cases())+2; got != want {
		t.Errorf("%d lines, want %d:\n%s", got, want, table.String())
	}
	for _, r := range results {
		if r.Theirs.Allocations < 10 || r.Ours.Allocations > r.Case.Allocations+0.5 {
			t.Errorf("%s: ours allocates %v, theirs %v", r.Title(), r.Ours.Allocations, r.Theirs.Allocations)
		}
	}
}

func BenchmarkOurs(b *testing.B) {
	benchmark(b, func(c compare.Case) sms.Sender { return c.Ours })
}

func BenchmarkFailsafe(b *testing.B) {
	benchmark(b, func(c compare.Case) sms.Sender { return c.Theirs })
}

func benchmark(b *testing.B, side func(compare.Case) sms.Sender) {
	for _, c := range compare.Cases() {
		b.Run(c.Title(), func(b *testing.B) {
			s := side(c)
			ctx, cancel := c.Context(context.Background())
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Send(ctx, message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
