// Package archtest_test checks the imports of every package of the workspace:
// they point down only, a program links only what it uses, and a nested module
// imports only public packages of the root module.
package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/notifykit/notify"

// floors are the folders from the ground up. A package imports packages of lower
// floors, and of its own floor only its own subfolders.
var floors = []struct {
	floor int
	dirs  []string
}{
	{0, []string{"internal/redact", "providers/kit", "storekit/sqlschema", "sms"}},
	{5, []string{"internal/cuttest"}},
	{1, []string{"sms/smstest", "internal/pdu", "internal/servertest", "internal/smartencoding", "sandbox/kernel"}},
	{2, []string{"middleware", "providers", "sandbox/aliyun", "sandbox/aws", "sandbox/smpp", "sandbox/tencent", "sandbox/twilio", "sandbox/vonage"}},
	{3, []string{"sandbox", "sandbox/recipes"}},
	{4, []string{"internal/config", "verify", "outbox", "delivery"}},
	{5, []string{"outbox/outboxtable", "internal/killtest", "storekit/redislua"}},
	{6, []string{"outbox/sqlitebox", "outbox/sqlbox", "verify/redisstore", "middleware/redislimit"}},
	{7, []string{".", "bench/cputime"}},
	{8, []string{"cmd", "examples", "bench", "tools", "docs", "internal/archtest", "internal/dbtest", "internal/vendortest"}},
	{9, []string{"bench/client", "cmd/notify/example"}},
	{10, []string{"bench/cmd"}},
}

// ground is what everything links: the phone-number library and what that needs.
var ground = []string{"github.com/nyaruka/phonenumbers", "google.golang.org/protobuf", "golang.org/x/text"}

// linked says which modules beyond the ground a package may link, tests apart.
var linked = map[string][]string{
	"sms":               nil,
	"sandbox":           nil,
	"sandbox/recipes":   {"go.yaml.in/yaml"},
	"providers/fake":    nil,
	"providers/kit":     nil,
	"providers/example": nil,
	"providers/aws":     {"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	"providers/tencent": nil,
	"providers/vonage":  nil,
	"providers/smpp":    nil,
	"providers/http":    {"go.yaml.in/yaml"},
	"middleware":        {"github.com/sony/gobreaker"},
	"providers/twilio":  {"github.com/twilio/twilio-go", "github.com/pkg/errors", "github.com/golang/mock"},
	"providers/aliyun": {"github.com/aliyun/alibaba-cloud-sdk-go", "github.com/jmespath/go-jmespath",
		"github.com/json-iterator/go", "github.com/modern-go/concurrent", "github.com/modern-go/reflect2",
		"github.com/opentracing/opentracing-go", "gopkg.in/ini.v1"},
	".":               {"github.com/sony/gobreaker", "go.yaml.in/yaml"},
	"verify/sqlstore": {"github.com/sony/gobreaker"},
	"verify":          {"github.com/sony/gobreaker"},
	"outbox":          {"github.com/sony/gobreaker"},
	"outbox/sqlbox":   {"github.com/sony/gobreaker"},
}

type listed struct {
	ImportPath                string
	Imports                   []string
	TestImports, XTestImports []string
	Standard                  bool
	Module                    *struct{ Path string }
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,Standard,Module"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
}

// place gives the folder of a package of ours, and its floor; -1 where no rule
// names it.
func place(importPath string) (dir string, floor int) {
	dir = strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
	if dir == "" {
		return ".", 7
	}
	floor = -1
	longest := 0
	for _, f := range floors {
		for _, d := range f.dirs {
			if (dir == d || strings.HasPrefix(dir, d+"/")) && len(d) > longest {
				floor, longest = f.floor, len(d)
			}
		}
	}
	return dir, floor
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range list(t, "work") { // every module's packages
		from, floor := place(p.ImportPath)
		if floor < 0 {
			t.Errorf("%s stands on no floor: give it one here", from)
			continue
		}
		for _, path := range p.Imports {
			if path != module && !strings.HasPrefix(path, module+"/") {
				continue
			}
			to, below := place(path)
			if allowed(from, floor, to, below) {
				continue
			}
			t.Errorf("%s (floor %d) imports %s (floor %d): imports point down only", from, floor, to, below)
		}
	}
}

func allowed(from string, floor int, to string, below int) bool {
	if floor == 0 { // the ground's own order: sms, then what two providers share
		return to == "sms" && from != "sms" || from == "providers/kit" && to == "internal/redact"
	}
	return below < floor || strings.HasPrefix(from, to+"/") || strings.HasPrefix(to, from+"/")
}

// programs are the nested modules that nobody imports. They are built from this
// repository alone, together with the root module of the same commit, so they may
// use its internal packages.
var programs = []string{"cmd", "examples", "bench", "tools", "internal/dbtest", "internal/vendortest"}

// A user may combine a version of a nested module with another version of the
// root module. The internal packages of the root module may differ between the
// two, so a nested module must not import them. Tests are excepted: they run in
// this repository only, where both are of one commit.
func TestNestedModulesImportNoInternalPackage(t *testing.T) {
	modules := map[string]bool{}
	for _, p := range list(t, "work") {
		dir, _ := place(p.ImportPath)
		if p.Module.Path == module || slices.ContainsFunc(programs, func(d string) bool { return strings.HasPrefix(dir+"/", d+"/") }) {
			continue
		}
		modules[p.Module.Path] = true
		for _, path := range p.Imports {
			to, found := strings.CutPrefix(path, module+"/")
			if found && strings.HasPrefix(to, "internal/") {
				t.Errorf("%s imports %s: a nested module imports public packages only", dir, to)
			}
		}
	}
	if len(modules) < 3 {
		t.Errorf("found the nested library modules %v: expected at least 3", slices.Collect(maps.Keys(modules)))
	}
}

// sdks are the modules of vendors.
var sdks = []string{"github.com/aliyun/", "github.com/twilio/", "github.com/alibabacloud-go/", "github.com/tencentcloud/", "github.com/vonage/", "github.com/aws/"}

// go mod tidy downloads what the tests of imported packages need. So that a program
// downloads the SDK of no vendor that it does not use, the tests of a package that
// programs import must not import one, except those of the vendors' own packages. Such
// tests are in internal/vendortest.
func TestTestsImportNoVendorsSDK(t *testing.T) {
	providers := map[string]bool{}
	for _, p := range list(t, "./providers/...") {
		dir, _ := place(p.ImportPath)
		providers[dir] = slices.ContainsFunc(p.Imports, isSDK)
	}
	for _, p := range list(t, "./...") {
		dir, _ := place(p.ImportPath)
		if providers[dir] || slices.ContainsFunc([]string{"internal", "docs", "examples"}, func(d string) bool { return strings.HasPrefix(dir+"/", d+"/") }) {
			continue
		}
		for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
			if to, _ := place(path); isSDK(path) || providers[to] {
				t.Errorf("a test of %s imports %s: move it to internal/vendortest", dir, path)
			}
		}
	}
}

