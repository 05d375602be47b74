//go:build !unix

package cputime

import "time"

// Used is zero on systems without getrusage: tables show no CPU there.
func Used() time.Duration { return 0 }
