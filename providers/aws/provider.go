package aws

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const driverName = "aws"

// Options configure a Provider. They print without their secrets.
type Options struct {
	// Name is the configured name, under which templates bind to this provider.
	// Defaults to "aws".
	Name string `yaml:"-"`
	// Region is the AWS region whose numbers and sender IDs are used: "eu-west-1".
	// Required.
	Region string `yaml:"region" default:"needed" doc:"the AWS region: 'eu-west-1'"`
	// AccessKeyID, SecretAccessKey and SessionToken are fixed credentials. The token
	// is only for temporary ones. Without them Credentials must be set.
	AccessKeyID     string `yaml:"access_key_id" default:"needed, unless credentials is set" doc:"of fixed credentials"`
	SecretAccessKey string `yaml:"secret_access_key" secret:"yes" default:"needed, unless credentials is set" doc:"of fixed credentials"`
	SessionToken    string `yaml:"session_token" secret:"yes" default:"none" doc:"of temporary credentials"`
	// CredentialsFrom may be "default" in a file: the program's own way to find
	// credentials, which it gives to DriverWith. In Go, set Credentials.
	CredentialsFrom string `yaml:"credentials" default:"none" doc:"'default' for those of the environment, the profile or the machine's role; only programs that link it, such as 'notify', serve it"`
	// Credentials returns the credentials, in place of the fixed ones. They are
	// cached until they expire.
	Credentials aws.CredentialsProvider `yaml:"-"`
	// Endpoint is the base address of the API, for a sandbox or a proxy. Defaults to
	// AWS's host of the region.
	Endpoint string `yaml:"endpoint" default:"by region" doc:"'http://127.0.0.1:8025' for the sandbox"`
	// AllowPlainHTTP permits an http:// Endpoint on another machine.
	AllowPlainHTTP bool `yaml:"allow_plain_http" default:"false" doc:"lets an 'http://' endpoint be another host than this machine"`
	// From is the origination identity if neither the message nor its binding names
	// one: a number, a sender ID, a pool, or the ARN of one. If it is empty, AWS
	// chooses one of the account's.
	From string `yaml:"from" default:"AWS chooses" doc:"a number, a sender ID or a pool, or its ARN"`
	// Senders maps a message's From to an origination identity; see kit.Common.
	Senders map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a sender; '@US' is that of a region, 'shop@US' that of a name there"`
	// ConfigurationSet is the name or ARN of the configuration set, which decides
	// where events go. Without it there are no reports.
	ConfigurationSet string `yaml:"configuration_set" default:"none" doc:"its event destinations get the reports"`
	// MaxPrice is the most that a message may cost, in US dollars: "0.08". AWS refuses
	// a message that costs more.
	MaxPrice string `yaml:"max_price" default:"none" doc:"US dollars a message: '0.08'"`
	// ProtectConfiguration is the ID or ARN of rules for countries and numbers.
	ProtectConfiguration string `yaml:"protect_configuration" default:"the account's" doc:"the ID or ARN of a protect configuration"`
	// Topics are the ARNs of the SNS topics whose notifications are taken as reports
	// and replies. Without any, no notification is.
	Topics []string `yaml:"topics" default:"none" doc:"a list of the ARNs of SNS topics, whose notifications are taken as reports and replies"`
	// Templates may be nil: messages then need a Body.
	Templates *sms.Registry `yaml:"-"`
	// Timeout bounds one call. Defaults to 5 seconds.
	Timeout time.Duration `yaml:"timeout" default:"5s" doc:"of one call"`
	// Transport carries the calls. Defaults to one that the provider owns.
	Transport http.RoundTripper `yaml:"-"`

	load Load
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

// A Provider sends through one account and region of AWS. It may be used by any
// number of goroutines.
type Provider struct{ *kit.Provider }

// vendor is what this package knows of AWS, with the settings of one account.
type vendor struct {
	*kit.Base
	region string
	ring   *kit.Ring[key]
	signer *signer.Signer
	fixed  fixedFields
	india  map[string]map[string]string // DestinationCountryParameters, by template
	topics *topics
}

// fixedFields are the fields that are the same for every message.
type fixedFields struct{ configurationSet, maxPrice, protect string }

var (
	aRegion = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	aPrice  = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,5})?$`)
	anID    = regexp.MustCompile(`^[A-Za-z0-9_:/-]{1,256}$`)
	aTopic  = regexp.MustCompile(`^arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$`)
)

// New returns a Provider. It does no I/O. Every fault of the options is in one
// error, each as an *sms.FieldError.
func New(o Options) (*Provider, error) {
	var f kit.Faults
	o.check(&f)
	v := &vendor{
		region: o.Region, signer: signer.NewSigner(), india: map[string]map[string]string{},
		fixed: fixedFields{o.ConfigurationSet, o.MaxPrice, o.ProtectConfiguration},
	}
	v.ring = o.ring()
	v.Base = kit.Open(kit.Common{
		Name: o.Name, Endpoint: o.Endpoint, AllowPlainHTTP: o.AllowPlainHTTP, From: o.From, Senders: o.Senders, Templates: o.Templates,
		Timeout: o.Timeout, Transport: o.Transport,
	}, kit.About{
		Driver: driverName, Endpoint: host(o.Region), BareHost: true, Account: o.AccessKeyID,
		Public: o.AccessKeyID == sandboxKeyID && o.SecretAccessKey == sandboxSecret,
		Secrets: func() []string {
			k := v.ring.Last()
			return []string{o.SecretAccessKey, o.SessionToken, k.secret, k.token}
		},
		Codes: kit.Table{Rows: table}, CheckSender: checkSender, RequestID: requestID,
	}, &f)
	v.Bindings(func(t sms.Template, b sms.Binding, path string) { v.bind(t, b, path, &f) })
	v.topics = newTopics(o.Topics, o.Endpoint != "", v.URL)
	p, err := kit.New(v.Base, kit.Vendor[order]{
		Order: v.order, Send: v.send, Check: v.check, Show: v.show, Hide: func(o order) []string { return []string{o.MessageBody} },
		Inspect: v.inspect, Try: v.try, Webhook: v.webhook,
	}, f)
	if err != nil {
		return nil, err
	}
	return &Provider{p}, nil
}

// host returns AWS's host of a region. The regions of China have another domain.
func host(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "https://sms-voice." + region + ".amazonaws.com.cn"
	}
	return "https://sms-voice." + region + ".amazonaws.com"
}

func (o Options) check(f *kit.Faults) {
	if !aRegion.MatchString(o.Region) {
		f.Add("region", "%q is no region of AWS: write one such as eu-west-1", o.Region)
	}
	o.checkCredentials(f)
	for _, field := range []struct{ path, value string }{{"configuration_set", o.ConfigurationSet}, {"protect_configuration", o.ProtectConfiguration}} {
		if field.value != "" && !anID.MatchString(field.value) {
			f.Add(field.path, "%q is no name, ID or ARN: at most 256 letters, digits and \"_:/-\"", field.value)
		}
	}
	if o.MaxPrice != "" && !aPrice.MatchString(o.MaxPrice) {
		f.Add("max_price", "%q is no price in US dollars: write one such as \"0.08\"", o.MaxPrice)
	}
	for i, topic := range o.Topics {
		if !aTopic.MatchString(topic) {
			f.Add(fmt.Sprintf("topics[%d]", i), "%q is no ARN of an SNS topic: arn:aws:sns:eu-west-1:123456789012:name", topic)
		}
	}
}

// bind checks a binding's extra settings and keeps what India requires.
func (v *vendor) bind(t sms.Template, b sms.Binding, path string, f *kit.Faults) {
	fields := map[string]string{}
	for key, value := range b.Extra {
		switch key {
		case "entity_id":
			fields["IN_ENTITY_ID"] = value
		case "template_id":
			fields["IN_TEMPLATE_ID"] = value
		default:
			f.Add(path+".extra."+key, "it is not a setting: write entity_id or template_id")
		}
	}
	if len(fields) > 0 {
		v.india[t.Name] = fields
	}
}

// checkSender refuses what is certainly no origination identity.
func checkSender(sender string) error {
	switch {
	case sender == "":
		return nil
	case len(sender) > 256:
		return errors.New("it has more than 256 characters")
	case strings.ContainsFunc(sender, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("it holds white space or a character beyond ASCII: write a number, a sender ID, a pool, or an ARN")
	}
	return nil
}

// Driver makes Providers from configuration, by the keys of [Options]:
//
//	providers:
//	  aws:
//	    driver: aws
//	    region: eu-west-1
//	    access_key_id: "${AWS_ACCESS_KEY_ID}"
//	    secret_access_key: "${AWS_SECRET_ACCESS_KEY}"
//	    from: ACME
//
// It refuses "credentials: default"; see [DriverWith].
func Driver() sms.Driver { return DriverWith(nil) }

// DriverWith is Driver for a program that can find the credentials of
// "credentials: default". Load is called at the first send.
func DriverWith(load Load) sms.Driver {
	return kit.Driver(driverName, Codes(), New, func(o *Options, c sms.DriverConfig) { o.Name, o.Templates, o.load = c.Name, c.Templates, load })
}
