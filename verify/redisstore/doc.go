// Package redisstore keeps what a verify.Verifier has to remember in Redis, on
// one server or a cluster, for all processes that share it.
//
// Every step is a script, so that it is atomic, by Redis's own clock. A Start
// takes three round trips (the address's limits, all others, the code); a Check two
// (the answer is counted, and then judged), one more if it is right and shares are
// counted; a Redeem one. The keys of one script have one hash tag and stand in KEYS.
// Limits of different subjects lie on different nodes: those of the address are taken
// first, then the others in one pipeline, and they are given back if another refuses.
//
// The least that its user must be allowed, with the default Prefix:
//
//	ACL SETUSER codes on >secret ~notify:verify:* +evalsha +eval +time +pexpire +del +hgetall +hmget +hset +hincrby +hdel +zadd +zcard +zrange +zrem +zremrangebyscore +zscore
//
// Without +time every step fails. A cluster's clients need +cluster|slots too.
//
// With maxmemory and noeviction a full server refuses each step that needs memory.
//
// Redis forgets. A failover to a replica loses what had not reached it, up to
// about a second of failures and uses of limits, and an eviction policy other than
// noeviction drops counts for room, which a flood of other numbers can bring
// about: set maxmemory-policy noeviction. That a proof or a code is forgotten lets
// nobody in; that a use is forgotten makes it good once more, within its lifetime.
package redisstore
