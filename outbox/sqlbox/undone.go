package sqlbox

import (
	"errors"
	"strings"
)

// undone tells whether the database has undone a transaction that may well
// succeed when it is run again. Drivers are known by their errors alone, for none
// is linked.
func undone(err error) bool {
	if s, ok := errors.AsType[stateError](err); ok { // pgx, lib/pq
		switch s.SQLState() {
		case "40001", "40P01": // not serializable, deadlock
			return true
		}
		return false
	}
	text := err.Error()                                    // go-sql-driver/mysql: "Error 1213 (40001): …"
	return containsAny(text, "Error 1213 ", "Error 1213:", // deadlock
		"Error 1020 ") // MariaDB: the record has changed since it was read
}

type stateError interface {
	error
	SQLState() string
}

func containsAny(text string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}
