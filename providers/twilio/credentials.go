package twilio

import (
	"cmp"
	"encoding/base64"
	"strings"

	"github.com/notifykit/notify/providers/kit"
)

// The sandbox's credentials are public, so they may cross any network in the
// clear.
const (
	sandboxAccount         = "AC00000000000000000000000000000000"
	sandboxToken           = "sandboxtoken"
	sandboxSubaccount      = "AC00000000000000000000000000000001"
	sandboxSubaccountToken = "sandboxsubtoken"
	sandboxKey             = "SK00000000000000000000000000000000"
	sandboxKeySecret       = "sandboxsecret"
)

// credentials are the user and password of basic authentication.
type credentials struct{ user, secret string }

// public tells whether c is no secret.
func (c credentials) public() bool {
	switch c {
	case credentials{sandboxAccount, sandboxToken},
		credentials{sandboxSubaccount, sandboxSubaccountToken},
		credentials{sandboxKey, sandboxKeySecret}:
		return true
	}
	return false
}

// header is what basic authentication makes of c, as secret as the secret.
func (c credentials) header() string {
	return base64.StdEncoding.EncodeToString([]byte(c.user + ":" + c.secret))
}

// credentials checks who the options say we are.
func (o *Options) credentials(f *kit.Faults) credentials {
	sid := func(path, value, prefix string) {
		if value != "" && !isSID(value, prefix) {
			f.Add(path, "it has to be %s and 32 hexadecimal digits, and has %d characters: copy it from Twilio's console", prefix, len(value))
		}
	}
	sid("account_sid", o.AccountSID, "AC")
	sid("parent_account_sid", o.ParentAccountSID, "AC")
	sid("api_key_sid", o.APIKeySID, "SK")
	if o.AccountSID == "" {
		f.Add("account_sid", "it is required: %q is in the path of every call, also with an API key", "AC…")
	}
	secret := func(path, value string) {
		if err := kit.CheckKey(value); err != nil {
			f.Add(path, "%w", err)
		} else if strings.Contains(value, " ") {
			f.Add(path, "it holds a blank, which no token does: copy it again")
		}
	}
	secret("auth_token", o.AuthToken)
	secret("api_key_secret", o.APIKeySecret)
	secret("webhook_token", o.WebhookToken)
	switch {
	case o.APIKeySID == "" && o.APIKeySecret == "":
		if o.AuthToken == "" {
			f.Add("auth_token", "it is required, or api_key_sid and api_key_secret instead")
		}
		return credentials{cmp.Or(o.ParentAccountSID, o.AccountSID), o.AuthToken}
	case o.AuthToken != "":
		f.Add("auth_token", "it is set beside an API key: set one of the two")
	case o.APIKeySID == "":
		f.Add("api_key_sid", "it is missing beside api_key_secret")
	case o.APIKeySecret == "":
		f.Add("api_key_secret", "it is missing beside api_key_sid")
	}
	if o.ParentAccountSID != "" {
		f.Add("parent_account_sid", "it belongs to auth_token, and an API key is set: leave it out")
	}
	return credentials{o.APIKeySID, o.APIKeySecret}
}
