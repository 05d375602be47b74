package tencent

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	driverName      = "tencent"
	defaultEndpoint = "https://sms.tencentcloudapi.com"
	defaultRegion   = "ap-guangzhou"
	// findAfter is how long after a send its record is believed to be listed. Tencent
	// documents nothing.
	findAfter = 5 * time.Minute
)

// Options configure a Provider. They print without their secrets.
type Options struct {
	// Name is the configured name, under which templates bind to this provider.
	// Defaults to "tencent".
	Name string `yaml:"-"`
	// SecretID and SecretKey are the key of a CAM user that may call sms:SendSms.
	// Required.
	SecretID  string `yaml:"secret_id" secret:"yes" default:"needed" doc:"the key of a CAM user that may call sms:SendSms"`
	SecretKey string `yaml:"secret_key" secret:"yes" default:"needed" doc:"its secret"`
	// Token belongs to a temporary key.
	Token string `yaml:"token" secret:"yes" default:"none" doc:"of temporary credentials"`
	// SDKAppID is the application in the SMS console: "1400000000". Required.
	SDKAppID string `yaml:"sdk_app_id" default:"needed" doc:"the application in the SMS console"`
	// Region is required by the API and does not change where messages go. Defaults
	// to "ap-guangzhou".
	Region string `yaml:"region" default:"ap-guangzhou" doc:"the vendor's region ID"`
	// Endpoint is the address of the API. Defaults to
	// "https://sms.tencentcloudapi.com"; an account of the international site needs
	// "https://sms.intl.tencentcloudapi.com".
	Endpoint string `yaml:"endpoint" default:"https://sms.tencentcloudapi.com" doc:"'http://127.0.0.1:8025' for the sandbox; 'https://sms.intl.tencentcloudapi.com' for an account of the international site"`
	// AllowPlainHTTP permits an http:// Endpoint on another machine.
	AllowPlainHTTP bool `yaml:"allow_plain_http" default:"false" doc:"lets an 'http://' endpoint be another host than this machine"`
	// From is the signature, without brackets, if neither the message nor its binding
	// names one.
	From string `yaml:"from" default:"none" doc:"the signature, if neither message nor binding names one; without brackets"`
	// Senders maps a message's From to a signature; see kit.Common.
	Senders map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a signature; '@US' is that of a region, 'shop@US' that of a name there"`
	// Templates holds the templates, of which those are used that have a binding under
	// Name. Required.
	Templates *sms.Registry `yaml:"-"`
	// Timeout bounds one call. Defaults to 5 seconds.
	Timeout time.Duration `yaml:"timeout" default:"5s" doc:"of one call"`
	// FindAfter is how long after a message may have left the vendor's list is
	// believed to have it. Defaults to 5 minutes.
	FindAfter time.Duration `yaml:"find_after" default:"5m" doc:"how long after a message may have left the vendor's list is believed to have it"`
	// Coalesce lets concurrent messages with the same template, values and sender
	// share a call of at most 200 numbers. Verification codes never do.
	Coalesce bool `yaml:"coalesce" default:"false" doc:"concurrent messages, no codes, with the same signature, template and values share a call, of 200 numbers at most"`
	// MaxCalls is how many such calls may be in flight before messages gather for the
	// next one. Defaults to 4.
	MaxCalls int `yaml:"max_calls" default:"4" doc:"with 'coalesce': how many such calls may be in flight before what arrives gathers for the next one"`
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

// A Provider sends through one application of Tencent Cloud SMS. It may be used by
// any number of goroutines.
type Provider struct{ *kit.Provider }

// vendor is what this package knows of Tencent, with the settings of one
// application.
type vendor struct {
	*kit.Base
	app, region string
	bindings    map[string]*binding // by template
	key         func() credentials  // behind a function: package fmt cannot print through it
}

// The sandbox's well-known key.
const (
	sandboxID  = "sandboxsecretid"
	sandboxKey = "sandboxsecretkey"
)

// New returns a Provider. It does no I/O. Every fault of the options is in one
// error, each as an *sms.FieldError.
func New(o Options) (*Provider, error) {
	var f kit.Faults
	o.check(&f)
	key := credentials{o.SecretID, o.SecretKey, o.Token}
	v := &vendor{app: o.SDKAppID, region: cmp.Or(o.Region, defaultRegion), key: func() credentials { return key }}
	v.Base = kit.Open(kit.Common{
		Name: o.Name, Endpoint: o.Endpoint, AllowPlainHTTP: o.AllowPlainHTTP, From: o.From, Senders: o.Senders, Templates: o.Templates,
		Timeout: o.Timeout, FindAfter: o.FindAfter, Coalesce: o.Coalesce, MaxCalls: o.MaxCalls, Transport: o.Transport,
	}, kit.About{
		Driver: driverName, Endpoint: defaultEndpoint, BareHost: true, Account: o.SDKAppID, TemplatesOnly: true,
		Public:      o.SecretID == sandboxID && o.SecretKey == sandboxKey,
		Secrets:     func() []string { return []string{key.id, key.secret, key.token} },
		Codes:       kit.Table{Rows: table, Other: guess},
		CheckSender: kit.CheckSignature,
	}, &f)
	v.bindings = o.bindings(v.Base, &f)
	p, err := kit.New(v.Base, kit.Vendor[order]{
		Order: v.order, Send: v.send, Check: v.check, Text: func(o order) string { return o.text }, Segments: order.segments, Show: order.show,
		Batch: v.batch(), Listing: v.listing(), Inspect: v.inspect, Templates: v.templates, Webhook: v.webhook,
	}, f)
	if err != nil {
		return nil, err
	}
	return &Provider{p}, nil
}

func (o Options) check(f *kit.Faults) {
	for _, field := range []struct{ path, value string }{{"secret_id", o.SecretID}, {"secret_key", o.SecretKey}, {"sdk_app_id", o.SDKAppID}} {
		if field.value == "" {
			f.Add(field.path, "it is empty: copy it from the vendor's console")
		}
	}
	if strings.Trim(o.SDKAppID, "0123456789") != "" {
		f.Add("sdk_app_id", "it has digits only, such as 1400000000")
	}
	if strings.Trim(o.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		f.Add("region", "%q is no region ID: it has small letters, digits and - only", o.Region)
	}
}

// Driver makes Providers from configuration, by the keys of [Options]:
//
//	providers:
//	  tencent:
//	    driver: tencent
//	    secret_id: "${TENCENT_SECRET_ID}"
//	    secret_key: "${TENCENT_SECRET_KEY}"
//	    sdk_app_id: "1400000000"
//	    from: 云通信
func Driver() sms.Driver {
	return kit.Driver(driverName, Codes(), New, func(o *Options, c sms.DriverConfig) { o.Name, o.Templates = c.Name, c.Templates })
}
