package smstest

import "testing"

// Examine runs every check that p gives enough for, and tells what each of them
// found.
func Examine(tb testing.TB, p Provider) map[string][]string {
	found := map[string][]string{}
	for _, c := range checks {
		if c.lacks(p) != "" {
			continue
		}
		if faults := c.run(tb, p); len(faults) > 0 {
			found[c.name] = faults
		}
	}
	return found
}

// ExamineOne runs one check and returns what it found.
func ExamineOne(tb testing.TB, p Provider, name string) []string {
	for _, c := range checks {
		if c.name == name {
			return c.run(tb, p)
		}
	}
	panic("there is no check " + name)
}

// Checks gives the names of all checks.
func Checks() []string {
	var names []string
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}

// Validate is Provider.validate.
func (p Provider) Validate() error { return p.validate() }
