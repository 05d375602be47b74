package kit_test

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/notifykit/notify/providers/kit"
)

func TestWithoutURL(t *testing.T) {
	const address = "https://sts.example/?AccessKeyId=LTAI&Signature=s%2Bcret&q=\"x\""
	own := errors.New("own")
	inner := &url.Error{Op: "Get", URL: address, Err: io.ErrUnexpectedEOF}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"alone":                 {inner, "Get: unexpected EOF"},
		"wrapped":               {fmt.Errorf("sts: %w", inner), "sts: Get: unexpected EOF"},
		"beside another":        {fmt.Errorf("%w: %w", own, inner), "own: Get: unexpected EOF"},
		"joined":                {errors.Join(inner, &url.Error{Op: "Post", URL: address + "2", Err: io.EOF}), "Get: unexpected EOF\nPost: EOF"},
		"one in the other":      {&url.Error{Op: "Post", URL: address, Err: inner}, "Post: Get: unexpected EOF"},
		"said once more":        {fmt.Errorf("%s failed: %w", address, inner), "(a URL) failed: Get: unexpected EOF"},
		"of parsing":            {&url.Error{Op: "parse", URL: address, Err: errors.New("bad")}, "parse: bad"},
		"without a cause":       {&url.Error{Op: "Get", URL: ""}, ""},
		"none at all":           {own, "own"},
		"a URL that is nowhere": {fmt.Errorf("sts: %w", &url.Error{Op: "Get", Err: io.EOF}), "sts: Get: EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "without a cause" { // its own Error panics: it is given back
				if got := kit.WithoutURL(test.err); got != test.err {
					t.Errorf("%T", got)
				}
				return
			}
			got := kit.WithoutURL(test.err)
			if got.Error() != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if _, ok := errors.AsType[*url.Error](got); ok {
				t.Error("the *url.Error can be reached")
			}
			for _, shown := range []string{fmt.Sprintf("%v", got), fmt.Sprintf("%+v", got), fmt.Sprintf("%q", got)} {
				if strings.Contains(shown, "Signature") {
					t.Errorf("%q shows the URL", shown)
				}
			}
			for _, target := range []error{own, io.ErrUnexpectedEOF, io.EOF} {
				if errors.Is(got, target) != errors.Is(test.err, target) {
					t.Errorf("errors.Is differs for %v", target)
				}
			}
		})
	}
	if kit.WithoutURL(nil) != nil {
		t.Error("an error of none")
	}
}
