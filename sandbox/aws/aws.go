// Package aws imitates AWS End User Messaging SMS (pinpoint-sms-voice-v2) at "/"
// of the sandbox, for requests with its X-Amz-Target: SendTextMessage,
// DescribeSpendLimits and DescribeAccountAttributes. Signatures of version 4 are
// verified over whatever headers the client has signed, so that the SDKs of all
// languages work.
//
// Events and replies are posted as notifications of SNS, signed with a key that is
// made at start, whose certificate is at [CertificatePath]. They go to the address
// in PUT /_sandbox/webhooks, as if a topic of the account had it as a subscriber.
package aws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// Name is the vendor's name in messages and faults.
const Name = "aws"

// The well-known credentials and senders. They open nothing but the sandbox.
const (
	KeyID     = "AKIASANDBOX000000000"
	KeySecret = "sandbox/secret/access/key/0000000000000"
	Sender    = "SANDBOX"      // a sender ID
	Phone     = "+12065550100" // a number, which can receive
	Topic     = "arn:aws:sns:us-east-1:000000000000:sandbox"
	Set       = "sandbox"      // a configuration set
	Verified  = "+12065550101" // under Limits the number that the account has verified

	// CertificatePath is where the certificate is that signs notifications.
	CertificatePath = "/SimpleNotificationService-sandbox.pem"
)

// Options are what the vendor knows besides the well-known credentials and
// senders. The zero value is usable.
type Options struct {
	Keys     []kernel.Key // access keys
	Senders  []string     // numbers, sender IDs and pools, or their ARNs
	Sets     []string     // configuration sets
	Verified []string     // under Limits, the only numbers that the account may send to
}

// Format prints the number of keys under every verb: the options hold secrets.
func (o Options) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "{%d keys}", len(o.Keys)) }

// MarshalText returns the same, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "{%d keys}", len(o.Keys)), nil
}

// GobEncode returns the same.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

// Validate returns every fault of the options at once.
func (o Options) Validate() error {
	var faults []error
	for i, k := range o.Keys {
		if k.ID == "" || k.Secret == "" {
			faults = append(faults, fmt.Errorf("sandbox: aws: keys[%d]: ID and Secret are both needed", i))
		}
	}
	for i, s := range o.Senders {
		if s == "" {
			faults = append(faults, fmt.Errorf("sandbox: aws: senders[%d]: it is empty", i))
		}
	}
	return errors.Join(faults...)
}

// A vendor answers as the API does.
type vendor struct {
	desk    *kernel.Desk
	options Options
	keys    map[string]string // secret by access key
	calls   *kernel.Counts
	signer  func() (*signer, error) // made at the first notification
	base    atomic.Pointer[string]  // the address under which a client was here last
}

// New returns the vendor for the sandbox.
func New(o Options) kernel.Opener {
	return func(d *kernel.Desk) (kernel.Vendor, error) {
		if err := o.Validate(); err != nil {
			return kernel.Vendor{}, err
		}
		v := &vendor{desk: d, options: o, keys: map[string]string{KeyID: KeySecret}, calls: kernel.NewCounts(time.Second), signer: sync.OnceValues(newSigner)}
		for _, k := range o.Keys {
			v.keys[k.ID] = k.Secret
		}
		return kernel.Vendor{
			Name: Name, Where: "at / with an X-Amz-Target of PinpointSMSVoiceV2",
			Match: func(r *http.Request, _ []byte) bool {
				return strings.HasPrefix(r.Header.Get("X-Amz-Target"), target) || r.URL.Path == CertificatePath
			},
			Call: v.call,
			Show: func(m *kernel.Message, r *kernel.Record, s kernel.Status) { m.Status = eventOf(r, s.State) },
			CheckCode: func(code string) error {
				if !aCode.MatchString(code) {
					return fmt.Errorf("%q is none of AWS's: an exception such as ThrottlingException, or a reason such as DESTINATION_PHONE_NUMBER_OPTED_OUT", code)
				}
				return nil
			},
			ThrottleCode: "ThrottlingException",
			Report:       v.report, Repeat: []time.Duration{20 * time.Second, 20 * time.Second, 20 * time.Second},
			Reply: v.reply,
		}, nil
	}
}

var aCode = regexp.MustCompile(`^([A-Za-z]{3,60}|[A-Z_]{3,80})$`)

// target begins the X-Amz-Target of every operation.
const target = "PinpointSMSVoiceV2."

// A call is one request.
type call struct {
	request *http.Request
	body    []byte
	now     time.Time
	id      string // x-amzn-RequestId
	account string // the access key
}

// call reads a request.
func (v *vendor) call(r *http.Request, body []byte) kernel.Call {
	c := &call{request: r, body: body, now: time.Now(), id: kernel.NewUUID()}
	base := baseOf(r)
	v.base.Store(&base)
	k := kernel.Call{Kind: kernel.Look, Refuse: c.refuse}
	if r.URL.Path == CertificatePath {
		k.Operation, k.Carry = "certificate", func(kernel.Order) kernel.Answer { return v.certificate() }
		return k
	}
	operation, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	do := map[string]func(*call) kernel.Answer{"SendTextMessage": v.send, "DescribeSpendLimits": v.spendLimits, "DescribeAccountAttributes": v.attributes}[operation]
	k.Operation = operation
	k.Carry = func(kernel.Order) kernel.Answer {
		if r.Method != http.MethodPost || r.URL.Path != "/" {
			return c.refuse("UnknownOperationException", "", http.StatusNotFound)
		}
		if code, words := v.authorize(c); code != "" && !v.desk.LetPass(operation, code, words) {
			return c.refuse(code, words, 0)
		}
		if do == nil {
			return c.refuse("UnknownOperationException", "The sandbox has no such operation.", http.StatusNotFound)
		}
		return do(c)
	}
	if operation == "SendTextMessage" {
		k.Kind = kernel.Send
		if to := c.recipient(); to != "" {
			k.Numbers = []sms.Number{to}
		}
	}
	return k
}

