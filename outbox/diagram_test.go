package outbox

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var draw = flag.Bool("draw", false, "write the diagram of states into docs/outbox.md")

// The diagram in docs/outbox.md is what the machine does.
func TestNext_diagram(t *testing.T) {
	const page, begin, end = "../docs/outbox.md", "```mermaid\n", "```\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	is, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no diagram", page)
	}
	want := diagram()
	if *draw {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil { //nolint:gosec // a page
			t.Fatal(err)
		}
		return
	}
	if is != want {
		t.Errorf("%s has another diagram: run this test with -draw. It should be\n%s", page, want)
	}
}

// diagram is every step from one state to another, in any policy.
func diagram() string {
	name := func(r record) string {
		if r.Asking {
			return "asking"
		}
		return r.State.String()
	}
	steps := map[[2]string]map[string]bool{}
	walk(next, slices.Collect(maps.Values(policies())), func(from record, e event, _ policy, to record, a action) {
		at := [2]string{name(from), name(to)}
		if a.Do == nothing || at[0] == at[1] {
			return
		}
		if steps[at] == nil {
			steps[at] = map[string]bool{}
		}
		steps[at][e.What.String()] = true
	})
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> queued\n")
	for _, at := range slices.SortedFunc(maps.Keys(steps), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", at[0], at[1], strings.Join(slices.Sorted(maps.Keys(steps[at])), ", "))
	}
	return b.String()
}
