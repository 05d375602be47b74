package main

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/device"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// A browser is Chromium on the page of an application of its own.
type browser struct {
	*testing.T
	ctx     context.Context
	sandbox *sandbox.Sandbox
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := chromium()
	if err != nil {
		if os.Getenv("NOTIFY_REQUIRE_SERVICES") == "1" {
			t.Fatal("chromium is not installed: install the package chromium")
		}
		t.Skip("chromium is not installed: install the package chromium")
	}
	sb := sandboxtest.Start(t)
	client, err := open(sb.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	app, err := newApp(client)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	profile, err := os.MkdirTemp("", "login")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(profile) }) // its processes may write a moment longer than it lives
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true), chromedp.UserDataDir(profile))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	running := ctx
	t.Cleanup(func() { _ = chromedp.Cancel(running) }) // waits for its end
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t, ctx, sb}
	b.do(chromedp.Emulate(device.IPhoneSE), chromedp.Navigate(server.URL), visible("mobile"))
	return b
}

func chromium() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

func (b *browser) do(actions ...chromedp.Action) {
	b.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// code reads what the vendor has sent to a number.
func (b *browser) code(to sms.Number) string {
	b.Helper()
	m, err := b.sandbox.Await(b.Context(), to, "")
	if err != nil {
		b.Fatal(err)
	}
	return m.Params["code"]
}

// until waits until a condition holds on the page. It looks every few
// milliseconds: without a screen Chromium draws no frames to wait for.
func until(condition string) chromedp.Action {
	return chromedp.Poll(condition, nil, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(20*time.Second))
}

// visible waits until an element is shown.
func visible(id string) chromedp.Action {
	return until(`document.getElementById("` + id + `").offsetParent !== null`)
}

// click clicks an element as a script does, typed types into it.
func click(selector string) chromedp.Action {
	return chromedp.Evaluate(`document.querySelector("`+selector+`").click()`, nil)
}

// value sets an element's value.
func value(id, text string) chromedp.Action {
	return chromedp.Evaluate(`document.getElementById("`+id+`").value = "`+text+`"`, nil)
}

func typed(id, text string) chromedp.Action { return chromedp.SendKeys(id, text, chromedp.ByID) }

// A number, the code from the vendor, and in. On a telephone nothing sticks out.
func TestSignIn(t *testing.T) {
	b := newBrowser(t)
	b.do(typed("mobile", "138 0000 0000"), click("#ask button"), visible("code"))
	b.wide("the code's form")
	b.do(typed("code", b.code("+8613800000000")), click("#check button"), visible("inside"))
	b.do(until(`document.getElementById("me").textContent === "+86138****0000"`))
	b.wide("inside")
	b.do(chromedp.Reload(), visible("inside")) // the session lasts
	b.do(click("#leave"), visible("mobile"), chromedp.Reload(), visible("mobile"))
}

// wide reports a page that is wider than the telephone.
func (b *browser) wide(what string) {
	b.Helper()
	var width, screen int
	b.do(chromedp.Evaluate("document.documentElement.scrollWidth", &width), chromedp.Evaluate("window.innerWidth", &screen))
	if width > screen || screen > 400 {
		b.Errorf("%s is %d wide on a screen of %d", what, width, screen)
	}
	if dir := os.Getenv("LOGIN_SCREENSHOTS"); dir != "" {
		var png []byte
		b.do(chromedp.CaptureScreenshot(&png))
		if err := os.WriteFile(dir+"/"+strings.ReplaceAll(what, " ", "-")+".png", png, 0o644); err != nil {
			b.Error(err)
		}
	}
}

// Five wrong codes lock the number out, the right one too.
func TestLockedOut(t *testing.T) {
	b := newBrowser(t)
	b.do(typed("mobile", "138 0000 0000"), click("#ask button"), visible("code"))
	right := b.code("+8613800000000")
	wrong := "000000"
	if wrong == right {
		wrong = "000001"
	}
	for range 5 {
		b.do(chromedp.Evaluate(`document.getElementById("check-said").textContent = ""`, nil), value("code", wrong), click("#check button"),
			until(`document.getElementById("check-said").textContent !== ""`))
	}
	var said string
	b.do(chromedp.Evaluate(`document.getElementById("check-said").textContent`, &said))
	b.wide("locked out")
	b.do(chromedp.Evaluate(`document.getElementById("check-said").textContent = ""`, nil), value("code", right), click("#check button"),
		until(`document.getElementById("check-said").textContent !== ""`))
	var inside bool
	b.do(chromedp.Evaluate(`!document.getElementById("inside").hidden`, &inside))
	if inside {
		t.Errorf("the right code lets in after five wrong ones; the page said %q", said)
	}
}

// The whole way with the keyboard alone, and every field has a name that a screen
// reader says.
func TestKeyboardAndLabels(t *testing.T) {
	b := newBrowser(t)
	b.do(typed("mobile", "13800000001\r"), visible("code"))
	b.do(until(`document.activeElement.id === "code"`))
	b.do(chromedp.KeyEvent(b.code("+8613800000001")+"\r"), visible("inside"))
	b.do(until(`document.activeElement.id === "welcome"`))
	var unnamed []string
	b.do(chromedp.Evaluate(`[...document.querySelectorAll("input")].filter(i => !i.labels.length || !i.labels[0].textContent.trim()).map(i => i.id)
		.concat([...document.querySelectorAll("button")].filter(b => !b.textContent.trim()).map(b => b.id))
		.concat([...document.querySelectorAll(".said")].filter(s => s.getAttribute("role") !== "alert").map(s => s.id))`, &unnamed))
	if len(unnamed) > 0 {
		t.Errorf("these have no name for a screen reader: %v", unnamed)
	}
}
