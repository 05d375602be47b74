package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
)

// twilioRequest is a call with the main account's token; pairs are the form, or
// the query of a GET, and a name whose value is "-" is left out.
func twilioRequest(method, path string, pairs ...string) *http.Request {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			form.Del(pairs[i])
		} else {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	target := path
	if !strings.HasPrefix(path, "/") {
		target = "/2010-04-01/Accounts/" + sandbox.TwilioAccountSID + "/" + path
	}
	var r *http.Request
	if method == "POST" {
		r = httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r = httptest.NewRequest(method, target, nil)
		if len(form) > 0 {
			r.URL.RawQuery = form.Encode()
		}
	}
	r.SetBasicAuth(sandbox.TwilioAccountSID, sandbox.TwilioAuthToken)
	return r
}

// createTwilio creates a message, with changes to one that the sandbox takes.
func createTwilio(t *testing.T, h http.Handler, changes ...string) (int, map[string]any) {
	t.Helper()
	return do(t, h, twilioRequest("POST", "Messages.json",
		append([]string{"To", "+12025550123", "From", sandbox.TwilioSender, "Body", "hello"}, changes...)...))
}

func TestTwilio_auth(t *testing.T) {
	const main, sub, key = sandbox.TwilioAccountSID, sandbox.TwilioSubaccountSID, sandbox.TwilioAPIKeySID
	sb := newSandbox(t, sandbox.Options{})
	for _, c := range []struct {
		name, user, password, path string
		want                       int
	}{
		{"an account with its token", main, sandbox.TwilioAuthToken, main, 201},
		{"a subaccount with its token", sub, sandbox.TwilioSubaccountToken, sub, 201},
		{"an API key with its account in the path", key, sandbox.TwilioAPIKeySecret, main, 201},
		{"an account's token, its subaccount in the path", main, sandbox.TwilioAuthToken, sub, 201},
		{"a subaccount's token, its parent in the path", sub, sandbox.TwilioSubaccountToken, main, 401},
		{"the parent's token as the subaccount's", sub, sandbox.TwilioAuthToken, sub, 401},
		{"an API key with another account in the path", key, sandbox.TwilioAPIKeySecret, sub, 401},
		{"a wrong token", main, "wrong", main, 401},
		{"a wrong secret", key, "wrong", main, 401},
		{"an unknown account in the path", main, sandbox.TwilioAuthToken, "AC00000000000000000000000000000009", 401},
		{"nothing at all", "", "", main, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := twilioRequest("POST", "/2010-04-01/Accounts/"+c.path+"/Messages.json", "To", "+12025550123", "From", sandbox.TwilioSender, "Body", "x")
			if r.SetBasicAuth(c.user, c.password); c.user == "" {
				r.Header.Del("Authorization")
			}
			status, body := do(t, sb, r)
			if status != c.want || c.want == 401 && (body["code"] != 20003.0 || body["status"] != 401.0 || body["more_info"] != "https://www.twilio.com/docs/errors/20003") {
				t.Errorf("status %d, %v; want %d", status, body, c.want)
			}
			if status == 201 && body["account_sid"] != c.path {
				t.Errorf("it belongs to %v, want the account in the path", body["account_sid"])
			}
		})
	}
}

