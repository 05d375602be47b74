package redisstore_test

import (
	"github.com/redis/go-redis/v9"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
	"github.com/notifykit/notify/verify/redisstore"
)

// One server or a cluster: whatever client there is.
func Example() {
	verifier := func(client sms.Sender, key []byte) (*verify.Verifier, error) {
		servers := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:6379"}})
		return verify.New(verify.Options{Sender: client, Store: redisstore.New(servers, redisstore.Options{}), Key: key, Template: "login-code"})
	}
	_ = verifier
}
