// Package sandbox imitates SMS vendors on one port, so that real SDKs and clients
// in any language send to it as they send to the vendor: signatures and
// credentials are verified, and there are the vendor's own error codes, statuses
// that move on, signed callbacks, faults on demand, and an inbox to look at.
//
//   - Aliyun at "/", with its products "globe" and "pnvs" as vendors of their own:
//     see package sandbox/aliyun.
//   - AWS at "/", if X-Amz-Target is PinpointSMSVoiceV2's: see package sandbox/aws.
//   - Tencent Cloud at "/", if X-TC-Action is set: see package sandbox/tencent.
//   - Twilio under "/2010-04-01/Accounts/{sid}/Messages": see package sandbox/twilio.
//   - Vonage at "/sms/json" and "/v1/messages": see package sandbox/vonage.
//   - A carrier that speaks SMPP 3.4, on a port of its own, if Options.SMPP says one:
//     see package sandbox/smpp.
//   - A person's inbox at "/inbox", its data at "/_sandbox/messages", what was
//     refused at "/_sandbox/refused", faults at "/_sandbox/faults", replies of people
//     at "/_sandbox/replies", and addresses for reports at "/_sandbox/webhooks".
//
// A sandbox keeps messages in memory, up to a bound, and shows them in full to
// everyone who can reach its port: Listen serves on the loopback address unless an
// address says otherwise. It sends no message to a telephone. Nothing of the
// vendors' SDKs is in it: the vendors' own clients, in Go and in Node, judge it in
// tests. What it does not guarantee: that a vendor accepts everything that the
// sandbox accepts. docs/sandbox.md lists the differences that are known.
//
// In tests, package sandboxtest starts one in one line. A vendor of one's own is
// written against package sandbox/kernel, and given as Options.Vendors.
package sandbox

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/notifykit/notify/sandbox/aliyun"
	"github.com/notifykit/notify/sandbox/aws"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sandbox/smpp"
	"github.com/notifykit/notify/sandbox/tencent"
	"github.com/notifykit/notify/sandbox/twilio"
	"github.com/notifykit/notify/sandbox/vonage"
)

// The vendors, as Message.Vendor and Fault.Vendor name them.
const (
	Aliyun  = aliyun.Name
	AWS     = aws.Name
	SMPP    = smpp.Name
	Tencent = tencent.Name
	Twilio  = twilio.Name
	Vonage  = vonage.Name
)

// The well-known credentials and senders. Every sandbox accepts them, so that a
// program can use one without any setting up. They open nothing else.
const (
	AliyunKeyID     = aliyun.KeyID
	AliyunKeySecret = aliyun.KeySecret
	AliyunSignature = aliyun.SignatureName

	AWSKeyID     = aws.KeyID
	AWSKeySecret = aws.KeySecret
	AWSSender    = aws.Sender
	AWSSet       = aws.Set
	AWSTopic     = aws.Topic
	AWSVerified  = aws.Verified
	SMPPSystemID = smpp.SystemID
	SMPPPassword = smpp.Password
	SMPPSender   = smpp.Sender

	TencentSecretID  = tencent.SecretID
	TencentSecretKey = tencent.SecretKey
	TencentAppID     = tencent.AppID
	TencentSignature = tencent.SignatureName

	TwilioAccountSID      = twilio.AccountSID
	TwilioAuthToken       = twilio.AuthToken
	TwilioSubaccountSID   = twilio.SubaccountSID
	TwilioSubaccountToken = twilio.SubaccountToken
	TwilioAPIKeySID       = twilio.APIKeySID
	TwilioAPIKeySecret    = twilio.APIKeySecret
	TwilioSender          = twilio.Sender
	TwilioServiceSID      = twilio.ServiceSID
	TwilioContentSID      = twilio.ContentSID
	TwilioVerified        = twilio.Verified

	VonageAPIKey          = vonage.APIKey
	VonageAPISecret       = vonage.APISecret
	VonageSignatureSecret = vonage.SignatureSecret
	VonageVerified        = vonage.Verified
)

