package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// setFaults sets them over HTTP, as a test in any language would.
func setFaults(t *testing.T, sb *sandbox.Sandbox, list string) (status int, answer string) {
	t.Helper()
	w := httptest.NewRecorder()
	sb.ServeHTTP(w, httptest.NewRequest("PUT", "/_sandbox/faults", strings.NewReader(list)))
	return w.Code, w.Body.String()
}

func TestFaults_aliyun(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		status      int
		code        any
		message     string
	}{
		{"a code of the service", `{"vendor":"aliyun","code":"isv.OUT_OF_SERVICE"}`, 200, "isv.OUT_OF_SERVICE", ""},
		{"a code that nobody knows", `{"vendor":"aliyun","code":"isv.NEWS"}`, 200, "isv.NEWS", ""},
		{"a receipt's code", `{"vendor":"aliyun","code":"MOBILE_IN_BLACK"}`, 200, "MOBILE_IN_BLACK", ""},
		{"a code of the gateway", `{"vendor":"aliyun","code":"Throttling.User"}`, 400, "Throttling.User", ""},
		{"an unknown code of the gateway", `{"vendor":"aliyun","code":"Strange.Thing"}`, 400, "Strange.Thing", ""},
		{"an outage", `{"vendor":"aliyun","code":"ServiceUnavailable"}`, 503, "ServiceUnavailable", ""},
		{"a code with a status", `{"vendor":"aliyun","code":"isp.SYSTEM_ERROR","status":500}`, 500, "isp.SYSTEM_ERROR", ""},
		{"a code with words", `{"vendor":"aliyun","code":"isv.BUSINESS_LIMIT_CONTROL","message":"触发天级流控Permits:10"}`, 200, "isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10"},
		{"a status alone", `{"status":502}`, 502, nil, ""},
		{"the operation", `{"operation":"SendSms","status":502}`, 502, nil, ""},
		{"the number", `{"to":"+8613800000000","status":502}`, 502, nil, ""},
		{"another operation", `{"operation":"QuerySendDetails","status":502}`, 200, "OK", ""},
		{"another number", `{"to":"+8613900000000","status":502}`, 200, "OK", ""},
		{"another vendor", `{"vendor":"twilio","status":502}`, 200, "OK", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sb := newSandbox(t, sandbox.Options{})
			if status, answer := setFaults(t, sb, "["+c.fault+"]"); status != 200 {
				t.Fatal(answer)
			}
			status, body := callAliyun(t, sb, aliyunParams("SendSms"))
			if status != c.status || body["Code"] != c.code || c.message != "" && body["Message"] != c.message {
				t.Errorf("status %d, %v; want %d %v", status, body, c.status, c.code)
			}
			if taken := len(sb.Messages("")) == 1; taken != (c.code == "OK") {
				t.Errorf("taken: %v", taken)
			}
		})
	}
}

func TestFaults_twilio(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		status      int
		code        any
	}{
		{"a code", `{"vendor":"twilio","code":"21610"}`, 400, 21610.0},
		{"a code as a number", `{"vendor":"twilio","code":20429}`, 429, 20429.0},
		{"an unknown code", `{"vendor":"twilio","code":29999}`, 400, 29999.0},
		{"a code with a status", `{"vendor":"twilio","code":20500,"status":503}`, 503, 20500.0},
		{"a status", `{"vendor":"twilio","status":503}`, 503, nil},
		{"the operation", `{"vendor":"twilio","operation":"create","status":503}`, 503, nil},
		{"another operation", `{"vendor":"twilio","operation":"list","status":503}`, 201, nil},
		{"another number", `{"vendor":"twilio","to":"+12025550000","status":503}`, 201, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sb := newSandbox(t, sandbox.Options{})
			if status, answer := setFaults(t, sb, "["+c.fault+"]"); status != 200 {
				t.Fatal(answer)
			}
			status, body := createTwilio(t, sb)
			if status != c.status || body["code"] != c.code {
				t.Errorf("status %d, %v; want %d %v", status, body, c.status, c.code)
			}
			if taken := len(sb.Messages("")) == 1; taken != (c.status == 201) {
				t.Errorf("taken: %v", taken)
			}
		})
	}
	t.Run("a fetch, by the number of its message", func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{})
		_, m := createTwilio(t, sb)
		setFaults(t, sb, `[{"operation":"fetch","to":"+12025550123","status":503}]`)
		if status, _ := do(t, sb, twilioRequest("GET", "Messages/"+m["sid"].(string)+".json")); status != 503 {
			t.Errorf("status %d", status)
		}
	})
}

