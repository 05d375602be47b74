package sms

// Reason says why a message was not accepted, by what the caller can do next.
// Its text is snake case and stable: a label for metrics and JSON. As an error
// it reads in words, and errors.Is(err, sms.Throttled) finds it in any error of
// this module, in each try of several.
type Reason string

// The reasons. What each of them allows is one table: [Reason.SameVendor],
// [Reason.AnotherVendor] and [Reason.CountsAgainstVendor].
const (
	InvalidNumber    Reason = "invalid_number"    // nobody can deliver to this number
	InvalidMessage   Reason = "invalid_message"   // missing, unknown or malformed variables; no such template; too long
	ContentRejected  Reason = "content_rejected"  // the text or a value is not allowed: a URL, a banned word
	RecipientBlocked Reason = "recipient_blocked" // opted out, blacklisted: no other vendor may be tried
	RecipientLimited Reason = "recipient_limited" // this number has had enough for now
	Expired          Reason = "expired"           // Message.Expires has passed
	TemplateRejected Reason = "template_rejected" // this vendor does not know, or has not approved, the template or the signature
	Unauthorized     Reason = "unauthorized"      // this vendor refuses the credentials or the permission
	AccountBlocked   Reason = "account_blocked"   // this vendor has stopped the account: unpaid, suspended, not subscribed
	Throttled        Reason = "throttled"         // this vendor wants fewer calls
	Unsupported      Reason = "unsupported"       // this vendor cannot do it: no binding, country not served, no such sender
	Unavailable      Reason = "unavailable"       // this vendor, or the way to it, is down
	Canceled         Reason = "canceled"          // the caller's own context ended
	Internal         Reason = "internal"          // a defect or a fault of ours, or an answer no one has described
)

// A rule is one row of the table: what a Reason allows.
type rule struct {
	reason  Reason
	words   string
	same    bool // the same vendor may be tried again
	another bool // another vendor may be tried
	counts  bool // it counts against the vendor's breaker
}

// rules is the table that every layer decides by, in the order of the
// constants. It is never changed.
var rules = [...]rule{
	{InvalidNumber, "invalid number", false, false, false},
	{InvalidMessage, "invalid message", false, false, false},
	{ContentRejected, "content rejected", false, false, false},
	{RecipientBlocked, "recipient blocked", false, false, false},
	{RecipientLimited, "recipient limited", false, false, false},
	{Expired, "message expired", false, false, false},
	{TemplateRejected, "template or signature rejected", false, true, false},
	{Unauthorized, "credentials or permission refused", false, true, true},
	{AccountBlocked, "account blocked", false, true, true},
	{Throttled, "throttled", true, true, false},
	{Unsupported, "unsupported", false, true, false},
	{Unavailable, "unavailable", true, true, true},
	{Canceled, "canceled by the caller", false, false, false},
	{Internal, "internal fault", false, false, false},
}

// Reasons returns all reasons, in the order of the constants.
func Reasons() []Reason {
	all := make([]Reason, len(rules))
	for i, r := range rules {
		all[i] = r.reason
	}
	return all
}

// Error gives the reason in words.
func (r Reason) Error() string {
	if row, ok := r.rule(); ok {
		return row.words
	}
	if r == "" {
		return "no reason given"
	}
	return string(r)
}

// SameVendor tells whether a message refused for r may go to the same vendor
// again: Throttled, after RetryAfter, and Unavailable.
func (r Reason) SameVendor() bool { row, _ := r.rule(); return row.same }

// AnotherVendor tells whether a message refused for r may go to another vendor.
func (r Reason) AnotherVendor() bool { row, _ := r.rule(); return row.another }

// CountsAgainstVendor tells whether r is the vendor's fault, so that its breaker
// counts it. What is not counts nothing, neither failure nor success.
func (r Reason) CountsAgainstVendor() bool { row, _ := r.rule(); return row.counts }

func (r Reason) rule() (rule, bool) {
	for i := range rules {
		if rules[i].reason == r {
			return rules[i], true
		}
	}
	return rule{}, false // a reason that nobody has described allows nothing
}
