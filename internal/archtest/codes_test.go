package archtest

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sms"
)

// A refusal made here names the vendor's code in Error.Code (kit.WithCode), not in its
// words. So no text in a provider's package holds a code of a vendor, but for its table.
func TestRefusals_noCodeInWords(t *testing.T) {
	codes := map[string]bool{}
	for _, table := range [][]sms.CodeInfo{aliyun.Codes(), tencent.Codes(), twilio.Codes(), vonage.Codes()} {
		for _, row := range table {
			codes[row.Code] = true
		}
	}
	word := regexp.MustCompile(`[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*`)
	named := regexp.MustCompile(`(?:code|status|error) ([0-9]+)\b|\(([0-9]+)\)`)
	inWords := func(text string) string {
		for _, w := range word.FindAllString(text, -1) {
			if codes[w] && len(w) >= 5 && strings.ContainsAny(w, "._0123456789") {
				return w
			}
		}
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if w := m[1] + m[2]; codes[w] {
				return w
			}
		}
		return ""
	}
	for _, text := range []string{"too long (isv.PARAM_LENGTH_LIMIT)", "takes 1600 (21617)", "at most 3200 (status 12)"} {
		if inWords(text) == "" {
			t.Errorf("the test does not see the code in %q", text)
		}
	}
	eachFile(t, func(path string, set *token.FileSet, file *ast.File) {
		if !strings.HasPrefix(path, "providers/") || strings.Contains(path, "/codes") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && strings.Contains(text, " ") {
				if code := inWords(text); code != "" {
					t.Errorf("%v: the text names %s: say it by kit.WithCode", set.Position(lit.Pos()), code)
				}
			}
			return true
		})
	})
}
