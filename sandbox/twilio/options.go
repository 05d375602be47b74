package twilio

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/notifykit/notify/sandbox/kernel"
)

// Name is the vendor's name in messages and faults.
const Name = "twilio"

// The well-known accounts, keys and senders. They open nothing but the sandbox.
const (
	AccountSID      = "AC00000000000000000000000000000000"
	AuthToken       = "sandboxtoken" // letters and digits: twilio-go refuses other tokens before it sends
	SubaccountSID   = "AC00000000000000000000000000000001"
	SubaccountToken = "sandboxsubtoken"
	APIKeySID       = "SK00000000000000000000000000000000"
	APIKeySecret    = "sandboxsecret"
	Sender          = "+15005550006"
	ServiceSID      = "MG00000000000000000000000000000000"
	ContentSID      = "HX00000000000000000000000000000000"
	Verified        = "+12025550123" // under Limits the number that the accounts have verified
)

// Options are what the vendor knows besides the well-known accounts. An account
// that is given again has the later token, and the lists of both. The zero value
// is usable.
type Options struct {
	Accounts []Account
}

// An Account prints without its token.
type Account struct {
	SID      string
	Token    string       // also signs its callbacks; empty: API keys alone open it
	Parent   string       // the SID of the account whose token opens this one too; empty: none
	APIKeys  []kernel.Key // "SK…" and its secret
	Senders  []string     // numbers and alphanumeric sender IDs
	Services []Service    // Messaging Services
	Contents []Content    // content templates
	Verified []string     // under Limits, the only numbers that the account may send to
}

// Format prints the SID under every verb.
func (a Account) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.SID) }

// LogValue returns the SID.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.SID) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (a Account) MarshalText() ([]byte, error) { return []byte(a.SID), nil }

// GobEncode returns the text of String.
func (a Account) GobEncode() ([]byte, error) { return a.MarshalText() }

// A Service is a Messaging Service: a pool of senders.
type Service struct {
	SID     string   // "MG…"
	Senders []string // the first one is used; empty: the account's first
}

// A Content is a content template.
type Content struct {
	SID  string // "HX…"
	Text string // with variables as {{1}}
}

func wellKnownAccounts() []Account {
	services := []Service{{SID: ServiceSID, Senders: []string{Sender}}}
	contents := []Content{{SID: ContentSID, Text: "Your code is {{1}}."}}
	return []Account{
		{SID: AccountSID, Token: AuthToken, APIKeys: []kernel.Key{{ID: APIKeySID, Secret: APIKeySecret}},
			Senders: []string{Sender}, Services: services, Contents: contents, Verified: []string{Verified}},
		{SID: SubaccountSID, Token: SubaccountToken, Parent: AccountSID,
			Senders: []string{Sender}, Services: services, Contents: contents, Verified: []string{Verified}},
	}
}

// Validate returns every fault of the options at once.
func (o Options) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("sandbox: "+format, args...)) }
	for i, a := range o.Accounts {
		if !isSID("AC", a.SID) {
			fault("accounts[%d]: %q is no account SID: AC and 32 hexadecimal digits", i, a.SID)
		}
		if a.Token == "" && len(a.APIKeys) == 0 {
			fault("accounts[%d] %s: Token or APIKeys is needed", i, a.SID)
		}
		for j, k := range a.APIKeys {
			if k.ID == "" || k.Secret == "" {
				fault("accounts[%d] %s: APIKeys[%d]: ID and Secret are both needed", i, a.SID, j)
			}
		}
	}
	return errors.Join(faults...)
}

// isSID reports whether s is a SID: two letters and 32 hexadecimal digits.
func isSID(prefix, s string) bool {
	if len(s) != 34 || s[:2] != prefix {
		return false
	}
	for _, c := range []byte(s[2:]) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// An account is an Account with its services and contents by SID.
type account struct {
	Account
	services map[string]Service
	contents map[string]Content
}

// accountsOf returns the well-known accounts and those of the options, by SID.
func accountsOf(o Options) map[string]*account {
	accounts := map[string]*account{}
	for _, a := range slices.Concat(wellKnownAccounts(), o.Accounts) {
		known := accounts[a.SID]
		if known == nil {
			known = &account{services: map[string]Service{}, contents: map[string]Content{}}
			accounts[a.SID] = known
		}
		known.Account = Account{SID: a.SID, Token: cmp.Or(a.Token, known.Token), Parent: cmp.Or(a.Parent, known.Parent),
			APIKeys: slices.Concat(known.APIKeys, a.APIKeys), Senders: slices.Concat(known.Senders, a.Senders),
			Verified: slices.Concat(known.Verified, a.Verified)}
		for _, service := range a.Services {
			known.services[service.SID] = service
		}
		for _, content := range a.Contents {
			known.contents[content.SID] = content
		}
	}
	return accounts
}
