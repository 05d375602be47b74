package middleware

import "time"

// SetJitter draws the waits of Retry from another source, until back is called.
func SetJitter(draw func(time.Duration) time.Duration) (back func()) {
	old := jitter
	jitter = draw
	return func() { jitter = old }
}
