package twilio

import (
	"net/url"
	"testing"
)

// Signatures that the vendor's Node client computed.
func TestSignCallback(t *testing.T) {
	for _, c := range []struct {
		name, token, target string
		form                url.Values
		want                string
	}{
		{"a query and a form", "12345", "https://example.com/myapp.php?foo=1&bar=2", url.Values{"CallSid": {"CA1234567890ABCDE"},
			"Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}}, "9pyy2ZSJda9ihJ1NNXPXtY4oV2Y="},
		{"a body hash and no form", "12345", "https://example.com/x?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
			nil, "EEOdpND6RtKCNTn1YPIvYWltf9o="},
		{"a port", "12345", "http://127.0.0.1:8080/cb", url.Values{"A": {"1"}}, "J70GRAQpnrIdyoN5whjQAtCrRwQ="},
		{"no port", "12345", "http://127.0.0.1/cb", url.Values{"A": {"1"}}, "/aTwTR3+RodIGWJ2Jyozv2CNmac="},
		{"an empty value and UTF-8", "12345", "https://example.com/cb", url.Values{"A": {""}, "B": {"x y&z=é"}}, "WFfCcL9XH7wifv4dGHSorEUTTps="},
		{"capitals before small letters", "k", "https://e.com/", url.Values{"b": {"1"}, "A": {"2"}, "a": {"3"}}, "AASqyKsdga6hpz+Gu2NzLED6YaQ="},
		{"a fragment with connection overrides", "k", "https://e.com/#rc=3&rp=5xx", url.Values{"b": {"1"}, "A": {"2"}, "a": {"3"}}, "AASqyKsdga6hpz+Gu2NzLED6YaQ="},
		{"a name three times", "12345", "https://example.com/", url.Values{"A": {"b", "a", "b"}}, "d9gfNbVv1nCp1P3tJN2BQZB/fV4="},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := signCallback(c.token, c.target, c.form); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