// recipient reads the number, for the kernel's own lists.
func (c *call) recipient() sms.Number {
	var input struct{ DestinationPhoneNumber string }
	if json.Unmarshal(c.body, &input) != nil {
		return ""
	}
	if n := sms.Number("+" + strings.TrimPrefix(input.DestinationPhoneNumber, "+")); n.Valid() {
		return n
	}
	return ""
}

// decode reads the input of an operation. A field that the operation does not have
// is ignored, as the vendor ignores it.
func (c *call) decode(input any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	if err := d.Decode(input); err != nil {
		return err
	}
	if d.Decode(new(any)) != io.EOF {
		return errors.New("there is more than one value")
	}
	return nil
}

// answer is a success.
func (c *call) answer(value any) kernel.Answer {
	a := kernel.JSON(http.StatusOK, contentType, value)
	a.Header = http.Header{"X-Amzn-Requestid": {c.id}}
	return a
}

const contentType = "application/x-amz-json-1.0"

// reasons says which exception a reason belongs to, and with which status.
var reasons = map[string]string{
	"DESTINATION_PHONE_NUMBER_OPTED_OUT": "ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED": "ConflictException",
	"DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE": "ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION": "ConflictException",
	"NO_ORIGINATION_IDENTITIES_FOUND": "ConflictException", "MESSAGE_TYPE_MISMATCH": "ConflictException", "NUMBER_CAPABILITIES_MISMATCH": "ConflictException",
	"RESOURCE_NOT_ACTIVE": "ConflictException", "KEYWORD_MISMATCH": "ConflictException", "REGISTRATION_NOT_COMPLETE": "ConflictException",
	"EVENT_DESTINATION_MISMATCH": "ConflictException", "PHONE_NUMBER_NOT_IN_REGISTRATION_REGION": "ConflictException", "NOTIFY_CONFIGURATION_NOT_ACTIVE": "ConflictException",
	"ACCOUNT_DISABLED": "AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION": "AccessDeniedException",
	"MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT": "ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_MEDIA": "ServiceQuotaExceededException",
	"MONTHLY_SPEND_LIMIT_REACHED_FOR_NOTIFY": "ServiceQuotaExceededException", "DAILY_NOTIFY_TIER_MESSAGE_LIMIT": "ServiceQuotaExceededException",
	"DAILY_DESTINATION_CALL_LIMIT": "ServiceQuotaExceededException",
}

// statuses are those of the exceptions that are no 400.
var statuses = map[string]int{
	"InternalServerException": http.StatusInternalServerError, "InternalFailure": http.StatusInternalServerError,
	"ServiceUnavailableException": http.StatusServiceUnavailable, "UnknownOperationException": http.StatusNotFound,
}

// refuse answers with an exception. Code is its name, or its reason, which is
// upper-case.
func (c *call) refuse(code, words string, status int) kernel.Answer {
	return c.refuseFields(code, words, status, nil)
}

// A fieldFault is one entry of Fields in a ValidationException.
type fieldFault struct{ Name, Message string }

func (c *call) refuseFields(code, words string, status int, fields []fieldFault) kernel.Answer {
	exception, reason := code, ""
	if strings.ToUpper(code) == code {
		exception, reason = reasons[code], code
		if exception == "" {
			exception = "ValidationException"
		}
	}
	if words == "" {
		words = "The request was refused: " + code
	}
	if status == 0 {
		status = http.StatusBadRequest
		if own, ok := statuses[exception]; ok {
			status = own
		}
	}
	body := map[string]any{"__type": "com.amazonaws.pinpointsmsvoicev2#" + exception, "Message": words}
	if reason != "" {
		body["Reason"] = reason
	}
	if len(fields) > 0 {
		body["Fields"] = fields
	}
	a := kernel.JSON(status, contentType, body)
	a.Header = http.Header{"X-Amzn-Requestid": {c.id}}
	a.Code, a.Words = code, words
	return a
}

// spendLimits shows what the account may spend a month.
func (v *vendor) spendLimits(c *call) kernel.Answer {
	limit := func(name string) map[string]any {
		return map[string]any{"Name": name, "EnforcedLimit": 100, "MaxLimit": 100, "Overridden": false}
	}
	return c.answer(map[string]any{"SpendLimits": []any{limit("TEXT_MESSAGE_MONTHLY_SPEND_LIMIT"), limit("VOICE_MESSAGE_MONTHLY_SPEND_LIMIT")}})
}

// attributes shows whether the account is in the vendor's own sandbox.
func (v *vendor) attributes(c *call) kernel.Answer {
	tier := "PRODUCTION"
	if v.desk.Limits() {
		tier = "SANDBOX"
	}
	return c.answer(map[string]any{"AccountAttributes": []any{map[string]string{"Name": "ACCOUNT_TIER", "Value": tier}}})
}

// known reports whether one of the names, or the ARN of one, is meant.
func known(name string, all ...string) bool {
	_, last, _ := strings.Cut(name[strings.LastIndexByte(name, ':')+1:], "/")
	return slices.Contains(all, name) || strings.HasPrefix(name, "arn:") && slices.Contains(all, last)
}
