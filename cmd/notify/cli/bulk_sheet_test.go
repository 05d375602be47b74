package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/notifykit/notify/sms"
)

// --unique and --exclude take a number in another writing for the same one.
func TestReadNumbers_bySubject(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stop.txt")
	if err := os.WriteFile(path, []byte("+54 11 2345 6789\n+55 11 96123 4567\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	numbers, err := readNumbers(path, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []sms.Number{"+541123456789", "+5491123456789", "+551161234567", "+5511961234567"} {
		if _, ok := numbers[digits(n)]; !ok {
			t.Errorf("%q is not excluded", n.E164())
		}
	}
	if _, ok := numbers[digits("+551123456789")]; ok {
		t.Error("a landline is excluded")
	}
}
