package twilio

import (
	"net/url"

	"github.com/notifykit/notify/sms"
)

// Destination tells the endpoint. It is a trial where that is this machine, or
// where the credentials are the sandbox's, with which nothing real is reached.
func (p *Provider) Destination() sms.Destination {
	u, err := url.Parse(p.endpoint) // New has parsed it
	return sms.Destination{Endpoint: p.endpoint, Trial: p.who().public() || err == nil && loopback(u.Hostname())}
}
