// Package redisstore keeps what a verify.Verifier has to remember in Redis, on
// one server or a cluster, for all processes that share it.
//
// Every step is a script, so that it is atomic, by Redis's own clock. A Start
// takes two round trips (limits, code), three where a limit refuses; a Check and
// a Redeem take one, a Check that is right one more where shares are counted. The
// keys of one script have one hash tag and stand in KEYS. Limits of different
// subjects lie on different nodes: they are taken in one pipeline, and given back
// where another refuses.
//
// Redis forgets. A failover to a replica loses what had not reached it, up to
// about a second of failures and uses of limits, and an eviction policy other than
// noeviction drops counts for room, which a flood of other numbers can bring
// about: set maxmemory-policy noeviction. That a proof or a code is forgotten lets
// nobody in; that a use is forgotten makes it good once more, within its lifetime.
package redisstore
