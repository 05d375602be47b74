package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// root is the path of the checkout's root module.
const root = "github.com/notifykit/notify"

// packed are the folders of the modules that are released, in the order of
// their tags.
var packed = []string{".", "providers/aws", "outbox/sqlitebox", "verify/redisstore", "middleware/redislimit", "cmd/notify"}

// Pack writes the released modules of the checkout at repo into out, as version.
// In each go.mod the requirements of these modules are set to that version, as a
// release would.
func Pack(repo, out, version string) error {
	files, err := listed(repo)
	if err != nil {
		return err
	}
	for _, dir := range packed {
		m := module.Version{Path: path.Join(root, dir), Version: version}
		if err := packModule(repo, out, dir, m, files); err != nil {
			return fmt.Errorf("packing %s: %w", m.Path, err)
		}
	}
	return nil
}

// Version gives a version that stands for what the checkout at repo holds now:
// the same files, the same version.
func Version(repo string) (string, error) {
	files, err := listed(repo)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(repo, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
	}
	return "v0.0.0-try." + hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// listed names the files that git tracks or would add and that are there, sorted.
func listed(repo string) ([]string, error) {
	var stderr bytes.Buffer
	cmd := exec.Command("git", "-C", repo, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Stderr = &stderr
	listing, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimRight(string(listing), "\x00"), "\x00") {
		if info, err := os.Lstat(filepath.Join(repo, name)); err == nil && info.Mode().IsRegular() {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// packModule writes the four files of one module: the list of its versions, and
// the version's .info, .mod and .zip.
func packModule(repo, out, dir string, m module.Version, files []string) error {
	goMod, err := released(filepath.Join(repo, dir, "go.mod"), m.Version)
	if err != nil {
		return err
	}
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return err
	}
	folder := filepath.Join(out, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": m.Version, "Time": time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"list": []byte(m.Version + "\n"), m.Version + ".info": info, m.Version + ".mod": goMod} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	archive, err := os.Create(filepath.Join(folder, m.Version+".zip"))
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := zip.Create(archive, m, members(repo, dir, goMod, files)); err != nil {
		return err
	}
	return archive.Close()
}

// released gives the content of the go.mod at name as it would be tagged.
func released(name, version string) ([]byte, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	mod, err := modfile.Parse(name, content, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range mod.Require {
		if slices.ContainsFunc(packed, func(dir string) bool { return r.Mod.Path == path.Join(root, dir) }) {
			if err := mod.AddRequire(r.Mod.Path, version); err != nil {
				return nil, err
			}
		}
	}
	return mod.Format()
}

// members are the files of the module in dir: those below it that are in no
// module nested in it.
func members(repo, dir string, goMod []byte, files []string) []zip.File {
	within := func(name, dir string) bool { return dir == "." || strings.HasPrefix(name, dir+"/") }
	var nested []string
	for _, name := range files {
		if d := path.Dir(name); path.Base(name) == "go.mod" && d != dir && within(name, dir) {
			nested = append(nested, d)
		}
	}
	var all []zip.File
	for _, name := range files {
		if !within(name, dir) || slices.ContainsFunc(nested, func(d string) bool { return within(name, d) }) {
			continue
		}
		m := member{path: name, source: filepath.Join(repo, name)}
		if dir != "." {
			m.path = strings.TrimPrefix(name, dir+"/")
		}
		if m.path == "go.mod" {
			m.content = goMod
		}
		all = append(all, m)
	}
	return all
}

// A member is one file of a module's archive.
type member struct {
	path, source string
	content      []byte // where it differs from the source's
}

func (m member) Path() string { return m.path }

func (m member) Lstat() (fs.FileInfo, error) {
	info, err := os.Lstat(m.source)
	if err == nil && m.content != nil {
		info = sized{info, int64(len(m.content))}
	}
	return info, err
}

func (m member) Open() (io.ReadCloser, error) {
	if m.content != nil {
		return io.NopCloser(bytes.NewReader(m.content)), nil
	}
	return os.Open(m.source)
}

// sized is the information of a file whose content is replaced.
type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }
