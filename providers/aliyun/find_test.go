package aliyun_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// A listing is a transport that lists rows by day, as the vendor does, and keeps
// what it was asked.
type listing struct {
	rows  map[string][]map[string]any // by day
	total string                      // "": the true one
	asked []string                    // day and page
	err   error                       // of a call whose parameters are wrong
}

func (l *listing) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	l.err = errors.Join(l.err, verify(r.Method, form, secret))
	page, _ := strconv.Atoi(form.Get("CurrentPage"))
	size, _ := strconv.Atoi(form.Get("PageSize"))
	if form.Get("Action") != "QuerySendDetails" || form.Get("Version") != "2017-05-25" || page < 1 || size < 1 || size > 50 || form.Has("BizId") || r.URL.RequestURI() != "/" {
		l.err = errors.Join(l.err, fmt.Errorf("the vendor does not take %v", form))
	}
	date := form.Get("SendDate")
	l.asked = append(l.asked, date+" "+form.Get("CurrentPage")+" "+form.Get("PhoneNumber"))
	rows := l.rows[date]
	from := min((page-1)*size, len(rows))
	text, err := json.Marshal(map[string]any{
		"Code": "OK", "Message": "OK", "RequestId": "Q-1", "TotalCount": or(l.total, strconv.Itoa(len(rows))),
		"SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": rows[from:min(from+size, len(rows))]},
	})
	if err != nil {
		return nil, err
	}
	return stub{status: 200, body: string(text)}.RoundTrip(r)
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// detail is a row of the vendor's.
func detail(outID, template, sent string, status int) map[string]any {
	return map[string]any{"OutId": outID, "TemplateCode": template, "SendDate": sent, "ReceiveDate": sent, "PhoneNum": "13812345678",
		"SendStatus": status, "ErrCode": "DELIVERED", "Content": "【通知签名】…"}
}

// The bubble's clock begins at 2000-01-01 00:00:00 UTC, 08:00 in China.
const (
	today  = "20000101"
	atNine = "2000-01-01 09:00:00"
	since  = time.Hour // from the bubble's beginning, 09:00 in China
)

