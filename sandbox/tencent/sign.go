package tencent

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm = "TC3-HMAC-SHA256"
	maxSkew   = 5 * time.Minute
)

// An authorization is the Authorization header.
type authorization struct{ secretID, date, service, signedHeaders, signature string }

// readAuthorization reports whether a request has a complete one.
func readAuthorization(r *http.Request) (a authorization, ok bool) {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return a, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 4 || scope[3] != "tc3_request" {
				return a, false
			}
			a.secretID, a.date, a.service = scope[0], scope[1], scope[2]
		case "SignedHeaders":
			a.signedHeaders = value
		case "Signature":
			a.signature = value
		}
	}
	return a, a.secretID != "" && a.signedHeaders != "" && a.signature != ""
}

// authorize verifies the signature. The service of the scope is what the client
// has taken from its host's name, which is not the vendor's here, so any is taken.
func (v *vendor) authorize(c *call) *failure {
	a, ok := readAuthorization(c.request)
	if !ok {
		return &failure{"AuthFailure.InvalidAuthorization", "The Authorization header is not in the form of the documentation."}
	}
	secret, known := v.keys[a.secretID]
	if !known {
		return &failure{"AuthFailure.SecretIdNotFound", "The SecretId is not found, please ensure that your SecretId is correct."}
	}
	stamp, err := strconv.ParseInt(c.request.Header.Get("X-TC-Timestamp"), 10, 64)
	if err != nil {
		return &failure{"MissingParameter", "The request is missing the required parameter `Timestamp`."}
	}
	at := time.Unix(stamp, 0)
	if c.now.Sub(at).Abs() > maxSkew {
		return &failure{"AuthFailure.SignatureExpire", "The provided credentials are expired: the timestamp is more than 5 minutes from the server's time."}
	}
	wrong := &failure{"AuthFailure.SignatureFailure", "The provided credentials could not be validated. Please check your signature is correct."}
	if a.date != at.UTC().Format(time.DateOnly) {
		return wrong
	}
	for _, host := range hosts(c.request.Host) {
		for _, lower := range []bool{false, true} {
			right, ok := signature(c.request, c.body, host, lower, a, secret, stamp)
			if ok && subtle.ConstantTimeCompare([]byte(a.signature), []byte(right)) == 1 {
				return nil
			}
		}
	}
	return wrong
}

// hosts are the forms of a Host that clients sign: with the port, and without.
func hosts(host string) []string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return []string{host, name}
	}
	return []string{host}
}

// signature computes the signature of a request. Lower writes the values of the
// signed headers in lower case, as some clients do. It reports whether the headers
// are signed that must be.
func signature(r *http.Request, body []byte, host string, lower bool, a authorization, secret string, stamp int64) (string, bool) {
	names := strings.Split(a.signedHeaders, ";")
	if !slices.Contains(names, "host") || !slices.Contains(names, "content-type") {
		return "", false
	}
	var headers strings.Builder
	for _, name := range names {
		value := strings.TrimSpace(r.Header.Get(name))
		if name == "host" {
			value = host
		}
		if lower {
			value = strings.ToLower(value)
		}
		headers.WriteString(name + ":" + value + "\n")
	}
	hashed := body
	if r.Header.Get("X-TC-Content-SHA256") == "UNSIGNED-PAYLOAD" {
		hashed = []byte("UNSIGNED-PAYLOAD")
	}
	canonical := strings.Join([]string{r.Method, "/", r.URL.RawQuery, headers.String(), a.signedHeaders, sha256Hex(hashed)}, "\n")
	scope := a.date + "/" + a.service + "/tc3_request"
	toSign := strings.Join([]string{algorithm, strconv.FormatInt(stamp, 10), scope, sha256Hex([]byte(canonical))}, "\n")
	key := []byte("TC3" + secret)
	for _, part := range []string{a.date, a.service, "tc3_request", toSign} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key), true
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
