package aliyun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/notifykit/notify/providers/aliyun/ram"
	"github.com/notifykit/notify/providers/kit"
)

// Credentials sign calls. They print without their secrets.
type Credentials struct {
	AccessKeyID, AccessKeySecret string
	// SecurityToken belongs to a temporary key.
	SecurityToken string
	// Expires is when the key ends. It is asked for anew two minutes before. Zero:
	// it is kept until the vendor refuses it.
	Expires time.Time
}

// String returns when the key expires, and no key.
func (c Credentials) String() string {
	if c.Expires.IsZero() {
		return "aliyun credentials"
	}
	return "aliyun credentials until " + c.Expires.UTC().Format("2006-01-02T15:04:05Z")
}

// Format prints String under every verb.
func (c Credentials) Format(f fmt.State, verb rune) { kit.Print(f, verb, c.String()) }

// LogValue returns String as a slog value.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns the text of String, so that no encoding shows a secret.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// GobEncode returns the text of String.
func (c Credentials) GobEncode() ([]byte, error) { return c.MarshalText() }

// The sandbox's well-known key. It opens nothing, so it may go over plain HTTP.
const (
	sandboxKeyID     = "sandbox-key-id"
	sandboxKeySecret = "sandbox-key-secret"
)

func (o Options) hasSandboxKey() bool {
	return o.Credentials == nil && o.AccessKeyID == sandboxKeyID && o.AccessKeySecret == sandboxKeySecret
}

// ring keeps the key: the configured one, or the one that was asked for last.
func (o Options) ring() *kit.Ring[Credentials] {
	r := kit.RingOptions[Credentials]{
		Fixed:   Credentials{AccessKeyID: o.AccessKeyID, AccessKeySecret: o.AccessKeySecret, SecurityToken: o.SecurityToken},
		Timeout: o.Timeout,
		Expires: func(c Credentials) time.Time { return c.Expires },
		Check: func(c Credentials) error {
			if c.AccessKeyID == "" || c.AccessKeySecret == "" {
				return errors.New("the access key is empty or has no secret")
			}
			for _, field := range []struct{ name, value string }{
				{"AccessKeyID", c.AccessKeyID}, {"AccessKeySecret", c.AccessKeySecret}, {"SecurityToken", c.SecurityToken},
			} {
				if err := kit.CheckKey(field.value); err != nil {
					return fmt.Errorf("%s: %w", field.name, err)
				}
			}
			return nil
		},
	}
	if o.Credentials != nil {
		r.Ask = func(ctx context.Context) (Credentials, error) { return o.Credentials(ctx) }
	}
	return kit.NewRing(r)
}

// role makes Credentials of the settings for a role, if there are any.
func (o *Options) role(f *kit.Faults) {
	ask := ram.Of(o.RAMRole, ram.OIDC{RoleARN: o.OIDCRole, ProviderARN: o.OIDCProvider, TokenFile: o.OIDCTokenFile, Endpoint: o.STSEndpoint, Transport: o.Transport}, f)
	if ask == nil {
		return
	}
	if o.Credentials != nil {
		f.Add("ram_role", "there is a role, and Credentials too: leave one out")
	}
	o.Credentials = func(ctx context.Context) (Credentials, error) {
		k, err := ask(ctx)
		return Credentials{AccessKeyID: k.ID, AccessKeySecret: k.Secret, SecurityToken: k.Token, Expires: k.Expires}, err
	}
}

// checkKey never shows a key, and not its ID either, because the secret may have
// been pasted there.
func (o Options) checkKey(f *kit.Faults) {
	for i, field := range []struct{ path, value string }{{"access_key_id", o.AccessKeyID}, {"access_key_secret", o.AccessKeySecret}, {"security_token", o.SecurityToken}} {
		switch {
		case o.Credentials != nil && field.value != "":
			f.Add(field.path, "it is set, and Credentials too: set one of them")
		case o.Credentials == nil && field.value == "" && i < 2:
			f.Add(field.path, "it is empty: the vendor takes signed calls only")
		case i < 2 && strings.Contains(field.value, " "):
			f.Add(field.path, "it holds a blank, which no key does: copy it again")
			continue
		}
		if err := kit.CheckKey(field.value); err != nil {
			f.Add(field.path, "%w", err)
		}
	}
}
