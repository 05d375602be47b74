package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A program downloads the SDK of the vendor that it uses, and of no other: neither
// a package that it imports nor a test of one imports another vendor's.
func TestTidyDownloadsNoOtherVendorsSDK(t *testing.T) {
	const (
		aliyunSDK = "github.com/aliyun/alibaba-cloud-sdk-go/"
		twilioSDK = "github.com/twilio/twilio-go/"
	)
	for vendor, other := range map[string]string{"twilio": aliyunSDK, "aliyun": twilioSDK} {
		t.Run(vendor, func(t *testing.T) {
			if vendor == "aliyun" && os.Getenv("NOTIFY_LONG") != "1" {
				t.Skip("unpacks 175 MB of Aliyun's SDK: set NOTIFY_LONG=1")
			}
			s := newStranger(t)
			zips := s.recordZips()
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
			if len(asked) == 0 {
				t.Fatal("no zip was asked for: nothing was recorded")
			}
			for _, zip := range asked {
				if strings.HasPrefix(zip, other) {
					t.Errorf("%s was asked for", zip)
				}
			}
		})
	}
}

// recordZips lets s begin with an empty module cache, and returns a function that
// returns which zips the go command has asked for since then. What the machine's own
// module cache has comes from there.
func (s *stranger) recordZips() func() []string {
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
