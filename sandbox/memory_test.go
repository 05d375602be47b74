package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
)

// allowed is the memory of a sandbox beside the messages that it keeps.
const allowed = 64 << 20

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// A filler is a body of n bytes that holds none of them.
type filler struct {
	start string
	n     int
}

func (f *filler) Read(b []byte) (int, error) {
	if f.start != "" {
		n := copy(b, f.start)
		f.start = f.start[n:]
		return n, nil
	}
	if f.n <= 0 {
		return 0, io.EOF
	}
	n := min(len(b), f.n)
	for i := range b[:n] {
		b[i] = 'x'
	}
	f.n -= n
	return n, nil
}

// held sends n requests at once under a fault that holds every answer, and
// returns by how much memory has grown when all of them are held.
func held(t *testing.T, o sandbox.Options, n int, request func(i int) *http.Request) (grown int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, o)
		if err := sb.SetFaults(sandbox.Fault{Latency: 10 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		before := heap()
		var running sync.WaitGroup
		for i := range n {
			running.Go(func() {
				w := httptest.NewRecorder()
				w.Body = nil
				sb.ServeHTTP(w, request(i))
			})
		}
		synctest.Wait()
		grown = heap() - before
		runtime.KeepAlive(sb)
		time.Sleep(time.Hour) // each waits for those before it
		running.Wait()
	})
	return grown
}

func TestMemory_requests(t *testing.T) {
	const size, requests = 1<<20 - 100, 100
	form := func(start string) func(int) *http.Request {
		return func(int) *http.Request {
			r := twilioRequest("POST", "Messages.json")
			r.Body, r.ContentLength = io.NopCloser(&filler{start, size - len(start)}), int64(size)
			return r
		}
	}
	body := func(target string) func(int) *http.Request {
		return func(int) *http.Request {
			r := httptest.NewRequest("POST", target, &filler{"", size})
			r.ContentLength = -1
			return r
		}
	}
	for _, c := range []struct {
		name    string
		request func(int) *http.Request
	}{
		{"that are taken, with a parameter that is not read", form("To=%2B12025550123&From=%2B15005550006&Body=hello&Junk=")},
		{"that are refused, with the number's text", form("From=%2B15005550006&Body=hello&To=")},
		{"that are refused, with a text too long", form("To=%2B12025550123&From=%2B15005550006&Body=")},
		{"that name no length", body("/?Action=SendSms")},
		{"of many parameters", form("To=%2B12025550123&From=%2B15005550006&Body=hello&" + strings.Repeat("a=&", 9000))},
	} {
		t.Run(c.name, func(t *testing.T) {
			if grown := held(t, sandbox.Options{MaxMessages: 1000}, requests, c.request); grown > allowed {
				t.Errorf("%d requests of 1 MiB hold %d MiB, at most 64 are allowed", requests, grown>>20)
			}
		})
	}
}

// A message holds what it says, and not the request that brought it.
func TestMemory_messages(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	before := heap()
	junk := strings.Repeat("x", 200_000)
	for i := range 80 {
		createTwilio(t, sb, "Body", fmt.Sprint("hello", i), "Junk", junk, "StatusCallback", "http://127.0.0.1:1/")
		callAliyun(t, sb, aliyunParams("SendSms", "OutId", fmt.Sprint(i), "Junk", junk))
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("160 short messages hold %d MiB", grown>>20)
	}
	runtime.KeepAlive(sb)
}

// Everything that the sandbox remembers beside messages, filled to its bounds.
func TestMemory_whatIsRemembered(t *testing.T) {
	long := strings.Repeat("x", 4000)
	sb := newSandbox(t, sandbox.Options{MaxMessages: 1, Pace: time.Hour, Limits: true, Lenient: true, CallbackTransport: nowhere{}})
	before := heap()
	var faults []sandbox.Fault
	for i := range 1000 {
		faults = append(faults, sandbox.Fault{Vendor: "aliyun", To: "+8613900000000", Operation: fmt.Sprint(i), Code: "isv.X", Message: long[:500]})
	}
	if err := sb.SetFaults(faults...); err != nil {
		t.Fatal(err)
	}
	for i := range 6_000 {
		number := fmt.Sprintf("138%08d", i)
		callAliyun(t, sb, aliyunParams("SendSms", "PhoneNumbers", number, "SignName", long[:200]+number)) // nonces, counts
		createTwilio(t, sb, "To", fmt.Sprint("+1202", i), "Body", long)                                   // refusals
		if i < 3000 {
			reply := fmt.Sprintf(`{"from":"+86%s","to":"+1%d","text":"STOP","url":"http://127.0.0.1:1/"}`, number, i)
			do(t, sb, httptest.NewRequest("POST", "/_sandbox/replies", strings.NewReader(reply)))
		}
	}
	if grown := heap() - before; grown > 40<<20 { // the rest is for requests
		t.Errorf("what is remembered holds %d MiB", grown>>20)
	}
	runtime.KeepAlive(sb)
}

// Listings are as long as the messages are many: they are bounded too.
func TestMemory_listings(t *testing.T) {
	long := strings.Repeat("长", 1600)
	for _, c := range []struct {
		name    string
		request func(int) *http.Request
	}{
		{"of the control API", func(int) *http.Request { return httptest.NewRequest("GET", "/_sandbox/messages", nil) }},
		{"of the vendor", func(int) *http.Request { return twilioRequest("GET", "Messages.json", "PageSize", "1000") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sb := newSandbox(t, sandbox.Options{})
				for range 800 {
					createTwilio(t, sb, "Body", long)
				}
				if err := sb.SetFaults(sandbox.Fault{Latency: 10 * time.Minute}); err != nil {
					t.Fatal(err)
				}
				before := heap()
				release := make(chan struct{})
				var running sync.WaitGroup
				for i := range 60 {
					running.Go(func() { sb.ServeHTTP(&slowReader{release: release, header: http.Header{}}, c.request(i)) })
				}
				synctest.Wait()
				if grown := heap() - before; grown > allowed {
					t.Errorf("60 listings hold %d MiB", grown>>20)
				}
				close(release)
				time.Sleep(24 * time.Hour)
				running.Wait()
			})
		})
	}
}

// A slowReader is a client that reads nothing until it is released.
type slowReader struct {
	release chan struct{}
	header  http.Header
}

func (w *slowReader) Header() http.Header         { return w.header }
func (w *slowReader) WriteHeader(int)             {}
func (w *slowReader) Write(b []byte) (int, error) { <-w.release; return len(b), nil }
