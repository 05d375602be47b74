package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/sms"
)

// The well-known credentials and senders. Every sandbox takes them, so that a
// program can be pointed at one without any setting up. They open nothing else.
const (
	AliyunKeyID     = "sandbox-key-id"
	AliyunKeySecret = "sandbox-key-secret"
	AliyunSignature = "云通信"

	TwilioAccountSID      = "AC00000000000000000000000000000000"
	TwilioAuthToken       = "sandboxtoken" // letters and digits: twilio-go refuses other tokens before it sends
	TwilioSubaccountSID   = "AC00000000000000000000000000000001"
	TwilioSubaccountToken = "sandboxsubtoken"
	TwilioAPIKeySID       = "SK00000000000000000000000000000000"
	TwilioAPIKeySecret    = "sandboxsecret"
	TwilioSender          = "+15005550006"
	TwilioServiceSID      = "MG00000000000000000000000000000000"
	TwilioContentSID      = "HX00000000000000000000000000000000"
)

// Options are what a sandbox knows and how it behaves. The zero value is a
// sandbox with the well-known accounts, signature and templates; what is given
// here comes on top of those. A key or template with the ID of another takes its
// place; an account given again has the later token and the lists of both.
type Options struct {
	// Keys are Aliyun's access keys.
	Keys []Key
	// Signatures are Aliyun's.
	Signatures []Signature
	// Templates are Aliyun's.
	Templates []Template
	// Accounts are Twilio's.
	Accounts []Account

	// Pace is how long a message stays in one status: two of them pass from
	// accepted to delivered. Defaults to 300 ms; negative: messages never move.
	Pace time.Duration
	// Limits turns on Aliyun's default limits for each number: of a code 1 a
	// minute, 5 an hour and 10 a day, of all else 50 a day.
	Limits bool
	// Lenient takes any credentials, signature, template and sender, and tells
	// OnRefusal what the vendor would have refused.
	Lenient bool
	// OnRefusal is called for what a lenient sandbox has let pass, in the
	// goroutine of the request and from several at once.
	OnRefusal func(Refusal)

	// MaxMessages is how many messages are kept, the oldest given up first.
	// Defaults to 10,000. Their texts are bounded too, at 64 MiB, or at 2 KiB a
	// message where that is more.
	MaxMessages int

	// TLS makes Listen serve HTTPS, with a certificate made anew at every start.
	TLS bool
	// CallbackHosts are the hosts, besides the loopback ones, that status
	// callbacks go to: "example.com", or "*" for all.
	CallbackHosts []string
	// CallbackTransport carries the callbacks. Nil: one of the sandbox's own.
	CallbackTransport http.RoundTripper
	// Logger is told of callbacks that failed and connections that broke, without
	// a number. Nil: nobody is.
	Logger *slog.Logger
}

// A Key is an access key of Aliyun's, or an API key of Twilio's. It prints
// without its secret, because a configuration's real keys come here too.
type Key struct{ ID, Secret string }

// Format prints the ID under every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.ID) }

// LogValue gives slog the ID.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.ID) }

// A Signature is one of Aliyun's.
type Signature struct {
	Name         string // without brackets
	Review       Review // but for Approved, nothing goes out under it
	Registration Registration
}

// Review is what the vendor's review says of a signature or template.
type Review int

// The states of a review.
const (
	Approved Review = iota
	InReview
	Refused
	Canceled
)

// Registration is how far a signature's real names are registered with the
// carriers. What goes out under one that is not Registered is accepted by the
// vendor, and fails at the carrier.
type Registration int

// The states of a registration.
const (
	Registered Registration = iota
	NotRegistered
	Registering
	RegistrationFailed
	RegistrationLapsed
)

// A Template is one of Aliyun's.
type Template struct {
	Code string   // "SMS_0001"
	Name string   // empty: the code
	Kind sms.Kind // decides the rules for values and the countries; zero is Notification
	Text string   // with variables as ${name}
	// Review is what the vendor's review says: but for Approved, nothing goes out by it.
	Review Review
}

// An Account is one of Twilio's. It prints without its token.
type Account struct {
	SID      string
	Token    string    // also signs its callbacks; empty: API keys alone open it
	Parent   string    // the SID of the account whose token opens this one too; empty: none
	APIKeys  []Key     // "SK…" and its secret
	Senders  []string  // numbers and alphanumeric sender IDs
	Services []Service // Messaging Services
	Contents []Content // content templates
}

