package cli

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

func TestAddConfig(t *testing.T) {
	t.Setenv("ALIYUN_ACCESS_KEY_ID", "my-key")
	t.Setenv("ALIYUN_ACCESS_KEY_SECRET", "my-secret")
	var got sandbox.Options
	notes, err := addConfig(&got, filepath.Join("..", "testdata", "notify.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const text = "您的登录码是${code}。"
	want := sandbox.Options{
		Keys:       []sandbox.Key{{ID: "my-key", Secret: "my-secret"}},
		Signatures: []sandbox.Signature{{Name: "我的公司"}, {Name: "我的商店"}},
		Templates: []sandbox.Template{{Code: "SMS_7001", Name: "login-code", Kind: sms.Verification, Text: text},
			{Code: "SMS_7002", Name: "login-code", Kind: sms.International, Text: text}},
		Accounts: []sandbox.Account{{SID: "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Token: "mine", Senders: []string{"+12025550100"},
			Services: []sandbox.Service{{SID: "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Senders: []string{"+12025550100"}}},
			Contents: []sandbox.Content{{SID: "HXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Text: "Your login code is {{1}}."}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("the sandbox refuses it: %v", err)
	}
	told := strings.Join(notes, "\n")
	if strings.Contains(told, "my-secret") || strings.Contains(told, "mine") {
		t.Errorf("a secret is told:\n%s", told)
	}
	for _, want := range []string{"absent", "no account, because its variables are not set", "access key my-key"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told:\n%s", want, told)
		}
	}
}

func TestAddConfig_withoutVariables(t *testing.T) {
	t.Setenv("ALIYUN_ACCESS_KEY_ID", "")
	var o sandbox.Options
	notes, err := addConfig(&o, filepath.Join("..", "testdata", "notify.yaml"))
	if err != nil || len(o.Keys) != 0 || len(o.Templates) != 2 || !strings.Contains(strings.Join(notes, "\n"), "no access key") {
		t.Errorf("%v, %d keys, %d templates, %v", err, len(o.Keys), len(o.Templates), notes)
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		name    string
		entered bool
		err     error
		want    int
	}{
		{"wrong use", false, fmt.Errorf("unknown flag"), StatusUsage},
		{"a fault", true, fmt.Errorf("port taken"), StatusRefused},
		{"refused", true, &sms.Error{Reason: sms.InvalidNumber, Outcome: sms.Rejected}, StatusRefused},
		{"unknown", true, fmt.Errorf("send: %w", &sms.Error{Reason: sms.Unavailable}), StatusUnknown},
	} {
		if got := (&app{entered: c.entered}).status(c.err); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
