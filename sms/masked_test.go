package sms_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

// The secrets of the message that the tests below print in every way there is.
const (
	secretNumber sms.Number = "+8613812345678"
	secretCode   string     = "s3cr3t-482913"
	secretBody   string     = "Your pass phrase is xyzzy-7."
)

// shown tells which secret a text shows, in letters, bytes or hexadecimal.
func shown(text string) string {
	for _, secret := range []string{secretNumber.E164(), secretNumber.E164()[1:], secretNumber.E164()[4:], secretCode, secretBody} {
		for _, form := range []string{secret, fmt.Sprintf("%x", []byte(secret)), fmt.Sprintf("%X", []byte(secret)), fmt.Sprintf("% x", []byte(secret)), fmt.Sprint([]byte(secret)), strconv.QuoteToASCII(secret)} {
			if strings.Contains(text, form) {
				return form
			}
		}
	}
	return ""
}

// printed are values that hold the secrets, in all the places that fmt may meet them.
func printed() map[string]any {
	params := sms.Params{"code": secretCode}
	message := sms.Message{To: secretNumber, Template: "login-code", Params: params, Body: secretBody, Key: "k1"}
	failure := &sms.Error{Provider: "aliyun", Code: "isv.X", Message: "no ****", Reason: sms.Throttled, Err: errors.New("cause")}
	preview := sms.Preview{Provider: "aliyun", Text: secretBody, Parameters: map[string]string{"code": secretCode}}
	type holder struct {
		To      sms.Number
		Params  sms.Params
		Message sms.Message
		Pointer *sms.Message
		Err     error
		Preview sms.Preview
	}
	h := holder{secretNumber, params, message, &message, failure, preview}
	return map[string]any{
		"number": secretNumber, "number by pointer": new(secretNumber), "numbers": []sms.Number{secretNumber}, "array of numbers": [1]sms.Number{secretNumber},
		"map of numbers": map[string]sms.Number{"a": secretNumber}, "map by numbers": map[sms.Number]int{secretNumber: 1},
		"params": params, "params by pointer": &params, "list of params": []sms.Params{params},
		"message": message, "message by pointer": &message, "messages": []sms.Message{message}, "messages by pointer": []*sms.Message{&message}[0],
		"map of messages": map[string]sms.Message{"a": message},
		"error":           failure, "errors": []error{failure}, "sum": &sms.Error{Attempts: []sms.Attempt{{Provider: "a", Err: failure}, {Provider: "b", Err: failure}}},
		"preview": preview, "previews": []sms.Preview{preview},
		"struct": h, "struct by pointer": &h, "any": []any{secretNumber, params, message, failure},
	}
}

func TestPrinting_showsNothing(t *testing.T) {
	wrong := func(format string) string { return strings.Clone(format) } // checkers refuse these where they see them
	const verbs = "vTtbcdoOqxXUeEfFgGs"
	for name, value := range printed() {
		for _, verb := range verbs + "!zw" {
			for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "# ", "30", "-30", "5.2", ".3", "+#-030.40"} {
				if verb == 'w' {
					continue // see TestPrinting_endsThatCannotBeClosed
				}
				format := "%" + flags + string(verb)
				if s := shown(fmt.Sprintf(format, value)); s != "" {
					t.Errorf("%s, %s shows %q", name, format, s)
				}
			}
		}
		for format, text := range map[string]string{
			"Sprint":            fmt.Sprint(value, value),
			"Sprintln":          fmt.Sprintln(value),
			"no verb left":      fmt.Sprintf(wrong(""), value),
			"a width of it":     fmt.Sprintf(wrong("%*d"), value, 1),
			"one argument more": fmt.Sprintf(wrong("%d"), 1, value),
			"an index":          fmt.Sprintf(wrong("%[1]v %[1]s %[2]v"), value),
			"Errorf":            fmt.Errorf("a: %v", value).Error(),
			"Append":            string(fmt.Append(nil, value)),
		} {
			if s := shown(text); s != "" {
				t.Errorf("%s, %s shows %q", name, format, s)
			}
		}
	}
}

