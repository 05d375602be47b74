package twilio

import (
	"encoding/base64"
	"net/url"
)

// Sign signs a form as Twilio does.
func Sign(token, address string, form url.Values) string {
	return base64.StdEncoding.EncodeToString(signature(token, address+sortedParams(form)))
}
