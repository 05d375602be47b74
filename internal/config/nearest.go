package config

import (
	"fmt"
	"slices"
	"strings"
)

// NoSuch says that there is no what called name, and which there are.
func NoSuch(what, name string, known []string) error {
	return fmt.Errorf("there is no %s %s: %s", what, quote(name), Known(name, known))
}

// Known says which names there are, for somebody who wrote another: the nearest
// where it looks like a slip of the pen, else all of them.
func Known(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 {
		return "there are none"
	}
	return "there are " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}

// Nearest gives the one of known that name was most likely meant to be, or "".
func Nearest(name string, known []string) string {
	best, least := "", 0
	for _, k := range slices.Sorted(slices.Values(known)) {
		d := distance(fold(name), fold(k))
		if d <= max(1, min(len(name), len(k))/3) && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// fold takes away what people write differently: accessKeyID, access-key-id.
func fold(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

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
