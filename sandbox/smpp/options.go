package smpp

import (
	"errors"
	"fmt"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/sandbox/kernel"
)

// Name is the vendor's name in messages and faults.
const Name = "smpp"

// The well-known credentials. They open nothing but the sandbox.
const (
	SystemID = "sandbox"
	Password = "sandbox"
	Sender   = "447700900000" // of replies that name no sender
)

// Options are what the carrier knows besides the well-known account, and how it
// behaves. The zero value is usable.
type Options struct {
	Accounts []kernel.Key // system_id and password
	// Alphabet is what data_coding 0 means: "gsm", which is the default, "packed",
	// "ascii" or "latin1".
	Alphabet string
	// NoTransceiver refuses bind_transceiver, as old carriers do.
	NoTransceiver bool
	// Window is how many messages of a session may be unanswered: further ones get
	// 0x58. Zero is no bound, up to 100, after which the session is not read.
	Window int
}

// Format prints the number of accounts under every verb: the options hold secrets.
func (o Options) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "{%d accounts}", len(o.Accounts)) }

// MarshalText returns the same, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "{%d accounts}", len(o.Accounts)), nil
}

// GobEncode returns the same.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

var alphabets = map[string]pdu.Alphabet{"": pdu.GSM, "gsm": pdu.GSM, "packed": pdu.Packed, "ascii": pdu.ASCII, "latin1": pdu.Latin1}

// Validate returns every fault of the options at once.
func (o Options) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("sandbox: smpp: "+format, args...))
	}
	for i, k := range o.Accounts {
		if k.ID == "" || k.Secret == "" {
			fault("accounts[%d]: ID and Secret are both needed", i)
		}
	}
	if _, ok := alphabets[o.Alphabet]; !ok {
		fault("alphabet: %q is none: write gsm, packed, ascii or latin1", o.Alphabet)
	}
	if o.Window < 0 || o.Window > maxCalls {
		fault("window: %d is not between 0 and %d", o.Window, maxCalls)
	}
	return errors.Join(faults...)
}
