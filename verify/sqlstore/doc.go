// Package sqlstore keeps what a verify.Verifier has to remember in PostgreSQL or
// MySQL (MariaDB too), for all processes that share the database. It is given a
// *sql.DB and links no driver.
//
// A step reads its rows, applies the rules of package verify with the database's own
// clock, and writes what has changed in one statement that writes nothing if a row has
// been changed since: two round trips, and two for a whole Start. Steps that meet on a
// row are done again in a transaction that locks it. Telephone numbers lie in the table for as long as they count, a day
// at the most by default; codes do not: of them there is a nonce and an HMAC.
package sqlstore
