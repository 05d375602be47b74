package notify

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/sms"
)

func (b *builder) openProviders() {
	if len(b.config.Providers) == 0 && !b.unread {
		b.fault("", errors.New("there are no providers: write \"providers: {local: {driver: fake}}\" to try it out, or in Go Config.Providers"))
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Providers)) {
		path := config.Join("providers", name)
		p := b.config.Providers[name]
		switch {
		case name == "":
			b.fault(path, errors.New("a provider has no name: routes, bindings and receipts name it"))
		case p.Sender != nil && (p.Driver != "" || p.Settings != nil):
			b.fault(path, errors.New("it has a Sender, and Driver or Settings too: set one of them"))
		case p.Sender != nil:
			b.providers[name] = p.Sender
		case p.Driver == "" && b.config.source.Missing(config.Join(path, "driver")) != nil:
			b.fault(config.Join(path, "driver"), b.config.source.Missing(config.Join(path, "driver")))
		case p.Driver == "":
			b.fault(path, fmt.Errorf("it has no driver: write \"driver: %s\"", b.driverNames(" or ")))
		default:
			b.open(name, path, p)
		}
	}
}

func (b *builder) driverNames(between string) string {
	if len(b.drivers) == 0 {
		return "name"
	}
	return strings.Join(slices.Sorted(maps.Keys(b.drivers)), between)
}

// open makes one provider by its driver.
func (b *builder) open(name, path string, p ProviderConfig) {
	d, ok := b.drivers[p.Driver]
	if !ok {
		b.fault(config.Join(path, "driver"), fmt.Errorf("no driver %q was given to Open or New: %s", p.Driver, config.Known(p.Driver, keys(b.drivers))))
		return
	}
	s := settings{value: p.Settings, zero: d.Settings, variable: func(setting string) string {
		return b.config.source.Variable(config.Below(path, setting))
	}}
	provider, err := d.Open(sms.DriverConfig{
		Name: name, Templates: b.registry, Logger: b.logger.With("provider", name), Decode: s.decode,
	})
	if err == nil && provider == nil {
		err = fmt.Errorf("driver %q made no provider, and no error: a defect of the driver", p.Driver)
	}
	if err != nil {
		b.driverFaults(path, errors.Join(s.faults, err))
		return
	}
	if s.faults != nil { // the driver has passed them over
		b.driverFaults(path, s.faults)
	}
	b.providers[name] = provider
	if c, ok := sms.As[io.Closer](provider); ok {
		b.made = append(b.made, c)
	}
}

// driverFaults places each fault of a driver. A *sms.FieldError is at its path
// below the provider, or below the whole where it speaks of a template; what is
// none is at the provider.
func (b *builder) driverFaults(path string, err error) {
	told := map[*sms.FieldError]bool{}
	var place func(err error)
	place = func(err error) {
		if f, ok := err.(*sms.FieldError); ok && f != nil {
			if told[f] {
				return
			}
			told[f] = true
			at := config.Below(path, f.Path)
			if strings.HasPrefix(f.Path, "templates.") {
				at = f.Path
			}
			b.fault(at, f.Err)
			return
		}
		switch inner := err.(type) {
		case interface{ Unwrap() []error }:
			for _, one := range inner.Unwrap() {
				place(one)
			}
			return
		case interface{ Unwrap() error }:
			if holdsFields(inner.Unwrap()) {
				place(inner.Unwrap())
				return
			}
		}
		b.fault(path, err)
	}
	place(err)
}

// holdsFields tells whether there is a *sms.FieldError, or a list of errors that
// may hold some, in err.
func holdsFields(err error) bool {
	_, field := errors.AsType[*sms.FieldError](err)
	return field
}

// settings are what one driver's Decode reads.
type settings struct {
	value    any // as configured
	zero     any // the driver's Settings
	variable func(path string) string
	faults   error
}

// decode fills into: from a map strictly, key by key; from the driver's own type
// as it is. It is sms.DriverConfig.Decode.
func (s *settings) decode(into any) error {
	out := reflect.ValueOf(into)
	if out.Kind() != reflect.Pointer || out.IsNil() {
		return fmt.Errorf("settings are decoded into a pointer, not into %T: a defect of the driver", into)
	}
	in := reflect.ValueOf(s.value)
	for in.Kind() == reflect.Pointer && !in.IsNil() {
		in = in.Elem()
	}
	switch {
	case !in.IsValid() || in.Kind() == reflect.Pointer: // none
		return nil
	case in.Type() == out.Type().Elem():
		out.Elem().Set(in)
		return nil
	case in.Kind() != reflect.Map:
		s.faults = fmt.Errorf("its Settings are a %v: give a %v, or a map", in.Type(), out.Type().Elem())
		return s.faults
	}
	var faults, missing []error
	for _, f := range config.Decode(in.Interface(), into, s.variable) {
		fault := &sms.FieldError{Path: f.Path, Err: f.Err}
		if _, ok := errors.AsType[*config.MissingError](f.Err); ok {
			missing = append(missing, fault)
		} else {
			faults = append(faults, fault)
		}
	}
	s.faults = errors.Join(append(faults, missing...)...)
	return errors.Join(faults...) // the driver looks at all other settings
}