// Format prints the SID under every verb.
func (a Account) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.SID) }

// LogValue gives slog the SID.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.SID) }

// A Service is a Messaging Service: a pool of senders.
type Service struct {
	SID     string   // "MG…"
	Senders []string // the first one is used; empty: the account's first
}

// A Content is a content template of Twilio's.
type Content struct {
	SID  string // "HX…"
	Text string // with variables as {{1}}
}

// A Refusal is what a lenient sandbox has let pass and the vendor would not
// have. It holds no number, no value and no secret.
type Refusal struct {
	Vendor, Operation, Code, Message string
}

// String reads "aliyun would have refused SendSms: code: message".
func (r Refusal) String() string {
	return fmt.Sprintf("%s would have refused %s: %s: %s", r.Vendor, r.Operation, r.Code, r.Message)
}

const (
	defaultPace        = 300 * time.Millisecond
	defaultMaxMessages = 10_000
)

func wellKnownTemplates() []Template {
	return []Template{
		{Code: "SMS_0001", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。"},
		{Code: "SMS_0002", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。"},
		{Code: "SMS_0003", Kind: sms.Promotion, Text: "新品上架,欢迎选购,回T退订。"},
		{Code: "SMS_0004", Kind: sms.International, Text: "Your code is ${code}."},
		{Code: "SMS_0005", Kind: sms.Notification, Text: "${name},您的包裹已到。", Review: Refused},
	}
}

func wellKnownAccounts() []Account {
	services := []Service{{SID: TwilioServiceSID, Senders: []string{TwilioSender}}}
	contents := []Content{{SID: TwilioContentSID, Text: "Your code is {{1}}."}}
	return []Account{
		{SID: TwilioAccountSID, Token: TwilioAuthToken, APIKeys: []Key{{TwilioAPIKeySID, TwilioAPIKeySecret}},
			Senders: []string{TwilioSender}, Services: services, Contents: contents},
		{SID: TwilioSubaccountSID, Token: TwilioSubaccountToken, Parent: TwilioAccountSID,
			Senders: []string{TwilioSender}, Services: services, Contents: contents},
	}
}

// withDefaults returns a copy with the well-known things in it.
func (o Options) withDefaults() Options {
	o.Keys = slices.Concat([]Key{{AliyunKeyID, AliyunKeySecret}}, o.Keys)
	o.Signatures = slices.Concat([]Signature{{Name: AliyunSignature}}, o.Signatures)
	o.Templates = slices.Concat(wellKnownTemplates(), o.Templates)
	o.Accounts = slices.Concat(wellKnownAccounts(), o.Accounts)
	o.Pace = cmp.Or(o.Pace, defaultPace)
	if o.MaxMessages <= 0 {
		o.MaxMessages = defaultMaxMessages
	}
	o.CallbackHosts = slices.Clone(o.CallbackHosts)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Validate finds every fault of the options at once.
func (o Options) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("sandbox: "+format, args...)) }
	for i, k := range o.Keys {
		if k.ID == "" || k.Secret == "" {
			fault("keys[%d]: ID and Secret are both needed", i)
		}
	}
	for i, s := range o.Signatures {
		if s.Name == "" || strings.ContainsAny(s.Name, "【】") {
			fault("signatures[%d]: %q is no signature: write it without brackets", i, s.Name)
		}
		if s.Review < Approved || s.Review > Canceled || s.Registration < Registered || s.Registration > RegistrationLapsed {
			fault("signatures[%d] %q: there is no such Review or Registration", i, s.Name)
		}
	}
	for i, t := range o.Templates {
		if t.Code == "" || t.Text == "" {
			fault("templates[%d] %q: Code and Text are both needed", i, t.Code)
		}
		if t.Review < Approved || t.Review > Canceled {
			fault("templates[%d] %q: there is no such Review", i, t.Code)
		}
	}
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
	for i, h := range o.CallbackHosts {
		if u, err := url.Parse("http://" + h); h != "*" && (err != nil || u.Hostname() != h) {
			fault("callback hosts[%d]: %q is no host name: write it without scheme and port", i, h)
		}
	}
	return errors.Join(faults...)
}

// isSID tells whether s is a SID of Twilio's: two letters and 32 hexadecimal digits.
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
