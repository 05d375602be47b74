package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/vonage"
)

const vonageTo = "447700900001"

// vonageRequest is a message by the SMS API, as a form; a change to "-" leaves a
// parameter out.
func vonageRequest(changes ...string) *http.Request {
	form := url.Values{"api_key": {sandbox.VonageAPIKey}, "api_secret": {sandbox.VonageAPISecret}, "to": {vonageTo}, "from": {"ACME"}, "text": {"hello"}}
	for i := 0; i < len(changes); i += 2 {
		if form.Set(changes[i], changes[i+1]); changes[i+1] == "-" {
			form.Del(changes[i])
		}
	}
	r := httptest.NewRequest("POST", "/sms/json", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// sendVonage returns the status of the first part.
func sendVonage(t *testing.T, sb *sandbox.Sandbox, changes ...string) (status string, body map[string]any) {
	t.Helper()
	code, body := do(t, sb, vonageRequest(changes...))
	list, _ := body["messages"].([]any)
	if code != 200 || len(list) == 0 || body["message-count"] != fmt.Sprint(len(list)) {
		t.Fatalf("%d, %v", code, body)
	}
	return list[0].(map[string]any)["status"].(string), body
}

// vonageMessage is a message by the Messages API.
func vonageMessage(changes map[string]any) *http.Request {
	body := map[string]any{"to": vonageTo, "from": "ACME", "channel": "sms", "message_type": "text", "text": "hello"}
	for name, value := range changes {
		body[name] = value
	}
	text, _ := json.Marshal(body)
	r := httptest.NewRequest("POST", "/v1/messages", strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(sandbox.VonageAPIKey, sandbox.VonageAPISecret)
	return r
}

func TestVonage_refused(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	for _, c := range []struct {
		status  string
		changes []string
	}{
		{"2", []string{"api_key", "-"}}, {"2", []string{"api_secret", "-"}}, {"4", []string{"api_key", "unknown"}}, {"4", []string{"api_secret", "wrong"}},
		{"32", []string{"sig", "x"}}, {"14", []string{"sig", "x", "api_secret", "-"}},
		{"2", []string{"to", "-"}}, {"2", []string{"from", "-"}}, {"2", []string{"text", "-"}},
		{"3", []string{"to", "+447700900001"}}, {"6", []string{"to", "99900000000"}}, {"15", []string{"from", "TwelveLetter"}},
		{"12", []string{"text", strings.Repeat("x", 3201)}}, {"3", []string{"ttl", "19999"}}, {"3", []string{"type", "binary"}},
		{"3", []string{"client-ref", strings.Repeat("x", 41)}}, {"23", []string{"callback", "ftp://x"}},
	} {
		if status, body := sendVonage(t, sb, c.changes...); status != c.status {
			t.Errorf("%v: %v, want %s", c.changes, body, c.status)
		}
	}
	for _, c := range []struct {
		code    string
		status  int
		changes map[string]any
	}{
		{"1150", 422, map[string]any{"channel": "mms"}}, {"1170", 422, map[string]any{"to": "12"}}, {"1170", 422, map[string]any{"to": "99900000000"}},
		{"1120", 422, map[string]any{"from": "TwelveLetter"}}, {"1090", 422, map[string]any{"text": strings.Repeat("x", 3201)}}, {"1150", 422, map[string]any{"ttl": 19}},
		{"1150", 422, map[string]any{"webhook_url": "x"}}, {"1150", 422, map[string]any{"text": ""}}, {"1150", 422, map[string]any{"sms": 1}},
	} {
		if status, body := do(t, sb, vonageMessage(c.changes)); status != c.status || !strings.HasSuffix(fmt.Sprint(body["type"]), "#"+c.code) {
			t.Errorf("%v: %d, %v, want %s", c.changes, status, body, c.code)
		}
	}
	wrong := vonageMessage(nil)
	wrong.SetBasicAuth(sandbox.VonageAPIKey, "wrong")
	if status, body := do(t, sb, wrong); status != 401 || body["title"] != "Unauthorized" {
		t.Errorf("a wrong secret: %d, %v", status, body)
	}
	if n := len(sb.Messages("")); n != 0 || len(sb.Refused("")) != 17+9+1 {
		t.Errorf("%d messages were taken, %d are refused", n, len(sb.Refused("")))
	}
}

// A request that is signed in place of a secret.
func TestVonage_signedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock starts at 946684800
		sb := newSandbox(t, sandbox.Options{Vonage: vonage.Options{SignatureMethod: "sha256"}})
		// Computed with openssl: printf '&api_key=sandboxkey&from=ACME&text=a_b_c&timestamp=946684800&to=447700900001' | openssl dgst -sha256 -hmac sandboxsignaturesecret
		const sig = "6bc6deb86980ea2d181e8a8c0ed9476ec0acf55a8752eefd3720706810aad887"
		for changed, want := range map[string]string{"a&b=c": "0", "other": "14"} {
			if status, body := sendVonage(t, sb, "api_secret", "-", "text", changed, "timestamp", "946684800", "sig", sig); status != want {
				t.Errorf("%s: %v, want %s", changed, body, want)
			}
		}
		time.Sleep(6 * time.Minute)
		if status, _ := sendVonage(t, sb, "api_secret", "-", "text", "a&b=c", "timestamp", "946684800", "sig", sig); status != "14" {
			t.Error("an old signature is good")
		}
	})
}

