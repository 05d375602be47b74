// Package outboxtable keeps an outbox in one table of an SQL database. It holds
// the rules of outbox.Engine once, for sqlitebox and sqlbox, which differ in the
// dialect and in how a transaction is made.
//
// A row is a message. What is handed out belongs to an owner, a row of a second
// table, whose lease is renewed while its process lives. All times are the
// database's, in microseconds since 1970.
//
// It is support code for the engines of this project. It is public because some of
// them are modules of their own. Its API may change in any release. Programs use
// sqlitebox or sqlbox.
package outboxtable