func TestFaults_timesAndShare(t *testing.T) {
	outcomes := func(fault string) string {
		sb := newSandbox(t, sandbox.Options{})
		if status, answer := setFaults(t, sb, fault); status != 200 {
			t.Fatal(answer)
		}
		var b strings.Builder
		for range 40 {
			status, _ := callAliyun(t, sb, aliyunParams("SendSms"))
			b.WriteByte("x."[min(1, 503-status)])
		}
		return b.String()
	}
	if got := outcomes(`[{"status":503,"times":2}]`); got != "xx"+strings.Repeat(".", 38) {
		t.Errorf("twice: %s", got)
	}
	half := outcomes(`[{"status":503,"share":0.5,"seed":7}]`)
	if n := strings.Count(half, "x"); n < 10 || n > 30 || half != outcomes(`[{"status":503,"share":0.5,"seed":7}]`) {
		t.Errorf("half of the calls: %s, which is no half or not the same half twice", half)
	}
	if half == outcomes(`[{"status":503,"share":0.5,"seed":8}]`) {
		t.Error("another seed hits the same calls")
	}
	if got := outcomes(`[{"status":503,"share":1}]`); strings.Contains(got, ".") {
		t.Errorf("all calls: %s", got)
	}
}

func TestFaults_hangUp(t *testing.T) {
	sb := sandboxtest.Start(t)
	for _, c := range []struct {
		when  sandbox.HangUp
		taken int
	}{{sandbox.HangUpBefore, 0}, {sandbox.HangUpAfter, 1}} {
		for _, vendor := range []string{sandbox.Aliyun, sandbox.Twilio} {
			sb.Clear("")
			if err := sb.SetFaults(sandbox.Fault{Vendor: vendor, HangUp: c.when}); err != nil {
				t.Fatal(err)
			}
			r := aliyunRequest("POST body", sandbox.AliyunKeySecret, aliyunParams("SendSms"))
			if vendor == sandbox.Twilio {
				r = twilioRequest("POST", "Messages.json", "To", "+12025550123", "From", sandbox.TwilioSender, "Body", "x")
			}
			r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", strings.TrimPrefix(sb.URL, "http://")
			answer, err := http.DefaultClient.Do(r)
			if err == nil {
				answer.Body.Close()
				t.Errorf("%s, %s: status %d instead of a cut connection", vendor, c.when, answer.StatusCode)
			} else if !errors.Is(err, io.EOF) {
				t.Errorf("%s, %s: %v, want EOF", vendor, c.when, err)
			}
			if n := len(sb.Messages("")); n != c.taken {
				t.Errorf("%s, %s: %d messages were taken, want %d", vendor, c.when, n, c.taken)
			}
		}
	}
}

// A slow vendor has taken the message long before it says so.
func TestFaults_latency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{})
		if status, answer := setFaults(t, sb, `[{"latency":"3s"}]`); status != 200 {
			t.Fatal(answer)
		}
		start := time.Now()
		go func() {
			time.Sleep(time.Second)
			if n := len(sb.Messages("")); n != 1 {
				t.Errorf("%d messages while the answer is held back", n)
			}
		}()
		if status, body := callAliyun(t, sb, aliyunParams("SendSms")); status != 200 || body["Code"] != "OK" || time.Since(start) != 3*time.Second {
			t.Errorf("status %d, %v, after %v", status, body, time.Since(start))
		}
	})
}

func TestFaults_closeEndsLatency(t *testing.T) {
	sb := sandboxtest.Start(t)
	if err := sb.SetFaults(sandbox.Fault{Latency: time.Minute}); err != nil {
		t.Fatal(err)
	}
	over := make(chan error)
	go func() {
		r := aliyunRequest("GET query", sandbox.AliyunKeySecret, aliyunParams("SendSms"))
		answer, err := http.Get(sb.URL + r.URL.RequestURI())
		if err == nil {
			answer.Body.Close()
		}
		over <- err
	}()
	if _, err := sb.Await(t.Context(), "+8613800000000", ""); err != nil { // it is taken, and its answer held back
		t.Fatal(err)
	}
	if err := sb.Close(); err != nil {
		t.Error(err)
	}
	if err := <-over; err == nil {
		t.Error("the call was answered")
	}
}

func TestFaults_spoiltAnswers(t *testing.T) {
	sb := sandboxtest.Start(t)
	get := func() (string, error) {
		r := aliyunRequest("GET query", sandbox.AliyunKeySecret, aliyunParams("SendSms"))
		answer, err := http.Get(sb.URL + r.URL.RequestURI())
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return string(body), err
	}
	for _, c := range []struct {
		fault string
		check func(body string, err error) bool
	}{
		{`{"spoil":"garbage"}`, func(body string, err error) bool { return err == nil && strings.Trim(body, "<") == "" && body != "" }},
		{`{"spoil":"cut"}`, func(body string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && strings.HasPrefix(body, `{"BizId"`)
		}},
		{`{"spoil":"slow","latency":"20ms"}`, func(body string, err error) bool { return err == nil && json.Valid([]byte(body)) }},
	} {
		sb.Clear("")
		if status, answer := setFaults(t, sb, "["+c.fault+"]"); status != 200 {
			t.Fatal(answer)
		}
		if body, err := get(); !c.check(body, err) {
			t.Errorf("%s: %q, %v", c.fault, body, err)
		}
		if n := len(sb.Messages("")); n != 1 {
			t.Errorf("%s: %d messages were taken, want 1", c.fault, n)
		}
	}
}