// A long text is one message here, with an ID, a receipt and a record for each part.
func TestVonage_parts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r pushReceiver
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r, Pace: time.Second, Vonage: vonage.Options{Sign: true}})
		_, body := sendVonage(t, sb, "text", strings.Repeat("x", 200), "client-ref", "key", "callback", "http://127.0.0.1/receipts")
		var ids []string
		for _, part := range body["messages"].([]any) {
			ids = append(ids, part.(map[string]any)["message-id"].(string))
		}
		if taken := sb.Messages(""); len(ids) != 2 || len(taken) != 1 || taken[0].ID != ids[0] || len(taken[0].Text) != 200 {
			t.Fatalf("%v, taken %v", ids, taken)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		var got []string
		for _, post := range r.bodies {
			var fields map[string]string
			if err := json.Unmarshal(post, &fields); err != nil || fields["sig"] == "" || fields["nonce"] == "" || fields["client-ref"] != "key" || fields["to"] != "ACME" {
				t.Errorf("%v, %s", err, post)
			}
			got = append(got, fields["messageId"]+" "+fields["status"]+" "+fields["err-code"])
		}
		if want := fmt.Sprint([]string{ids[0] + " buffered 0", ids[1] + " buffered 0", ids[0] + " delivered 0", ids[1] + " delivered 0"}); fmt.Sprint(got) != want {
			t.Errorf("the receipts are %v, want %s", got, want)
		}
		list := func(pairs ...string) (int, map[string]any) {
			q := url.Values{"account_id": {sandbox.VonageAPIKey}, "product": {"SMS"}, "direction": {"outbound"}}
			for i := 0; i < len(pairs); i += 2 {
				q.Set(pairs[i], pairs[i+1])
			}
			r := httptest.NewRequest("GET", "/v2/reports/records?"+q.Encode(), nil)
			r.SetBasicAuth(sandbox.VonageAPIKey, sandbox.VonageAPISecret)
			return do(t, sb, r)
		}
		day := []string{"date_start", "1999-12-31T12:00:00+0000", "date_end", "2000-01-01T12:00:00Z"}
		_, found := list(append(day, "include_message", "true")...)
		rows := found["records"].([]any)
		if len(rows) != 2 || found["items_count"] != 2.0 {
			t.Fatalf("%v", found)
		}
		if row := rows[1].(map[string]any); row["message_id"] != ids[1] || row["client_ref"] != "key" || row["concatenated"] != true || row["status"] != "delivered" || len(row["message_body"].(string)) != 200 || row["date_received"] != "2000-01-01T00:00:00+0000" {
			t.Errorf("a record is %v", row)
		}
		if _, found := list("id", ids[1]+",unknown"); len(found["records"].([]any)) != 1 || found["ids_not_found"] != "unknown" {
			t.Errorf("by ID: %v", found)
		}
		for want, pairs := range map[int][]string{403: {"account_id", "other"}, 422: {"product", "VOICE-CALL"}} {
			if status, body := list(append(pairs, day...)...); status != want {
				t.Errorf("%v: %d, %v", pairs, status, body)
			}
		}
		for _, pairs := range [][]string{{"date_start", "1999-12-30T11:00:00Z", "date_end", "2000-01-01T12:00:00Z"}, {"date_start", "1999-12-31T12:00:00Z"}, {"id", "x", "status", "delivered"}, {"direction", "inbound"}} {
			if status, body := list(pairs...); status != 422 {
				t.Errorf("%v: %d, %v", pairs, status, body)
			}
		}
	})
}

