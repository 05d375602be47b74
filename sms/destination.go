package sms

// A Destination is where a provider's calls go.
type Destination struct {
	// Endpoint is the scheme and host that are called: "https://api.twilio.com".
	// Empty: none is, as with a fake.
	Endpoint string
	// Trial says that no telephone rings: messages end in memory, or in a sandbox.
	Trial bool
}

// A Locator tells where its calls go. Providers have it. Who lacks it is taken
// for a real vendor, reached safely: what holds messages back errs on the side of
// holding them.
type Locator interface {
	Destination() Destination
}
