package outboxtest

import "context"

// RunCheck runs one check, reporting to t.
func RunCheck(name string, t interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}, h Harness, s Store) {
	for _, c := range checks() {
		if c.name == name {
			c.run(newBench(t, h, s))
		}
	}
}

// Checks gives the names of all checks.
func Checks() (names []string) {
	for _, c := range checks() {
		names = append(names, c.name)
	}
	return names
}
