package verify

import (
	"fmt"
	"strings"
)

// AutofillLine gives the line that lets browsers offer the code (WebOTP): put it
// last in the template's text, on a line of its own.
//
//	Your code is ${code}.
//
//	@example.com #${code}
//
// The domain is that of the page that asks, or one it is below. A domain that is
// none is an error.
func AutofillLine(domain, param string) (string, error) {
	valid := len(domain) <= 253 && strings.Contains(domain, ".")
	for label := range strings.SplitSeq(domain, ".") {
		valid = valid && label != "" && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-' &&
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	}
	if !valid && domain != "localhost" {
		return "", fmt.Errorf("verify: %q is no domain: write it in lower case without scheme, port and path, such as example.com", domain)
	}
	if param == "" {
		param = "code"
	}
	return "@" + domain + " #${" + param + "}", nil
}