func TestFind(t *testing.T) {
	many := func(n int, last map[string]any) (rows []map[string]any) {
		for range n {
			rows = append(rows, detail("another", "SMS_9999", atNine, 3))
		}
		return append(rows, last)
	}
	type verdict int
	const (
		found verdict = iota
		notFound
		undecided
	)
	for name, test := range map[string]struct {
		rows  []map[string]any
		total string
		after time.Duration // since then; zero: two minutes
		want  verdict
		says  string
	}{
		"without a report":                  {rows: []map[string]any{detail("order-18", "SMS_0002", atNine, 1)}},
		"failed":                            {rows: []map[string]any{detail("order-18", "SMS_0002", atNine, 2)}},
		"delivered":                         {rows: []map[string]any{detail("order-18", "SMS_0002", atNine, 3)}},
		"a status that is new":              {rows: []map[string]any{detail("order-18", "SMS_0002", atNine, 7)}},
		"by another clock":                  {rows: []map[string]any{detail("order-18", "SMS_0002", "2000-01-01 08:50:00", 3)}},
		"beside one of the same template":   {rows: []map[string]any{detail("order-19", "SMS_0002", atNine, 3), detail("order-18", "SMS_0002", atNine, 3)}},
		"on the third page":                 {rows: many(149, detail("order-18", "SMS_0002", atNine, 3))},
		"at once, where it is listed":       {rows: []map[string]any{detail("order-18", "SMS_0002", atNine, 1)}, after: time.Second},
		"nothing":                           {want: notFound},
		"nothing, after exactly a minute":   {after: time.Minute, want: notFound},
		"nothing, too soon":                 {after: 59 * time.Second, want: undecided, says: "1m0s"},
		"another template":                  {rows: []map[string]any{detail("order-19", "SMS_0001", atNine, 3)}, want: notFound},
		"the same template, long before":    {rows: []map[string]any{detail("order-19", "SMS_0002", "2000-01-01 08:58:59", 3)}, want: notFound},
		"the same template, another key":    {rows: []map[string]any{detail("order-19", "SMS_0002", atNine, 3)}, want: undecided, says: "same template"},
		"the same template, no key":         {rows: []map[string]any{detail("", "SMS_0002", "2000-01-01 09:00:30", 3)}, want: undecided, says: "same template"},
		"the same template, a clock behind": {rows: []map[string]any{detail("", "SMS_0002", "2000-01-01 08:59:30", 3)}, want: undecided, says: "same template"},
		"the same template, no time":        {rows: []map[string]any{detail("", "SMS_0002", "", 3)}, want: undecided, says: "same template"},
		"a row without its template":        {rows: []map[string]any{detail("", "", atNine, 3)}, want: undecided, says: "without its template"},
		"the key with another template":     {rows: []map[string]any{detail("order-18", "SMS_0001", atNine, 3)}, want: undecided, says: "another template"},
		"a total that is more than is seen": {rows: []map[string]any{detail("order-19", "SMS_0001", atNine, 3)}, total: "2", want: undecided, says: "ends before"},
		"a total that is no number":         {total: "many", want: undecided, says: "how many"},
		"too many":                          {total: "999999", rows: many(4000, detail("x", "SMS_0001", atNine, 3)), want: undecided, says: "60 calls"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &listing{rows: map[string][]map[string]any{today: test.rows}, total: test.total}
				p := open(t, aliyun.Options{Transport: l})
				began := time.Now().Add(since)
				after := test.after
				if after == 0 {
					after = 2 * time.Minute
				}
				time.Sleep(since + after) // the bubble's clock
				receipt, err := p.Ask(t.Context(), sms.Question{Message: shipped(), Since: began})
				if l.err != nil {
					t.Fatal(l.err)
				}
				switch test.want {
				case found:
					if err != nil || receipt.Provider != "aliyun" || receipt.Key != "order-18" || receipt.Segments != 1 {
						t.Errorf("%+v, %v, want found", receipt, err)
					}
				case notFound:
					if !errors.Is(err, sms.ErrNotFound) || errors.Is(err, sms.ErrUndecided) {
						t.Errorf("%v, want not found", err)
					}
				case undecided:
					if !errors.Is(err, sms.ErrUndecided) || errors.Is(err, sms.ErrNotFound) || sms.OutcomeOf(err) != sms.Unknown || !strings.Contains(err.Error(), test.says) {
						t.Errorf("%v, want undecided, with %q", err, test.says)
					}
				}
			})
		})
	}
}

