package config_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/config"
)

// The comments of the printed configuration begin in the same column of a terminal,
// in which a Chinese character is two columns wide.
func TestPrint_widthOfChinese(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		extra int // columns beyond one a character
	}{
		"letters": {"Notify", 0}, "Chinese": {"云通信", 3}, "Japanese": {"ひらカタ", 4}, "Korean": {"한국", 2}, "full width": {"\uff21\uff22\uff23\uff0c", 4},
		"half-width Katakana": {"\uff76\uff80", 0}, "an accent of its own": {"e\u0301", -1}, "an emoji": {"😀", 1},
	} {
		_, source, faults := parse("f", "providers:\n  a: {driver: x, from: \""+c.value+"\"}\n", config.Options{})
		var out strings.Builder
		if err := source.Print(&out); err != nil || len(faults) > 0 {
			t.Fatal(err, faults)
		}
		for line := range strings.SplitSeq(out.String(), "\n") {
			if !strings.Contains(line, "from:") {
				continue
			}
			before, _, _ := strings.Cut(line, "#")
			if got := len([]rune(before)) + c.extra; got != 60 {
				t.Errorf("%s: the comment begins in column %d: %s", name, got, line)
			}
		}
	}
}
