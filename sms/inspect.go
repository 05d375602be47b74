package sms

import "context"

// An Inspector asks its vendor whether what its configuration relies on is
// there and ready: the account, the senders, the templates. Providers have it
// whose vendor can be asked. Nothing is sent.
//
// Inspect answers what it has found, and an error where going on had no use: the
// credentials are refused, the vendor is not reached. That the key lacks the
// permission to look at something is a Finding of its own and no error.
type Inspector interface {
	Inspect(ctx context.Context) ([]Finding, error)
}

// A Trier asks its vendor whether it would take a message to a number from each
// configured sender. Nothing is sent, and nothing is billed.
type Trier interface {
	Try(ctx context.Context, to Number) ([]Finding, error)
}

// A Lister lists the templates that its vendor holds, in the vendor's order,
// whether or not the configuration has them.
type Lister interface {
	ListTemplates(ctx context.Context) ([]VendorTemplate, error)
}

// Readiness says whether messages can go out by what was looked at.
type Readiness string

// The states of readiness.
const (
	Ready         Readiness = "ready"
	Missing       Readiness = "missing"             // the vendor has no such thing
	NotApproved   Readiness = "not approved"        // in review, refused, suspended
	NotRegistered Readiness = "not registered"      // approved, and unknown to the carriers, which stop it
	Different     Readiness = "different"           // the vendor's text is another than ours
	NotAllowed    Readiness = "not allowed to look" // the key lacks the permission; it may be ready
	NotChecked    Readiness = "not checked"         // the vendor has nothing to ask
)

// Blocks tells whether messages certainly cannot go out as they are meant to.
func (r Readiness) Blocks() bool {
	switch r {
	case Ready, NotAllowed, NotChecked:
		return false
	}
	return true
}

// A Finding is what the vendor says of one thing that the configuration names.
// It holds no secret.
type Finding struct {
	// Subject is what was looked at: "account", "signature", "sender", "service" or
	// "template", in the vendor's terms.
	Subject string
	// Name is the vendor's: a signature, a number, a template code.
	Name string
	// Template is the name of ours that is bound to it; empty for what is no template.
	Template string
	// State is what it comes to, of a template together with its sender.
	State Readiness
	// Approval and Registration are what the vendor's review and the carriers say,
	// in words; empty where there is no such thing.
	Approval, Registration string
	// Ours and Theirs are the texts; Theirs empty: there is none to compare.
	Ours, Theirs string
	// Detail says why, and what to do.
	Detail string
}

// A VendorTemplate is a template as the vendor holds it.
type VendorTemplate struct {
	ID, Name string
	Kind     Kind
	Text     string   // with variables as ${name}
	Order    []string // the variables by position, where the vendor counts them
	Approval string   // what the vendor's review says, in words
}
