package tencent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/sms"
)

const to = sms.Number("+8613812345678")

func registry(tb testing.TB) *sms.Registry {
	tb.Helper()
	bound := func(b sms.Binding) map[string]sms.Binding { return map[string]sms.Binding{"tencent": b} }
	r, err := sms.NewRegistry(
		sms.Template{Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},${minutes}分钟内有效。", Bindings: bound(sms.Binding{ID: "1000001", Abroad: "1000003", Order: []string{"code", "minutes"}})},
		sms.Template{Name: "shipped", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。", Bindings: bound(sms.Binding{ID: "1000002", Order: []string{"name", "order"}})},
	)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func options(tb testing.TB, endpoint string) tencent.Options {
	return tencent.Options{SecretID: secretID, SecretKey: secretKey, SDKAppID: "1400006666", From: "云通信", Endpoint: endpoint, Templates: registry(tb)}
}

func open(tb testing.TB, o tencent.Options) *tencent.Provider {
	tb.Helper()
	p, err := tencent.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

// serve starts a vendor that answers each action.
func serve(tb testing.TB, actions map[string]http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer, ok := actions[r.Header.Get("X-TC-Action")]
		if !ok {
			refusedWhole(w, r, "InvalidAction", "no such action "+r.Header.Get("X-TC-Action"))
			return
		}
		answer(w, r)
	}))
	tb.Cleanup(s.Close)
	return s
}

func code() sms.Message {
	return sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "482913", "minutes": "5"}, Key: "order-1"}
}

func notice(to sms.Number, key string) sms.Message {
	return sms.Message{To: to, Template: "shipped", Params: sms.Params{"name": "王", "order": "7"}, Key: key}
}

func TestNew_faults(t *testing.T) {
	r, err := sms.NewRegistry(sms.Template{Name: "bad", Text: "${a} ${b}", Bindings: map[string]sms.Binding{"tencent": {Order: []string{"a"}, Extra: map[string]string{"x": "1"}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tencent.New(tencent.Options{SDKAppID: "app", Region: "Guangzhou!", From: "【x】", Endpoint: "http://10.0.0.1", Templates: r})
	for _, path := range []string{"secret_id:", "secret_key:", "sdk_app_id:", "region:", "from:", "endpoint:", "bindings.tencent.id:", "bindings.tencent.order:", "bindings.tencent.extra.x:"} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("the fault of %s is missing: %v", path, err)
		}
	}
	if _, err := tencent.New(tencent.Options{SecretID: "sandboxsecretid", SecretKey: "sandboxsecretkey", SDKAppID: "1400000000", Endpoint: "http://sandbox:8025", Templates: registry(t)}); err != nil {
		t.Errorf("the sandbox's key over plain http: %v", err)
	}
}

func TestSend_request(t *testing.T) {
	got := make(chan asked, 1)
	s := serve(t, map[string]http.HandlerFunc{"SendSms": func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var a asked
		json.Unmarshal(body, &a)
		got <- a
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answered(w, r, "Ok", "send success")
	}})
	p := open(t, options(t, s.URL))
	receipt, err := p.Send(t.Context(), code())
	if err != nil {
		t.Fatal(err)
	}
	a := <-got
	if fmt.Sprint(a) != "{[+8613812345678] [482913 5] 1400006666 1000001 云通信 order-1 }" {
		t.Errorf("the request is %v", a)
	}
	if !strings.HasPrefix(receipt.ID, "5000:") || receipt.RequestID == "" || receipt.Segments != 1 || receipt.Provider != "tencent" {
		t.Errorf("the receipt is %+v", receipt)
	}
	m := code()
	m.To = "+85298765432"
	if _, err := p.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if a := <-got; a.TemplateID != "1000003" {
		t.Errorf("abroad the template is %q", a.TemplateID)
	}
	m = notice("+85298765432", "k")
	if _, err := p.Send(t.Context(), m); sms.ReasonOf(err) != sms.Unsupported {
		t.Errorf("a template without abroad: %v", err)
	}
}

func TestSend_refusesValues(t *testing.T) {
	p := open(t, options(t, "http://127.0.0.1:1"))
	for name, test := range map[string]struct {
		m      sms.Message
		reason sms.Reason
	}{
		"a code with letters":    {sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "ab12", "minutes": "5"}}, sms.InvalidMessage},
		"a code of seven digits": {sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": "1234567", "minutes": "5"}}, sms.InvalidMessage},
		"a URL":                  {sms.Message{To: to, Template: "shipped", Params: sms.Params{"name": "http://x.cn", "order": "7"}}, sms.ContentRejected},
		"a body":                 {sms.Message{To: to, Body: "hello"}, sms.Unsupported},
	} {
		_, err := p.Send(t.Context(), test.m)
		if sms.ReasonOf(err) != test.reason || sms.OutcomeOf(err) != sms.Rejected || strings.Contains(err.Error(), "1234567") {
			t.Errorf("%s: %v", name, err)
		}
		if test.m.Template != "" {
			if err := p.CheckTemplate(test.m.Template, test.m.Params); sms.ReasonOf(err) != test.reason {
				t.Errorf("%s, checked: %v", name, err)
			}
		}
	}
}

