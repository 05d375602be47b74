package tencent

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// Name is the vendor's name in messages and faults.
const Name = "tencent"

// The well-known key, application and signature. They open nothing but the
// sandbox.
const (
	SecretID      = "sandboxsecretid"
	SecretKey     = "sandboxsecretkey"
	AppID         = "1400000000"
	SignatureName = "云通信"
)

// Options are what the vendor knows besides the well-known key, application,
// signature and templates. A key, signature or template with the ID of another
// takes its place. The zero value is usable.
type Options struct {
	Keys       []kernel.Key // SecretId and SecretKey
	AppIDs     []string     // SmsSdkAppId of each application
	Signatures []Signature
	Templates  []Template
	// EchoContext puts the SessionContext of a message in its reports. The vendor
	// does so for accounts that have asked for it.
	EchoContext bool
	// Individual makes the account that of a person, who may not list templates and
	// signatures: FailedOperation.NotEnterpriseCertification.
	Individual bool
}

// Review is the vendor's StatusCode of a signature or template.
type Review int

// The states of a review.
const (
	Usable    Review = 0
	InReview  Review = 1
	Approved  Review = 2 // not in force yet: it cannot be used
	Rejected  Review = -1
	firstSign        = 2_000_001 // SignId of the first signature
)

// A Signature is a signature of an account.
type Signature struct {
	Name          string // without brackets
	Review        Review
	International bool
}

// A Template is a template of an account.
type Template struct {
	ID     string   // decimal digits: "1000001"
	Name   string   // empty: the ID
	Kind   sms.Kind // International is for numbers abroad only, all others for the mainland
	Text   string   // with variables as {1}, {2}
	Review Review
}

func wellKnownTemplates() []Template {
	return []Template{
		{ID: "1000001", Kind: sms.Verification, Text: "您的验证码是{1},{2}分钟内有效。"},
		{ID: "1000002", Kind: sms.Notification, Text: "{1},您的订单{2}已发货。"},
		{ID: "1000003", Kind: sms.International, Text: "Your code is {1}."},
		{ID: "1000004", Kind: sms.Notification, Text: "{1},您的包裹已到。", Review: Rejected},
	}
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// Validate returns every fault of the options at once.
func (o Options) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("sandbox: tencent: "+format, args...))
	}
	for i, k := range o.Keys {
		if k.ID == "" || k.Secret == "" {
			fault("keys[%d]: ID and Secret are both needed", i)
		}
	}
	for i, id := range o.AppIDs {
		if !digits.MatchString(id) {
			fault("app IDs[%d]: %q is none: it has digits only, as 1400000000", i, id)
		}
	}
	for i, s := range o.Signatures {
		if s.Name == "" || strings.ContainsAny(s.Name, "【】") {
			fault("signatures[%d]: %q is no signature: write it without brackets", i, s.Name)
		}
		if s.Review < Rejected || s.Review > Approved {
			fault("signatures[%d] %q: there is no such Review", i, s.Name)
		}
	}
	for i, t := range o.Templates {
		if !digits.MatchString(t.ID) || len(t.ID) > 15 || t.Text == "" {
			fault("templates[%d] %q: ID, which has digits only, and Text are both needed", i, t.ID)
		}
		if t.Review < Rejected || t.Review > Approved {
			fault("templates[%d] %q: there is no such Review", i, t.ID)
		}
	}
	return errors.Join(faults...)
}
