package kit

import "github.com/notifykit/notify/sms"

// Driver returns the driver of a vendor: it decodes the settings into the vendor's
// Options, sets what is not in a file, and calls its New.
//
//	func Driver() sms.Driver {
//		return kit.Driver("acme", Codes(), New, func(o *Options, c sms.DriverConfig) {
//			o.Name, o.Templates = c.Name, c.Templates
//		})
//	}
func Driver[O any, P sms.Sender](name string, codes []sms.CodeInfo, newProvider func(O) (P, error), set func(*O, sms.DriverConfig)) sms.Driver {
	var zero O
	return sms.Driver{Name: name, Settings: zero, Codes: codes, Open: func(c sms.DriverConfig) (sms.Sender, error) {
		var o O
		if c.Decode != nil {
			if err := c.Decode(&o); err != nil {
				return nil, err
			}
		}
		set(&o, c)
		p, err := newProvider(o)
		if err != nil {
			return nil, err // not p: a nil pointer in an sms.Sender is not nil
		}
		return p, nil
	}}
}
