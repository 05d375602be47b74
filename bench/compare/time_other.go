//go:build !unix

package compare

import "time"

// processTime is zero on systems without getrusage: the tables show no CPU there.
func processTime() time.Duration { return 0 }
