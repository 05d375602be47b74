package kit

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"time"
)

// The functions of this file check who sent a Hook. Each compares in constant time
// and accepts any of several secrets, so that secrets can be rotated. An empty
// secret matches nothing. The error matches ErrNotAuthentic.

// equal reports whether got is one of want, in a time that depends on lengths only.
func equal(got string, want []string) bool {
	found := 0
	for _, w := range want {
		if w != "" {
			found |= subtle.ConstantTimeCompare([]byte(got), []byte(w))
		}
	}
	return found == 1
}

// CheckToken checks a token that the vendor sends as it is, for example in a header.
func CheckToken(got string, secrets ...string) error {
	if !equal(got, secrets) {
		return ErrNotAuthentic
	}
	return nil
}

// CheckBasic checks HTTP basic authentication. Each secret is "user:password".
func CheckBasic(h http.Header, secrets ...string) error {
	r := http.Request{Header: h}
	user, password, ok := r.BasicAuth()
	if !ok || !equal(user+":"+password, secrets) {
		return ErrNotAuthentic
	}
	return nil
}

// CheckHMAC checks a signature over signed, such as the raw body. decode reads the
// vendor's form of the signature: hex.DecodeString or base64.StdEncoding.DecodeString.
func CheckHMAC(algorithm func() hash.Hash, signed []byte, signature string, decode func(string) ([]byte, error), secrets ...string) error {
	got, err := decode(signature)
	if err != nil || len(got) == 0 {
		return ErrNotAuthentic
	}
	found := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		mac := hmac.New(algorithm, []byte(secret))
		mac.Write(signed)
		found = hmac.Equal(mac.Sum(nil), got) || found
	}
	if !found {
		return ErrNotAuthentic
	}
	return nil
}

// CheckEd25519 checks a signature over signed with one of the public keys, each in
// base64 as vendors show them.
func CheckEd25519(signed []byte, signature string, keys ...string) error {
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(got) != ed25519.SignatureSize {
		return ErrNotAuthentic
	}
	for _, key := range keys {
		public, err := base64.StdEncoding.DecodeString(key)
		if err == nil && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, signed, got) {
			return nil
		}
	}
	return ErrNotAuthentic
}

// CheckAge checks that a signed time is at most longest away from now, so that a
// request that was recorded cannot be repeated later.
func CheckAge(at, now time.Time, longest time.Duration) error {
	if age := now.Sub(at).Abs(); age > longest {
		return fmt.Errorf("%w: it was signed %v ago", ErrNotAuthentic, age.Round(time.Second))
	}
	return nil
}

// CheckJWT checks a JSON Web Token with the signature HS256 and returns its claims.
// Every other algorithm is refused. The claims exp and nbf are checked if they are
// there; what else they say is the caller's to check.
func CheckJWT(token string, now time.Time, secrets ...string) (map[string]any, error) {
	signed, signature, ok := cutLast(token, ".")
	header, payload, both := strings.Cut(signed, ".")
	if !ok || !both {
		return nil, ErrNotAuthentic
	}
	var head struct {
		Alg string `json:"alg"`
	}
	if decodePart(header, &head) != nil || head.Alg != "HS256" {
		return nil, ErrNotAuthentic
	}
	if err := CheckHMAC(sha256.New, []byte(signed), signature, base64.RawURLEncoding.DecodeString, secrets...); err != nil {
		return nil, err
	}
	claims := map[string]any{}
	if decodePart(payload, &claims) != nil {
		return nil, ErrNotAuthentic
	}
	if exp, ok := claims["exp"].(float64); ok && now.Unix() > int64(exp) {
		return nil, fmt.Errorf("%w: the token has expired", ErrNotAuthentic)
	}
	if nbf, ok := claims["nbf"].(float64); ok && now.Unix() < int64(nbf) {
		return nil, fmt.Errorf("%w: the token is not valid yet", ErrNotAuthentic)
	}
	return claims, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func decodePart(part string, v any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}
