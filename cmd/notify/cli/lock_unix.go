//go:build unix

package cli

import (
	"os"
	"syscall"
)

// lock keeps a second process from the same results file, which would send
// everything twice. It ends with the file, and with the process.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
