package vonage

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Sign is the signature of the SMS API.
func Sign(method, secret string, fields map[string]string) []byte {
	return sign(method, secret, fields)
}

// HS256 is the signature of a token.
func HS256(secret, signed string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}
