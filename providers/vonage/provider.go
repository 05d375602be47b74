package vonage

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	driverName      = "vonage"
	smsEndpoint     = "https://rest.nexmo.com"
	messageEndpoint = "https://api.nexmo.com"
	// findAfter is how long after a send its record is believed to be listed. Vonage
	// documents nothing.
	findAfter = 5 * time.Minute
	// maxRef is the longest client-ref.
	maxRef = 40
)

// The APIs that Options.API names.
const (
	APISMS      = "sms"      // the SMS API, rest.nexmo.com/sms/json
	APIMessages = "messages" // the Messages API, api.nexmo.com/v1/messages
)

// The signatures of the SMS API that Options.SignatureMethod names.
const (
	MethodMD5Hash = "md5hash"
	MethodMD5     = "md5"
	MethodSHA1    = "sha1"
	MethodSHA256  = "sha256"
	MethodSHA512  = "sha512"
)

// Options configure a Provider. They print without their secrets.
type Options struct {
	// Name is the configured name, under which templates bind to this provider.
	// Defaults to "vonage".
	Name string `yaml:"-"`
	// APIKey and APISecret are those of the account. Required.
	APIKey    string `yaml:"api_key" default:"needed" doc:"the account's"`
	APISecret string `yaml:"api_secret" secret:"yes" default:"needed" doc:"its secret"`
	// API is the API to use: "sms" or "messages". Defaults to "sms".
	API string `yaml:"api" default:"sms" doc:"'sms' or 'messages', as the account's settings have it"`
	// Endpoint is the base address of all APIs, for a sandbox or a proxy. Defaults to
	// Vonage's own hosts.
	Endpoint string `yaml:"endpoint" default:"by api" doc:"'http://127.0.0.1:8025' for the sandbox"`
	// AllowPlainHTTP permits an http:// Endpoint on another machine.
	AllowPlainHTTP bool `yaml:"allow_plain_http" default:"false" doc:"lets an 'http://' endpoint be another host than this machine"`
	// From is the sender if neither the message nor its binding names one: a number
	// without "+", or a sender ID of at most 11 characters.
	From string `yaml:"from" default:"none" doc:"a number or sender ID"`
	// Senders maps a message's From to a sender; see kit.Common.
	Senders map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a sender; '@US' is that of a region, 'shop@US' that of a name there"`
	// StatusCallback is the URL that delivery reports are posted to, in place of the
	// account's. It may hold {key}, {provider} and {tag:name}.
	StatusCallback string `yaml:"status_callback" default:"the account's" doc:"a URL; may hold '{key}', '{provider}', '{tag:name}'"`
	// SignatureSecret is the account's signature secret, by which reports and replies
	// are checked. Without it they count as unsigned.
	SignatureSecret string `yaml:"signature_secret" secret:"yes" default:"none" doc:"the account's, by which reports and replies are checked"`
	// SignatureMethod is how the SMS API signs. Defaults to "md5hash".
	SignatureMethod string `yaml:"signature_method" default:"md5hash" doc:"'md5hash', 'md5', 'sha1', 'sha256' or 'sha512', as the account's settings have it"`
	// Templates may be nil: messages then need a Body.
	Templates *sms.Registry `yaml:"-"`
	// Timeout bounds one call. Defaults to 5 seconds.
	Timeout time.Duration `yaml:"timeout" default:"5s" doc:"of one call"`
	// FindAfter is how long after a message may have left the vendor's list is
	// believed to have it. Defaults to 5 minutes.
	FindAfter time.Duration `yaml:"find_after" default:"5m" doc:"how long after a message may have left the vendor's list is believed to have it"`
	// Transport carries the calls. Defaults to one that the provider owns.
	Transport http.RoundTripper `yaml:"-"`
}

// String returns the options without their secrets: see kit.Describe.
func (o Options) String() string { return kit.Describe(o) }

// Format prints String under every verb.
func (o Options) Format(f fmt.State, verb rune) { kit.Print(f, verb, o.String()) }

// LogValue returns String as a slog value.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

// A Provider sends through one account of Vonage. It may be used by any number of
// goroutines.
type Provider struct{ *kit.Provider }

// vendor is what this package knows of Vonage, with the settings of one account.
type vendor struct {
	*kit.Base
	key      string
	messages bool // the Messages API
	callback kit.Callback
	bindings map[string]extra // by template
	method   string
	// Secrets are behind functions, which package fmt cannot print.
	secret, signature func() string
}

