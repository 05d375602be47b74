package vonage

import (
	"cmp"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"net/http"

	"github.com/notifykit/notify/sandbox/kernel"
)

// Name is the vendor's name in messages and faults.
const Name = "vonage"

// The well-known credentials. They open nothing but the sandbox. SignatureSecret
// signs webhooks.
const (
	APIKey          = "sandboxkey"
	APISecret       = "sandboxsecret"
	SignatureSecret = "sandboxsignaturesecret"
	Sender          = "447700900000"  // of replies that name no sender
	Verified        = "+447700900001" // under Limits the number that the account has verified
)

// The forms of the webhooks of the SMS API.
const (
	PostJSON = "POST-JSON"
	PostForm = "POST"
	Get      = "GET"
)

// Options are what the vendor knows besides the well-known credentials, and the
// settings of its accounts. The zero value is usable.
type Options struct {
	Keys     []kernel.Key // api_key and api_secret
	Verified []string     // under Limits, the only numbers that the accounts may send to

	// Form is how the SMS API calls webhooks: PostJSON, which is the default,
	// PostForm or Get. The Messages API posts JSON.
	Form string
	// Messages says that the accounts use the Messages API, so that replies come in
	// its form. Reports have the form of the API by which a message was sent.
	Messages bool
	// Sign signs the webhooks of the SMS API, by SignatureMethod. The vendor does so
	// for accounts that have asked for it. Those of the Messages API are always signed.
	Sign bool
	// SignatureSecret signs. Empty is the well-known one.
	SignatureSecret string
	// SignatureMethod is md5hash, md5, sha1, sha256 or sha512. Empty is md5hash.
	SignatureMethod string
}

// Format prints the number of keys under every verb: the options hold secrets.
func (o Options) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "{%d keys}", len(o.Keys)) }

// MarshalText returns the same, so that no encoding shows a secret.
func (o Options) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "{%d keys}", len(o.Keys)), nil
}

// GobEncode returns the same.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

func (o Options) secret() string { return cmp.Or(o.SignatureSecret, SignatureSecret) }

const md5Hash = "md5hash"

// hashOf returns the hash of a method with HMAC, and nil for any other.
func hashOf(method string) func() hash.Hash {
	return map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[method]
}

// Validate returns every fault of the options at once.
func (o Options) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("sandbox: vonage: "+format, args...))
	}
	for i, k := range o.Keys {
		if k.ID == "" || k.Secret == "" {
			fault("keys[%d]: ID and Secret are both needed", i)
		}
	}
	if o.Form != "" && o.Form != PostJSON && o.Form != PostForm && o.Form != Get {
		fault("form: %q is none: write %s, %s or %s", o.Form, PostJSON, PostForm, http.MethodGet)
	}
	if o.SignatureMethod != "" && o.SignatureMethod != md5Hash && hashOf(o.SignatureMethod) == nil {
		fault("signature method: %q is none: write md5hash, md5, sha1, sha256 or sha512", o.SignatureMethod)
	}
	return errors.Join(faults...)
}
