package fake

import "github.com/notifykit/notify/sms"

// Destination tells that no telephone rings.
func (p *Provider) Destination() sms.Destination { return sms.Destination{Trial: true} }

// Destination is that of the driver in whose place the fake stands: rules that
// hold messages back from real vendors hold them back from it too, so that a test
// sees what the program's users would.
func (l *line) Destination() sms.Destination { return sms.Destination{Trial: !l.standsIn} }
