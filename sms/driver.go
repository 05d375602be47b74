package sms

import "log/slog"

// A Driver makes a provider from configuration. Each provider package has a
// Driver function; what a program uses, it names in notify.Open. There is no
// registry of drivers.
type Driver struct {
	// Name is what `driver:` in the configuration says.
	Name string
	// Settings is the zero value of what Decode fills, with keys by `yaml` tags:
	// the schema, the documentation and the nearest key to a misspelt one are made
	// from it.
	Settings any
	// Codes is the vendor's table, for documentation and `notify errors`.
	Codes []CodeInfo
	// Form gives a number as the vendor is sent it, for people who look at it, and
	// an error for one that it would be refused. Nil: in E.164.
	Form func(Number) (string, error)
	// Open makes the provider. It does no I/O. Each fault of the settings is a
	// *FieldError, several joined, so that each gets its line.
	Open func(c DriverConfig) (Sender, error)
}

// DriverConfig is what a Driver is opened with.
type DriverConfig struct {
	// Name is the configured name of this provider.
	Name string
	// Templates is the registry, of which the provider uses its own bindings.
	Templates *Registry
	// Logger is never nil.
	Logger *slog.Logger
	// Folder is the folder of the configuration file, from which relative paths of
	// settings count. Empty: there is no file, and they count from the program's folder.
	Folder string
	// Decode fills the driver's own settings, strictly: an unknown key is an error.
	Decode func(into any) error
}

// A FieldError is one fault of a setting.
type FieldError struct {
	Path string // as configured: "access_key_id"
	Err  error
}

// Error gives the path and the fault.
func (e *FieldError) Error() string {
	if e.Err == nil {
		return e.Path + ": is wrong"
	}
	return e.Path + ": " + e.Err.Error()
}

// Unwrap gives the fault.
func (e *FieldError) Unwrap() error { return e.Err }

// CodeInfo is one row of a vendor's table of error codes.
type CodeInfo struct {
	// Scope limits the row to one of the vendor's products or to its delivery reports
	// ("report"), if the same code means different things there. Empty: everywhere.
	Scope   string
	Code    string  // the vendor's own
	Reason  Reason  // what it is to us
	Outcome Outcome // Unknown or Rejected
	Meaning string  // what the vendor says with it, in a few English words
	Advice  string  // what a person should do
	Late    bool    // it comes in delivery reports, after the message was accepted
}
