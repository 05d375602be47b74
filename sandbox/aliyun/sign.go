package aliyun

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	acs3Algorithm = "ACS3-HMAC-SHA256"
	// maxSkew is how far a timestamp may be from the vendor's clock.
	maxSkew         = 15 * time.Minute
	timestampLayout = "2006-01-02T15:04:05Z"
)

// An acs3 is the Authorization header of the newer signature.
type acs3 struct{ credential, signedHeaders, signature string }

// readACS3 returns nil where the request is not signed that way.
func readACS3(r *http.Request) *acs3 {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), acs3Algorithm)
	if !ok {
		return nil
	}
	var a acs3
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			a.credential = value
		case "SignedHeaders":
			a.signedHeaders = value
		case "Signature":
			a.signature = value
		}
	}
	return &a
}

func (v *vendor) checkKey(c *call) *failure {
	c.account = c.params.Get("AccessKeyId")
	if c.v3 != nil {
		c.account = c.v3.credential
	}
	if _, c.known = v.keys[c.account]; !c.known {
		return refuseMissingOr("AccessKeyId", c.account,
			&failure{404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."})
	}
	return nil
}

func (v *vendor) checkTimestamp(c *call) *failure {
	stamp := c.system("Timestamp", "X-Acs-Date")
	at, err := time.Parse(timestampLayout, stamp)
	if err != nil {
		return refuseMissingOr("Timestamp", stamp, &failure{400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."})
	}
	if skew := c.now.Sub(at).Abs(); skew > maxSkew {
		return &failure{400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
	}
	return nil
}

// checkSignature answers a wrong one with the string that the vendor signed,
// after exactly these words: the vendor's SDKs take it from there.
func (v *vendor) checkSignature(c *call) *failure {
	if !c.known {
		return nil // a lenient sandbox has let the key pass, and has no secret to verify with
	}
	if c.v3 != nil {
		return v.checkACS3(c)
	}
	given := c.params.Get("Signature")
	if given == "" {
		return refuseMissing("Signature")
	}
	if m := c.params.Get("SignatureMethod"); m != "HMAC-SHA1" {
		return refuseMissingOr("SignatureMethod", m, &failure{400, "InvalidSignatureMethod", "Specified signature method is not valid."})
	}
	if ver := c.params.Get("SignatureVersion"); ver != "1.0" {
		return refuseMissingOr("SignatureVersion", ver, &failure{400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."})
	}
	toSign := stringToSign(c.request.Method, c.params)
	return compareSignature(given, signRPC(v.keys[c.account], toSign), toSign)
}

func compareSignature(given, right, toSign string) *failure {
	if subtle.ConstantTimeCompare([]byte(given), []byte(right)) == 1 {
		return nil
	}
	return &failure{400, "SignatureDoesNotMatch",
		"Specified signature is not matched with our calculation. server string to sign is:" + toSign}
}

func (v *vendor) checkACS3(c *call) *failure {
	incomplete := &failure{400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."}
	if c.v3.signature == "" || c.v3.signedHeaders == "" {
		return incomplete
	}
	hashed := sha256Hex(c.body)
	if c.request.Header.Get("X-Acs-Content-Sha256") != hashed {
		return incomplete
	}
	headers, ok := canonicalHeaders(c.request, c.v3.signedHeaders)
	if !ok {
		return incomplete
	}
	canonical := strings.Join([]string{c.request.Method, "/", canonicalQuery(c.query, ""), headers, c.v3.signedHeaders, hashed}, "\n")
	toSign := acs3Algorithm + "\n" + sha256Hex([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(v.keys[c.account]))
	mac.Write([]byte(toSign))
	return compareSignature(c.v3.signature, hex.EncodeToString(mac.Sum(nil)), toSign)
}

// canonicalHeaders returns the block of the signed headers, and false if one
// that has to be signed is not.
func canonicalHeaders(r *http.Request, signed string) (string, bool) {
	names := strings.Split(signed, ";")
	for _, must := range []string{"host", "x-acs-action", "x-acs-date", "x-acs-version", "x-acs-content-sha256", "x-acs-signature-nonce"} {
		if !slices.Contains(names, must) {
			return "", false
		}
	}
	var b strings.Builder
	for _, name := range names {
		value := strings.TrimSpace(strings.Join(r.Header.Values(name), ","))
		if name == "host" {
			value = r.Host // as the client wrote it, with the port
		}
		b.WriteString(name + ":" + value + "\n")
	}
	return b.String(), true
}

// stringToSign is what signature version 1 signs: the method and the parameters,
// wherever they stood, without Signature.
func stringToSign(method string, params url.Values) string {
	return method + "&%2F&" + percentEncode(canonicalQuery(params, "Signature"))
}

func signRPC(secret, toSign string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(toSign))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// canonicalQuery sorts by the decoded name; an empty value is written too. Of a
// name that occurs twice the first value counts, as everywhere here.
func canonicalQuery(params url.Values, without string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name == without && without != "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(percentEncode(name) + "=" + percentEncode(params.Get(name)))
	}
	return b.String()
}

// percentEncode leaves letters, digits and -_.~ as they are. url.QueryEscape
// differs in the blank only: it knows the same unreserved characters.
func percentEncode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