func TestFaults_slowTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{})
		setFaults(t, sb, `[{"spoil":"slow","latency":"10s"}]`)
		start := time.Now()
		if _, body := callAliyun(t, sb, aliyunParams("SendSms")); body["Code"] != "OK" {
			t.Error(body)
		}
		if took := time.Since(start); took < 9*time.Second || took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestFaults_lateListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{})
		setFaults(t, sb, `[{"list_after":"30s"}]`)
		callAliyun(t, sb, aliyunParams("SendSms"))
		_, m := createTwilio(t, sb)
		listed := func() (aliyun, twilio string) {
			_, details := callAliyun(t, sb, aliyunParams("QuerySendDetails"))
			_, list := do(t, sb, twilioRequest("GET", "Messages.json"))
			return fmt.Sprint(details["TotalCount"]), fmt.Sprint(len(list["messages"].([]any)))
		}
		time.Sleep(29 * time.Second)
		if aliyun, twilio := listed(); aliyun != "0" || twilio != "0" {
			t.Errorf("before: %s and %s", aliyun, twilio)
		}
		if status, _ := do(t, sb, twilioRequest("GET", "Messages/"+m["sid"].(string)+".json")); status != 200 {
			t.Errorf("a fetch by its SID is hit too: %d", status)
		}
		time.Sleep(time.Second)
		if aliyun, twilio := listed(); aliyun != "1" || twilio != "1" {
			t.Errorf("after: %s and %s", aliyun, twilio)
		}
	})
}

func TestFaults_redirect(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	setFaults(t, sb, `[{"status":307}]`)
	w := httptest.NewRecorder()
	sb.ServeHTTP(w, aliyunRequest("GET query", sandbox.AliyunKeySecret, aliyunParams("SendSms")))
	if w.Code != 307 || !strings.Contains(w.Header().Get("Location"), "Action=SendSms") {
		t.Errorf("status %d to %s", w.Code, w.Header().Get("Location"))
	}
}

func TestFaults_refused(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	setFaults(t, sb, `[{"status":503}]`)
	for _, c := range []struct{ list, want string }{
		{`{}`, "faults"},
		{`[{"status":503},{}]`, "fault 2: it does nothing"},
		{`[{"vendor":"nobody","status":503}]`, "there is no \"nobody\""},
		{`[{"status":99}]`, "status: 99"},
		{`[{"share":2,"status":503}]`, "share: 2"},
		{`[{"times":-1,"status":503}]`, "times: -1"},
		{`[{"latency":"soon"}]`, "write 200ms"},
		{`[{"latency":"11m"}]`, "latency: 11m"},
		{`[{"hang_up":"never"}]`, "write before or after"},
		{`[{"hang_up":"after","status":503}]`, "hang_up excludes"},
		{`[{"code":"isv.X"}]`, "write the vendor too"},
		{`[{"vendor":"twilio","code":"isv.X"}]`, "which are numbers"},
		{`[{"to":"13800000000","status":503}]`, "write it in E.164"},
		{`[{"stat":503}]`, "stat"},
		{`[{"spoil":"badly"}]`, "write garbage, cut or slow"},
		{`[{"spoil":"slow"}]`, "slow needs a latency"},
		{`[{"spoil":"cut","hang_up":"after"}]`, "hang_up excludes spoil"},
		{`[{"list_after":"-1s"}]`, "list_after"},
		{`[{"list_after":"1s","status":503}]`, "list_after"},
	} {
		if status, answer := setFaults(t, sb, c.list); status != 400 || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %d, %q lacks %q", c.list, status, answer, c.want)
		}
	}
	if len(sb.Faults()) != 1 {
		t.Error("a refused list has replaced the one before")
	}
	if _, body := do(t, sb, httptest.NewRequest("DELETE", "/_sandbox/faults", nil)); body != nil || len(sb.Faults()) != 0 {
		t.Errorf("after DELETE: %v", sb.Faults())
	}
}

func TestFault_JSON(t *testing.T) {
	f := sandbox.Fault{Vendor: "aliyun", Operation: "SendSms", To: "+8613800000000", Share: 0.5, Seed: 3, Times: 2,
		Latency: 1500 * time.Millisecond, Code: "isv.X", Message: "m", Status: 400, Spoil: sandbox.SpoilCut}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"vendor":"aliyun","operation":"SendSms","to":"+8613800000000","share":0.5,"seed":3,"times":2,"latency":"1.5s","code":"isv.X","message":"m","status":400,"spoil":"cut"}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	var back sandbox.Fault
	if err := json.Unmarshal(text, &back); err != nil || fmt.Sprint(back) != fmt.Sprint(f) || back.To != f.To {
		t.Errorf("read back: %v, %v", back, err)
	}
}