func TestVonage_listingPages(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	for range 450 {
		sendVonage(t, sb)
	}
	sendVonage(t, sb, "to", "447700900002")
	seen := map[string]bool{}
	next := "https://api.nexmo.com/v2/reports/records?" + url.Values{"account_id": {sandbox.VonageAPIKey}, "product": {"SMS"}, "direction": {"outbound"}, "to": {vonageTo},
		"date_start": {time.Now().Add(-time.Hour).Format(time.RFC3339)}, "date_end": {time.Now().Add(time.Hour).Format(time.RFC3339)}}.Encode()
	pages := 0
	for ; next != ""; pages++ {
		r := httptest.NewRequest("GET", strings.TrimPrefix(next, "https://api.nexmo.com"), nil)
		r.SetBasicAuth(sandbox.VonageAPIKey, sandbox.VonageAPISecret)
		_, body := do(t, sb, r)
		for _, row := range body["records"].([]any) {
			seen[row.(map[string]any)["message_id"].(string)] = true
		}
		link, _ := body["_links"].(map[string]any)["next"].(map[string]any)
		next, _ = link["href"].(string)
	}
	if len(seen) != 450 || pages != 3 {
		t.Errorf("%d messages on %d pages", len(seen), pages)
	}
}

func TestVonage_repliesAndFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r pushReceiver
		sb := newSandbox(t, sandbox.Options{CallbackTransport: &r, Pace: time.Second, Vonage: vonage.Options{Form: vonage.PostForm}})
		if _, err := sb.Reply(t.Context(), sandbox.Reply{Vendor: "vonage", From: "+447700900001", Text: "stop " + strings.Repeat("x", 200), URL: "http://127.0.0.1/in"}); err != nil {
			t.Fatal(err)
		}
		form, _ := url.ParseQuery(string(r.bodies[1]))
		if len(r.bodies) != 2 || form.Get("concat-part") != "2" || form.Get("concat-total") != "2" || form.Get("keyword") != "STOP" || form.Get("msisdn") != vonageTo || form.Get("to") != vonage.Sender {
			t.Errorf("%d posts, the second is %v", len(r.bodies), form)
		}
		r.bodies = nil
		for _, fails := range []string{"9", "expired", "ABSENT"} {
			setFaults(t, sb, fmt.Sprintf(`[{"operation":"send","fails":%q}]`, fails))
			sendVonage(t, sb, "callback", "http://127.0.0.1/receipts")
			time.Sleep(5 * time.Second)
		}
		synctest.Wait()
		var got []string
		for _, body := range r.bodies {
			form, _ := url.ParseQuery(string(body))
			got = append(got, form.Get("status")+" "+form.Get("err-code"))
		}
		if want := "[buffered 0 rejected 9 buffered 0 expired 1 buffered 0 failed 99]"; fmt.Sprint(got) != want {
			t.Errorf("%v, want %s", got, want)
		}
	})
}

func TestVonage_faultsLimitsLenient(t *testing.T) {
	sb := newSandbox(t, sandbox.Options{})
	setFaults(t, sb, `[{"throttle":true}]`)
	if status, _ := sendVonage(t, sb); status != "1" {
		t.Errorf("throttled, SMS API: %s", status)
	}
	if status, body := do(t, sb, vonageMessage(nil)); status != 429 || !strings.HasSuffix(fmt.Sprint(body["type"]), "#1000") {
		t.Errorf("throttled, Messages API: %d, %v", status, body)
	}
	if status, answer := setFaults(t, sb, `[{"vendor":"vonage","code":"isv.X"}]`); status != 400 || !strings.Contains(answer, "which are numbers") {
		t.Errorf("%d, %s", status, answer)
	}
	limited := newSandbox(t, sandbox.Options{Limits: true})
	for to, want := range map[string]string{strings.TrimPrefix(sandbox.VonageVerified, "+"): "0", "447700900009": "29"} {
		if status, _ := sendVonage(t, limited, "to", to); status != want {
			t.Errorf("to %s: %s, want %s", to, status, want)
		}
	}
	lenient := newSandbox(t, sandbox.Options{Lenient: true})
	if status, _ := sendVonage(t, lenient, "api_key", "any", "api_secret", "wrong"); status != "0" || lenient.Messages("")[0].Account != "any" {
		t.Errorf("lenient: %s", status)
	}
	err := sandbox.Options{Vonage: vonage.Options{Keys: []sandbox.Key{{ID: "x"}}, Form: "PUT", SignatureMethod: "x"}}.Validate()
	for _, want := range []string{"keys[0]", "form", "signature method"} {
		if err == nil || !strings.Contains(err.Error(), "sandbox: vonage: "+want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if text := fmt.Sprintf("%v %+v", vonage.Options{SignatureSecret: "hidden"}, vonage.Options{SignatureSecret: "hidden"}); strings.Contains(text, "hidden") {
		t.Errorf("the options show %s", text)
	}
}
