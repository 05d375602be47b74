package smartencoding

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/sms"
)

func TestRows(t *testing.T) {
	seen := map[rune]bool{}
	for _, row := range rows {
		if _, unicode := sms.CountSegments(row.to); unicode {
			t.Errorf("%q is not GSM-7", row.to)
		}
		for _, c := range row.from {
			if seen[c] {
				t.Errorf("%U has two rows", c)
			}
			seen[c] = true
			if _, unicode := sms.CountSegments(string(c)); !unicode {
				t.Errorf("%U is GSM-7 and replaced all the same", c)
			}
			if got, want := Apply("a"+string(c)+"b"), "a"+row.to+"b"; got != want {
				t.Errorf("%U: %q, want %q", c, got, want)
			}
			if text := string(c) + "你"; Apply(text) != text {
				t.Errorf("%U is replaced in a text that stays UCS-2", c)
			}
		}
	}
	if len(seen) != 270 {
		t.Errorf("%d characters, want the 270 of the vendor's list", len(seen))
	}
}

// Characters that look like those of the list and are not on it.
func TestApply_notReplaced(t *testing.T) {
	for _, c := range "\u2011\u2012\u2032\u2033\u2212\u02d7\u200c\u200d\u2035\u2036\u2190\u00d7\u2122\u00ae\u00e1" {
		if text := strings.Repeat("a", 10) + string(c); Apply(text) != text {
			t.Errorf("%U is replaced: %q", c, Apply(text))
		}
	}
}
