package aliyun

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	// DefaultMaxCalls is Options.MaxCalls if that is zero.
	DefaultMaxCalls = 4
	// DefaultName is Options.Name where that is empty.
	DefaultName = "aliyun"
	// DefaultRegion is Options.Region if that is empty.
	DefaultRegion = "cn-hangzhou"
	// DefaultGlobeRegion is Options.Region if that is empty and API is "globe".
	DefaultGlobeRegion = "ap-southeast-1"
)

// The products of Aliyun that Options.API names. A provider uses one of them for
// every message: a route by region chooses between providers.
const (
	// APISMS is SendSms of Dysmsapi 2017-05-25: approved templates under an approved
	// signature, to mainland China and abroad.
	APISMS = "sms"
	// APIGlobe is SendMessageToGlobe of Dysmsapi 2018-05-01: any text, to all regions
	// but mainland China.
	APIGlobe = "globe"
	// APIPNVS is SendSmsVerifyCode of Dypnsapi 2017-05-25: verification codes to
	// mainland China by the vendor's own signatures and templates. Accounts of persons
	// may use it, without a company's papers.
	APIPNVS = "pnvs"
)

// Options say who sends, and to where. The keys in a configuration file are
// those of the yaml tags. Options print without their secrets.
type Options struct {
	// Name is the configured name of this provider, under which templates bind
	// to it. Defaults to "aliyun".
	Name string `yaml:"-"`
	// API is the product to use: "sms", "globe" or "pnvs". Defaults to "sms".
	API string `yaml:"api" default:"sms" doc:"'sms', 'globe' (free text abroad) or 'pnvs' (codes, for accounts of persons)"`
	// AccessKeyID and AccessKeySecret are the key of a RAM user that may call
	// dysms:SendSms, dysms:SendMessageToGlobe or dypns:SendSmsVerifyCode, by API.
	// Required, unless Credentials is set.
	AccessKeyID     string `yaml:"access_key_id" secret:"yes" default:"needed" doc:"the key of a RAM user that may call dysms:SendSms"`
	AccessKeySecret string `yaml:"access_key_secret" secret:"yes" default:"needed" doc:"its secret"`
	// SecurityToken belongs to a temporary key (STS). Such a key ends within
	// hours: set Credentials for a program that runs longer.
	SecurityToken string `yaml:"security_token" secret:"yes" default:"none" doc:"of temporary credentials"`
	// Credentials is asked for a key instead of the three above: before a call,
	// and again shortly before the key expires, by one goroutine at a time. It has
	// to return when its context ends, which is at the latest after Timeout. While
	// it fails, a key that has not yet expired stays in use; without one the
	// message is Unavailable, Rejected, for no call was made. An *sms.Error that
	// it returns keeps its Reason.
	Credentials func(context.Context) (Credentials, error) `yaml:"-"`
	// RAMRole is the RAM role of the machine, or "auto" for its only one. Its keys are
	// used instead of a fixed one: see package ram.
	RAMRole string `yaml:"ram_role" default:"none" doc:"the RAM role of the ECS instance, or 'auto' for its only one, instead of a key"`
	// OIDCRole, OIDCProvider and OIDCTokenFile are the ARN of a RAM role, that of the
	// identity provider, and the file with the token for which the role is given, as
	// in a cluster with RRSA. They stand instead of a key. STSEndpoint is where the
	// token is exchanged; it defaults to https://sts.aliyuncs.com.
	OIDCRole      string `yaml:"oidc_role" default:"none" doc:"the ARN of a RAM role that is given for a token of OpenID Connect, instead of a key: '${ALIBABA_CLOUD_ROLE_ARN}'"`
	OIDCProvider  string `yaml:"oidc_provider" default:"none" doc:"with 'oidc_role': '${ALIBABA_CLOUD_OIDC_PROVIDER_ARN}'"`
	OIDCTokenFile string `yaml:"oidc_token_file" default:"none" doc:"with 'oidc_role': '${ALIBABA_CLOUD_OIDC_TOKEN_FILE}'"`
	STSEndpoint   string `yaml:"sts_endpoint" default:"https://sts.aliyuncs.com" doc:"with 'oidc_role': where the token is exchanged for a key"`
	// Region is the vendor's region ID. It decides the host if Endpoint is empty.
	// Defaults to "cn-hangzhou", and with API "globe" to "ap-southeast-1", the region
	// of the vendor's international site. The product pnvs has one host.
	Region string `yaml:"region" default:"cn-hangzhou" doc:"the vendor's region ID; with 'api: globe' it defaults to 'ap-southeast-1'"`
	// Endpoint is the vendor's address, "https://dysmsapi.aliyuncs.com", or
	// "http://127.0.0.1:8025" of a sandbox. Plain http is taken for a loopback
	// host, for any host with the sandbox's well-known key, which is no secret, and
	// else with AllowPlainHTTP only. Defaults to the host of the Region, over
	// https; for cn-beijing to the central one, because the host that the vendor
	// names there is not reached from outside its network.
	Endpoint string `yaml:"endpoint" default:"by region" doc:"'http://127.0.0.1:8025' for the sandbox"`
	// AllowPlainHTTP takes an Endpoint with http:// for any host: numbers and
	// codes are then readable on the way.
	AllowPlainHTTP bool `yaml:"allow_plain_http" default:"false" doc:"lets an 'http://' endpoint be another host than this machine"`
	// From is the signature, without brackets, if neither the message nor the
	// binding names one. With API "globe" it is the sender ID: at most 11 letters and
	// digits, or at most 15 digits.
	From string `yaml:"from" default:"none" doc:"the signature, without brackets, or the sender ID of 'api: globe', if neither message nor binding names one"`
	// Senders gives for each Message.From this vendor's signature.
	Senders map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a signature; '@US' is that of a region, 'shop@US' that of a name there"`
	// Templates holds the templates, of which those are used that have a binding
	// under Name. Required, unless API is "globe": the other products send nothing but
	// templates.
	Templates *sms.Registry `yaml:"-"`
	// Timeout bounds one call, its answer included. Defaults to 5 seconds.
	Timeout time.Duration `yaml:"timeout" default:"5s" doc:"of one call"`
	// FindAfter is how long after a message's first try Find may first say that
	// the vendor never took it: before, its listing may lack what it took. Defaults
	// to sms.FindAfter, one minute.
	FindAfter time.Duration `yaml:"find_after" default:"1m" doc:"how long after a message's first try the vendor's list is believed to hold what was taken"`
	// Coalesce is for API "sms" only. It puts concurrent messages of Kind Notification and Promotion that
	// have signature, template and values in common into one call, of 1,000 numbers
	// at most. None waits for others to come: it goes at once, unless MaxCalls calls
	// of its like are in flight. See the package comment for what it changes.
	Coalesce bool `yaml:"coalesce" default:"false" doc:"concurrent messages, no codes, with the same signature, template and values share a call, of 1,000 numbers at most"`
	// MaxCalls is how many calls with the same signature, template and values may
	// be in flight before what arrives gathers for the next one. It counts with
	// Coalesce only. Defaults to 4.
	MaxCalls int `yaml:"max_calls" default:"4" doc:"with 'coalesce': how many such calls may be in flight before what arrives gathers for the next one"`
	// Transport carries the calls and is used as it is. Defaults to one of the
	// provider's own, with its own pool, the proxy of the environment and TLS 1.2
	// at least.
	Transport http.RoundTripper `yaml:"-"`
}

func (o Options) withDefaults() Options {
	o.Name = cmp.Or(o.Name, DefaultName)
	o.API = cmp.Or(o.API, APISMS)
	if o.API == APIGlobe {
		o.Region = cmp.Or(o.Region, DefaultGlobeRegion)
	}
	o.Region = cmp.Or(o.Region, DefaultRegion)
	o.MaxCalls = cmp.Or(o.MaxCalls, DefaultMaxCalls)
	return o
}

// common returns the settings that every provider has.
func (o Options) common() kit.Common {
	return kit.Common{
		Name: o.Name, Endpoint: o.Endpoint, AllowPlainHTTP: o.AllowPlainHTTP, From: o.From, Senders: o.Senders, Templates: o.Templates,
		Timeout: o.Timeout, FindAfter: o.FindAfter, Coalesce: o.Coalesce, MaxCalls: o.MaxCalls, Transport: o.Transport,
	}
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

func isRegion(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