func isSDK(path string) bool {
	return slices.ContainsFunc(sdks, func(s string) bool { return strings.HasPrefix(path, s) })
}

func TestNobodyLinksMoreThanHeUses(t *testing.T) {
	for dir, modules := range linked {
		t.Run(dir, func(t *testing.T) {
			for _, p := range list(t, "-deps", "./"+dir) {
				if p.Standard || p.Module == nil || p.Module.Path == module || p.Module.Path == module+"/"+dir {
					continue
				}
				if !slices.ContainsFunc(slices.Concat(ground, modules), func(m string) bool {
					return p.Module.Path == m || strings.HasPrefix(p.Module.Path, m+"/v")
				}) {
					t.Errorf("%s links %s of %s", dir, p.ImportPath, p.Module.Path)
				}
			}
		})
	}
}

// A program with one vendor links no other vendor, nor the sandbox of one.
func TestOneVendorLinksNoOther(t *testing.T) {
	vendors := []string{"aliyun", "aws", "smpp", "tencent", "twilio", "vonage"}
	for _, vendor := range vendors {
		n := 0
		for _, p := range list(t, "-deps", "./providers/"+vendor, ".") {
			dir, _ := place(p.ImportPath)
			if dir == "providers/"+vendor {
				n++
			}
			if _, other, ok := strings.Cut(dir, "/"); ok && other != vendor && slices.Contains(vendors, other) {
				t.Errorf("a program with %s links %s", vendor, dir)
			}
		}
		if n != 1 {
			t.Errorf("the list for %s has the provider %d times", vendor, n)
		}
	}
}

func TestTwilioLinksOnlyWhatMessagesNeed(t *testing.T) {
	n := 0
	for _, p := range list(t, "-deps", "./providers/twilio") {
		if p.Module != nil && (p.Module.Path == "github.com/twilio/twilio-go" || p.Module.Path == "github.com/pkg/errors" || p.Module.Path == "github.com/golang/mock") {
			n++
		}
	}
	if n == 0 || n > 7 {
		t.Errorf("providers/twilio links %d packages of the SDK and what it needs: at most 7, without the SDK's root package", n)
	}
}

func TestOnlyTestPackagesImportTesting(t *testing.T) {
	for _, p := range list(t, "./...") {
		dir, _ := place(p.ImportPath)
		if strings.HasSuffix(dir, "test") {
			continue
		}
		if slices.Contains(p.Imports, "testing") {
			t.Errorf("%s imports testing: only packages whose name ends in test do", dir)
		}
	}
}

// The root package is small: one file for each subject.
func TestRootFiles(t *testing.T) {
	allowed := []string{"notify.go", "config.go", "stack.go", "resolve.go", "provider.go", "bulk.go", "doc.go", "fault.go", "health.go", "reload.go"}
	paths, err := filepath.Glob("../../*.go")
	if err != nil || len(paths) == 0 {
		t.Fatal(err)
	}
	for _, path := range paths {
		if name := filepath.Base(path); !strings.HasSuffix(name, "_test.go") && !slices.Contains(allowed, name) {
			t.Errorf("%s: the root package has %v and no other file: put it where it belongs", name, allowed)
		}
	}
}
