package outbox

import (
	"maps"
	"slices"
	"testing"
)

// Every state that can be reached keeps every promise, whatever happens next and
// however the policies of the processes differ.
func TestNext_allStates(t *testing.T) {
	all := policies()
	for name, p := range all {
		faults, nodes := walk(next, []policy{p}, nil)
		t.Logf("%s: %d states", name, nodes)
		for _, f := range faults {
			t.Errorf("%s: %s", name, f)
		}
	}
	faults, nodes := walk(next, slices.Collect(maps.Values(all)), nil)
	t.Logf("policies that change from step to step: %d states", nodes)
	for _, f := range faults {
		t.Error(f)
	}
}
