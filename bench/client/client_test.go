package client_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/bench/client"
)

// Every contender takes a message, and notify and the hand-made one send a key once.
func TestContenders(t *testing.T) {
	for _, deduplicate := range []bool{false, true} {
		all, err := client.Contenders(deduplicate)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			for _, key := range []string{"", "a", "a"} {
				if err := c.Send(t.Context(), "+8613800000000", key); err != nil {
					t.Errorf("%s, key %q: %v", c.Name, key, err)
				}
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	var results []client.Result
	err := client.Measure(t.Context(), client.Plan{Rounds: 1, Messages: 500, Numbers: []int{100}, Processors: []int{1, 2}}, func(r []client.Result) { results = append(results, r...) })
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := client.Print(&table, results); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(table.String(), "\n"); got != 2+2*2*3 {
		t.Errorf("%d lines:\n%s", got, table.String())
	}
	for _, r := range results {
		if r.CPU <= 0 || r.Times <= 0 {
			t.Errorf("%+v", r)
		}
	}
}
