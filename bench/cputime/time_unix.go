//go:build unix

package cputime

import (
	"syscall"
	"time"
)

// Used is the CPU time that this process has used: neither the server's
// nor its neighbours' counts.
func Used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
