//go:build unix

package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/notifykit/notify/internal/config"
)

// A pipe without a writer would block whoever opens it, and nothing could end that.
func TestParse_readsSecretsOfRegularFilesOnly(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	for _, err := range []error{
		syscall.Mkfifo(at("pipe"), 0o600), os.Symlink(at("pipe"), at("link-to-pipe")), os.Mkdir(at("folder"), 0o700),
		os.WriteFile(at("secret"), []byte("s3cr3t-v4lue\n"), 0o600), os.Symlink(at("secret"), at("link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		at("pipe"): "it is not a regular file", at("link-to-pipe"): "it is not a regular file", at("folder"): "it is not a regular file",
		os.DevNull: "it is not a regular file", at("secret"): "", at("link"): "",
	} {
		_, _, faults := parse("f", "providers:\n  a: {driver: x, token: \"${file:"+name+"}\"}\n", config.Options{})
		if got := words(faults); want == "" && got != "" || !strings.Contains(got, want) || want != "" && !strings.HasPrefix(got, "f:2:") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
