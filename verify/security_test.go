package verify_test

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// docs/security.md names every attack, and no attack that is none.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("attack_test.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`TestAttack_\w+`)
	told, done := names.FindAllString(string(page), -1), names.FindAllString(string(code), -1)
	for _, name := range done {
		if !slices.Contains(told, name) {
			t.Errorf("docs/security.md does not tell of %s", name)
		}
	}
	for _, name := range told {
		if !slices.Contains(done, name) {
			t.Errorf("docs/security.md tells of %s, which is no test", name)
		}
	}
}