// Options are what a sandbox knows and how it behaves. The zero value is a
// sandbox with the well-known accounts, signature and templates; what is given
// here comes on top of those. A key or template with the ID of another takes its
// place. An account that is given again has the later token and the lists of both.
type Options struct {
	// Keys are Aliyun's access keys.
	Keys []Key
	// Signatures are Aliyun's.
	Signatures []Signature
	// Templates are Aliyun's.
	Templates []Template
	// Accounts are Twilio's.
	Accounts []Account
	// AWS is what AWS knows.
	AWS aws.Options
	// Tencent is what Tencent Cloud knows.
	Tencent tencent.Options
	// Vonage is what Vonage knows.
	Vonage vonage.Options
	// SMPP is the address of a carrier that speaks SMPP, "127.0.0.1:2775". Port 0 is a
	// free one: see Sandbox.Addr. Empty is no such carrier.
	SMPP string
	// SMSC is what that carrier knows.
	SMSC smpp.Options
	// Vendors are further ones. They are asked before Aliyun, which takes every
	// request at "/", and after the other vendors of this package.
	Vendors []kernel.Opener

	// Pace is how long a message stays in one status: two of them pass from
	// accepted to delivered. Defaults to 300 ms. With a negative pace messages stay
	// accepted.
	Pace time.Duration
	// Limits turns on the rules that hold for new accounts at each vendor. Aliyun:
	// of codes 1 a minute, 5 an hour and 10 a day to one number, of all else 50 a
	// day. AWS: one message a second, and verified numbers only. Tencent: to one
	// number the same text once in 30 seconds and 2 a day, values
	// of at most 6 characters, and abroad 100 a day in all. Twilio: a trial account
	// sends to numbers in Account.Verified only. Vonage: 30 calls a second, and
	// verified numbers only.
	Limits bool
	// Lenient accepts any credentials, signature, template and sender, and calls
	// OnRefusal with what the vendor would have refused.
	Lenient bool
	// OnRefusal is called for what a lenient sandbox accepts, in the goroutine of
	// the request and from several at once.
	OnRefusal func(Refusal)

	// MaxMessages is how many messages are kept. The oldest are forgotten first.
	// Defaults to 10,000. Their texts are bounded too, at 64 MiB, or at 2 KiB a
	// message if that is more.
	MaxMessages int

	// TLS makes Listen serve HTTPS, with a certificate made anew at every start.
	TLS bool
	// CallbackHosts are the hosts, besides the loopback ones, that reports and
	// replies go to: "example.com", or "*" for all.
	CallbackHosts []string
	// CallbackTransport carries them. Nil is one of the sandbox's own.
	CallbackTransport http.RoundTripper
	// AllowHosts are the host names, besides the loopback ones and the address where
	// the sandbox listens, under which the inbox and the control API answer: for a
	// container, its name. Case does not matter.
	AllowHosts []string
	// Logger gets reports that failed and connections that broke, without a
	// number. Nil logs nothing.
	Logger *slog.Logger
}

func (o Options) kernel() kernel.Options {
	return kernel.Options{Pace: o.Pace, Limits: o.Limits, Lenient: o.Lenient, OnRefusal: o.OnRefusal, MaxMessages: o.MaxMessages,
		TLS: o.TLS, CallbackHosts: o.CallbackHosts, CallbackTransport: o.CallbackTransport, AllowHosts: o.AllowHosts, Logger: o.Logger}
}

// openers returns every vendor. Aliyun takes every request at "/", so it is the last.
func (o Options) openers() []kernel.Opener {
	var carrier []kernel.Opener
	if o.SMPP != "" {
		carrier = []kernel.Opener{smpp.New(o.SMPP, o.SMSC)}
	}
	return slices.Concat(carrier,
		[]kernel.Opener{twilio.New(twilio.Options{Accounts: o.Accounts}), aws.New(o.AWS), tencent.New(o.Tencent), vonage.New(o.Vonage)},
		o.Vendors,
		[]kernel.Opener{aliyun.NewGlobe(aliyun.Options{Keys: o.Keys}), aliyun.NewPNVS(aliyun.Options{Keys: o.Keys}),
			aliyun.New(aliyun.Options{Keys: o.Keys, Signatures: o.Signatures, Templates: o.Templates})},
	)
}

// Validate returns every fault of the options at once.
func (o Options) Validate() error { return New(o).Err() }

// New returns a Sandbox that the caller serves. It serves nothing itself. It must
// be closed, because reports start goroutines. If Options.Validate refuses the
// options, the Sandbox answers every request with what is wrong.
func New(o Options) *Sandbox { return kernel.New(o.kernel(), o.openers()...) }

// Listen starts a sandbox at an address such as "127.0.0.1:8025" and serves it
// until Close. Port 0, or an empty address, is a free port. A host left out is
// 127.0.0.1. Any other host is taken as it is: the inbox of a sandbox is open to
// everyone who can reach it.
func Listen(addr string, o Options) (*Sandbox, error) {
	return kernel.Listen(addr, o.kernel(), o.openers()...)
}
