package fake

import "github.com/notifykit/notify/sms"

const driverName = "fake"

// Driver makes fakes from configuration, for development without a vendor:
//
//	providers:
//	  local: {driver: fake, latency: 200ms}
func Driver() sms.Driver {
	return sms.Driver{
		Name:     driverName,
		Settings: Options{},
		Open: func(c sms.DriverConfig) (sms.Sender, error) {
			var o Options
			if c.Decode != nil {
				if err := c.Decode(&o); err != nil {
					return nil, err
				}
			}
			o.Name, o.Templates = c.Name, c.Templates
			p, err := New(o)
			if err != nil {
				return nil, err // not p: a nil *Provider in an sms.Sender is not nil
			}
			return p, nil
		},
	}
}

// Driver puts this very fake in the place of the driver called name, whatever
// the settings there are, so that a test opens the program's real configuration
// and asks the fake what was sent. Each provider that is opened has its own
// configured name, registry and Close; messages and script are the fake's. One
// fake may stand in the place of several drivers.
func (p *Provider) Driver(name string) sms.Driver {
	return sms.Driver{
		Name: name,
		Open: func(c sms.DriverConfig) (sms.Sender, error) {
			return &line{provider: p, name: c.Name, templates: c.Templates, latency: p.line.latency, standsIn: name != driverName}, nil
		},
	}
}
