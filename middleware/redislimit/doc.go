// Package redislimit shares what package middleware counts between processes, in
// Redis, on one server or a cluster: hard limits for a key, the keys of
// Deduplicate, and suppressed numbers. Every step is one script on one key, by
// Redis's own clock.
//
// Redis forgets: a failover to a replica loses what had not reached it, and an
// eviction policy other than noeviction drops counts for room. Set
// maxmemory-policy noeviction, and keep suppressions where they are kept for good
// besides.
package redislimit
