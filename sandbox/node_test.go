package sandbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/notifykit/notify/internal/servertest"
	nhttp "github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sandbox/recipes"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// The vendors' own Node clients judge the sandbox. They
// are installed by "npm ci" in sandbox/oracle; without them the test is skipped,
// or fails where NOTIFY_REQUIRE_SERVICES is 1.
func TestNodeClients(t *testing.T) {
	for _, c := range []struct {
		script, pkg string
		checks      int // a script that leaves some out has not judged
	}{
		{"popcore.mjs", "@alicloud/pop-core", 20},
		{"dysmsapi.mjs", "@alicloud/dysmsapi20170525", 19},
		{"globe.mjs", "@alicloud/dysmsapi20180501", 10},
		{"pnvs.mjs", "@alicloud/dypnsapi20170525", 11},
		{"aws.mjs", "@aws-sdk/client-pinpoint-sms-voice-v2", 22},
		{"twilio.mjs", "twilio", 32},
		{"smart.mjs", "sms-segments-calculator", 2},
		{"tencent.mjs", "tencentcloud-sdk-nodejs-sms", 34},
		{"vonage.mjs", "@vonage/server-sdk", 19},
		{"smpp.mjs", "smpp", 21},
		{"recipes.mjs", "plivo", 11},
	} {
		t.Run(c.pkg, func(t *testing.T) {
			node := servertest.Program(t, "nodejs", "node")
			servertest.NPM(t, "oracle", c.pkg)
			https := c.script == "aws.mjs"
			o := sandbox.Options{TLS: https, SMPP: "127.0.0.1:0"}
			if c.script == "recipes.mjs" {
				o.Vendors = gateways(t, "plivo", "telnyx")
			}
			sb := sandboxtest.StartWith(t, o)
			command := exec.CommandContext(t.Context(), node, c.script, sb.URL, sb.Addr(sandbox.SMPP))
			command.Dir = "oracle"
			if https {
				trusted := filepath.Join(t.TempDir(), "sandbox.pem")
				if err := os.WriteFile(trusted, sb.Certificate, 0o600); err != nil {
					t.Fatal(err)
				}
				command.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+trusted)
			}
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			counted := regexp.MustCompile(`(?m)^(\d+) checks$`).FindSubmatch(out)
			if counted == nil {
				t.Fatalf("it has not come to its end:\n%s", out)
			}
			if n, _ := strconv.Atoi(string(counted[1])); n != c.checks {
				t.Errorf("%d checks, want %d", n, c.checks)
			}
		})
	}
}

// gateways are those of recipes, read backwards.
func gateways(t *testing.T, names ...string) (list []kernel.Opener) {
	t.Helper()
	for _, name := range names {
		r, err := nhttp.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, recipes.New(r, recipes.Options{}))
	}
	return list
}
