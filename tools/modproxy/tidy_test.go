package main

import (
	"archive/zip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	aliyunSDK = "github.com/aliyun/alibaba-cloud-sdk-go"
	twilioSDK = "github.com/twilio/twilio-go"
)

// A program downloads the SDK of the vendor that it uses, and of no other: neither
// a package that it imports nor a test of one imports another vendor's. Aliyun's SDK
// has 175 MB when it is unpacked. A stub of it is served unless NOTIFY_LONG is set.
func TestTidyDownloadsNoOtherVendorsSDK(t *testing.T) {
	for vendor, sdk := range map[string][2]string{"twilio": {twilioSDK, aliyunSDK}, "aliyun": {aliyunSDK, twilioSDK}} {
		t.Run(vendor, func(t *testing.T) {
			s := newStranger(t)
			zips := s.recordZips(os.Getenv("NOTIFY_LONG") != "1")
			write := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			imports := func(dirs ...string) (text string) {
				for _, dir := range dirs {
					text += fmt.Sprintf("import _ %q\n", path.Join(root, dir))
				}
				return text
			}
			write("main.go", "package main\n"+imports(".", "providers/"+vendor, "sms", "middleware", "verify", "verify/sqlstore", "outbox", "outbox/sqlbox")+"func main() {}\n")
			write("main_test.go", "package main\n"+imports("sms/smstest", "providers/fake", "middleware/storetest", "verify/verifytest", "outbox/outboxtest", "sandbox/sandboxtest"))
			s.run("go", "mod", "init", "example.test/stranger")
			s.run("go", "get", root+"@"+s.version)
			s.run("go", "mod", "tidy")
			asked := zips()
			used := false
			for _, zip := range asked {
				used = used || strings.HasPrefix(zip, sdk[0]+"/")
				if strings.HasPrefix(zip, sdk[1]+"/") {
					t.Errorf("%s was asked for", zip)
				}
			}
			if !used {
				t.Errorf("%s was not asked for: %q", sdk[0], asked)
			}
		})
	}
}

// recordZips lets s begin with an empty module cache, and returns a function that
// returns which zips the go command has asked for since then. What the machine's own
// module cache has comes from there. If stub is set, Aliyun's SDK is a stub.
func (s *stranger) recordZips(stub bool) func() []string {
	s.t.Helper()
	packedTo, upstream := "", []string(nil)
	for i, setting := range s.env {
		if list, ok := strings.CutPrefix(setting, "GOPROXY="); ok {
			upstream = strings.Split(list, ",")
			packedTo = strings.TrimPrefix(upstream[0], "file://")
			upstream = upstream[1:]
			s.env = append(s.env[:i:i], s.env[i+1:]...)
			break
		}
	}
	cached := filepath.Join(goenv(s.t, "GOMODCACHE"), "cache", "download")
	var mu sync.Mutex
	var zips []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".zip") {
			mu.Lock()
			zips = append(zips, strings.TrimPrefix(r.URL.Path, "/"))
			mu.Unlock()
			if stub && strings.HasPrefix(r.URL.Path, "/"+aliyunSDK+"/") {
				s.serveStub(w, r)
				return
			}
		}
		for _, dir := range []string{packedTo, cached} {
			name := filepath.Join(dir, filepath.FromSlash(path.Clean(r.URL.Path)))
			if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
				http.ServeFile(w, r, name)
				return
			}
		}
		if len(upstream) > 0 && strings.HasPrefix(upstream[0], "http") {
			http.Redirect(w, r, strings.TrimSuffix(upstream[0], "/")+r.URL.Path, http.StatusFound)
			return
		}
		http.NotFound(w, r)
	}))
	s.t.Cleanup(proxy.Close)
	s.env = append(s.env, "GOPROXY="+proxy.URL, "GOSUMDB=off", "GOMODCACHE="+s.t.TempDir(), "GOFLAGS=-mod=mod -modcacherw")
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return zips
	}
}

// serveStub answers with a zip of Aliyun's SDK that has the packages that
// providers/aliyun links, each without code. A stub has no imports of its own.
func (s *stranger) serveStub(w http.ResponseWriter, r *http.Request) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{.Name}}", "./providers/aliyun")
	cmd.Dir = repo
	out, err := cmd.Output()
	if err != nil {
		s.t.Errorf("go list: %v", err)
		return
	}
	version := strings.TrimSuffix(path.Base(r.URL.Path), ".zip")
	z := zip.NewWriter(w)
	for line := range strings.Lines(string(out)) {
		at, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if dir, ok := strings.CutPrefix(at, aliyunSDK); ok {
			file, err := z.Create(aliyunSDK + "@" + version + dir + "/stub.go")
			if err == nil {
				_, err = fmt.Fprintf(file, "package %s\n", name)
			}
			if err != nil {
				s.t.Error(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		s.t.Error(err)
	}
}
