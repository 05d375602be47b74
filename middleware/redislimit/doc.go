// Package redislimit shares what package middleware counts between processes, in
// Redis, on one server or a cluster: hard limits for a key, what is spent of a
// Budget, the keys of Deduplicate, and suppressed numbers. Every step is one trip
// and atomic. Limits go by Redis's own clock; the hours and days of a Budget by
// each process's.
//
// Redis forgets: a failover to a replica loses what had not reached it, and an
// eviction policy other than noeviction drops counts for room. Set
// maxmemory-policy noeviction, and keep suppressions where they are kept for good
// besides.
package redislimit
