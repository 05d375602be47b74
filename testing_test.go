package notify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// vendorSettings are the settings of a driver that checks them as real ones do.
type vendorSettings struct {
	AccessKeyID     string            `yaml:"access_key_id"`
	AccessKeySecret string            `yaml:"access_key_secret"`
	Region          string            `yaml:"region"`
	Endpoint        string            `yaml:"endpoint"`
	From            string            `yaml:"from"`
	Senders         map[string]string `yaml:"senders"`
	Timeout         time.Duration     `yaml:"timeout"`
	Coalesce        bool              `yaml:"coalesce"`
	MaxCalls        int               `yaml:"max_calls"`
	Hook            func()            `yaml:"-"`
}

// vendorDriver gives what was decoded to got, which may be nil.
func vendorDriver(got *vendorSettings) sms.Driver {
	return sms.Driver{Name: "vendor", Settings: vendorSettings{}, Open: func(c sms.DriverConfig) (sms.Sender, error) {
		var s vendorSettings
		if err := c.Decode(&s); err != nil {
			return nil, fmt.Errorf("vendor: %w", err)
		}
		var faults []error
		fault := func(path, format string, args ...any) {
			faults = append(faults, &sms.FieldError{Path: path, Err: fmt.Errorf(format, args...)})
		}
		if s.AccessKeyID == "" {
			fault("access_key_id", "it is empty: the vendor takes signed calls only")
		}
		if s.AccessKeySecret == "" {
			fault("access_key_secret", "it is empty: the vendor takes signed calls only")
		}
		if s.Region != "" && s.Region != "cn-hangzhou" {
			fault("region", "the vendor has no region %q", s.Region)
		}
		for name, sender := range s.Senders {
			if sender == "" {
				fault("senders."+name, "it is empty")
			}
		}
		if len(faults) > 0 {
			return nil, errors.Join(faults...)
		}
		if got != nil {
			*got = s
		}
		return newVendor(c.Name), nil
	}}
}

// A vendor is a Sender whose answers a test gives, and which counts.
type vendor struct {
	name   string
	answer func(ctx context.Context, m sms.Message) error // nil: accepted

	mu     sync.Mutex
	calls  []sms.Message
	busy   int // calls in flight
	closed int
}

func newVendor(name string) *vendor { return &vendor{name: name} }

func (v *vendor) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	v.mu.Lock()
	v.calls = append(v.calls, m.Clone())
	answer := v.answer
	v.busy++
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.busy--
	}()
	if answer != nil {
		if err := answer(ctx, m); err != nil {
			return sms.Receipt{}, err
		}
	}
	return sms.Receipt{Provider: v.name, Key: m.Key}, nil
}

func (v *vendor) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed++
	if v.busy > 0 {
		return fmt.Errorf("vendor %s is closed with %d calls in flight", v.name, v.busy)
	}
	return nil
}

func (v *vendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.calls)
}

func (v *vendor) set(answer func(ctx context.Context, m sms.Message) error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = answer
}

// driver puts v in the place of a driver of its name.
func (v *vendor) driver() sms.Driver {
	return sms.Driver{Name: v.name, Open: func(sms.DriverConfig) (sms.Sender, error) { return v, nil }}
}

// refuse answers with a reason, Rejected.
func (v *vendor) refuse(r sms.Reason) func(context.Context, sms.Message) error {
	return func(_ context.Context, m sms.Message) error {
		return &sms.Error{Provider: v.name, Reason: r, Outcome: sms.Rejected, Key: m.Key, Kind: m.Kind}
	}
}

// lose answers with an Unknown outcome.
func (v *vendor) lose() func(context.Context, sms.Message) error {
	return func(_ context.Context, m sms.Message) error {
		return &sms.Error{Provider: v.name, Reason: sms.Unavailable, Outcome: sms.Unknown, Key: m.Key, Kind: m.Kind}
	}
}

// open makes a Client of these vendors, made by drivers, in this order of
// failover.
func open(tb testing.TB, c notify.Config, vendors ...*vendor) *notify.Client {
	tb.Helper()
	var drivers []sms.Driver
	var names []string
	c.Providers = map[string]notify.ProviderConfig{}
	for _, v := range vendors {
		c.Providers[v.name] = notify.ProviderConfig{Driver: v.name}
		drivers = append(drivers, v.driver())
		names = append(names, v.name)
	}
	if c.Routes == nil {
		c.Routes = []notify.Route{{Providers: names, AllowUnbound: true}}
	}
	client, err := notify.New(c, drivers...)
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

const to = sms.Number("+8613800000000")

func body() sms.Message { return sms.Message{To: to, Body: "Your parcel has arrived."} }

var time0 = time.Now()

func isUndecided(err error) bool { return errors.Is(err, sms.ErrUndecided) }
