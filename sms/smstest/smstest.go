package smstest

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// Name is the configured name that Provider.New gives its Sender; the suite's
// templates have their binding under it.
const Name = "under-test"

// The suite's two templates. Provider.Bindings says what the vendor calls them.
const (
	// LoginCode is a Verification: "Your code is ${code}."
	LoginCode = "login-code"
	// Notice is a Notification: "${name}: order ${order} has been sent."
	Notice = "notice"
)

// A Provider is what the suite must know of a provider.
type Provider struct {
	// New makes the Sender under test: configured as Name, for a vendor at
	// endpoint ("http://127.0.0.1:40000" or "https://…", without a path), with r,
	// which may be nil unless TemplatesOnly is set. The suite closes what it gets.
	// If programs open the provider by a sms.Driver that returns another Sender than the
	// package's constructor, New must call the driver's Open.
	New func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender
	// Accept and Refuse are the vendor's answers to a message that it takes, and to
	// one that it certainly does not.
	Accept, Refuse http.HandlerFunc
	// Read finds number and text in a request: the number in E.164; the text as the
	// recipient reads it or, where the vendor holds the templates, the values in
	// any order.
	Read func(r *http.Request) (to, text string)
	// Codes are the vendor's codes; Answer is needed to answer them.
	Codes map[string]sms.Reason
	// UnknownCodes are those of Codes after which nobody can know whether the
	// message was sent. After all others it was not.
	UnknownCodes []string
	// Answer answers with one of the vendor's codes and with words that the vendor
	// says with it. Nil: that codes and words come through is not checked.
	Answer func(w http.ResponseWriter, r *http.Request, code, words string)
	// Bindings by LoginCode and Notice are what the vendor calls the suite's
	// templates.
	Bindings map[string]sms.Binding
	// To is the number that the suite sends to. Defaults to "+8613812345678".
	To sms.Number
	// Secrets are the credentials that New uses and no error may show.
	Secrets []string
	// TemplatesOnly says that the vendor takes no free text: the provider refuses a
	// Body as Unsupported, and its New a nil Registry.
	TemplatesOnly bool
	// Abilities are what the provider can do beside Send, as its documentation
	// promises; numbers and times are not compared. The Sender from New must be able
	// to do it. May be left zero.
	Abilities sms.Abilities
	// NoID says that the vendor's answer names no message: Receipt.ID is then empty.
	NoID bool
	// NotInValues are characters that the vendor has no way to take in a value of a
	// template, so that the provider refuses them. The suite leaves them out.
	NotInValues string
	// NewTimeout makes the Sender with a time-out of its own for each call. Nil: that
	// time-out is not checked.
	NewTimeout func(tb testing.TB, endpoint string, r *sms.Registry, timeout time.Duration) sms.Sender
	// Listing describes how the vendor lists what it took. Nil: what the Sender's Ask
	// returns is not checked.
	Listing *Listing
	// Webhook describes what the vendor posts. Nil: the Sender's Hook is not checked.
	Webhook *Webhook
	// Batch describes calls with several numbers. Nil: they are not checked.
	Batch *Batch
	// Key returns a message's key, or what stands for it, as a request to send has it.
	// MaxKey is the longest, in bytes, that the vendor's field takes. Zero: sms.MaxKey.
	// Nil: long keys are not checked.
	Key    func(r *http.Request) string
	MaxKey int
	// Session is set for a vendor that is not reached over HTTP. New then gets an
	// endpoint of the form "127.0.0.1:40000", and Accept, Refuse, Read, Answer and
	// NewTimeout are not used.
	Session *Session
	// Local is set for a Sender that reaches no server: New then gets an empty
	// endpoint, and Accept, Refuse, Read and Answer are not used.
	Local *Local
}

// Local is how the suite looks at a Sender that reaches no server.
type Local struct {
	// Sent returns the messages that s has taken, in order.
	Sent func(s sms.Sender) []sms.Message
	// Fail lets all further calls of s end in a code of Provider.Codes, said with
	// these words.
	Fail func(s sms.Sender, code, words string)
}

// Run runs every check as a subtest. A check that p gives too little for is
// skipped and says what it needs.
func Run(t *testing.T, p Provider) {
	if err := p.validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if needs := c.lacks(p); needs != "" {
				t.Skip(needs)
			}
			for _, fault := range c.run(t, p) {
				t.Errorf("the rule: %s.\n\tbut: %s", c.rule, fault)
			}
		})
	}
}

// validate tells all that is missing in p.
func (p Provider) validate() error {
	var faults []error
	need := func(there bool, what string) {
		if !there {
			faults = append(faults, errors.New("smstest: Provider."+what))
		}
	}
	need(p.New != nil, "New is nil: it makes the Sender under test")
	p.Webhook.validate(need)
	if p.Local != nil {
		need(p.Local.Sent != nil, "Local.Sent is nil: it tells what was taken")
		need(p.Local.Fail != nil || len(p.Codes) == 0, "Local.Fail is nil: Codes cannot be checked without it")
		return errors.Join(faults...)
	}
	if p.Session != nil {
		need(p.Session.Next != nil, "Session.Next is nil: it reads a message from a connection")
		need(p.Session.Answer != nil, "Session.Answer is nil: it writes the vendor's answers")
		need(p.Session.Refusal != "", "Session.Refusal is empty: it is the code of an ordinary refusal")
		need(p.To == "" || p.To.Valid(), "To is not in E.164")
		return errors.Join(faults...)
	}
	need(p.Accept != nil, "Accept is nil: it is the vendor's answer to a message that it takes")
	need(p.Refuse != nil, "Refuse is nil: it is the vendor's answer to a message that it does not take")
	need(p.Read != nil, "Read is nil: it finds number and text in a request")
	p.Listing.validate(need)
	p.Batch.validate(need)
	need(p.Answer != nil || len(p.Codes) == 0, "Answer is nil: Codes cannot be checked without it")
	need(p.To == "" || p.To.Valid(), "To is not in E.164")
	return errors.Join(faults...)
}

// CodesOf turns a provider's table into Provider.Codes and
// Provider.UnknownCodes. Codes that come in delivery reports only are left out.
func CodesOf(table []sms.CodeInfo) (codes map[string]sms.Reason, unknown []string) {
	codes = map[string]sms.Reason{}
	for _, c := range table {
		if c.Late {
			continue
		}
		codes[c.Code] = c.Reason
		if c.Outcome == sms.Unknown {
			unknown = append(unknown, c.Code)
		}
	}
	return codes, unknown
}
