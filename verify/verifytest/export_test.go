package verifytest

import (
	"time"

	"github.com/notifykit/notify/verify"
)

// TB is what a check reports to.
type TB = tb

// Checks gives every check by name.
func Checks() map[string]func(TB, verify.Store) {
	all := map[string]func(TB, verify.Store){}
	for _, c := range allChecks(Harness{}) {
		all[c.name] = func(t TB, s verify.Store) {
			b := benchOf(t, s)
			b.slack = time.Microsecond // a mutant that lets others in takes a moment
			c.run(b)
		}
	}
	return all
}
