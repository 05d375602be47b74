package aliyun_test

import (
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

func TestDestination(t *testing.T) {
	templates, err := sms.NewRegistry(sms.Template{Name: "plain", Text: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o    aliyun.Options
		want sms.Destination
	}{
		"the vendor":      {aliyun.Options{AccessKeyID: "id", AccessKeySecret: "secret"}, sms.Destination{Endpoint: "https://dysmsapi.aliyuncs.com"}},
		"this machine":    {aliyun.Options{AccessKeyID: "id", AccessKeySecret: "secret", Endpoint: "http://127.0.0.1:8025"}, sms.Destination{Endpoint: "http://127.0.0.1:8025", Trial: true}},
		"a sandbox's key": {aliyun.Options{AccessKeyID: "sandbox-key-id", AccessKeySecret: "sandbox-key-secret", Endpoint: "http://sandbox:8025"}, sms.Destination{Endpoint: "http://sandbox:8025", Trial: true}},
		"a proxy":         {aliyun.Options{AccessKeyID: "id", AccessKeySecret: "secret", Endpoint: "http://proxy", AllowPlainHTTP: true}, sms.Destination{Endpoint: "http://proxy"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Templates = templates
			p, err := aliyun.New(c.o)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if got := p.Destination(); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