func TestTwilio_create(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	status, body := createTwilio(t, sb, "Body", strings.Repeat("x", 161))
	if status != 201 {
		t.Fatalf("status %d, %v", status, body)
	}
	for name, want := range map[string]any{
		"status": "queued", "from": sandbox.TwilioSender, "to": "+12025550123", "num_segments": "2", "num_media": "0", "error_code": nil,
		"error_message": nil, "date_sent": nil, "messaging_service_sid": nil, "direction": "outbound-api", "api_version": "2010-04-01",
		"uri": "/2010-04-01/Accounts/" + sandbox.TwilioAccountSID + "/Messages/" + fmt.Sprint(body["sid"]) + ".json",
	} {
		if body[name] != want {
			t.Errorf("%s is %v, want %v", name, body[name], want)
		}
	}
	if sid, _ := body["sid"].(string); len(sid) != 34 || !strings.HasPrefix(sid, "SM") {
		t.Errorf("sid %q", sid)
	}
	if _, err := time.Parse("Mon, 02 Jan 2006 15:04:05 -0700", body["date_created"].(string)); err != nil {
		t.Error(err)
	}
	if _, body = createTwilio(t, sb, "MediaUrl", "https://example.com/a.png"); !strings.HasPrefix(body["sid"].(string), "MM") || body["num_media"] != "1" {
		t.Errorf("with media: %v", body)
	}
}

func TestTwilio_refusals(t *testing.T) {
	const service, content = sandbox.TwilioServiceSID, sandbox.TwilioContentSID
	hour := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, c := range []struct {
		name    string
		changes []string
		code    float64
	}{
		{"no To", []string{"To", "-"}, 21604},
		{"no From", []string{"From", "-"}, 21603},
		{"no Body", []string{"Body", "-"}, 21602},
		{"an empty Body", []string{"Body", ""}, 21602},
		{"a Body of 1,600 characters", []string{"Body", strings.Repeat("长", 1600)}, 0},
		{"a Body of 1,601 characters", []string{"Body", strings.Repeat("长", 1601)}, 21617},
		{"two numbers", []string{"To", "+12025550123,+12025550124"}, 21211},
		{"a national number", []string{"To", "2025550123"}, 21211},
		{"a blank before", []string{"To", " 12025550123"}, 21211},
		{"To invalid", []string{"To", "+15005550001"}, 21211},
		{"To not routed", []string{"To", "+15005550002"}, 21612},
		{"To without permission", []string{"To", "+15005550003"}, 21408},
		{"To opted out", []string{"To", "+15005550004"}, 21610},
		{"To no mobile", []string{"To", "+15005550009"}, 21614},
		{"To valid", []string{"To", "+15005550006"}, 0},
		{"From invalid", []string{"From", "+15005550001"}, 21212},
		{"From not owned", []string{"From", "+15005550007"}, 21606},
		{"From full", []string{"From", "+15005550008"}, 21611},
		{"From of somebody else", []string{"From", "+12025550199"}, 21606},
		{"both magic: the sender's counts", []string{"From", "+15005550008", "To", "+15005550004"}, 21611},
		{"a service", []string{"From", "-", "MessagingServiceSid", service}, 0},
		{"a service as From", []string{"From", service}, 0},
		{"an unknown service", []string{"From", "-", "MessagingServiceSid", strings.Replace(service, "0", "1", 1)}, 21705},
		{"no service SID", []string{"From", "-", "MessagingServiceSid", "MG1"}, 21705},
		{"a content template", []string{"Body", "-", "ContentSid", content, "ContentVariables", `{"1":"1234"}`}, 0},
		{"an unknown content template", []string{"Body", "-", "ContentSid", strings.Replace(content, "0", "1", 1)}, 21655},
		{"variables alone", []string{"Body", "-", "ContentVariables", `{"1":"1234"}`}, 21654},
		{"variables that are no JSON", []string{"Body", "-", "ContentSid", content, "ContentVariables", `1234`}, 21656},
		{"a variable that is a number", []string{"Body", "-", "ContentSid", content, "ContentVariables", `{"1":1234}`}, 21656},
		{"a variable missing", []string{"Body", "-", "ContentSid", content, "ContentVariables", `{"2":"1234"}`}, 21656},
		{"a callback that is no address", []string{"StatusCallback", "example.com/cb"}, 21609},
		{"a callback by FTP", []string{"StatusCallback", "ftp://127.0.0.1/"}, 21609},
		{"a callback too long", []string{"StatusCallback", "http://127.0.0.1/" + strings.Repeat("x", 4000)}, 21609},
		{"a validity of ten hours", []string{"ValidityPeriod", "36000"}, 0},
		{"a validity too long", []string{"ValidityPeriod", "36001"}, 21624},
		{"no validity", []string{"ValidityPeriod", "0"}, 21624},
		{"a schedule", []string{"From", service, "ScheduleType", "fixed", "SendAt", hour}, 0},
		{"a schedule without a service", []string{"ScheduleType", "fixed", "SendAt", hour}, 35118},
		{"a schedule without a time", []string{"From", service, "ScheduleType", "fixed"}, 35111},
		{"a time without a schedule", []string{"From", service, "SendAt", hour}, 35112},
		{"a schedule in the past", []string{"From", service, "ScheduleType", "fixed", "SendAt", "2020-01-01T00:00:00Z"}, 35114},
	} {
		t.Run(c.name, func(t *testing.T) {
			sb := newSandbox(t, sandbox.Options{})
			status, body := createTwilio(t, sb, c.changes...)
			if c.code == 0 {
				if status != 201 || len(sb.Messages("")) != 1 {
					t.Errorf("status %d, %v, %d messages", status, body, len(sb.Messages("")))
				}
				return
			}
			if status != 400 || body["code"] != c.code || body["status"] != 400.0 || body["message"] == "" || body["more_info"] == "" {
				t.Errorf("status %d, %v; want %v", status, body, c.code)
			}
			if len(sb.Messages("")) != 0 {
				t.Error("a refused message was taken")
			}
		})
	}
}

