package notify

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// Open makes a Client of the configuration file at path. It is OpenWith without a
// change.
func Open(path string, drivers ...sms.Driver) (*Client, error) {
	return OpenWith(path, nil, drivers...)
}

// OpenWith makes a Client of the configuration file at path as change has changed
// it: LoadConfig, change, New. Every fault of the three comes in one
// *[ConfigError], so change gets what could be read, whatever the faults; it is not
// called if no environment could be chosen. An error of change is returned with the
// faults. Nil: nothing is changed.
//
// A driver without Settings reads none: variables in the settings of its providers
// need no value, so a test with a fake in a driver's place needs none of its
// secrets.
func OpenWith(path string, change func(*Config) error, drivers ...sms.Driver) (*Client, error) {
	c, _ := LoadConfig(path, LoadOptions{}) // New returns its faults too
	if _, read := c.source.Faults(); read && change != nil {
		if err := change(&c); err != nil {
			client, faults := New(c, drivers...)
			if faults == nil {
				faults = client.Close()
			}
			return nil, errors.Join(err, faults)
		}
	}
	return New(c, drivers...)
}

// New makes a Client. It does no I/O and starts nothing. Every fault of c comes
// in one *[ConfigError], those that the drivers find in their settings and those
// that LoadConfig found in the file included. New copies what it keeps of c.
func New(c Config, drivers ...sms.Driver) (*Client, error) {
	known, read := c.source.Faults()
	if !read {
		return nil, newConfigError(known)
	}
	b := builder{config: c, drivers: map[string]sms.Driver{}, providers: map[string]sms.Sender{}, logger: c.Logger}
	b.unread = slices.ContainsFunc(known, func(f config.Fault) bool { return f.Path == "providers" })
	if b.logger == nil {
		b.logger = slog.New(slog.DiscardHandler)
	}
	b.readTemplates()
	b.readDrivers(drivers)
	b.openProviders()
	b.checkSafety()
	b.checkLimits()
	routes := b.checkRoutes()
	known = append(known, b.missing...)
	if faults := append(known, unexplained(b.faults, known)...); len(faults) > 0 {
		for _, p := range b.made {
			_ = p.Close() // nothing was sent through it; the faults are what the caller has to know
		}
		return nil, newConfigError(faults)
	}
	client := b.client(routes)
	b.announce()
	return client, nil
}

// unexplained drops those faults that follow from a known one: at the same path
// or below it. An unset variable is one fault, not an empty key besides.
func unexplained(faults, known []config.Fault) []config.Fault {
	return slices.DeleteFunc(faults, func(f config.Fault) bool {
		return slices.ContainsFunc(known, func(k config.Fault) bool {
			rest, below := strings.CutPrefix(f.Path, k.Path)
			return below && (rest == "" || rest[0] == '.' || rest[0] == '[' || k.Path == "")
		})
	})
}

// A builder makes a Client of a Config and gathers what is wrong with it.
type builder struct {
	config    Config
	logger    *slog.Logger
	drivers   map[string]sms.Driver
	templates map[string]sms.Template
	registry  *sms.Registry
	providers map[string]sms.Sender // by configured name, as the driver made them
	made      []io.Closer           // those that the Client closes
	unread    bool                  // the part providers could not be read
	faults    []config.Fault
	missing   []config.Fault // variables that have no value
}

func (b *builder) fault(path string, err error) {
	fault := b.config.source.Fault(path, err)
	if _, ok := errors.AsType[*config.MissingError](err); ok {
		b.missing = append(b.missing, fault)
		return
	}
	b.faults = append(b.faults, fault)
}

func (b *builder) readDrivers(drivers []sms.Driver) {
	for i, d := range drivers {
		_, twice := b.drivers[d.Name]
		switch {
		case d.Name == "" || d.Open == nil:
			b.fault("", fmt.Errorf("driver number %d has no Name or no Open", i+1))
		case twice:
			b.fault("", fmt.Errorf("two drivers are called %q: give one of them", d.Name))
		default:
			b.drivers[d.Name] = d
		}
	}
}

// checkLimits looks at numbers; routes are looked at by checkRoutes.
func (b *builder) checkLimits() {
	for i, w := range b.config.Limits.PerNumber {
		if err := w.Validate(); err != nil {
			b.fault(config.Index("limits.per_number", i), err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Limits.PerProvider)) {
		path := config.Join("limits.per_provider", name)
		if _, ok := b.config.Providers[name]; !ok {
			b.fault(path, config.NoSuch("provider", name, keys(b.config.Providers)))
		}
		if perSecond := b.config.Limits.PerProvider[name]; !(perSecond > 0) {
			b.fault(path, fmt.Errorf("%v calls a second let nothing through: write how many, or leave it out for no limit", perSecond))
		}
	}
	if n := b.config.DeduplicateKeys; n < 0 {
		b.fault("policies.deduplicate_keys", fmt.Errorf("it is %d: write how many keys are kept, or leave it out for 1000000", n))
	}
	names := map[string]bool{}
	for _, l := range b.config.Limits.Budget {
		if _, err := middleware.NewBudget(l); err != nil {
			b.fault(config.Join("limits.budget", l.Name), err)
		}
		if names[l.Name] {
			b.fault(config.Join("limits.budget", l.Name), errors.New("there are two of this name: each is counted by its own"))
		}
		names[l.Name] = true
	}
}
