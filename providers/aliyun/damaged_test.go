package aliyun_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sms"
)

// Keys hold printable ASCII, without blanks and quotes. What else stands in one was
// added on its way here, and would be refused by the vendor only when somebody is
// to get a message.
func TestNew_refuses_keys_that_cannot_be_ones(t *testing.T) {
	for name, key := range map[string]string{
		"double quotes": `"LTAI5tSecret"`, "single quotes": "'LTAI5tSecret'", "one quote": `LTAI5tSecret"`, "back quote": "LTAI`5tSecret", "byte order mark": "\ufeffLTAI5tSecret",
		"zero width space": "LTAI\u200b5tSecret", "no-break space": "LTAI5tSecret\u00a0", "a blank at its end": "LTAI5tSecret ", "full width letters": "ＬＴＡＩ5tSecret",
		"cyrillic letter": "LTАI5tSecret", "line end": "LTAI5tSecret\n", "typographic quotes": "“LTAI5tSecret”", "a byte that is no text": "LTAI\xff5tSecret",
	} {
		for path, set := range map[string]func(*aliyun.Options){
			"access_key_id":     func(o *aliyun.Options) { o.AccessKeyID = key },
			"access_key_secret": func(o *aliyun.Options) { o.AccessKeySecret = key },
			"security_token":    func(o *aliyun.Options) { o.SecurityToken = key },
		} {
			o := aliyun.Options{AccessKeyID: "id", AccessKeySecret: "secret"}
			set(&o)
			_, err := aliyun.New(o)
			fault, ok := errors.AsType[*sms.FieldError](err)
			if !ok || fault.Path != path {
				t.Errorf("%s in %s: %v", name, path, err)
			} else if strings.Contains(err.Error(), "Secret") {
				t.Errorf("%s in %s: it shows the key: %v", name, path, err)
			}
		}
	}
}

// Keys that a function gives are looked at before they sign.
func TestSend_refuses_keys_of_a_function_that_cannot_be_ones(t *testing.T) {
	p, err := aliyun.New(aliyun.Options{Templates: registry(t), From: "云通信", Credentials: func(context.Context) (aliyun.Credentials, error) {
		return aliyun.Credentials{AccessKeyID: "id", AccessKeySecret: "\"LTAI5tSecret\""}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Send(t.Context(), loginCode())
	if sms.OutcomeOf(err) != sms.Rejected || !strings.Contains(err.Error(), "quote") || strings.Contains(err.Error(), "LTAI") {
		t.Errorf("got %v", err)
	}
}