func TestTwilio_contentIsRead(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	createTwilio(t, sb, "Body", "-", "ContentSid", sandbox.TwilioContentSID, "ContentVariables", `{"1":"{{1}}42"}`)
	sent := sb.Messages("+12025550123")
	if len(sent) != 1 || sent[0].Text != "Your code is {{1}}42." || sent[0].Template != sandbox.TwilioContentSID || sent[0].Params["1"] != "{{1}}42" {
		t.Errorf("the sandbox holds %v", sent)
	}
}

func TestTwilio_statusesMoveOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{Pace: time.Second})
		_, plain := createTwilio(t, sb)
		_, byService := createTwilio(t, sb, "From", "-", "MessagingServiceSid", sandbox.TwilioServiceSID)
		if byService["status"] != "accepted" || byService["from"] != nil || byService["num_segments"] != "0" || byService["messaging_service_sid"] != sandbox.TwilioServiceSID {
			t.Errorf("with a service: %v", byService)
		}
		for _, want := range [][2]string{{"queued", "accepted"}, {"sent", "sent"}, {"delivered", "delivered"}, {"delivered", "delivered"}} {
			for i, m := range []map[string]any{plain, byService} {
				status, now := do(t, sb, twilioRequest("GET", "Messages/"+m["sid"].(string)+".json"))
				if status != 200 || now["status"] != want[i] {
					t.Errorf("status %d, %v; want %s", status, now, want[i])
				}
				if want[i] == "delivered" && (now["from"] != sandbox.TwilioSender || now["num_segments"] != "1" || now["date_sent"] != "Sat, 01 Jan 2000 00:00:01 +0000") {
					t.Errorf("at the end: %v", now)
				}
			}
			time.Sleep(time.Second)
		}
	})
}

