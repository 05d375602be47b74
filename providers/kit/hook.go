package kit

import (
	"errors"
	"net/http"

	"github.com/notifykit/notify/sms"
)

// ScopeReport is the Scope of rows whose codes come in delivery reports only.
const ScopeReport = "report"

// A Hook is one HTTP request of a vendor: a delivery report, a reply, or a
// question whether the address is ours. Its body has been read and bounded.
type Hook struct {
	Method string
	// URL is the public URL that the vendor called, with its query. A signature
	// covers it, so it must not be taken from forwarded headers.
	URL    string
	Header http.Header
	Body   []byte
	// Kind is "reports" or "replies": the address that was called.
	Kind string
}

// An Inbound is what a Hook or a session brought.
type Inbound struct {
	Reports []sms.Report
	Replies []sms.Reply
	// Signed reports that the vendor's signature was checked. Without it the caller
	// must have checked a secret of its own, for example in the path.
	Signed bool
	// Status, ContentType and Answer are what the vendor expects to be answered after
	// everything has been stored. A zero Status is 200.
	Status      int
	ContentType string
	Answer      []byte
}

// ErrNotAuthentic is the error of a Hook that the vendor did not send: its
// signature is missing or wrong.
var ErrNotAuthentic = errors.New("the request is not the vendor's: its signature is missing or wrong")

// ErrMalformed is the error of a Hook that is the vendor's and cannot be read.
var ErrMalformed = errors.New("the request cannot be read as a report or a reply of this vendor")
