package kit

import (
	"strings"
	"testing"
	"unicode"

	"github.com/notifykit/notify/sms"
)

// A vendor's identifier cannot end a line of a log or move the cursor of a terminal.
func FuzzCleanID(f *testing.F) {
	for _, seed := range []string{"SM0123456789abcdef", "1\r\n2", "\x1b[2J", "a\u202eb", "=1+1", "\xff", "\u2028", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		got := cleanID(id)
		for _, c := range got {
			if !unicode.IsPrint(c) {
				t.Errorf("%q holds %U", got, c)
			}
		}
		if cleanID(got) != got {
			t.Errorf("%q is changed again", got)
		}
	})
}

func TestReceipt_cleanIDs(t *testing.T) {
	c := core[struct{}]{Base: &Base{}}
	r := c.receipt(sms.Message{To: "+15005550006", Key: "k"}, struct{}{}, "text", Accepted{ID: "1\r\nlevel=INFO", IDs: []string{"1\r\n", "\x1b[2J2"}, RequestID: "RQ\u202e2\n"})
	if r.ID != "1  level=INFO" || len(r.IDs) != 2 || r.IDs[0] != "1" || r.IDs[1] != "[2J2" || strings.ContainsAny(r.RequestID, "\u202e\n") {
		t.Errorf("%q %q %q", r.ID, r.IDs, r.RequestID)
	}
	if r := c.receipt(sms.Message{To: "+15005550006", Key: "k"}, struct{}{}, "text", Accepted{ID: "SM1", RequestID: "RQ2"}); r.ID != "SM1" || r.RequestID != "RQ2" {
		t.Errorf("%+v", r)
	}
}