// A call of several messages has a result for each number, in any order.
func TestSend_coalesces(t *testing.T) {
	const people = 100
	var mu sync.Mutex
	calls, numbers := 0, 0
	started, release := make(chan struct{}, people), make(chan struct{})
	s := serve(t, map[string]http.HandlerFunc{"SendSms": func(w http.ResponseWriter, r *http.Request) {
		a := readAsked(r)
		mu.Lock()
		calls++
		numbers += len(a.PhoneNumberSet)
		mu.Unlock()
		started <- struct{}{}
		<-release
		var set []map[string]any
		for i := range a.PhoneNumberSet {
			n := a.PhoneNumberSet[len(a.PhoneNumberSet)-1-i]
			entry := map[string]any{"SerialNo": "5000:" + n[3:], "PhoneNumber": strings.TrimPrefix(n, "+"), "Fee": 1, "Code": "Ok", "Message": "send success"}
			if strings.HasSuffix(n, "7") {
				entry["Code"], entry["SerialNo"], entry["Message"] = "FailedOperation.PhoneNumberInBlacklist", "", strings.Join(a.PhoneNumberSet, ", ")+": one of them is on the list"
			}
			set = append(set, entry)
		}
		json.NewEncoder(w).Encode(map[string]any{"Response": map[string]any{"SendStatusSet": set, "RequestId": "r-1"}})
	}})
	o := options(t, s.URL)
	o.Coalesce, o.MaxCalls = true, 1
	p := open(t, o)
	var all sync.WaitGroup
	fail := func(i int, format string, args ...any) { t.Errorf("%d: "+format, append([]any{i}, args...)...) }
	send := func(i int) {
		m := notice(sms.Number(fmt.Sprintf("+86138000000%02d", i)), fmt.Sprintf("k%d", i))
		receipt, err := p.Send(t.Context(), m)
		switch {
		case i%10 == 7:
			if sms.ReasonOf(err) != sms.RecipientBlocked || sms.OutcomeOf(err) != sms.Rejected {
				fail(i, "%v", err)
			} else if strings.Contains(err.Error(), "138000000") {
				fail(i, "the error shows a number: %v", err)
			}
		case err != nil:
			fail(i, "%v", err)
		case receipt.ID != "5000:"+string(m.To)[3:] || receipt.Key != m.Key:
			fail(i, "the receipt is another's: %+v", receipt)
		}
	}
	all.Go(func() { send(0) })
	<-started
	for i := 1; i < people; i++ {
		all.Go(func() { send(i) })
	}
	close(release)
	all.Wait()
	if numbers != people || calls >= people/2 {
		t.Errorf("%d numbers in %d calls", numbers, calls)
	}
}

