package redislimit

import "time"

// Ahead returns a Limiter that sees the server's clock ahead by d.
func (l *Limiter) Ahead(d time.Duration) *Limiter {
	other := *l
	other.ahead = d
	return &other
}
