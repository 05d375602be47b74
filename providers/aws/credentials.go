package aws

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/notifykit/notify/providers/kit"
)

// A Load finds the credentials of "credentials: default" in a region, as the
// package config of aws-sdk-go-v2 does. Its context ends with the call for which
// they are needed.
type Load func(ctx context.Context, region string) (aws.CredentialsProvider, error)

// The sandbox's well-known credentials. They open nothing, so they may go over
// plain HTTP.
const (
	sandboxKeyID  = "AKIASANDBOX000000000"
	sandboxSecret = "sandbox/secret/access/key/0000000000000"
)

// A key signs calls.
type key struct {
	id, secret, token string
	expires           time.Time // zero: it is kept until the vendor refuses it
}

func (k key) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}
}

// ring keeps the key: the configured one, or the one that was asked for last.
func (o Options) ring() *kit.Ring[key] {
	r := kit.RingOptions[key]{
		Fixed: key{id: o.AccessKeyID, secret: o.SecretAccessKey, token: o.SessionToken}, Timeout: o.Timeout,
		Check: checkKey, Expires: func(k key) time.Time { return k.expires },
	}
	switch {
	case o.Credentials != nil:
		r.Ask = func(ctx context.Context) (key, error) { return retrieve(ctx, o.Credentials) }
	case o.CredentialsFrom != "":
		r.Ask = o.askLoad
	}
	return kit.NewRing(r)
}

// askLoad looks for the source anew each time: what was not there a moment ago, such
// as a file that a platform mounts late, may be there now.
func (o Options) askLoad(ctx context.Context) (key, error) {
	source, err := o.load(ctx, o.Region)
	if err != nil {
		return key{}, err
	}
	if source == nil {
		return key{}, errors.New("no credentials were found")
	}
	return retrieve(ctx, source)
}

func retrieve(ctx context.Context, source aws.CredentialsProvider) (key, error) {
	c, err := source.Retrieve(ctx)
	if err != nil {
		return key{}, err
	}
	k := key{id: c.AccessKeyID, secret: c.SecretAccessKey, token: c.SessionToken}
	if c.CanExpire {
		k.expires = c.Expires
	}
	return k, nil
}

// checkKey never shows a value.
func checkKey(k key) error {
	if k.id == "" || k.secret == "" {
		return errors.New("the access key is empty or has no secret")
	}
	for _, field := range []struct{ name, value string }{{"AccessKeyID", k.id}, {"SecretAccessKey", k.secret}, {"SessionToken", k.token}} {
		if err := kit.CheckKey(field.value); err != nil {
			return fmt.Errorf("%s: %w", field.name, err)
		}
	}
	return nil
}

// checkCredentials checks which of the settings are there, and the fixed ones.
func (o Options) checkCredentials(f *kit.Faults) {
	elsewhere := o.CredentialsFrom != "" || o.Credentials != nil
	switch {
	case o.CredentialsFrom != "" && o.CredentialsFrom != "default":
		f.Add("credentials", "%q is none: write default, or access_key_id and secret_access_key", o.CredentialsFrom)
	case o.CredentialsFrom != "" && o.Credentials == nil && o.load == nil:
		f.Add("credentials", "this program does not look for credentials: make its driver with aws.DriverWith, or write access_key_id and secret_access_key")
	case elsewhere && o.AccessKeyID+o.SecretAccessKey+o.SessionToken != "":
		f.Add("access_key_id", "there are fixed credentials and another source of them: leave one out")
	}
	for _, field := range []struct{ path, value string }{{"access_key_id", o.AccessKeyID}, {"secret_access_key", o.SecretAccessKey}, {"session_token", o.SessionToken}} {
		if err := kit.CheckKey(field.value); err != nil {
			f.Add(field.path, "%w", err)
		} else if field.value == "" && !elsewhere && field.path != "session_token" {
			f.Add(field.path, "it is empty: copy it from the AWS console, or set credentials")
		}
	}
}
