package kernel_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The kernel knows no vendor by name, in code, comments or pages.
func TestKernel_namesNoVendor(t *testing.T) {
	vendors := regexp.MustCompile(`(?i)aliyun|alibaba|twilio|tencent|vonage|nexmo|amazon|\baws\b|\bsmpp\b`)
	files, err := filepath.Glob("*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if name := vendors.FindString(line); name != "" {
				t.Errorf("%s:%d names %s: %s", file, i+1, name, strings.TrimSpace(line))
			}
		}
	}
}

// A vendor's package imports the kernel, sms, and what it shares with its provider, and
// nothing else of this module. Package recipes has no vendor's code: it
// imports what describes recipes.
func TestVendors_importTheKernelOnly(t *testing.T) {
	const module = "github.com/notifykit/notify/"
	allowed := []string{"sandbox/kernel", "sms", "internal/pdu", "internal/smartencoding"}
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	others := []string{"kernel", "oracle", "recipes", "sandboxtest", "testdata"}
	seen := 0
	for _, folder := range folders {
		if !folder.IsDir() || slices.Contains(others, folder.Name()) {
			continue
		}
		seen++
		files, _ := filepath.Glob(filepath.Join("..", folder.Name(), "*.go"))
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range parsed.Imports {
				path := strings.Trim(i.Path.Value, `"`)
				if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") && !slices.Contains(allowed, strings.TrimPrefix(path, module)) {
					t.Errorf("%s imports %s", file, path)
				}
			}
		}
	}
	if seen < 2 {
		t.Errorf("%d vendors were looked at", seen)
	}
}