func TestPrinting_isReadable(t *testing.T) {
	params := sms.Params{"name": secretBody, "code": secretCode}
	message := sms.Message{
		To: secretNumber, Template: "login-code", Params: params, Kind: sms.Verification, From: "acme", Key: "k1",
		Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Tags: map[string]string{"campaign": "spring", "b": "line\nend"},
	}
	for _, c := range []struct {
		format string
		value  any
		want   string
	}{
		{"%v", secretNumber, "+86138****5678"},
		{"%q", secretNumber, `"+86138****5678"`},
		{"%16s|", secretNumber, "  +86138****5678|"},
		{"%d", secretNumber, "%!d(+86138****5678)"},
		{"%v", params, "[code name]"},
		{"%v", sms.Params(nil), "[]"},
		{"%+v", message, `{to +86138****5678, template login-code, params [code name], kind verification, from acme, key k1, expires 2026-01-02T03:04:05Z, tag b "line\nend", tag campaign spring}`},
		{"%#v", sms.Message{To: secretNumber, Body: secretBody}, `"{to +86138****5678, body of 28 bytes}"`},
		{"%v", sms.Message{}, "{to }"},
		{"%v", sms.Preview{Provider: "aliyun", Text: secretBody, Segments: 1, Encoding: "GSM-7"}, "{provider aliyun, GSM-7, segments 1}"},
		{"%+v", &sms.Error{Provider: "twilio", Code: "21610", Message: "opted out", Reason: sms.RecipientBlocked, Outcome: sms.Rejected}, "twilio: recipient blocked (21610): opted out"},
	} {
		if got := fmt.Sprintf(c.format, c.value); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.format, got, c.want)
		}
	}
}

func TestLogging_showsNothing(t *testing.T) {
	var b bytes.Buffer
	all := func(_ []string, a slog.Attr) slog.Attr { return a }
	handlers := map[string]slog.Handler{
		"text":             slog.NewTextHandler(&b, nil),
		"JSON":             slog.NewJSONHandler(&b, nil),
		"text, replacing":  slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: all}),
		"JSON, with attrs": slog.NewJSONHandler(&b, nil).WithAttrs([]slog.Attr{slog.Any("m", printed()["message"])}),
	}
	for name, h := range handlers {
		log := slog.New(h)
		for what, value := range printed() {
			switch what {
			case "number", "number by pointer", "params", "params by pointer", "message", "message by pointer", "error", "sum", "preview":
			default:
				if name != "text" { // JSON encodes what is in lists and structs in full: the package comment says so
					continue
				}
			}
			b.Reset()
			log.Info("sent", "value", value, slog.Group("g", "value", value))
			if s := shown(b.String()); s != "" {
				t.Errorf("%s, %s: shows %q in %s", name, what, s, &b)
			}
			if what == "number" && !strings.Contains(b.String(), "+86138****5678") {
				t.Errorf("%s: the masked number is not there: %s", name, &b)
			}
		}
	}
}

// What the package comment says cannot be closed is not: whoever finds one of
// these closed by Go may take it out of the comment.
func TestPrinting_endsThatCannotBeClosed(t *testing.T) {
	type private struct{ to sms.Number }
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("", "list", []sms.Number{secretNumber})
	pointer, wrap := "%p", "%w" // go vet refuses both where it sees them
	for name, text := range map[string]string{
		"%p":                   fmt.Sprintf(pointer, secretNumber),
		"%w of what is no err": fmt.Sprintf(wrap, secretNumber),
		"unexported field":     fmt.Sprint(private{secretNumber}),
		"JSON log of a list":   b.String(),
	} {
		if shown(text) == "" {
			t.Errorf("%s shows nothing any more: %s", name, text)
		}
	}
}

func TestError_LogValue(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}}))
	log.Info("failed", "err", &sms.Error{
		Provider: "aliyun", Code: "isv.BUSINESS_LIMIT_CONTROL", Message: "too many", RequestID: "R1", Key: "k1",
		Reason: sms.RecipientLimited, Outcome: sms.Rejected, RetryAfter: time.Minute,
	})
	want := `msg=failed err.reason=recipient_limited err.outcome=rejected err.provider=aliyun err.code=isv.BUSINESS_LIMIT_CONTROL ` +
		`err.request_id=R1 err.key=k1 err.retry_after=1m0s err.error="aliyun: recipient limited (isv.BUSINESS_LIMIT_CONTROL): too many; try again after 1m0s; request R1"` + "\n"
	if b.String() != want {
		t.Errorf("got  %swant %s", &b, want)
	}
	b.Reset()
	log.Info("failed", "err", (*sms.Error)(nil))
	if got := b.String(); got != "msg=failed err=<nil>\n" {
		t.Errorf("a nil error: %s", got)
	}
}