func TestAsk(t *testing.T) {
	ago := time.Now().Add(-10 * time.Minute)
	record := func(serial string, status int, at time.Time) map[string]any {
		return map[string]any{"PhoneNumber": string(to), "SerialNo": serial, "SendStatus": status, "SendTime": at.Unix(), "Content": "【云通信】您的验证码是******"}
	}
	for name, test := range map[string]struct {
		records []map[string]any
		since   time.Time
		want    error
	}{
		"nothing":               {nil, ago, sms.ErrNotFound},
		"nothing, too early":    {nil, time.Now().Add(-time.Minute), sms.ErrUndecided},
		"too long ago":          {nil, time.Now().Add(-80 * time.Hour), sms.ErrUndecided},
		"a refused message":     {[]map[string]any{record("", 1, ago)}, ago, sms.ErrNotFound},
		"a message":             {[]map[string]any{record("5000:1", 3, ago.Add(time.Second))}, ago, sms.ErrUndecided},
		"a message of before":   {[]map[string]any{record("5000:1", 2, ago.Add(-time.Hour))}, ago, sms.ErrNotFound},
		"a message of another":  {[]map[string]any{record("5000:owned", 2, ago.Add(time.Second))}, ago, sms.ErrNotFound},
		"two, one of another's": {[]map[string]any{record("5000:owned", 2, ago.Add(time.Second)), record("5000:2", 2, ago.Add(time.Second))}, ago, sms.ErrUndecided},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string]http.HandlerFunc{"DescribeSendRecordList": func(w http.ResponseWriter, r *http.Request) {
				json.NewEncoder(w).Encode(map[string]any{"Response": map[string]any{"SendRecordSet": test.records, "TotalCount": len(test.records), "RequestId": "r"}})
			}})
			q := sms.Question{Message: code(), Since: test.since, Owned: func(_ context.Context, provider string, ids []string) (owned []string, err error) {
				for _, id := range ids {
					if id == "5000:owned" {
						owned = append(owned, id)
					}
				}
				return owned, nil
			}}
			if _, err := open(t, options(t, s.URL)).Ask(t.Context(), q); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

func TestHook(t *testing.T) {
	p := open(t, options(t, ""))
	push := func(body string) (kit.Inbound, error) {
		return p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, URL: "https://example.com/r", Body: []byte(body)})
	}
	row := func(fields string) string {
		return `[{"user_receive_time":"2024-03-01 09:00:07","nationcode":"86","mobile":"13812345678","sid":"5000:1","ext":"order-1",` + fields + `}]`
	}
	for fields, want := range map[string]struct {
		state  sms.DeliveryState
		reason sms.Reason
	}{
		`"report_status":"SUCCESS","errmsg":"DELIVRD"`: {sms.StateDelivered, ""},
		`"report_status":"FAIL","errmsg":"MBBLACK"`:    {sms.StateBlocked, sms.RecipientBlocked},
		`"report_status":"FAIL","errmsg":"EXPIRED"`:    {sms.StateExpired, sms.InvalidNumber},
		`"report_status":"FAIL","errmsg":"ZZ:0001"`:    {sms.StateUndelivered, ""},
		`"report_status":"MAYBE","errmsg":"ZZ:0001"`:   {0, ""},
	} {
		in, err := push(row(fields))
		if err != nil || len(in.Reports) != 1 || string(in.Answer) != `{"result":0,"errmsg":"OK"}` {
			t.Fatalf("%s: %+v, %v", fields, in, err)
		}
		if r := in.Reports[0]; r.State != want.state || r.Reason != want.reason || r.Key != "order-1" || r.To != to || r.ID != "5000:1" || r.At.UTC().Hour() != 1 {
			t.Errorf("%s: %v %q %q %q %v", fields, r.State, r.Reason, r.Key, r.To.E164(), r.At)
		}
	}
	in, err := push(`{"extend":"","mobile":"13812345678","nationcode":"86","sign":"云通信","text":"TD","time":1709254807}`)
	if err != nil || len(in.Replies) != 1 || in.Replies[0].From != to || in.Replies[0].Text != "TD" || in.Replies[0].At.Unix() != 1709254807 {
		t.Errorf("a reply: %+v, %v", in, err)
	}
	for _, body := range []string{"", "[1]", "{}", "null", `[{"mobile":"1"}]`, `"x"`} {
		if in, err := push(body); !errors.Is(err, kit.ErrMalformed) {
			t.Errorf("%s: %+v, %v", body, in, err)
		}
	}
}

func FuzzHook(f *testing.F) {
	f.Add(`[{"sid":"1","report_status":"SUCCESS","mobile":"13812345678","nationcode":"86"}]`)
	f.Add(`{"mobile":"13812345678","nationcode":"86","text":"x","time":1}`)
	p := open(f, options(f, ""))
	f.Fuzz(func(t *testing.T, body string) {
		in, err := p.Hook(t.Context(), kit.Hook{Method: http.MethodPost, URL: "https://example.com/r", Body: []byte(body)})
		for _, r := range in.Reports {
			if err != nil || r.ID == "" || r.To != "" && !r.To.Valid() {
				t.Errorf("%v, %v", r, err)
			}
		}
	})
}
