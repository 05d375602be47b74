// Package ram gets temporary access keys of Alibaba Cloud: of the role that is
// attached to the machine (an ECS instance), or for a token of OpenID Connect, as
// pods of a cluster with RRSA have one.
//
//	role, err := ram.NewRole("sms-sender", nil)
//	if err != nil {
//		return err
//	}
//	key, err := role.Key(ctx)
//
// A call asks each time and keeps nothing: providers/aliyun keeps a key until
// shortly before it expires. No request is repeated, and no redirect is followed.
// The package does not look at environment variables or profiles.
package ram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/kit"
)

// A Key signs calls until it expires. It prints without its secret.
type Key struct {
	ID, Secret, Token string
	Expires           time.Time
}

// String returns when the key expires, and no key.
func (k Key) String() string { return "key until " + k.Expires.UTC().Format(time.RFC3339) }

// Format prints String under every verb.
func (k Key) Format(f fmt.State, verb rune) { kit.Print(f, verb, k.String()) }

// LogValue returns String as a slog value.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// GobEncode returns the text of String.
func (k Key) GobEncode() ([]byte, error) { return k.MarshalText() }

const (
	// metadata is the address of the metadata of an ECS instance, which only the
	// instance itself reaches.
	metadata = "http://100.100.100.200/latest"
	// rolePath lists the role, and below it are its keys.
	rolePath = "/meta-data/ram/security-credentials/"
	// tokenLife is how long a token of the metadata service is good, in seconds. One
	// is made for each key.
	tokenLife = "60"
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 64 << 10
	// stsHost is the default of OIDC.Endpoint.
	stsHost = "https://sts.aliyuncs.com"
)

var aRole = regexp.MustCompile(`^[A-Za-z0-9.@_-]{1,64}$`)

// A Role is the RAM role of the machine that the program runs on. It may be used by
// any number of goroutines.
type Role struct {
	name   string
	client *http.Client
}

// NewRole returns the role of that name, or the only role of the machine if name is
// "auto". transport carries the requests; nil is one without a proxy, because a
// proxy would see the key.
func NewRole(name string, transport http.RoundTripper) (*Role, error) {
	if !aRole.MatchString(name) {
		return nil, fmt.Errorf("%q is no name of a RAM role: write it as in the console, or auto", name)
	}
	if transport == nil {
		transport = &http.Transport{DisableKeepAlives: true}
	}
	return &Role{name: name, client: newClient(transport)}, nil
}

func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Key asks for a key. It needs the metadata service of an ECS instance, of which
// both versions are spoken: with a token, and without one if there is none.
func (r *Role) Key(ctx context.Context) (Key, error) {
	token, err := r.get(ctx, http.MethodPut, "/api/token", "X-aliyun-ecs-metadata-token-ttl-seconds", tokenLife)
	if ctx.Err() != nil {
		return Key{}, ctx.Err()
	}
	if err != nil {
		token = "" // an instance that does not ask for one
	}
	name := r.name
	if name == "auto" {
		if name, err = r.get(ctx, http.MethodGet, rolePath, "X-aliyun-ecs-metadata-token", token); err != nil {
			return Key{}, fmt.Errorf("the machine has no RAM role, or is no ECS instance: %w", err)
		}
		if name = strings.TrimSpace(name); !aRole.MatchString(name) {
			return Key{}, errors.New("the machine has no RAM role")
		}
	}
	answer, err := r.get(ctx, http.MethodGet, rolePath+name, "X-aliyun-ecs-metadata-token", token)
	if err != nil {
		return Key{}, fmt.Errorf("the key of RAM role %s: %w", name, err)
	}
	var said struct {
		Code string
		temporary
	}
	if err := json.Unmarshal([]byte(answer), &said); err != nil || said.Code != "Success" {
		return Key{}, fmt.Errorf("the key of RAM role %s: the answer has none", name)
	}
	return said.key()
}

func (r *Role) get(ctx context.Context, method, path, header, value string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, metadata+path, nil)
	if err != nil {
		return "", err
	}
	if value != "" {
		request.Header.Set(header, value)
	}
	status, body, err := do(r.client, request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("HTTP status %d of the metadata service", status)
	}
	return string(body), err
}

// temporary is a key as both services write it.
type temporary struct{ AccessKeyID, AccessKeySecret, SecurityToken, Expiration string }

func (t temporary) key() (Key, error) {
	expires, err := time.Parse(time.RFC3339, t.Expiration)
	if err != nil || t.AccessKeyID == "" || t.AccessKeySecret == "" || t.SecurityToken == "" {
		return Key{}, errors.New("the answer has no complete key")
	}
	return Key{ID: t.AccessKeyID, Secret: t.AccessKeySecret, Token: t.SecurityToken, Expires: expires}, nil
}

