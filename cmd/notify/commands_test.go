package main_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// The first five minutes: init, check, send, and what arrived.
func TestFromInitToTheFirstMessage(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.says(w.ok("check"), "Ready.", "login-code  ready   ready")
	w.says(w.ok("send", "--to", "+8613800000000", "--template", "login-code", "code=482913"), "accepted", "aliyun")
	messages := w.sandbox.Messages("+8613800000000")
	if len(messages) != 1 || messages[0].Text != "【云通信】您的验证码是482913,5分钟内有效。" {
		t.Errorf("the sandbox has %v", messages)
	}
	if _, errs, status := w.run("init"); status != 1 || !strings.Contains(errs, "notify.yaml") {
		t.Errorf("init over a file that is there: status %d, %s", status, errs)
	}
}

func TestSend_exitStatuses(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	send := func(args ...string) []string { return append([]string{"send", "--to", "+8613800000000"}, args...) }
	for _, c := range []struct {
		name   string
		fault  *sandbox.Fault
		args   []string
		status int
		says   string
	}{
		{"accepted", nil, send("--template", "login-code", "code=482913"), 0, "accepted"},
		{"refused before it leaves", nil, send("--template", "login-code", "code=张三"), 1, "use a notification template"},
		{"wrong use", nil, send("--template", "login-code", "code"), 2, "name=value"},
		{"an unknown flag", nil, send("--tempalte", "x"), 2, "unknown flag"},
		{"no such number", nil, []string{"send", "--to", "abc", "--template", "login-code", "code=1234"}, 1, "number"},
		{"no such template", nil, send("--template", "login", "code=1234"), 1, "login"},
		{"nobody can know", &sandbox.Fault{Operation: "SendSms", HangUp: sandbox.HangUpAfter}, send("--template", "shipped", "name=张三", "order=A-1"), 0, "aliyun"}, // asked afterwards
		{"nobody can know, nor tell", &sandbox.Fault{Vendor: sandbox.Aliyun, Operation: "SendSms", Code: "isp.SYSTEM_ERROR"}, send("--template", "shipped", "name=张三", "order=A-1"), 3, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var faults []sandbox.Fault
			if c.fault != nil {
				faults = append(faults, *c.fault)
			}
			if err := w.sandbox.SetFaults(faults...); err != nil {
				t.Fatal(err)
			}
			out, errs, status := w.run(c.args...)
			if status != c.status || !strings.Contains(out+errs, c.says) {
				t.Errorf("status %d, want %d and %q:\n%s%s", status, c.status, c.says, out, errs)
			}
			if strings.Contains(out+errs, "13800000000") {
				t.Errorf("it shows the number:\n%s%s", out, errs)
			}
		})
	}
}

