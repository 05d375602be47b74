package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/device"
	"github.com/chromedp/chromedp/kb"

	"github.com/notifykit/notify/internal/servertest"
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

func newBrowser(t *testing.T, screen chromedp.Device) *browser {
	t.Helper()
	path := servertest.Program(t, "chromium", "chromium", "chromium-browser", "google-chrome")
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
	b.do(chromedp.Emulate(screen), chromedp.Navigate(server.URL), visible("mobile"))
	return b
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

// until waits until a condition holds on the page, whatever page that is by then:
// a page that is loaded anew meanwhile, and an element that is not there yet, are no
// errors. chromedp.Poll asks the page that it has last heard of, which may be gone.
func until(condition string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for {
			var holds bool
			err := chromedp.Evaluate("Boolean("+condition+")", &holds).Do(ctx)
			if err == nil && holds {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("it never held that %s: %w", condition, cmp.Or(err, ctx.Err()))
			case <-again.C:
			}
		}
	})
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

// A number, the code from the vendor, and in. On no telephone anything sticks out.
func TestSignIn(t *testing.T) {
	for name, screen := range map[string]chromedp.Device{"320 wide": device.IPhoneSE, "375 wide": device.IPhone8} {
		t.Run(name, func(t *testing.T) { signIn(newBrowser(t, screen)) })
	}
}

func signIn(b *browser) {
	b.wide("the number's form")
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

// say types a code and gives what the page says of it.
func (b *browser) say(code string) (said string) {
	b.Helper()
	b.do(chromedp.Evaluate(`document.getElementById("check-said").textContent = ""`, nil), value("code", code), click("#check button"),
		until(`document.getElementById("check-said").textContent !== ""`),
		chromedp.Evaluate(`document.getElementById("check-said").textContent`, &said))
	return said
}

// Five wrong codes lock the number out, the right one too, and the page says for
// how long.
func TestLockedOut(t *testing.T) {
	b := newBrowser(t, device.IPhoneSE)
	b.do(typed("mobile", "138 0000 0000"), click("#ask button"), visible("code"))
	right := b.code("+8613800000000")
	wrong := "000000"
	if wrong == right {
		wrong = "000001"
	}
	for n := range 4 {
		if said := b.say(wrong); !strings.Contains(said, "wrong or has expired") {
			t.Errorf("wrong code %d: the page says %q", n+1, said)
		}
	}
	b.say(wrong)
	b.wide("locked out")
	if said := b.say(right); !strings.Contains(said, "too many") || !strings.Contains(said, "minutes") {
		t.Errorf("locked out: the page says %q", said)
	}
	var inside bool
	b.do(chromedp.Evaluate(`!document.getElementById("inside").hidden`, &inside))
	if inside {
		t.Error("the right code lets in after five wrong ones")
	}
}

// The whole way with the keyboard alone: what is needed next has the focus, Tab
// goes through the form in its order, and the space bar presses a button.
func TestKeyboard(t *testing.T) {
	b := newBrowser(t, device.IPhoneSE)
	focused := func(condition string) chromedp.Action { return until(`document.activeElement.` + condition) }
	b.do(typed("mobile", "13800000001"), chromedp.KeyEvent(kb.Tab), focused(`textContent === "Send the code"`), chromedp.KeyEvent(" "), visible("code"))
	b.do(focused(`id === "code"`), chromedp.KeyEvent("1\r"), until(`document.getElementById("check-said").textContent !== ""`))
	b.do(focused(`id === "code"`)) // to be typed again at once
	b.do(value("code", ""), chromedp.KeyEvent(b.code("+8613800000001")), chromedp.KeyEvent(kb.Tab), focused(`textContent === "Sign in"`))
	b.do(chromedp.KeyEvent(kb.Tab), focused(`id === "other"`)) // "Send it again" waits, and is passed over
	b.do(typed("code", "\r"), visible("inside"), focused(`id === "welcome"`))
}

// What a screen reader is told, in its own tree: every field and button has a
// name, and what goes wrong is an alert that is read out.
func TestScreenReader(t *testing.T) {
	b := newBrowser(t, device.IPhoneSE)
	b.hears("the number's form", "heading: Sign in", "textbox: Mobile number", "button: Send the code")
	b.do(typed("mobile", "12\r"), until(`document.getElementById("ask-said").textContent !== ""`))
	b.hears("a number that is none", "alert: ")
	b.do(value("mobile", ""), typed("mobile", "13800000002\r"), visible("code"))
	b.hears("the code's form", "heading: Enter the code", "textbox: Code", "button: Sign in", "button: Another number")
	b.do(typed("code", b.code("+8613800000002")+"\r"), visible("inside"))
	b.hears("inside", "heading: You are in", "button: Sign out")
}

// hears compares the accessibility tree with what has to be in it, each as
// "role: name", and reports controls without a name.
func (b *browser) hears(where string, wants ...string) {
	b.Helper()
	var heard []string
	b.do(chromedp.ActionFunc(func(ctx context.Context) error {
		var tree struct {
			Nodes []axNode `json:"nodes"`
		}
		err := chromedp.FromContext(ctx).Target.Execute(ctx, "Accessibility.getFullAXTree", nil, &tree)
		for _, n := range tree.Nodes {
			if !n.Ignored {
				heard = append(heard, n.Role.text()+": "+n.Name.text())
			}
		}
		return err
	}))
	for _, want := range wants {
		if !slices.ContainsFunc(heard, func(h string) bool { return strings.HasPrefix(h, want) }) {
			b.Errorf("%s: a screen reader is not told %q, but %q", where, want, heard)
		}
	}
	for _, h := range heard {
		if role, name, _ := strings.Cut(h, ": "); name == "" && (role == "textbox" || role == "button" || role == "heading") {
			b.Errorf("%s: a %s without a name", where, role)
		}
	}
}

// An axNode is a node of the accessibility tree. The package cdproto has one too,
// which refuses what a later Chromium says.
type axNode struct {
	Ignored bool    `json:"ignored"`
	Role    axValue `json:"role"`
	Name    axValue `json:"name"`
}

type axValue struct {
	Value any `json:"value"`
}

func (v axValue) text() string { text, _ := v.Value.(string); return text }

// until goes on while the page is loaded anew.
func TestUntil_acrossReloads(t *testing.T) {
	b := newBrowser(t, device.IPhoneSE)
	for range 10 {
		b.do(chromedp.Evaluate(`window.earlier = true; location.reload()`, nil), until(`!window.earlier && document.readyState === "complete"`))
	}
	b.do(visible("mobile"))
}
