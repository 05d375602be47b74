package redisstore

import (
	"time"

	"github.com/redis/go-redis/v9"
)

// SetAhead moves the server's clock, as this Store sees it.
func (s *Store) SetAhead(ahead func() time.Duration) { s.ahead = ahead }

// With is the Store with another client.
func (s *Store) With(c redis.UniversalClient) *Store { return &Store{client: c, prefix: s.prefix} }
