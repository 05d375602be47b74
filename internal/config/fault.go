package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Fault is one thing wrong with a configuration.
type Fault struct {
	File         string // empty: the configuration was made in Go
	Line, Column int    // from 1, in characters; zero: unknown
	Path         string // "providers.aliyun.region"; empty: the whole file
	Err          error  // what is wrong, and the way out
}

// Error gives "notify.yaml:4:5: providers.aliyun.region: what is wrong".
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Line, f.Column)
	}
	for _, part := range []string{f.Path, fmt.Sprint(f.Err)} {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Unwrap gives what is wrong.
func (f Fault) Unwrap() error { return f.Err }

// Sort puts faults in the order of the file, and those without a place by path.
func Sort(faults []Fault) {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
}
