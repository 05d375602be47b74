// Package sqlitebox keeps an outbox in one SQLite file: the default engine, with
// no server and no cgo. It survives a crash of the process and a power cut:
// write-ahead log, synchronous FULL. Several processes of one machine may share
// the file; one goroutine in each commits what waits as a group, which is what
// makes it fast.
//
// It is no engine for several machines: a network file system keeps neither locks
// nor order, and is refused. For that see package sqlbox.
package sqlitebox
