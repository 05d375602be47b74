package redact_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

var message = sms.Message{
	To:     "+8613812345678",
	Params: sms.Params{"code": "482913", "name": "张三李四", "quoted": `a "b"&<c>`, "short": "yes", "lines": "one\ntwo", "sentence": "PIN 77881 for you"},
}

func TestWords(t *testing.T) {
	body := sms.Message{To: "+15005550006", Body: "Your code is 482913, dear 李雷"}
	for _, c := range []struct {
		name, text, want string
		m                sms.Message
		secrets          []string
	}{
		{name: "nothing to hide", text: "The signature is unknown", m: message, want: "The signature is unknown"},
		{name: "nothing said", m: message},
		{name: "E.164", text: "bad number +8613812345678!", m: message, want: "bad number ****!"},
		{name: "without plus", text: "bad number 8613812345678", m: message, want: "bad number ****"},
		{name: "with 00", text: "bad number 008613812345678", m: message, want: "bad number ****"},
		{name: "national", text: "bad number 13812345678", m: message, want: "bad number ****"},
		{name: "a plus as in a URL", text: "To=%2B8613812345678&x=%2b8613812345678", m: message, want: "To=****&x=****"},
		{name: "with blanks and dashes", text: "bad number +86 138-1234-5678", m: message, want: "bad number ****"},
		{name: "in brackets", text: "(500) 555-0006 is on the list", m: body, want: "(**** is on the list"},
		{name: "several", text: "13812345678,+8613812345678", m: message, want: "****,****"},
		{name: "another's number stays", text: "write to +8613912345678", m: message, want: "write to +8613912345678"},
		{name: "a value", text: "code 482913 is banned", m: message, want: "code **** is banned"},
		{name: "a value twice over", text: "482913482913", m: message, want: "****"},
		{name: "a value as JSON", text: `{"name":"张三李四","quoted":"a \"b\"&<c>"}`, m: message, want: `{"name":"****","quoted":"****"}`},
		{name: "a value as JSON made for HTML", text: `{"quoted":"a \"b\"\u0026\u003cc\u003e"}`, m: message, want: `{"quoted":"****"}`},
		{name: "a value as ASCII JSON", text: `{"name":"\u5f20\u4e09\u674e\u56db"}`, m: message, want: `{"name":"****"}`},
		{name: "a value in a query", text: "name=%E5%BC%A0%E4%B8%89%E6%9D%8E%E5%9B%9B&quoted=a+%22b%22%26%3Cc%3E", m: message, want: "name=****&quoted=****"},
		{name: "a value in a query, small letters", text: "name=%e5%bc%a0%e4%b8%89%e6%9d%8e%e5%9b%9b", m: message, want: "name=****"},
		{name: "a value in a query, encoded twice", text: "a%2520%2522b%2522%2526%253Cc%253E", m: message, want: "****"},
		{name: "a value in HTML", text: "<p>a &#34;b&#34;&amp;&lt;c&gt;</p>", m: message, want: "<p>****</p>"},
		{name: "a value of several lines", text: "got one\ntwo here", m: message, want: "got **** here"},
		{name: "a value of several lines on one", text: "got one two here", m: message, want: "got **** here"},
		{name: "a value broken by a control character", text: "got one\x07two here", m: message, want: "got **** here"},
		{name: "a code within a value", text: "77881 is refused", m: message, want: "**** is refused"},
		{name: "a short value stays", text: "yes, it is so", m: message, want: "yes, it is so"},
		{name: "the body", text: "cannot send: Your code is 482913, dear 李雷.", m: body, want: "cannot send: ****."},
		{name: "a code within the body", text: "the word 482913 is banned", m: body, want: "the word **** is banned"},
		{name: "the body, cut by the vendor", text: "cannot send: Your code is 4829...", m: body, want: "cannot send: ****..."},
		{name: "the body's end", text: "cannot send: ...482913, dear 李雷", m: body, want: "cannot send: ...****"},
		{name: "a phrase in common", text: "Your code is wrong", m: body, want: "Your code is wrong"},
		{name: "a secret", text: "AuthToken abc is wrong", m: message, secrets: []string{"", "abc"}, want: "AuthToken **** is wrong"},
		{name: "a secret in a URL", text: "secret a%2Fb%3D failed", m: message, secrets: []string{"a/b="}, want: "secret **** failed"},
		{name: "a secret of asterisks", text: "abc", m: message, secrets: []string{"abc", "**"}, want: ""},
		{name: "a number written by hand", text: "13812345678,13912345678 is wrong", m: sms.Message{To: "13812345678,13912345678"}, want: "**** is wrong"},
		{name: "lines", text: "one\r\ntwo\tthree\x1b[31m\u2028four\u202e", want: "one  two three [31m four"},
		{name: "bytes that are not UTF-8", text: "a\xff\xfeb", want: "a  b"},
		{name: "Chinese words stay", text: "触发小时级流控Permits:5", m: message, want: "触发小时级流控Permits:5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := redact.Words(c.text, c.m, c.secrets...); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestWords_cutsOnTheBoundaryOfACharacter(t *testing.T) {
	for _, unit := range []string{"a", "é", "中", "😀"} {
		for offset := range 5 {
			got := redact.Words(strings.Repeat("x", offset)+strings.Repeat(unit, 1000), sms.Message{})
			if len(got) > redact.MaxWords || len(got) < redact.MaxWords-3 || !utf8.ValidString(got) {
				t.Errorf("%q after %d: %d bytes", unit, offset, len(got))
			}
		}
	}
}

// However long the words, no part of a value stands at the end of what was read.
func TestWords_ofEndlessWords(t *testing.T) {
	for _, filler := range []string{"482913", "+8613812345678", "+86 138 1234 5678 ", "one\ntwo"} {
		for shift := range 30 {
			got := redact.Words(strings.Repeat("?", shift)+strings.Repeat(filler, 30_000), message)
			if strings.ContainsFunc(got, unicode.IsDigit) || strings.Contains(got, "one") || strings.Contains(got, "two") {
				t.Fatalf("%q, shifted by %d: %q", filler, shift, got)
			}
		}
	}
}

// Every form in which another program would write a value is hidden.
func FuzzWords(f *testing.F) {
	f.Add("code %s is wrong", "482913", "+8613812345678", "Your code", "token")
	f.Add("%s%s", "****", "+15005550006", "a\nb\tc", "*")
	f.Add("\xff%s", "\xff\xfe\xfd\xfc", "13800000000", "\x00\x00\x00\x00", " ")
	f.Add("a b c", " a b", "+6834000", "", "")
	f.Fuzz(func(t *testing.T, text, value, to, body, secret string) {
		m := sms.Message{To: sms.Number(to), Params: sms.Params{"a": value}, Body: body}
		quoted, _ := json.Marshal(value)
		for _, said := range []string{
			text, value, strings.ReplaceAll(text, "%s", value), text + to + body + secret, body + value + body, secret + secret + value,
			string(quoted), url.QueryEscape(value), url.PathEscape(body), html.EscapeString(value), fmt.Sprintf("%s: %s, %s", to, body, value),
			strings.Repeat(value, 100) + text, text + strings.Repeat(secret+"x", 50),
		} {
			got := redact.Words(said, m, secret)
			if len(got) > redact.MaxWords || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
				t.Fatalf("%q became %q", said, got)
			}
			for what, hidden := range map[string]string{"the value": value, "the body": body} {
				if utf8.RuneCountInString(hidden) >= 4 && strings.Contains(got, hidden) {
					t.Fatalf("%q shows %s, %q, of %q", got, what, hidden, said)
				}
			}
			if secret != "" && strings.Contains(got, secret) {
				t.Fatalf("%q shows the secret %q of %q", got, secret, said)
			}
			if n := sms.Number(to); n.Valid() && strings.Contains(got, n.E164()[1:]) {
				t.Fatalf("%q shows the number %q of %q", got, to, said)
			}
		}
	})
}

func BenchmarkWords(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = redact.Words("The 'To' number +8613812345678 is not a valid phone number.", message, "token")
	}
}