// extra is what Binding.Extra may set.
type extra struct{ entity, content string }

// The sandbox's well-known credentials.
const (
	sandboxKey    = "sandboxkey"
	sandboxSecret = "sandboxsecret"
)

// New returns a Provider. It does no I/O. Every fault of the options is in one
// error, each as an *sms.FieldError.
func New(o Options) (*Provider, error) {
	var f kit.Faults
	o.check(&f)
	v := &vendor{
		key: o.APIKey, messages: o.API == APIMessages, method: cmp.Or(o.SignatureMethod, MethodMD5Hash),
		secret: func() string { return o.APISecret }, signature: func() string { return o.SignatureSecret }, bindings: map[string]extra{},
	}
	about := kit.About{
		Driver: driverName, Endpoint: smsEndpoint, Hosts: map[string]string{"api": messageEndpoint}, Account: o.APIKey,
		Public: o.APIKey == sandboxKey && o.APISecret == sandboxSecret, MaxKey: maxRef,
		Secrets: func() []string { return []string{o.APISecret, o.SignatureSecret} }, Codes: kit.Table{Rows: table}, CheckSender: checkSender,
	}
	v.Base = kit.Open(kit.Common{
		Name: o.Name, Endpoint: o.Endpoint, AllowPlainHTTP: o.AllowPlainHTTP, From: o.From, Senders: o.Senders, Templates: o.Templates,
		Timeout: o.Timeout, FindAfter: o.FindAfter, Transport: o.Transport,
	}, about, &f)
	var err error
	if v.callback, err = kit.ParseCallback(o.StatusCallback); err != nil {
		f.Add("status_callback", "%w", err)
	}
	v.Bindings(func(t sms.Template, b sms.Binding, path string) {
		for key := range b.Extra {
			if key != "entity_id" && key != "content_id" {
				f.Add(path+".extra."+key, "there is no such setting: there are content_id and entity_id")
			}
		}
		v.bindings[t.Name] = extra{b.Extra["entity_id"], b.Extra["content_id"]}
	})
	send := v.sendSMS
	if v.messages {
		send = v.sendMessage
	}
	p, err := kit.New(v.Base, kit.Vendor[order]{
		Order: v.order, Send: send, Check: v.check, Show: v.show, Hide: func(o order) []string { return []string{o.text} },
		Listing: v.listing(), Inspect: v.inspect, Webhook: v.webhook,
	}, f)
	if err != nil {
		return nil, err
	}
	return &Provider{p}, nil
}

func (o Options) check(f *kit.Faults) {
	for _, field := range []struct{ path, value string }{{"api_key", o.APIKey}, {"api_secret", o.APISecret}} {
		switch {
		case field.value == "":
			f.Add(field.path, "it is empty: copy it from the vendor's dashboard")
		case strings.TrimSpace(field.value) != field.value:
			f.Add(field.path, "it begins or ends with white space")
		}
	}
	if o.API != "" && o.API != APISMS && o.API != APIMessages {
		f.Add("api", "%q is none: write sms or messages", o.API)
	}
	if o.SignatureMethod != "" && hashOf(o.SignatureMethod) == nil && o.SignatureMethod != MethodMD5Hash {
		f.Add("signature_method", "%q is none: write md5hash, md5, sha1, sha256 or sha512", o.SignatureMethod)
	}
}

// checkSender refuses what is certainly no sender: a number has digits only, and a
// sender ID at most 11 characters.
func checkSender(sender string) error {
	digits := strings.Trim(sender, "0123456789") == ""
	switch {
	case strings.HasPrefix(sender, "+"):
		return errors.New("it begins with \"+\": write the number without")
	case digits && len(sender) > 15, !digits && len([]rune(sender)) > 11:
		return errors.New("it is no number of at most 15 digits, and no sender ID of at most 11 characters")
	case strings.TrimSpace(sender) != sender:
		return errors.New("it begins or ends with white space")
	}
	return nil
}

// Driver makes Providers from configuration, by the keys of [Options]:
//
//	providers:
//	  vonage:
//	    driver: vonage
//	    api_key: "${VONAGE_API_KEY}"
//	    api_secret: "${VONAGE_API_SECRET}"
//	    from: ACME
func Driver() sms.Driver {
	return kit.Driver(driverName, Codes(), New, func(o *Options, c sms.DriverConfig) { o.Name, o.Templates = c.Name, c.Templates })
}
