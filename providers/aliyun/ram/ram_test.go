package ram_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun/ram"
	"github.com/notifykit/notify/sms"
)

// redirected carries every request to a test's server, whatever its host.
type redirected struct{ to *url.URL }

func (r redirected) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.URL.Host != "100.100.100.200" || q.URL.Scheme != "http" {
		return nil, fmt.Errorf("a request to %s", q.URL.Host)
	}
	q = q.Clone(q.Context())
	q.URL.Host = r.to.Host
	return http.DefaultTransport.RoundTrip(q)
}

// ecs imitates the metadata service of an instance with the role sms-sender.
func ecs(t *testing.T, h http.HandlerFunc) http.RoundTripper {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return redirected{u}
}

const answer = `{"Code":"Success","AccessKeyId":"STS.id","AccessKeySecret":"secret","SecurityToken":"token","Expiration":"2026-11-29T12:00:00Z","LastUpdated":"2026-11-29T06:00:00Z"}`

var want = ram.Key{ID: "STS.id", Secret: "secret", Token: "token", Expires: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}

func TestRole(t *testing.T) {
	for _, hardened := range []bool{true, false} {
		for _, name := range []string{"sms-sender", "auto"} {
			transport := ecs(t, func(w http.ResponseWriter, r *http.Request) {
				switch token := r.Header.Get("X-aliyun-ecs-metadata-token"); {
				case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" && hardened:
					io.WriteString(w, "t1")
				case hardened && token != "t1":
					w.WriteHeader(http.StatusForbidden)
				case r.Method == http.MethodPut:
					w.WriteHeader(http.StatusNotFound)
				case r.URL.Path == "/latest/meta-data/ram/security-credentials/":
					io.WriteString(w, "sms-sender\n")
				case r.URL.Path == "/latest/meta-data/ram/security-credentials/sms-sender":
					io.WriteString(w, answer)
				default:
					w.WriteHeader(http.StatusNotFound)
				}
			})
			role, err := ram.NewRole(name, transport)
			if err != nil {
				t.Fatal(err)
			}
			if key, err := role.Key(t.Context()); err != nil || key != want {
				t.Errorf("%s, hardened %t: %+v, %v", name, hardened, key, err)
			}
		}
	}
}

func TestRole_refused(t *testing.T) {
	for name, body := range map[string]string{"no role": "", "no JSON": "<html>", "another code": `{"Code":"Failed"}`, "no key": `{"Code":"Success","Expiration":"2026-11-29T12:00:00Z"}`,
		"no time": strings.Replace(answer, "2026-11-29T12:00:00Z", "soon", 1)} {
		transport := ecs(t, func(w http.ResponseWriter, r *http.Request) {
			if name == "no role" {
				w.WriteHeader(http.StatusNotFound)
			}
			io.WriteString(w, body)
		})
		role, err := ram.NewRole("sms-sender", transport)
		if err != nil {
			t.Fatal(err)
		}
		if key, err := role.Key(t.Context()); err == nil {
			t.Errorf("%s: %v", name, key)
		}
	}
	for _, name := range []string{"", "a/b", "../x", strings.Repeat("x", 65)} {
		if _, err := ram.NewRole(name, nil); err == nil {
			t.Errorf("%q is a role", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	role, err := ram.NewRole("sms-sender", ecs(t, func(http.ResponseWriter, *http.Request) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := role.Key(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func oidc(t *testing.T, h http.HandlerFunc) ram.OIDC {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("a.b.c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return ram.OIDC{RoleARN: "acs:ram::123456789012:role/sms-sender", ProviderARN: "acs:ram::123456789012:oidc-provider/ack-rrsa-c1", TokenFile: file, Endpoint: s.URL}
}

func TestOIDC(t *testing.T) {
	var form url.Values
	o := oidc(t, func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		form = r.PostForm
		if r.URL.RawQuery != "" {
			t.Errorf("the token may be in a URL: %s", r.URL.RawQuery)
		}
		var credentials map[string]any
		json.Unmarshal([]byte(answer), &credentials)
		json.NewEncoder(w).Encode(map[string]any{"RequestId": "r", "Credentials": credentials})
	})
	if f := o.Faults(); len(f) != 0 {
		t.Fatal(f)
	}
	key, err := o.Key(t.Context())
	if err != nil || key != want {
		t.Errorf("%+v, %v", key, err)
	}
	for name, value := range map[string]string{"Action": "AssumeRoleWithOIDC", "Version": "2015-04-01", "RoleArn": o.RoleARN, "OIDCProviderArn": o.ProviderARN, "OIDCToken": "a.b.c", "RoleSessionName": "notify"} {
		if form.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, form.Get(name), value)
		}
	}
}

func TestOIDC_refused(t *testing.T) {
	o := oidc(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"Code":"AuthenticationFail.OIDCToken.Expired","Message":"This OIDC Token a.b.c\u001b[2J is expired."}`)
	})
	if _, err := o.Key(t.Context()); err == nil || !strings.Contains(err.Error(), "Expired") || strings.Contains(err.Error(), "a.b.c") || strings.ContainsRune(err.Error(), 0x1b) {
		t.Errorf("%q", err)
	}
	o.TokenFile = filepath.Join(t.TempDir(), "missing")
	if _, err := o.Key(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	var paths []string
	for _, err := range (ram.OIDC{RoleARN: "x", Endpoint: "http://sts.example"}).Faults() {
		field, _ := errors.AsType[*sms.FieldError](err)
		paths = append(paths, field.Path)
	}
	if got := strings.Join(paths, " "); got != "oidc_role oidc_provider oidc_token_file sts_endpoint" {
		t.Errorf("the faults are at %s", got)
	}
}

func TestKey_isNotShown(t *testing.T) {
	shown, _ := json.Marshal(want)
	for _, text := range []string{fmt.Sprint(want), fmt.Sprintf("%+v %#v", want, want), string(shown)} {
		if strings.Contains(text, "secret") || strings.Contains(text, "token") {
			t.Errorf("the key is shown: %s", text)
		}
	}
}

func ExampleRole_Key() {
	role, err := ram.NewRole("auto", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	key, err := role.Key(ctx) // on an ECS instance with a role
	_, _ = key, err
}
