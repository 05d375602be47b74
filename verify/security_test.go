package verify_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// docs/security.md names every attack, and no attack that is none.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	var code []byte
	files, err := filepath.Glob("attack*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code = append(code, text...)
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

// The table from Reason to status in docs/verify.md is what the handler does.
func TestStatusTable(t *testing.T) {
	page, err := os.ReadFile("../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\d{3}) \\| `(\\w+)` \\|$").FindAllStringSubmatch(string(page), -1) {
		told[row[1]] = row[2:]
	}
	for _, reason := range sms.Reasons() {
		s := newSite(t, verify.HTTPOptions{Region: inChina})
		s.vendor.FailNext(reason)
		status, got := s.post("/codes", askAlice)
		does := []string{strconv.Itoa(status), fmt.Sprint(got["reason"])}
		if !slices.Equal(told[string(reason)], does) {
			t.Errorf("%s: the page tells %v, and the handler answers %v", string(reason), told[string(reason)], does)
		}
		if reason.Later() && status != 503 {
			t.Errorf("%s may be accepted later, and the status is %d, want 503", reason, status)
		}
	}
}