// OIDC is a RAM role that is given for a token of OpenID Connect. It may be used by
// any number of goroutines.
type OIDC struct {
	// RoleARN and ProviderARN are those of the role and of the identity provider:
	// "acs:ram::123456789012:role/sms-sender". Required.
	RoleARN, ProviderARN string
	// TokenFile holds the token. It is read for each key, because a platform replaces
	// it. Required.
	TokenFile string
	// Endpoint is the base address of STS. Defaults to https://sts.aliyuncs.com.
	Endpoint string
	// Transport carries the requests. Nil is http.DefaultTransport.
	Transport http.RoundTripper
}

var anARN = regexp.MustCompile(`^acs:ram::[0-9]+:(role|oidc-provider)/[A-Za-z0-9._@-]+$`)

// Faults returns what is wrong with the fields, each as an *sms.FieldError whose
// path is the key of the field in the configuration of providers/aliyun.
func (o OIDC) Faults() (f kit.Faults) {
	for _, field := range []struct{ path, value string }{{"oidc_role", o.RoleARN}, {"oidc_provider", o.ProviderARN}} {
		if !anARN.MatchString(field.value) {
			f.Add(field.path, "%q is no ARN: write it as in the console, acs:ram::123456789012:role/name", field.value)
		}
	}
	if o.TokenFile == "" {
		f.Add("oidc_token_file", "it is empty: write the path of the file that holds the token")
	}
	if _, err := kit.Endpoint(o.endpoint(), false); err != nil {
		f.Add("sts_endpoint", "%w", err)
	}
	return f
}

// Of returns what asks for a key by the settings ram_role and oidc_* of
// providers/aliyun: of the machine's role, or for a token. It records in f what is
// wrong with them, and returns nil if there are none. Role's requests are carried by
// the Transport of token too.
func Of(role string, token OIDC, f *kit.Faults) func(context.Context) (Key, error) {
	byToken := token.RoleARN+token.ProviderARN+token.TokenFile+token.Endpoint != ""
	switch {
	case role != "" && byToken:
		f.Add("ram_role", "it is set, and a role for a token too: leave one out")
	case byToken:
		*f = append(*f, token.Faults()...)
		return token.Key
	case role != "":
		r, err := NewRole(role, token.Transport)
		if err != nil {
			f.Add("ram_role", "%w", err)
		}
		return r.Key
	}
	return nil
}

func (o OIDC) endpoint() string {
	if o.Endpoint == "" {
		return stsHost
	}
	return strings.TrimRight(o.Endpoint, "/")
}

// Key exchanges the token for a key of an hour (AssumeRoleWithOIDC, STS 2015-04-01).
// The call needs no signature.
func (o OIDC) Key(ctx context.Context) (Key, error) {
	token, err := os.ReadFile(o.TokenFile)
	if err != nil {
		return Key{}, fmt.Errorf("the token of OpenID Connect: %w", err)
	}
	form := url.Values{
		"Action": {"AssumeRoleWithOIDC"}, "Version": {"2015-04-01"}, "Format": {"JSON"}, "Timestamp": {time.Now().UTC().Format("2006-01-02T15:04:05Z")},
		"RoleArn": {o.RoleARN}, "OIDCProviderArn": {o.ProviderARN}, "OIDCToken": {strings.TrimSpace(string(token))}, "RoleSessionName": {"notify"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.endpoint()+"/", strings.NewReader(form.Encode()))
	if err != nil {
		return Key{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	transport := o.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	status, body, err := do(newClient(transport), request)
	if err != nil {
		return Key{}, err
	}
	var said struct {
		Code, Message string
		Credentials   temporary
	}
	switch err := json.Unmarshal(body, &said); {
	case err == nil && said.Code != "":
		return Key{}, fmt.Errorf("the role for the token: %s", shown(said.Code+": "+said.Message, string(token)))
	case err != nil || status != http.StatusOK:
		return Key{}, fmt.Errorf("the role for the token: HTTP status %d of STS", status)
	}
	return said.Credentials.key()
}

// shown returns STS's words in one line, without the token.
func shown(words, token string) string {
	if token = strings.TrimSpace(token); token != "" {
		words = strings.ReplaceAll(words, token, "****")
	}
	return kit.Printable(words)
}

func do(c *http.Client, r *http.Request) (status int, body []byte, err error) {
	answer, err := c.Do(r)
	if err != nil {
		return 0, nil, kit.WithoutURL(err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return answer.StatusCode, body, err
}
