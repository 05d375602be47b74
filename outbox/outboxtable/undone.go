package outboxtable

import (
	"errors"
	"strings"
)

// Undone reports whether the database has undone a transaction that may well
// succeed when it is run again: a deadlock, one that cannot be serialized, or one
// that another node of a cluster was faster than. Drivers are known by their errors
// alone, for none is linked.
func Undone(err error) bool {
	if s, ok := errors.AsType[stateError](err); ok { // pgx, lib/pq
		switch s.SQLState() {
		case "40001", "40P01": // not serializable, deadlock
			return true
		}
		return false
	}
	text := err.Error() // go-sql-driver/mysql: "Error 1213 (40001): …"
	for _, part := range []string{
		"Error 1213 ", "Error 1213:", // deadlock; in Galera a certification that failed
		"Error 1020 ", // MariaDB: the record has changed since it was read
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
