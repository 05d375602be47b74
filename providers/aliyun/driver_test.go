package aliyun_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

// openDriver opens the driver with settings as a file has them.
func openDriver(t *testing.T, settings string) (sms.Sender, error) {
	t.Helper()
	return aliyun.Driver().Open(sms.DriverConfig{
		Name:      "aliyun",
		Templates: registry(t),
		Decode: func(into any) error {
			return yaml.NewDecoder(strings.NewReader(settings), yaml.Strict()).Decode(into)
		},
	})
}

func TestDriver_opensFromSettings(t *testing.T) {
	v := serve(t, 200, acceptedBody)
	s, err := openDriver(t, `
access_key_id: `+keyID+`
access_key_secret: "`+secret+`"
security_token: token
region: ap-southeast-1
endpoint: `+v.URL+`
from: 云通信
senders: {acme: 极品公司}
timeout: 3s
coalesce: true
max_calls: 2
allow_plain_http: true
`)
	if err != nil {
		t.Fatal(err)
	}
	defer s.(*aliyun.Provider).Close()
	m := loginCode()
	m.From = "acme"
	if _, err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	_, form := v.only(t)
	for name, want := range map[string]string{"AccessKeyId": keyID, "SecurityToken": "token", "RegionId": "ap-southeast-1", "SignName": "极品公司"} {
		if got := form.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestDriver_faults(t *testing.T) {
	s, err := openDriver(t, "access_key_id: x\n")
	if s != nil {
		t.Errorf("a Sender came with an error: %v", s)
	}
	f, ok := errors.AsType[*sms.FieldError](err)
	if !ok || f.Path != "access_key_secret" {
		t.Errorf("got %v", err)
	}
	if _, err := openDriver(t, "access_key: x\n"); err == nil {
		t.Error("an unknown key was taken")
	}
}

func TestDriver_describesItself(t *testing.T) {
	d := aliyun.Driver()
	if _, ok := d.Settings.(aliyun.Options); !ok || d.Name != "aliyun" || len(d.Codes) < 100 {
		t.Errorf("name %q, settings %T, %d codes", d.Name, d.Settings, len(d.Codes))
	}
}
