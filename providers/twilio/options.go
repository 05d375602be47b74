package twilio

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	driverName      = "twilio"
	defaultEndpoint = "https://api.twilio.com"
)

// Options are what a Provider is made of. They print without their secrets.
type Options struct {
	// Name is the configured name, under which bindings are looked up and
	// receipts and errors are told. Defaults to "twilio".
	Name string `yaml:"-"`
	// AccountSID is the account in the path of every call: "AC" and 32 hexadecimal
	// digits. It may be a subaccount. Required.
	AccountSID string `yaml:"account_sid" default:"needed" doc:"the account that sends; may be a subaccount"`
	// AuthToken is the account's token. Either it or an API key is required.
	AuthToken string `yaml:"auth_token" secret:"yes" default:"needed, or an API key" doc:"the account's"`
	// ParentAccountSID is the account that AuthToken belongs to, where that is not
	// AccountSID but the account above it. Defaults to AccountSID.
	ParentAccountSID string `yaml:"parent_account_sid" default:"none" doc:"the account whose token 'auth_token' is, where 'account_sid' is a subaccount"`
	// APIKeySID and APIKeySecret are an API key of the account ("SK" and 32
	// hexadecimal digits), used instead of AuthToken: a key can be revoked alone.
	APIKeySID    string `yaml:"api_key_sid" default:"none" doc:"an API key, instead of 'auth_token'"`
	APIKeySecret string `yaml:"api_key_secret" secret:"yes" default:"none" doc:"its secret"`
	// Endpoint is the scheme and host of Twilio's API, and the place of its paths,
	// where a proxy has put them under one of its own. Defaults to
	// "https://api.twilio.com". For a region, name its host here
	// ("https://api.dublin.ie1.twilio.com"): the environment variables
	// TWILIO_REGION and TWILIO_EDGE are ignored.
	//
	// "http://" is taken for a loopback host, and for any host with the sandbox's
	// well-known credentials; else only with AllowPlainHTTP.
	Endpoint string `yaml:"endpoint" default:"https://api.twilio.com" doc:"'http://127.0.0.1:8025' for the sandbox"`
	// AllowPlainHTTP lets credentials, numbers and codes cross a network in the
	// clear. For a proxy of your own that adds TLS.
	AllowPlainHTTP bool `yaml:"allow_plain_http" default:"false" doc:"lets an 'http://' endpoint be another host than this machine"`
	// From is the sender: a number in E.164, a short code, an alphanumeric sender ID
	// of at most 11 characters, or the SID of a Messaging Service. From and
	// MessagingServiceSID may both be empty if every message names its sender, by
	// Message.From or its binding; one that does not is then Unsupported.
	From string `yaml:"from" default:"none" doc:"a number or sender ID"`
	// MessagingServiceSID is a Messaging Service: "MG" and 32 hexadecimal digits.
	// With From both are sent: the service's settings, that sender.
	MessagingServiceSID string `yaml:"messaging_service_sid" default:"none" doc:"a Messaging Service, instead of a number"`
	// StatusCallback is the URL that Twilio posts delivery reports to. After the
	// host it may hold {key}, {provider} and {tag:name}, which are filled in with
	// the message's key, Name and the tag called name (empty where it has none),
	// escaped for a URL. Only what is written here leaves this machine: other tags
	// are never sent.
	StatusCallback string `yaml:"status_callback" default:"none" doc:"a URL; may hold '{key}', '{provider}', '{tag:name}'"`
	// WebhookToken signs what Twilio posts to us: status callbacks and replies. It is
	// the auth token of the account that sends, and is needed with an API key or a
	// parent account's token. Defaults to AuthToken; if both are set, both are
	// accepted.
	WebhookToken string `yaml:"webhook_token" secret:"yes" default:"'auth_token'" doc:"the auth token of the account that sends, which signs what Twilio posts; for an API key or a parent account's token"`
	// Senders turns Message.From into this vendor's sender, in the forms of From.
	Senders map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a sender; '@US' is that of a region, 'shop@US' that of a name there"`
	// Templates may be nil: messages then need a Body.
	Templates *sms.Registry `yaml:"-"`
	// Timeout bounds one call, its answer included. Defaults to 5 s.
	Timeout time.Duration `yaml:"timeout" default:"5s" doc:"of one call"`
	// FindAfter is how long after a message's first try Find may first say that
	// Twilio never took it: before, Twilio's list may lack what it took. Defaults to
	// sms.FindAfter, one minute.
	FindAfter time.Duration `yaml:"find_after" default:"1m" doc:"how long after a message's first try the vendor's list is believed to hold what was taken"`
	// Transport carries the calls, as it is given. Nil: one of the Provider's own,
	// with a pool, the proxy from the environment and TLS 1.2 at the least.
	Transport http.RoundTripper `yaml:"-"`
}

// common returns the settings that every provider has.
func (o Options) common() kit.Common {
	return kit.Common{
		Name: o.Name, Endpoint: o.Endpoint, AllowPlainHTTP: o.AllowPlainHTTP, From: o.From, Senders: o.Senders,
		Templates: o.Templates, Timeout: o.Timeout, FindAfter: o.FindAfter, Transport: o.Transport,
	}
}

// String returns the options without their secrets: see kit.Describe. A SID that
// has not the form of one is masked too, because a secret may have been pasted
// there.
func (o Options) String() string {
	for sid, prefix := range map[*string]string{&o.AccountSID: "AC", &o.ParentAccountSID: "AC", &o.APIKeySID: "SK"} {
		if *sid != "" && !isSID(*sid, prefix) {
			*sid = "****"
		}
	}
	return kit.Describe(o)
}

// Format prints String under every verb.
func (o Options) Format(f fmt.State, verb rune) { kit.Print(f, verb, o.String()) }

// LogValue returns String as a slog value.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }
