package sms_test

import (
	"testing"

	"github.com/notifykit/notify/sms"
)

// shop is the registry that tests and benchmarks share.
func shop(tb testing.TB) *sms.Registry {
	tb.Helper()
	r, err := sms.NewRegistry(
		sms.Template{
			Name: "login-code", Kind: sms.Verification, Text: "Your code is ${code}.",
			Variables: map[string]sms.Variable{"code": {MaxLen: 8}},
			Bindings: map[string]sms.Binding{
				"aliyun": {ID: "SMS_1", Abroad: "SMS_2", Extra: map[string]string{"a": "b"}},
				"other":  {Text: "Code: ${code}", Order: []string{"code"}},
			},
		},
		sms.Template{
			Name: "order", Text: "Dear ${name}, your order ${number} has left. ${note}",
			Variables: map[string]sms.Variable{
				"name":   {MaxLen: 10},
				"number": {Pattern: `[A-Z]{2}\d+`},
				"note":   {Optional: true},
			},
		},
		sms.Template{Name: "sale", Kind: sms.Promotion, Text: "All is cheaper today."},
		sms.Template{Name: "abroad", Kind: sms.International, Text: "Hello ${name}"},
	)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func login(code string) sms.Message {
	return sms.Message{To: "+8613800000000", Template: "login-code", Params: sms.Params{"code": code}}
}

func BenchmarkRegistry_Render(b *testing.B) {
	r, m := shop(b), login("482913")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.Render(m, "aliyun")
	}
}

func BenchmarkRegistry_Check(b *testing.B) {
	r, m := shop(b), login("482913")
	b.ReportAllocs()
	for b.Loop() {
		_ = r.Check(m)
	}
}

func BenchmarkParseNumber(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = sms.ParseNumber("138 0000 0000", "CN")
	}
}
