package sandbox_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/notifykit/notify/internal/servertest"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// The commands and programs of docs/sandbox.md are run here.
func TestPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "sandbox.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(sh|js)\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 8 {
		t.Errorf("%d programs, want 8", len(blocks))
	}
	for _, block := range blocks {
		language, program := block[1], block[2]
		t.Run(language+" "+strings.SplitN(program, "\n", 2)[0], func(t *testing.T) {
			sb := sandboxtest.Start(t)
			command := shell(t.Context())
			if language == "js" {
				command = exec.CommandContext(t.Context(), servertest.Program(t, "nodejs", "node"), "--input-type=module", "-")
				command.Dir = "oracle"
				servertest.NPM(t, "oracle", "twilio")
			}
			if language == "sh" {
				servertest.Program(t, "curl", "curl")
			}
			if strings.Contains(program, "after=") { // it waits for a message
				createTwilio(t, sb)
			}
			command.Stdin = strings.NewReader(strings.ReplaceAll(program, "http://127.0.0.1:8025", sb.URL))
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if sends := !strings.Contains(program, "/_sandbox/"); sends && len(sb.Messages("")) != 1 {
				t.Errorf("%d messages were taken, want 1", len(sb.Messages("")))
			}
		})
	}
	for _, known := range []string{sandbox.AliyunKeyID, sandbox.AliyunKeySecret, sandbox.AliyunSignature, sandbox.TwilioAccountSID, sandbox.TwilioAuthToken,
		sandbox.TwilioSubaccountSID, sandbox.TwilioSubaccountToken, sandbox.TwilioAPIKeySID, sandbox.TwilioAPIKeySecret, sandbox.TwilioSender,
		sandbox.TwilioServiceSID, sandbox.TwilioContentSID, sandbox.TwilioVerified,
		sandbox.TencentSecretID, sandbox.TencentSecretKey, sandbox.TencentAppID,
		sandbox.VonageAPIKey, sandbox.VonageAPISecret, sandbox.VonageSignatureSecret, sandbox.SMPPSystemID, sandbox.SMPPSender} {
		if !strings.Contains(string(page), "`"+known+"`") {
			t.Errorf("the page does not have %s", known)
		}
	}
}

// shell reads its commands from the standard input and stops at the first that fails.
func shell(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "sh", "-e") }
