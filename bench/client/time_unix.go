//go:build unix

package client

import (
	"syscall"
	"time"
)

// processTime is the CPU time that this process has used: neither the server's
// nor its neighbours' counts.
func processTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
