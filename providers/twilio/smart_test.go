package twilio_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sms"
)

// A text that Smart Encoding makes GSM-7 is counted as GSM-7.
func TestPreview_smartEncoded(t *testing.T) {
	long := strings.Repeat("a", 139)
	for name, c := range map[string]struct {
		text, smart string
		want        int
	}{
		"without it":          {"\u201c" + long + "\u201d", "", 3},
		"switched off":        {"\u201c" + long + "\u201d", "false", 3},
		"quotation marks":     {"\u201c" + long + "\u201d", "true", 1},
		"an apostrophe":       {long + "\u2019", "true", 1},
		"a dash":              {long + "\u2013", "true", 1},
		"a no-break space":    {long + "\u00a0b", "true", 1},
		"an ellipsis":         {long + "\u2026", "true", 1},
		"a zero-width space":  {long + "\u200bb", "true", 1},
		"a bullet":            {long + "\u2022", "true", 1},
		"a prime, not listed": {long + "\u2032", "true", 3},
		"a minus, not listed": {long + "\u2212", "true", 3},
		"Chinese":             {long + "\u4f60", "true", 3},
		"Chinese beside them": {"\u201c" + long + "\u4f60", "true", 3},
		"GSM-7 already":       {long, "true", 1},
	} {
		binding := sms.Binding{Text: c.text}
		if c.smart != "" {
			binding.Extra = map[string]string{"smart_encoded": c.smart}
		}
		registry, err := sms.NewRegistry(sms.Template{Name: "t", Kind: sms.Notification, Text: c.text, Bindings: map[string]sms.Binding{"twilio": binding}})
		if err != nil {
			t.Fatal(name, err)
		}
		p, err := twilio.New(twilio.Options{AccountSID: account, AuthToken: token, From: "+15005550006", Templates: registry})
		if err != nil {
			t.Fatal(name, err)
		}
		preview, err := p.Preview(sms.Message{To: to, Template: "t", Kind: sms.Notification})
		if err != nil || preview.Segments != c.want || preview.Text != c.text {
			t.Errorf("%s: %d segments, want %d, %v", name, preview.Segments, c.want, err)
		}
		if wantEncoding := map[bool]string{true: "GSM-7", false: "UCS-2"}[c.want == 1]; preview.Encoding != wantEncoding {
			t.Errorf("%s: %s, want %s", name, preview.Encoding, wantEncoding)
		}
		p.Close()
	}
}