func TestTwilio_scheduleAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{Pace: time.Second})
		at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		schedule := func() string {
			_, m := createTwilio(t, sb, "From", "-", "MessagingServiceSid", sandbox.TwilioServiceSID, "ScheduleType", "fixed", "SendAt", at)
			if m["status"] != "scheduled" {
				t.Fatal(m)
			}
			return "Messages/" + m["sid"].(string) + ".json"
		}
		stays, goes := schedule(), schedule()
		time.Sleep(59 * time.Minute)
		if _, m := do(t, sb, twilioRequest("GET", goes)); m["status"] != "scheduled" || m["from"] != nil {
			t.Errorf("before its time: %v", m)
		}
		if status, m := do(t, sb, twilioRequest("POST", stays, "Status", "canceled")); status != 200 || m["status"] != "canceled" {
			t.Errorf("cancel: %d, %v", status, m)
		}
		if status, m := do(t, sb, twilioRequest("POST", stays, "Status", "canceled")); status != 409 || m["code"] != 20009.0 {
			t.Errorf("cancel twice: %d, %v", status, m)
		}
		time.Sleep(time.Minute + 2*time.Second)
		if _, m := do(t, sb, twilioRequest("GET", goes)); m["status"] != "delivered" {
			t.Errorf("after its time: %v", m)
		}
		if status, m := do(t, sb, twilioRequest("POST", goes, "Status", "canceled")); status != 409 || m["code"] != 20009.0 {
			t.Errorf("cancel what has gone: %d, %v", status, m)
		}
		if _, m := do(t, sb, twilioRequest("GET", stays)); m["status"] != "canceled" || m["date_sent"] != nil {
			t.Errorf("the canceled one: %v", m)
		}
	})
}

func TestTwilio_redactAndDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := newSandbox(t, sandbox.Options{Pace: time.Second})
		_, m := createTwilio(t, sb)
		path := "Messages/" + m["sid"].(string) + ".json"
		for what, r := range map[string]*http.Request{"redact": twilioRequest("POST", path, "Body", ""), "delete": twilioRequest("DELETE", path)} {
			if status, body := do(t, sb, r); status != 409 || body["code"] != 20009.0 {
				t.Errorf("%s under way: %d, %v", what, status, body)
			}
		}
		time.Sleep(2 * time.Second)
		if status, body := do(t, sb, twilioRequest("POST", path, "Body", "new")); status != 400 {
			t.Errorf("another body: %d, %v", status, body)
		}
		if status, body := do(t, sb, twilioRequest("POST", path)); status != 400 {
			t.Errorf("no change: %d, %v", status, body)
		}
		if status, body := do(t, sb, twilioRequest("POST", path, "Body", "")); status != 200 || body["body"] != "" {
			t.Errorf("redact: %d, %v", status, body)
		}
		if sent := sb.Messages(""); len(sent) != 1 || sent[0].Text != "hello" {
			t.Error("the recipient's own copy is gone")
		}
		if status, _ := do(t, sb, twilioRequest("DELETE", path)); status != 204 {
			t.Errorf("delete: %d", status)
		}
		if status, body := do(t, sb, twilioRequest("GET", path)); status != 404 || body["code"] != 20404.0 {
			t.Errorf("fetch after delete: %d, %v", status, body)
		}
	})
}

func TestTwilio_notFound(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	_, m := createTwilio(t, sb)
	base := "/2010-04-01/Accounts/"
	for name, r := range map[string]*http.Request{
		"another account's message": twilioRequest("GET", base+sandbox.TwilioSubaccountSID+"/Messages/"+m["sid"].(string)+".json"),
		"an unknown message":        twilioRequest("GET", "Messages/SM0.json"),
		"another resource":          twilioRequest("GET", "Calls.json"),
		"no resource":               twilioRequest("GET", base+sandbox.TwilioAccountSID),
		"XML":                       twilioRequest("GET", "Messages"),
	} {
		if status, body := do(t, sb, r); status != 404 || body["code"] != 20404.0 {
			t.Errorf("%s: %d, %v", name, status, body)
		}
	}
	if status, _ := do(t, sb, twilioRequest("PUT", "Messages.json")); status != 405 {
		t.Errorf("PUT: %d", status)
	}
}

