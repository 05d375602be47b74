package redisstore

import "time"

// SetAhead moves the server's clock, as this Store sees it.
func (s *Store) SetAhead(ahead func() time.Duration) { s.ahead = ahead }
