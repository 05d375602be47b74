package config

import (
	"fmt"
	"slices"
	"strings"
)

// NoSuch returns an error that says that no what is called name, and which names
// exist. Its text is made when it is asked for.
func NoSuch(what, name string, known []string) error { return &noSuchError{what, name, known} }

type noSuchError struct {
	what, name string
	known      []string
}

// Error returns the text.
func (e *noSuchError) Error() string {
	return fmt.Sprintf("there is no %s %s: %s", e.what, quote(e.name), Known(e.name, e.known))
}

// What Known and Nearest look at, because a file may have a million names.
const (
	mostListed   = 50
	mostCompared = 10_000
)

// Known says which names exist, for a reader who wrote another one: the nearest
// if it looks like a typing error, else all of them, up to 50.
func Known(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 {
		return "there are none"
	}
	if len(known) > mostListed {
		return fmt.Sprintf("there are %d", len(known))
	}
	return "there are " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}

// Nearest returns the one of known that name was most likely meant to be, or "". Of
// more than 10,000 it returns none.
func Nearest(name string, known []string) string {
	if len(known) > mostCompared {
		return ""
	}
	best, least := "", 0
	folded := fold(name)
	for _, k := range slices.Sorted(slices.Values(known)) {
		d := distance(folded, fold(k))
		if d <= max(1, min(len(name), len(k))/3) && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// fold takes away what people write differently: accessKeyID, access-key-id.
func fold(s string) string { return separators.Replace(strings.ToLower(s)) }

var separators = strings.NewReplacer("_", "", "-", "", " ", "")

// distance counts the letters to add, drop, replace or swap with their
// neighbour to make b of a.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
