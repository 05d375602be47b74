package aws

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxSkew is how far a client's clock may be off.
const maxSkew = 5 * time.Minute

var anAuthorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/,\s]+)/([0-9]{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request,\s*SignedHeaders=([a-z0-9;_-]+),\s*Signature=([0-9a-f]{64})$`)

// authorize verifies the signature of a call, and returns an exception and its words
// if it is wrong.
func (v *vendor) authorize(c *call) (code, words string) {
	header := c.request.Header.Get("Authorization")
	if header == "" {
		return "MissingAuthenticationTokenException", "Missing Authentication Token"
	}
	parts := anAuthorization.FindStringSubmatch(header)
	if parts == nil {
		return "IncompleteSignatureException", "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature'."
	}
	id, day, region, service, signed, signature := parts[1], parts[2], parts[3], parts[4], strings.Split(parts[5], ";"), parts[6]
	secret, ok := v.keys[id]
	if !ok {
		return "UnrecognizedClientException", "The security token included in the request is invalid."
	}
	c.account = id
	at, err := time.Parse("20060102T150405Z", c.request.Header.Get("X-Amz-Date"))
	switch {
	case err != nil || at.Format("20060102") != day:
		return "InvalidSignatureException", "Date in Credential scope does not match the date of the request."
	case c.now.Sub(at).Abs() > maxSkew:
		return "InvalidSignatureException", "Signature expired: the date of the request is too far from now."
	case service != "sms-voice":
		return "InvalidSignatureException", "Credential should be scoped to correct service: 'sms-voice'."
	case !slices.Contains(signed, "host"):
		return "InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization."
	}
	scope := day + "/" + region + "/" + service + "/aws4_request"
	sum := sha256.Sum256([]byte(canonical(c.request, signed, c.body)))
	toSign := "AWS4-HMAC-SHA256\n" + at.Format("20060102T150405Z") + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, region, service, "aws4_request"} {
		key = mac(key, part)
	}
	want := hex.EncodeToString(mac(key, toSign))
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return "InvalidSignatureException", "The request signature we calculated does not match the signature you provided."
	}
	return "", ""
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// canonical returns what is signed of a request: the headers that the client says,
// in its order.
func canonical(r *http.Request, signed []string, body []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, (&url.URL{Path: r.URL.Path}).EscapedPath(), r.URL.Query().Encode())
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length": // net/http takes it out of the header
			value = fmt.Sprint(r.ContentLength)
		}
		b.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + hash)
	return b.String()
}
