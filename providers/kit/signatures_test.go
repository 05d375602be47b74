package kit_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
)

// authentic checks that err is nil, or matches ErrNotAuthentic.
func authentic(t *testing.T, what string, err error, want bool) {
	t.Helper()
	if want && err != nil || !want && !errors.Is(err, kit.ErrNotAuthentic) {
		t.Errorf("%s: %v, want authentic %v", what, err, want)
	}
}

func TestCheckToken(t *testing.T) {
	for _, test := range []struct {
		got     string
		secrets []string
		want    bool
	}{
		{"one", []string{"one"}, true}, {"two", []string{"one", "two"}, true}, {"one", []string{"one", "one"}, true},
		{"on", []string{"one"}, false}, {"", []string{""}, false}, {"", nil, false}, {"one", nil, false},
	} {
		authentic(t, test.got, kit.CheckToken(test.got, test.secrets...), test.want)
	}
}

func TestCheckBasic(t *testing.T) {
	r, err := http.NewRequest(http.MethodPost, "https://example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	authentic(t, "none", kit.CheckBasic(r.Header, "u:p"), false)
	r.SetBasicAuth("u", "p")
	authentic(t, "right", kit.CheckBasic(r.Header, "old:one", "u:p"), true)
	authentic(t, "wrong", kit.CheckBasic(r.Header, "u:q"), false)
	authentic(t, "no secret", kit.CheckBasic(r.Header, ""), false)
}

func TestCheckHMAC(t *testing.T) {
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte("body"))
	signature := hex.EncodeToString(mac.Sum(nil))
	check := func(body, signature string, secrets ...string) error {
		return kit.CheckHMAC(sha256.New, []byte(body), signature, hex.DecodeString, secrets...)
	}
	authentic(t, "right", check("body", signature, "other", "secret"), true)
	authentic(t, "another body", check("bodY", signature, "secret"), false)
	authentic(t, "another secret", check("body", signature, "other", ""), false)
	authentic(t, "cut", check("body", signature[:32], "secret"), false)
	authentic(t, "not hexadecimal", check("body", "xyz", "secret"), false)
	authentic(t, "empty", check("body", "", "secret"), false)
}

func TestCheckEd25519(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(public)
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte("body")))
	authentic(t, "right", kit.CheckEd25519([]byte("body"), signature, "not a key", key), true)
	authentic(t, "another body", kit.CheckEd25519([]byte("bodY"), signature, key), false)
	authentic(t, "no key", kit.CheckEd25519([]byte("body"), signature), false)
	authentic(t, "cut", kit.CheckEd25519([]byte("body"), signature[:40], key), false)
}

func TestCheckAge(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	authentic(t, "now", kit.CheckAge(now, now, time.Minute), true)
	authentic(t, "a minute ahead", kit.CheckAge(now.Add(time.Minute), now, time.Minute), true)
	authentic(t, "too old", kit.CheckAge(now.Add(-61*time.Second), now, time.Minute), false)
	authentic(t, "too far ahead", kit.CheckAge(now.Add(61*time.Second), now, time.Minute), false)
}

func TestCheckJWT(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	token := func(header, claims string) string {
		signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		mac := hmac.New(sha256.New, []byte("secret"))
		mac.Write([]byte(signed))
		return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	for name, test := range map[string]struct {
		token string
		want  bool
	}{
		"right":             {token(`{"alg":"HS256"}`, `{"iss":"v"}`), true},
		"not expired":       {token(`{"alg":"HS256"}`, `{"exp":1700000000}`), true},
		"expired":           {token(`{"alg":"HS256"}`, `{"exp":1699999999}`), false},
		"not yet valid":     {token(`{"alg":"HS256"}`, `{"nbf":1700000001}`), false},
		"another algorithm": {token(`{"alg":"HS512"}`, `{}`), false},
		"none":              {token(`{"alg":"none"}`, `{}`), false},
		"no JSON":           {token(`{"alg":"HS256"}`, `x`), false},
		"two parts":         {"a.b", false},
		"empty":             {"", false},
	} {
		claims, err := kit.CheckJWT(test.token, now, "secret")
		authentic(t, name, err, test.want)
		if name == "right" && claims["iss"] != "v" {
			t.Errorf("the claims are %v", claims)
		}
	}
	_, err := kit.CheckJWT(token(`{"alg":"HS256"}`, `{}`), now, "other", "")
	authentic(t, "another secret", err, false)
}

func FuzzCheckJWT(f *testing.F) {
	f.Add("eyJhbGciOiJIUzI1NiJ9.e30.AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if claims, err := kit.CheckJWT(token, time.Unix(1_700_000_000, 0), "a secret that no input knows"); err == nil {
			t.Errorf("%q is taken: %v", token, claims)
		}
	})
}
