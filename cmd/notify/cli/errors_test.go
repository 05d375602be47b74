package cli

import (
	"strings"
	"testing"
)

// OK stands in a vendor's answer, and in no table of errors.
func TestErrors_OK(t *testing.T) {
	for _, asked := range []string{"OK", "ok"} {
		var out strings.Builder
		a := &app{out: newPrinter(&out)}
		if err := a.runErrors([]string{asked}, ""); err != nil || !strings.Contains(out.String(), "accepted the message") {
			t.Errorf("%s: %v, %s", asked, err, out.String())
		}
	}
}
