package notify

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/notifykit/notify/internal/config"
)

// A Fault is one thing wrong with a configuration.
type Fault struct {
	// File is the file as it was named; empty where the Config was made in Go.
	File string
	// Line and Column count from 1; zero where the place is not known.
	Line, Column int
	// Path names the part: "providers.aliyun.region", "routes[1].providers[0]".
	Path string
	// Err is what is wrong, and the way out.
	Err error
}

// Error gives "notify.yaml:4:5: providers.aliyun.region: what is wrong".
func (f Fault) Error() string { return config.Fault(f).Error() }

// Unwrap gives what is wrong.
func (f Fault) Unwrap() error { return f.Err }

// A ConfigError is everything that is wrong with a configuration, in the order
// of the file. It shows no value that came from a variable.
type ConfigError struct{ Faults []Fault }

// Error gives one line for each fault, below a line that counts them where there
// are several.
func (e *ConfigError) Error() string {
	if e == nil || len(e.Faults) == 0 {
		return "notify: the configuration has no fault"
	}
	if len(e.Faults) == 1 {
		return "notify: " + e.Faults[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "notify: %s has %d faults:", cmp.Or(e.Faults[0].File, "the configuration"), len(e.Faults))
	for _, f := range e.Faults {
		b.WriteString("\n  " + f.Error())
	}
	return b.String()
}

// Unwrap gives the faults.
func (e *ConfigError) Unwrap() []error {
	if e == nil {
		return nil
	}
	all := make([]error, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = f
	}
	return all
}

// newConfigError gives nil for no fault.
func newConfigError(faults []config.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	config.Sort(faults)
	e := &ConfigError{}
	for _, f := range faults {
		e.Faults = append(e.Faults, Fault(f))
	}
	return e
}