// listTwilio lists by the query, page after page by the links, and returns the
// bodies.
func listTwilio(t *testing.T, h http.Handler, between func(page int), pairs ...string) []string {
	t.Helper()
	var bodies []string
	r := twilioRequest("GET", "Messages.json", pairs...)
	for page := 0; ; page++ {
		status, list := do(t, h, r)
		if status != 200 || list["page"] != float64(page) {
			t.Fatalf("page %d: %d, %v", page, status, list)
		}
		for _, m := range list["messages"].([]any) {
			bodies = append(bodies, m.(map[string]any)["body"].(string))
		}
		next, more := list["next_page_uri"].(string)
		if !more {
			return bodies
		}
		if !strings.HasPrefix(next, "/2010-04-01/") {
			t.Fatalf("next_page_uri %q is not relative to the host", next)
		}
		between(page)
		r = twilioRequest("GET", next)
	}
}

func TestTwilio_listPages(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	for i := range 7 {
		createTwilio(t, sb, "Body", fmt.Sprint(i))
		createTwilio(t, sb, "Body", "noise", "To", "+12025550999")
	}
	got := listTwilio(t, sb, func(page int) {
		createTwilio(t, sb, "Body", fmt.Sprint("new", page)) // what comes in meanwhile moves nothing
	}, "To", "+12025550123", "PageSize", "3")
	if want := "6 5 4 3 2 1 0"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
	_, list := do(t, sb, twilioRequest("GET", "Messages.json", "PageSize", "2", "To", "+12025550123"))
	_, second := do(t, sb, twilioRequest("GET", list["next_page_uri"].(string)))
	_, back := do(t, sb, twilioRequest("GET", second["previous_page_uri"].(string)))
	if list["previous_page_uri"] != nil || fmt.Sprint(back["messages"]) == fmt.Sprint(second["messages"]) ||
		back["messages"].([]any)[0].(map[string]any)["sid"] != list["messages"].([]any)[0].(map[string]any)["sid"] {
		t.Errorf("back from the second page is not the first")
	}
	for _, wrong := range [][]string{{"PageSize", "0"}, {"PageSize", "x"}, {"Page", "-1"}, {"PageToken", "P"}, {"PageToken", "PAx"}, {"DateSent", "yesterday"}} {
		if status, body := do(t, sb, twilioRequest("GET", "Messages.json", wrong...)); status != 400 {
			t.Errorf("%v: %d, %v", wrong, status, body)
		}
	}
}

func TestTwilio_listFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock starts at 2000-01-01 00:00 UTC
		sb := newSandbox(t, sandbox.Options{Pace: time.Second})
		for i := range 4 {
			createTwilio(t, sb, "Body", fmt.Sprint(i)) // sent at 0:00:01, 12:00:01, the next day 0:00:01, 12:00:01
			time.Sleep(12 * time.Hour)
		}
		createTwilio(t, sb, "Body", "fresh", "To", "+12025550999")
		for _, c := range []struct {
			name  string
			query []string
			want  string
		}{
			{"everything", nil, "fresh 3 2 1 0"},
			{"a number", []string{"To", "+12025550999"}, "fresh"},
			{"a sender", []string{"From", sandbox.TwilioSender, "To", "+12025550123"}, "3 2 1 0"},
			{"another sender", []string{"From", "+12025550000"}, ""},
			{"a day", []string{"DateSent", "2000-01-01"}, "1 0"},
			{"from a day on", []string{"DateSent>", "2000-01-02"}, "fresh 3 2"},
			{"up to a day", []string{"DateSent<", "2000-01-01"}, "1 0"},
			{"from a second on", []string{"DateSent>", "2000-01-01T12:00:01Z"}, "fresh 3 2 1"},
			{"from the next second on", []string{"DateSent>", "2000-01-01T12:00:02Z"}, "fresh 3 2"},
			{"between", []string{"DateSent>", "2000-01-01T12:00:00Z", "DateSent<", "2000-01-02T00:00:01+00:00"}, "2 1"},
			{"not sent yet, by its creation", []string{"DateSent>", "2000-01-03"}, "fresh"},
		} {
			if got := strings.Join(listTwilio(t, sb, func(int) {}, c.query...), " "); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	})
}