func TestFind_asksForEachDayInChina(t *testing.T) {
	for name, test := range map[string]struct {
		since, now time.Duration // from 08:00 on the first of January in China
		to         sms.Number
		want       []string
	}{
		"within a day":              {time.Hour, 2 * time.Hour, mainland, []string{"20000101 1 13812345678"}},
		"abroad":                    {time.Hour, 2 * time.Hour, hongKong, []string{"20000101 1 0085251234567"}},
		"over midnight":             {15*time.Hour + 59*time.Minute, 16*time.Hour + 10*time.Minute, mainland, []string{"20000101 1 13812345678", "20000102 1 13812345678"}},
		"shortly before midnight":   {15*time.Hour + 40*time.Minute, 15*time.Hour + 50*time.Minute, mainland, []string{"20000101 1 13812345678", "20000102 1 13812345678"}},
		"shortly after midnight":    {16*time.Hour + 5*time.Minute, 16*time.Hour + 30*time.Minute, mainland, []string{"20000101 1 13812345678", "20000102 1 13812345678"}},
		"three days":                {10 * time.Hour, 58 * time.Hour, mainland, []string{"20000101 1 13812345678", "20000102 1 13812345678", "20000103 1 13812345678"}},
		"more days than are listed": {0, 30 * 24 * time.Hour, mainland, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &listing{}
				p := open(t, aliyun.Options{Transport: l})
				began := time.Now().Add(test.since)
				time.Sleep(test.now) // the bubble's clock
				m := loginCode()
				m.To = test.to
				_, err := p.Ask(t.Context(), sms.Question{Message: m, Since: began})
				if !slices.Equal(l.asked, test.want) || l.err != nil {
					t.Errorf("asked %q (%v), want %q", l.asked, l.err, test.want)
				}
				if want := sms.ErrNotFound; test.want != nil && !errors.Is(err, want) || test.want == nil && !errors.Is(err, sms.ErrUndecided) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// What is not a listing is never taken for "not there".
func TestFind_undecidedByAnythingElse(t *testing.T) {
	ok := `{"Code":"OK","TotalCount":"1","SmsSendDetailDTOs":{"SmsSendDetailDTO":[{"OutId":"order-18","TemplateCode":"SMS_0002"}]}}`
	for name, answer := range map[string]stub{
		"not permitted":         {status: 200, body: object("Code", "isp.RAM_PERMISSION_DENY", "Message", "没有访问权限")},
		"not permitted, by 403": {status: 403, body: gatewayBody("Forbidden.RAM", "no")},
		"throttled":             {status: 400, body: gatewayBody("Throttling.User", "slowly")},
		"a bad number":          {status: 200, body: object("Code", "isv.MOBILE_NUMBER_ILLEGAL")},
		"a page":                {status: 502, body: "<html>"},
		"a redirect":            {status: 302},
		"nothing":               {status: 200},
		"null":                  {status: 200, body: "null"},
		"no code":               {status: 200, body: `{"TotalCount":"0"}`},
		"no total":              {status: 200, body: `{"Code":"OK"}`},
		"a total of words":      {status: 200, body: `{"Code":"OK","TotalCount":"none"}`},
		"a negative total":      {status: 200, body: `{"Code":"OK","TotalCount":-1}`},
		"rows that are none":    {status: 200, body: `{"Code":"OK","TotalCount":0,"SmsSendDetailDTOs":[1]}`},
	} {
		t.Run(name, func(t *testing.T) {
			wantUndecided(t, answer)
		})
	}
	for size := range len(ok) {
		wantUndecided(t, stub{status: 200, body: ok[:size]})
	}
	p := open(t, aliyun.Options{Transport: stub{status: 200, body: ok}})
	if _, err := p.Ask(t.Context(), sms.Question{Message: shipped(), Since: time.Now().Add(-time.Hour)}); err != nil {
		t.Errorf("the whole listing: %v", err)
	}
}

func wantUndecided(t *testing.T, answer stub) {
	t.Helper()
	p := open(t, aliyun.Options{Transport: answer})
	_, err := p.Ask(t.Context(), sms.Question{Message: shipped(), Since: time.Now().Add(-time.Hour)})
	if !errors.Is(err, sms.ErrUndecided) || errors.Is(err, sms.ErrNotFound) || sms.OutcomeOf(err) != sms.Unknown {
		t.Errorf("%d %q: %v (%v)", answer.status, answer.body, err, sms.OutcomeOf(err))
	}
	if text := shown(err); strings.Contains(text, "13812345678") || strings.Contains(text, secret) {
		t.Errorf("the error shows what it must not: %s", text)
	}
}

func TestFind_questionsThatCannotBeAsked(t *testing.T) {
	p := open(t, aliyun.Options{Transport: stub{status: 500}})
	ago := time.Now().Add(-time.Hour)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ask := range map[string]func() (sms.Receipt, error){
		"no key": func() (sms.Receipt, error) {
			m := shipped()
			m.Key = ""
			return p.Ask(t.Context(), sms.Question{Message: m, Since: ago})
		},
		"no time": func() (sms.Receipt, error) {
			return p.Ask(t.Context(), sms.Question{Message: shipped(), Since: time.Time{}})
		},
		"in the future": func() (sms.Receipt, error) {
			return p.Ask(t.Context(), sms.Question{Message: shipped(), Since: time.Now().Add(48 * time.Hour)})
		},
		"two numbers": func() (sms.Receipt, error) {
			m := shipped()
			m.To = "13800000000,13900000000"
			return p.Ask(t.Context(), sms.Question{Message: m, Since: ago})
		},
		"an unbound template": func() (sms.Receipt, error) {
			m := sms.Message{To: mainland, Template: "unbound", Key: "k"}
			return p.Ask(t.Context(), sms.Question{Message: m, Since: ago})
		},
		"a context over": func() (sms.Receipt, error) { return p.Ask(over, sms.Question{Message: shipped(), Since: ago}) },
	} {
		if _, err := ask(); !errors.Is(err, sms.ErrUndecided) || errors.Is(err, sms.ErrNotFound) || sms.OutcomeOf(err) != sms.Unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An expired message may have been taken before it expired.
func TestFind_anExpiredMessage(t *testing.T) {
	p := open(t, aliyun.Options{Transport: &listing{}})
	m := shipped()
	m.Expires = time.Now().Add(-time.Minute)
	if _, err := p.Ask(t.Context(), sms.Question{Message: m, Since: time.Now().Add(-time.Hour)}); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("%v, want not found", err)
	}
}

// The unknown resolved: the connection was cut after the vendor took the message,
// and before.
func TestFind_afterACutConnection(t *testing.T) {
	sb := sandboxtest.Start(t)
	p := open(t, aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, Endpoint: sb.URL, FindAfter: time.Nanosecond})
	for _, cut := range []sandbox.HangUp{sandbox.HangUpBefore, sandbox.HangUpAfter} {
		sb.Clear("")
		if err := sb.SetFaults(sandbox.Fault{Operation: "SendSms", HangUp: cut}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		m := loginCode()
		_, err := p.Send(t.Context(), m)
		if sms.OutcomeOf(err) != sms.Unknown {
			t.Fatalf("%v is %v", err, sms.OutcomeOf(err))
		}
		receipt, err := p.Ask(t.Context(), sms.Question{Message: m, Since: began})
		if taken := cut == sandbox.HangUpAfter; taken != (err == nil) || !taken && !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("cut %s: %+v, %v", cut, receipt, err)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add(200, `{"Code":"OK","TotalCount":"1","SmsSendDetailDTOs":{"SmsSendDetailDTO":[{"OutId":"order-18","TemplateCode":"SMS_0002","SendStatus":3}]}}`)
	f.Add(200, `{"Code":"OK","TotalCount":0,"SmsSendDetailDTOs":{"SmsSendDetailDTO":[{"SendStatus":1e99}]}}`)
	f.Add(200, `{"Code":"OK","TotalCount":"0"`)
	f.Add(400, `{"Code":1}`)
	registry := registry(f)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			status = 200
		}
		p, err := aliyun.New(aliyun.Options{AccessKeyID: keyID, AccessKeySecret: secret, From: "云通信", Templates: registry, Transport: stub{status: status, body: body}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		_, err = p.Ask(context.Background(), sms.Question{Message: shipped(), Since: time.Now().Add(-time.Hour)})
		switch {
		case err == nil && !strings.Contains(body, "SMS_0002") && !strings.Contains(body, `\`):
			t.Errorf("%d %q: found", status, body)
		case errors.Is(err, sms.ErrNotFound) && (status >= 300 || !json.Valid([]byte(body)) || !strings.Contains(body, "TotalCount") && !strings.Contains(body, `\`)):
			t.Errorf("%d %q: not found", status, body)
		case err != nil && !errors.Is(err, sms.ErrNotFound) && !errors.Is(err, sms.ErrUndecided):
			t.Errorf("%d %q: %v is no answer of a Finder", status, body, err)
		}
	})
}
