package sms

import (
	"fmt"
	"log/slog"
)

// A Reason is why a message was not accepted. It decides what the caller may do next.
//
// Its value is snake case and stable: a label for metrics and JSON. String, every verb
// of package fmt and log/slog print the label, such as invalid_number. Its Error method,
// and so the text of an [Error], uses words, such as "invalid number".
//
// A Reason is an error, so that errors.Is(err, sms.Throttled) finds it in any error of
// this module. See [Error] for what errors.Is means after several attempts.
type Reason string

// The reasons. One table says what each of them allows: [Reason.SameVendor],
// [Reason.AnotherVendor], [Reason.CountsAgainstVendor] and [Reason.Later].
const (
	InvalidNumber    Reason = "invalid_number"    // no vendor can deliver to this number
	InvalidMessage   Reason = "invalid_message"   // missing, unknown or malformed variables; no such template; too long
	ContentRejected  Reason = "content_rejected"  // the text or a value is not allowed: a URL, a banned word
	RecipientBlocked Reason = "recipient_blocked" // opted out or on a blocklist: no other vendor may be tried
	RecipientLimited Reason = "recipient_limited" // this number has reached a limit: ours if Error.Provider is empty, else the vendor's
	Expired          Reason = "expired"           // Message.Expires has passed
	TemplateRejected Reason = "template_rejected" // this vendor does not know, or has not approved, the template or the signature
	Unauthorized     Reason = "unauthorized"      // this vendor refuses the credentials or the permission
	AccountBlocked   Reason = "account_blocked"   // this vendor has stopped the account: unpaid, suspended, not subscribed
	Throttled        Reason = "throttled"         // this vendor wants fewer calls; our own limits never use it
	Unsupported      Reason = "unsupported"       // this vendor cannot do it: no binding, country not served, no such sender
	Unavailable      Reason = "unavailable"       // this vendor, or the way to it, is down
	Canceled         Reason = "canceled"          // the caller's own context ended
	Internal         Reason = "internal"          // a defect or a fault of ours, or an answer that is not described
	Paced            Reason = "paced"             // our own pace for this vendor is used up
	OverBudget       Reason = "over_budget"       // our own budget is spent, or sending is stopped
)

// A rule is one row of the table: what a Reason allows.
type rule struct {
	reason  Reason
	words   string
	same    bool // the same vendor may be tried again
	another bool // another vendor may be tried
	counts  bool // it counts against the vendor's breaker
	later   bool // the same message may be accepted later
}

// rules is the table that every layer decides by, in the order of the
// constants. It must not be changed.
var rules = [...]rule{
	{InvalidNumber, "invalid number", false, false, false, false},
	{InvalidMessage, "invalid message", false, false, false, false},
	{ContentRejected, "content rejected", false, false, false, false},
	{RecipientBlocked, "recipient blocked", false, false, false, false},
	{RecipientLimited, "recipient limited", false, false, false, false},
	{Expired, "message expired", false, false, false, false},
	{TemplateRejected, "template or signature rejected", false, true, false, false},
	{Unauthorized, "credentials or permission refused", false, true, true, true},
	{AccountBlocked, "account blocked", false, true, true, true},
	{Throttled, "throttled", true, true, false, true},
	{Unsupported, "unsupported", false, true, false, false},
	{Unavailable, "unavailable", true, true, true, true},
	{Canceled, "canceled by the caller", false, false, false, true},
	{Internal, "internal fault", false, false, false, true},
	{Paced, "over our own pace", false, true, false, true},
	{OverBudget, "over budget", false, false, false, true},
}

// Reasons returns all reasons, in the order of the constants.
func Reasons() []Reason {
	all := make([]Reason, len(rules))
	for i, r := range rules {
		all[i] = r.reason
	}
	return all
}

// String returns the label, such as invalid_number.
func (r Reason) String() string { return string(r) }

// Error returns the reason in words, such as "invalid number".
func (r Reason) Error() string {
	if row, ok := r.rule(); ok {
		return row.words
	}
	if r == "" {
		return "no reason given"
	}
	return string(r)
}

// Format prints the label under every verb, as for a string. Without it package fmt
// would print the words of Error.
func (r Reason) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), string(r))
}

// LogValue returns the label. Without it log/slog would print the words of Error.
func (r Reason) LogValue() slog.Value { return slog.StringValue(string(r)) }

// SameVendor reports whether a message that was refused for r may be sent to the same
// vendor again: Throttled, after RetryAfter, and Unavailable.
func (r Reason) SameVendor() bool { row, _ := r.rule(); return row.same }

// AnotherVendor reports whether a message that was refused for r may be sent to another
// vendor.
func (r Reason) AnotherVendor() bool { row, _ := r.rule(); return row.another }

// CountsAgainstVendor reports whether r is the vendor's fault, so that its breaker
// counts it. A reason that is not counts neither as a failure nor as a success.
func (r Reason) CountsAgainstVendor() bool { row, _ := r.rule(); return row.counts }

// Later reports whether a message that was refused for r may be accepted later without
// a change to the message: the cause passes by itself, or the owner of the account
// removes it. The outbox and notify bulk --resume send such messages again.
//
// It is false for RecipientLimited, because the vendor's limits are final for a message.
// A limit of ours is not; its Error has no Provider, and RetryAfter says how long it lasts.
func (r Reason) Later() bool { row, _ := r.rule(); return row.later }

func (r Reason) rule() (rule, bool) {
	for i := range rules {
		if rules[i].reason == r {
			return rules[i], true
		}
	}
	return rule{}, false // a reason that is not in the table allows nothing
}
