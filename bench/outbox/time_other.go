//go:build !unix

package outbox

import "time"

// processorTime is what this process has used so far; it is not known here.
func processorTime() time.Duration { return 0 }
