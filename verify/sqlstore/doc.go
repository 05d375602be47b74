// Package sqlstore keeps what a verify.Verifier has to remember in PostgreSQL or
// MySQL (MariaDB too), for all processes that share the database. It is given a
// *sql.DB and links no driver.
//
// A step is one transaction, by the rules of package verify, with the database's
// own clock. Telephone numbers lie in the table for as long as they count, a day
// at the most by default; codes do not: of them there is a nonce and an HMAC.
package sqlstore
