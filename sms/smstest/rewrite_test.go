package smstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

func TestCheckRewrite(t *testing.T) {
	templates, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "${code}"}, sms.Template{Name: "shipped", Text: "${order}"})
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for name, test := range map[string]struct {
		rewrite func(m *sms.Message) error
		fault   string // empty: none
	}{
		"nothing":            {func(*sms.Message) error { return nil }, ""},
		"a shorter value":    {func(m *sms.Message) error { m.Params["order"] = "x"; return nil }, ""},
		"always refused":     {func(*sms.Message) error { return errors.New("no") }, ""},
		"a counter":          {func(m *sms.Message) error { calls++; m.From = fmt.Sprint(calls); return nil }, "two messages that differ"},
		"the clock":          {func(m *sms.Message) error { m.Expires = time.Now().Add(time.Hour); return nil }, "two messages that differ"},
		"now and then":       {func(*sms.Message) error { calls++; return map[bool]error{true: errors.New("no")}[calls%3 == 0] }, "and later"},
		"another Key":        {func(m *sms.Message) error { m.Key += "x"; return nil }, "changed the Key"},
		"another kind":       {func(m *sms.Message) error { m.Template, m.Body = "login-code", ""; return nil }, "changed the kind"},
		"a value in a clone": {func(m *sms.Message) error { m.Params = sms.Params{"order": fmt.Sprint(len(m.Params))}; return nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			faults := rewriteFaults(t.Context(), func(_ context.Context, m sms.Message) (sms.Message, error) {
				if m.Params == nil {
					m.Params = sms.Params{}
				}
				return m, test.rewrite(&m)
			}, templates, madeMessages())
			if (len(faults) > 0) != (test.fault != "") || test.fault != "" && !strings.Contains(faults[0], test.fault) {
				t.Errorf("%v", faults)
			}
		})
	}
}
