package redislimit_test

import (
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/middleware/redislimit"
	"github.com/notifykit/notify/sms"
)

// A number gets 5 messages an hour from all processes together.
func ExampleNewLimiter() {
	limited := func(next sms.Sender) (sms.Sender, error) {
		c := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:6379"}})
		limit, err := redislimit.NewLimiter(c, redislimit.Options{}, middleware.Window{Count: 5, Per: time.Hour})
		if err != nil {
			return nil, err
		}
		return sms.Chain(next, middleware.RateLimit(limit, middleware.RateLimitOptions{Name: "per_number", Key: middleware.ByNumber})), nil
	}
	_ = limited
}
