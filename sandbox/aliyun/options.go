package aliyun

import (
	"errors"
	"fmt"
	"strings"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// Name is the vendor's name in messages and faults.
const Name = "aliyun"

// The well-known access key and signature. They open nothing but the sandbox.
const (
	KeyID         = "sandbox-key-id"
	KeySecret     = "sandbox-key-secret"
	SignatureName = "云通信"
)

// Options are what the vendor knows besides the well-known access key, signature
// and templates. A key, signature or template with the ID of another takes its
// place. The zero value is usable.
type Options struct {
	Keys       []kernel.Key
	Signatures []Signature
	Templates  []Template
}

// A Signature is a signature of an account.
type Signature struct {
	Name         string // without brackets
	Review       Review // nothing is sent with a signature that is not Approved
	Registration Registration
}

// Review is the result of the vendor's review of a signature or template.
type Review int

// The states of a review.
const (
	Approved Review = iota
	InReview
	Refused
	Canceled
)

// Registration is how far the real names behind a signature are registered with
// the carriers. The vendor accepts messages with a signature that is not
// Registered, and the carrier does not deliver them.
type Registration int

// The states of a registration.
const (
	Registered Registration = iota
	NotRegistered
	Registering
	RegistrationFailed
	RegistrationLapsed
)

// A Template is a template of an account.
type Template struct {
	Code   string   // "SMS_0001"
	Name   string   // empty: the code
	Kind   sms.Kind // decides the rules for values and the countries; zero is Notification
	Text   string   // with variables as ${name}
	Review Review   // nothing is sent with a template that is not Approved
}

func smsTemplates() []Template {
	return []Template{
		{Code: "SMS_0001", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。"},
		{Code: "SMS_0002", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。"},
		{Code: "SMS_0003", Kind: sms.Promotion, Text: "新品上架,欢迎选购,回T退订。"},
		{Code: "SMS_0004", Kind: sms.International, Text: "Your code is ${code}."},
		{Code: "SMS_0005", Kind: sms.Notification, Text: "${name},您的包裹已到。", Review: Refused},
	}
}

// Validate returns every fault of the options at once.
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
	return errors.Join(faults...)
}
