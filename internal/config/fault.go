package config

import (
	"cmp"
	"errors"
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
	if more, ok := f.Err.(*MoreError); ok {
		return more.Error()
	}
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

// MaxFaults is how many faults of one configuration are reported. The others are
// counted. Variables that have no value are counted by themselves.
const MaxFaults = 100

// A MoreError counts the faults that are not reported one by one.
type MoreError struct {
	Faults  int // besides missing variables
	Missing int // variables that have no value
}

// Error returns "and 3 more".
func (e *MoreError) Error() string { return fmt.Sprintf("and %d more", e.Faults+e.Missing) }

// Faults gathers faults, of which it keeps the first MaxFaults. The zero value holds
// none.
type Faults struct {
	list, missing []Fault
	more          MoreError
}

// Add adds a fault. A *MoreError is added to the count.
func (f *Faults) Add(fault Fault) {
	if more, ok := fault.Err.(*MoreError); ok {
		f.more.Faults += more.Faults
		f.more.Missing += more.Missing
		return
	}
	list, more := &f.list, &f.more.Faults
	if _, ok := errors.AsType[*MissingError](fault.Err); ok {
		list, more = &f.missing, &f.more.Missing
	}
	if len(*list) >= MaxFaults {
		*more++
		return
	}
	*list = append(*list, fault)
}

// Full reports whether faults other than missing variables are only counted from now
// on. A caller with many of them should call Count then, which needs no text.
func (f *Faults) Full() bool { return len(f.list) >= MaxFaults }

// Count counts n more faults without reporting them.
func (f *Faults) Count(n int) { f.more.Faults += n }

// Len returns how many faults there are, with those that are only counted.
func (f *Faults) Len() int { return len(f.list) + len(f.missing) + f.more.Faults + f.more.Missing }

// All returns the faults in the order of Sort. If some are only counted, the last one
// is a *MoreError.
func (f *Faults) All() []Fault {
	all := slices.Concat(f.list, f.missing)
	Sort(all)
	if f.more != (MoreError{}) {
		more := f.more
		last := Fault{Err: &more} // at the place of the fault before it
		if n := len(all); n > 0 {
			last.File, last.Line, last.Column = all[n-1].File, all[n-1].Line, all[n-1].Column
		}
		all = append(all, last)
	}
	return all
}

// Sort puts faults in the order of the file, and those without a place by path.
func Sort(faults []Fault) {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
}
