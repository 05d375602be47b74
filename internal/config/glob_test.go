package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
)

// lay writes files below a new folder, and links (name -> target).
func lay(t *testing.T, files, links map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	return dir
}

func templatesOf(t *testing.T, path string) (names, faults string) {
	t.Helper()
	var c notify.Config
	found, _ := config.Read(path, config.Options{Getenv: getenv()}, &c).Faults()
	var all []string
	for _, one := range c.Templates {
		all = append(all, one.Name)
	}
	return strings.Join(all, " "), words(found)
}

// The folder of the configuration is where it is, whatever its name looks like.
func TestGlob_the_folder_is_no_pattern(t *testing.T) {
	for _, folder := range []string{"app [v2]", "app*", "what?", "[", "[a-z]", "a{b,c}", "..up", "app [v2]/deeper [x]", "back\\slash", "a [!b]"} {
		dir := lay(t, map[string]string{
			folder + "/notify.yaml":          "templates: [templates/*.yaml, more.yaml, \"./sub/../extra.yaml\"]\n",
			folder + "/templates/a.yaml":     "a: {text: a}\n",
			folder + "/templates/b [1].yaml": "b: {text: b}\n",
			folder + "/more.yaml":            "c: {text: c}\n",
			folder + "/extra.yaml":           "d: {text: d}\n",
			folder + "/sub/keep":             "",
			"app v/templates/stranger.yaml":  "stranger: {text: x}\n", // what the pattern would match
			"app2/templates/stranger.yaml":   "stranger: {text: x}\n",
			"a/templates/stranger.yaml":      "stranger: {text: x}\n",
			"whatx/templates/stranger.yaml":  "stranger: {text: x}\n",
		}, nil)
		if names, faults := templatesOf(t, filepath.Join(dir, folder, "notify.yaml")); names != "a b c d" || faults != "" {
			t.Errorf("%s: templates %q, faults %s", folder, names, faults)
		}
	}
}

// A ConfigMap of Kubernetes is a folder with a hidden link to the files, and a link
// for each file. Editors and archivers leave hidden files too.
func TestGlob_matches_no_hidden_files(t *testing.T) {
	dir := lay(t, map[string]string{
		"templates/..2026_11_28_10_00_00.1/a.yaml": "a: {text: a}\n",
		"templates/.#a.yaml":                       "- a lock of an editor\n",
		"templates/._a.yaml":                       "\x00\x05 of an archiver\n",
		"templates/.a.yaml.swp":                    "\x00\n",
		".hidden/b.yaml":                           "b: {text: b}\n",
	}, map[string]string{"templates/..data": "..2026_11_28_10_00_00.1", "templates/a.yaml": "..data/a.yaml"})
	for pattern, want := range map[string]string{
		"templates/*.yaml": "a", "templates/*": "a", "*/*.yaml": "a", "templates/?*": "a", "templates/[^x]*.yaml": "a",
		"templates/..data/*.yaml": "a", "templates/..d*/*.yaml": "a", ".hidden/*.yaml": "b", ".h*/*.yaml": "b",
	} {
		path := filepath.Join(dir, "notify.yaml")
		if err := os.WriteFile(path, []byte("templates: [\""+pattern+"\"]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if names, faults := templatesOf(t, path); names != want || faults != "" {
			t.Errorf("%s: templates %q, want %q; faults %s", pattern, names, want, faults)
		}
	}
}

// Absolute patterns, patterns above the folder, files of one name each, and what is
// no pattern.
func TestGlob_patterns(t *testing.T) {
	dir := lay(t, map[string]string{"app/notify.yaml": "", "shared/a.yaml": "a: {text: a}\n", "shared/b.yaml": "b: {text: b}\n", "app/c.yaml": "c: {text: c}\n"}, nil)
	for pattern, want := range map[string]string{
		"../shared/*.yaml":                     "a b | ",
		"../sh*/[ab].yaml":                     "a b | ",
		filepath.Join(dir, "shared", "*.yaml"): "a b | ",
		filepath.Join(dir, "*", "c.yaml"):      "c | ",
		"./c.yaml":                             "c | ",
		"c?.yaml":                              ` | templates[0]: no file is called "c?.yaml": a relative pattern counts from the folder of this file`,
		"nowhere/*.yaml":                       ` | templates[0]: no file is called "nowhere/*.yaml": a relative pattern counts from the folder of this file`,
		"[.yaml":                               ` | templates[0]: "[.yaml" is no pattern of file names: write templates/*.yaml`,
		"c.yaml/*.yaml":                        ` | templates[0]: no file is called "c.yaml/*.yaml": a relative pattern counts from the folder of this file`,
	} {
		path := filepath.Join(dir, "app", "notify.yaml")
		if err := os.WriteFile(path, []byte("templates: ['"+pattern+"']\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		names, faults := templatesOf(t, path)
		if got := names + " | " + strings.TrimPrefix(faults, path+":1:13: "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", pattern, got, want)
		}
	}
}
