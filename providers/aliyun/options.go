package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

const (
	// DefaultName is Options.Name where that is empty.
	DefaultName = "aliyun"
	// DefaultRegion is Options.Region where that is empty.
	DefaultRegion = "cn-hangzhou"
)

// Options say who sends, and to where. The keys in a configuration file are
// those of the yaml tags. Options print without their secrets.
type Options struct {
	// Name is the configured name of this provider, under which templates bind
	// to it. Defaults to "aliyun".
	Name string `yaml:"-"`
	// AccessKeyID and AccessKeySecret are the key of a RAM user that may call
	// dysms:SendSms. Required, unless Credentials is set.
	AccessKeyID     string `yaml:"access_key_id" default:"needed" doc:"the key of a RAM user that may call dysms:SendSms"`
	AccessKeySecret string `yaml:"access_key_secret" default:"needed" doc:"its secret"`
	// SecurityToken belongs to a temporary key (STS). Such a key ends within
	// hours: set Credentials for a program that runs longer.
	SecurityToken string `yaml:"security_token" default:"none" doc:"of temporary credentials"`
	// Credentials is asked for a key instead of the three above: before a call,
	// and again shortly before the key expires, by one goroutine at a time. It has
	// to return when its context ends, which is at the latest after Timeout. While
	// it fails, a key that has not yet expired stays in use; without one the
	// message is Unavailable, Rejected, for no call was made. An *sms.Error that
	// it returns keeps its Reason.
	Credentials func(context.Context) (Credentials, error) `yaml:"-"`
	// Region is the vendor's region ID. It decides the host where Endpoint is
	// empty. Defaults to "cn-hangzhou".
	Region string `yaml:"region" default:"cn-hangzhou" doc:"the vendor's region ID"`
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
	// From is the signature, without brackets, where neither the message nor the
	// binding names one.
	From string `yaml:"from" default:"none" doc:"the signature, where neither message nor binding names one; without brackets"`
	// Senders gives for each Message.From this vendor's signature.
	Senders map[string]string `yaml:"senders" default:"none" doc:"a map from a message's 'From' to a signature"`
	// Templates holds the templates, of which those are used that have a binding
	// under Name. Required: the vendor sends nothing but templates.
	Templates *sms.Registry `yaml:"-"`
	// Timeout bounds one call, its answer included. Defaults to 5 seconds.
	Timeout time.Duration `yaml:"timeout" default:"5s" doc:"of one call"`
	// FindAfter is how long after a message's first try Find may first say that
	// the vendor never took it: before, its listing may lack what it took. Defaults
	// to sms.FindAfter, one minute.
	FindAfter time.Duration `yaml:"find_after" default:"1m" doc:"how long after a message's first try the vendor's list is believed to hold what was taken"`
	// Coalesce puts concurrent messages of Kind Notification and Promotion that
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

// New makes a provider. It does no I/O. Every fault of the options comes in one
// error, each a *sms.FieldError; its path is the key in the configuration, and
// begins with "templates." where the fault is in a template's binding.
func New(o Options) (*Provider, error) {
	o = o.withDefaults()
	var f faults
	f.checkKey(o)
	f.checkSignatures(o)
	endpoint := f.endpoint(o)
	if !isRegion(o.Region) {
		f.add("region", "%q is no region ID: it has letters, digits, - and _ only", o.Region)
	}
	if o.Timeout < 0 {
		f.add("timeout", "it is negative: leave it out for %v", carrier.DefaultTimeout)
	}
	if o.FindAfter < 0 {
		f.add("find_after", "it is negative: leave it out for %v", sms.FindAfter)
	}
	if o.MaxCalls < 0 {
		f.add("max_calls", "it is negative: leave it out for %d", DefaultMaxCalls)
	}
	bindings := f.bindings(o)
	if len(f) > 0 {
		return nil, errors.Join(f...)
	}
	p := &Provider{
		name:      o.Name,
		region:    o.Region,
		endpoint:  endpoint,
		from:      o.From,
		senders:   maps.Clone(o.Senders),
		templates: o.Templates,
		bindings:  bindings,
		keys:      newKeyring(o),
		client:    carrier.New(carrier.Options{Timeout: o.Timeout, Transport: o.Transport}),
		findAfter: o.FindAfter,
		ledger:    newLedger(),
	}
	if o.Coalesce {
		p.coalescer = newCoalescer(p, o.MaxCalls)
	}
	return p, nil
}

func (o Options) withDefaults() Options {
	o.Name = cmp.Or(o.Name, DefaultName)
	o.Region = cmp.Or(o.Region, DefaultRegion)
	o.FindAfter = cmp.Or(o.FindAfter, sms.FindAfter)
	o.MaxCalls = cmp.Or(o.MaxCalls, DefaultMaxCalls)
	return o
}

// faults collects what is wrong with Options.
type faults []error

func (f *faults) add(path, format string, args ...any) {
	*f = append(*f, &sms.FieldError{Path: path, Err: fmt.Errorf(format, args...)})
}

// checkKey never shows a key: not even its ID, where somebody may have pasted
// the secret.
func (f *faults) checkKey(o Options) {
	fields := []struct{ path, value string }{
		{"access_key_id", o.AccessKeyID}, {"access_key_secret", o.AccessKeySecret}, {"security_token", o.SecurityToken},
	}
	for i, field := range fields {
		switch {
		case o.Credentials != nil && field.value != "":
			f.add(field.path, "it is set, and Credentials too: set one of them")
		case o.Credentials == nil && field.value == "" && i < 2:
			f.add(field.path, "it is empty: the vendor takes signed calls only")
		case strings.TrimSpace(field.value) != field.value:
			f.add(field.path, "it begins or ends with white space, which no key does")
		}
	}
}

func (f *faults) checkSignatures(o Options) {
	f.checkSignature("from", o.From)
	for _, name := range slices.Sorted(maps.Keys(o.Senders)) {
		path := "senders." + name
		if name == "" {
			f.add("senders", "a sender has no name: Message.From names it")
		}
		if o.Senders[name] == "" {
			f.add(path, "it is empty: write the signature that %q stands for", name)
		}
		f.checkSignature(path, o.Senders[name])
	}
}

// checkSignature refuses what is certainly no signature. Its length and its
// characters are the vendor's to judge: older ones break today's rules.
func (f *faults) checkSignature(path, signature string) {
	if strings.ContainsAny(signature, "【】[]") {
		f.add(path, "signature %q has brackets: write it without, the vendor adds them", signature)
	}
	if strings.TrimSpace(signature) != signature {
		f.add(path, "signature %q begins or ends with white space, with which the vendor does not know it", signature)
	}
}

func isRegion(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
