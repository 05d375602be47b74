package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
)

// Sign signs a form as Twilio does.
func Sign(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address + sortedParams(form)))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