func TestSend_dryRunSendsNothing(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.says(w.ok("send", "--dry-run", "--to", "+8613800000000", "--template", "login-code", "code=482913"),
		"【云通信】您的验证码是482913", "SMS_0001", "UCS-2", "Your code is 482913.", "GSM-7", "Nothing was sent.")
	if n := len(w.sandbox.Messages("")); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

func TestJSON(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	receipt := parse[map[string]any](w, w.ok("send", "--json", "--to", "+8613800000000", "--template", "login-code", "code=482913"))
	if receipt["outcome"] != "accepted" || receipt["provider"] != "aliyun" {
		t.Errorf("send: %v", receipt)
	}
	for _, args := range [][]string{
		{"check"}, {"check", "--offline"}, {"templates", "list"}, {"templates", "lint"}, {"templates", "render", "login-code", "code=1234"},
		{"number", "138 0000 0000", "--region", "CN"}, {"errors"}, {"errors", "21610"}, {"config"}, {"templates", "pull", "--provider", "aliyun"},
	} {
		parse[any](w, w.ok(append(args, "--json")...))
	}
}

// What a vendor has not approved or registered, or has with another text, is a
// cell of its own, and check fails.
func TestCheck_everyState(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.edit("notify.yaml", "aliyun: {id: SMS_0002}", "aliyun: {id: SMS_0005}")
	out, _, status := w.run("check")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	w.says(out, "not approved")
	w.edit("notify.yaml", "aliyun: {id: SMS_0005}", "aliyun: {id: SMS_4040}")
	out, _, status = w.run("check")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	w.says(out, "missing")
	w.edit("notify.yaml", "aliyun: {id: SMS_4040}", "aliyun: {id: SMS_0002}")
	w.edit("notify.yaml", "您的订单${order}已发货。", "您的订单${order}已经发货。")
	out, _, status = w.run("check")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	w.says(out, "different", "已[-经-]发货")
	out, _, status = w.run("check", "--offline")
	if status != 0 {
		t.Errorf("offline: status %d\n%s", status, out)
	}
}

func TestTemplates(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.says(w.ok("templates", "list"), "login-code", "verification", "shipped")
	w.says(w.ok("templates", "lint"), "2 templates")
	w.says(w.ok("templates", "render", "login-code", "code=1234"), "【云通信】您的验证码是1234", "UCS-2, because of", "Your code is 1234.")
	w.says(w.ok("templates", "pull", "--provider", "aliyun"), "SMS_0001", "您的验证码是${code}")
	w.edit("notify.yaml", "kind: verification", "kind: verifikation")
	if _, errs, status := w.run("templates", "lint"); status != 1 || !strings.Contains(errs, "notify.yaml:19:5: templates.login-code.kind") {
		t.Errorf("status %d: %s", status, errs)
	}
}

func TestNumberAndErrors(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.says(w.ok("number", "138 0000 0000", "--region", "CN"), "+8613800000000", "CN", "13800000000", "+86138****0000")
	if _, errs, status := w.run("number", "138"); status != 1 || errs == "" {
		t.Errorf("status %d: %s", status, errs)
	}
	w.says(w.ok("errors", "isv.AMOUNT_NOT_ENOUGH"), "account_blocked", "rejected", "top up")
	w.says(w.ok("errors", "21610"), "recipient_blocked")
	if _, errs, status := w.run("errors", "amount_not"); status != 1 || !strings.Contains(errs, "isv.AMOUNT_NOT_ENOUGH") {
		t.Errorf("status %d: %s", status, errs)
	}
}

func TestConfig(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	out := w.ok("config", "--env", "production")
	w.says(out, "environment: production", "--env", `access_key_secret: "${ALIYUN_ACCESS_KEY_SECRET}"`, "# line 8")
	if strings.Contains(w.ok("config"), "sandbox-key-secret") {
		t.Error("it prints a secret")
	}
	if _, errs, status := w.run("config", "--env", "prodction"); status != 1 || !strings.Contains(errs, `did you mean "production"?`) {
		t.Errorf("status %d: %s", status, errs)
	}
	if _, errs, status := w.run("check", "--config", "nowhere.yaml"); status != 1 || !strings.Contains(errs, "notify init") {
		t.Errorf("status %d: %s", status, errs)
	}
}

// A real vendor is not used from outside a terminal without a word: outside of
// production, and for a number that is not allowed, nothing leaves at all.
func TestSend_holdsStrangersBack(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.edit("notify.yaml", `access_key_id: sandbox-key-id, access_key_secret: sandbox-key-secret, endpoint: "`+w.sandbox.URL+`"`, `access_key_id: real, access_key_secret: real, endpoint: "https://sms.example.com"`)
	_, errs, status := w.run("send", "--yes", "--to", "+8613800000000", "--template", "login-code", "code=482913")
	if status == 0 && len(w.sandbox.Messages("")) == 0 {
		t.Error("it says that it has sent, and has not")
	}
	w.says(errs, "holds messages back")
	for _, m := range w.sandbox.Messages("") {
		if m.Vendor != sandbox.Twilio || m.To != sms.Number("+8613800000000") {
			t.Errorf("it went to %v", m)
		}
	}
}

// Every command says what it is for and shows an example.
func TestHelp(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	var walk func(path []string)
	walk = func(path []string) {
		out := w.ok(append(path, "--help")...)
		if !strings.Contains(out, "Examples:") {
			t.Errorf("notify %s --help shows no example", strings.Join(path, " "))
		}
		_, rest, _ := strings.Cut(out, "Available Commands:\n")
		list, _, _ := strings.Cut(rest, "\n\n")
		for line := range strings.Lines(list) {
			if name := strings.Fields(line)[0]; name != "help" && name != "completion" {
				walk(append(append([]string{}, path...), name))
			}
		}
	}
	walk(nil)
	w.says(w.ok("completion", "bash"), "complete")
	w.says(w.ok("__complete", "send", "--template", ""), "login-code")
}
