package recipe

import (
	"io/fs"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Recipe is a gateway's description. Parse makes it, and it does not change.
type Recipe struct {
	// Name is that of the recipe: lower-case letters and digits.
	Name string
	// About says in one line what the gateway is.
	About string
	// Endpoint is the base address. Empty: the user must set one.
	Endpoint string
	// Sources are the pages that the recipe was written from.
	Sources []Source
	// Unverified lists what was not read from the vendor's own page. It is
	// ["everything"] for unverified: true.
	Unverified []string
	// Secrets are the names of the secrets that the user must give, in order.
	Secrets []string
	// Settings are what the user may or must give besides.
	Settings []Setting
	// Regions are the ISO 3166-1 codes of the countries that the gateway reaches.
	// Empty: any.
	Regions []string
	// MaxKey is the longest key, in bytes, that the gateway's field takes. Zero:
	// the library's own limit.
	MaxKey int

	file     string
	beside   fs.FS
	data     []byte
	maxText  int
	maxFrom  int
	times    map[string]stamp
	nonce    nonce
	values   writing
	signs    []*sign
	send     *request
	unicode  *request // for a text that is not in the GSM alphabet; nil: send
	answer   *answer
	find     *find
	reports  *inbound
	replies  *inbound
	examples []example
}

// A Source is a page or file that a recipe was written from.
type Source struct {
	URL   string `json:"url"`
	Read  string `json:"read,omitempty"`  // when it was read, 2026-11-28
	Dated string `json:"dated,omitempty"` // the page's own date or version
	// Client says that it is the code of a client and not the vendor's page.
	Client bool `json:"client,omitempty"`
}

// A Setting is a value that the user gives and that is no secret.
type Setting struct {
	Name, About string
	// Default holds if the user gives nothing; without HasDefault the setting is
	// required.
	Default    string
	HasDefault bool
	Example    string
	OneOf      []string
}

// A stamp is a form of the time.
type stamp struct {
	layout string // Go's, "unix" or "unix_ms"
	zone   *time.Location
}

func (s stamp) format(at time.Time) string {
	switch s.layout {
	case "unix":
		return itoa(at.Unix())
	case "unix_ms":
		return itoa(at.UnixMilli())
	}
	return at.In(s.zone).Format(s.layout)
}

func (s stamp) parse(text string) (time.Time, error) {
	switch s.layout {
	case "unix", "unix_ms":
		n, err := atoi(text)
		if s.layout == "unix" {
			return time.Unix(n, 0), err
		}
		return time.UnixMilli(n), err
	}
	return time.ParseInLocation(s.layout, text, s.zone)
}

// A nonce is the form of {nonce}.
type nonce struct {
	chars  string
	length int
}

// writing is how values of a template are written: for :pairs, :join, :json_map and
// fields with {n}.
type writing struct {
	name      string // "#{name}#"
	equals    string
	separator string
	percent   bool // names and values are percent-encoded
	first     int  // the number of the first value
}

// A request is the description of one HTTP request.
type request struct {
	method      string
	path        text
	query       *node
	headers     []header
	bodyKind    string // json, form, xml or none
	body        *node
	contentType string
	secretPath  bool // the number, a text or a value is in the URL
	line        int
}

type header struct {
	name string
	text text
	user *text // of basic authentication; text is the password
}

// A sign is a signature, or another text that is made of pieces.
type sign struct {
	name    string
	method  string // md5, sha1, sha256, sha512, plain, hmac_…
	pieces  []text
	sorted  *sorted
	key     *text
	as      string
	path    string
	line    int
	vectors []vector
}

// sorted takes the place of pieces: the fields in the order of their names.
type sorted struct {
	of                     string // query, form or json
	pair                   text
	between, before, after text
	percent                bool
	without                []string
}

// A vector is what a signature must be for given pieces: the vendor's own.
type vector struct {
	pieces []string // in place of what the pieces are filled with
	key    string
	is     string
}

// A rule is true of an answer or not.
type rule struct {
	status []int
	at     int // slot of the path; -1: none
	path   string
	op     string // is, begins, contains, present, absent; empty: status only
	values []string
	every  bool // the path has a "*"
}

// An answer is the description of the answer to a message.
type answer struct {
	format     string
	decides    bool // the status decides
	unframed   bool // a text that ends with the connection is accepted
	rejects    bool // otherwise: rejected
	accepted   []rule
	patterns   []text
	id         int
	codes      []int // slots of code, in order
	message    []int
	requestID  int
	requestHdr string
	segments   int
	retryAfter int
	slots      []path
	trie       *trie
	rows       map[string][]row
	table      []sms.CodeInfo
	echo       []echo
}

// A row is one meaning of a code.
type row struct {
	info sms.CodeInfo
	when []rule
}

// An echo is a part of the answer that repeats the request.
type echo struct {
	path path
	text text
}

// find asks for messages that were sent.
type find struct {
	request *request
	format  string
	ok      []rule
	each    path
	single  bool // there is no list
	key     path
	id      path
	to      path
	text    path
	at      path
	layout  stamp
	full    int
	after   time.Duration
	back    time.Duration
	slots   []path
	line    int
}

// inbound is how reports or replies arrive.
type inbound struct {
	format                                 string // json, form, query
	each                                   path
	single                                 bool
	id, key, to, from, text, code, message path
	segments, price, currency              path
	state                                  path
	states                                 map[string]sms.DeliveryState
	at                                     path
	layout                                 stamp
	verify                                 *verify
	answerType, answerBody                 string
	answerStatus                           int
	line                                   int
}

// verify says how the sender of a report is known.
type verify struct {
	by     string // token, basic, hmac_sha1, hmac_sha256, hmac_sha512, ed25519, jwt
	at     text   // where the token or the signature is
	over   []text
	secret string
	as     string
	time   *text
	within time.Duration
	line   int
}
