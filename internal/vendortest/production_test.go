package vendortest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

func accept(context.Context, sms.Message) (sms.Receipt, error) {
	return sms.Receipt{Provider: "a", ID: "1"}, nil
}

// In production what sends nothing is refused, unless it is allowed by name.
func TestNew_in_production_refuses_what_sends_nothing(t *testing.T) {
	real := map[string]notify.ProviderConfig{"a": {Sender: sms.SenderFunc(accept)}}
	sandbox := aliyun.Options{AccessKeyID: "sandbox-key-id", AccessKeySecret: "sandbox-key-secret", From: "云通信", Endpoint: "http://127.0.0.1:8025"}
	plain := aliyun.Options{AccessKeyID: "i", AccessKeySecret: "s", From: "云通信", Endpoint: "http://sms.example.com", AllowPlainHTTP: true}
	for name, c := range map[string]struct {
		config notify.Config
		allow  string
		path   string
	}{
		"a fake":     {notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Driver: "fake"}}}, notify.AllowFake, "providers.a"},
		"a sandbox":  {notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Driver: "aliyun", Settings: sandbox}}}, notify.AllowSandbox, "providers.a"},
		"plain HTTP": {notify.Config{Providers: map[string]notify.ProviderConfig{"a": {Driver: "aliyun", Settings: plain}}}, notify.AllowPlainHTTP, "providers.a"},
		"redirect":   {notify.Config{Providers: real, Redirect: "+8613800000001"}, notify.AllowRedirect, "redirect"},
		"dry_run":    {notify.Config{Providers: real, DryRun: true}, notify.AllowDryRun, "dry_run"},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Environment = "production"
			client, err := notify.New(c.config, fake.Driver(), aliyun.Driver())
			if err == nil {
				client.Close()
				t.Fatal("it was opened")
			}
			if text := err.Error(); !strings.Contains(text, c.path+": in production ") || !strings.Contains(text, "allow: ["+c.allow+"]") {
				t.Errorf("it does not say what and how: %v", err)
			}
			c.config.Allow = []string{c.allow}
			allowed, err := notify.New(c.config, fake.Driver(), aliyun.Driver())
			if err != nil {
				t.Fatal(err)
			}
			allowed.Close()
			c.config.Allow, c.config.Environment = nil, ""
			unnamed, err := notify.New(c.config, fake.Driver(), aliyun.Driver())
			if err != nil {
				t.Fatalf("nobody has said that this is production: %v", err)
			}
			unnamed.Close()
		})
	}
}
