package twilio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sms"
)

func TestStatusDecides(t *testing.T) {
	const (
		none    = ""
		html    = "<html><body>Bad gateway</body></html>"
		unknown = `{"code":99999,"message":"new","more_info":"https://www.twilio.com/docs/errors/99999","status":400}`
	)
	for name, test := range map[string]struct {
		status  int
		body    string
		reason  sms.Reason
		outcome sms.Outcome
	}{
		"400 with a new code":                   {400, unknown, sms.Unsupported, sms.Rejected},
		"400 without a body":                    {400, none, sms.Unsupported, sms.Rejected},
		"400 with garbage":                      {400, "\x00\xff{", sms.Unsupported, sms.Rejected},
		"400 with JSON of another kind":         {400, `[1,2]`, sms.Unsupported, sms.Rejected},
		"400 with fields of other types":        {400, `{"code":{"a":1},"message":7}`, sms.Unsupported, sms.Rejected},
		"400 with a code whose 5xx is unknown":  {400, `{"code":20500}`, sms.Unavailable, sms.Rejected},
		"400 with a code of reports":            {400, `{"code":30007}`, sms.ContentRejected, sms.Rejected},
		"400 that says it is a 500":             {400, `{"code":21211,"status":500}`, sms.InvalidNumber, sms.Rejected},
		"401":                                   {401, none, sms.Unauthorized, sms.Rejected},
		"402":                                   {402, html, sms.Unsupported, sms.Rejected},
		"403":                                   {403, html, sms.Unauthorized, sms.Rejected},
		"404":                                   {404, html, sms.Unsupported, sms.Rejected},
		"408":                                   {408, none, sms.Unavailable, sms.Unknown},
		"408 with a code":                       {408, `{"code":21211}`, sms.Unavailable, sms.Unknown},
		"429 without a body":                    {429, none, sms.Throttled, sms.Rejected},
		"429 with a new code":                   {429, unknown, sms.Throttled, sms.Rejected},
		"499":                                   {499, none, sms.Unsupported, sms.Rejected},
		"500":                                   {500, none, sms.Unavailable, sms.Unknown},
		"500 with a new code":                   {500, unknown, sms.Unavailable, sms.Unknown},
		"500 with a code that rules it out":     {500, `{"code":21610}`, sms.RecipientBlocked, sms.Rejected},
		"500 with a code of reports":            {500, `{"code":30005}`, sms.Unavailable, sms.Unknown},
		"502 of a proxy":                        {502, html, sms.Unavailable, sms.Unknown},
		"503 with Twilio's code":                {503, `{"code":20503}`, sms.Unavailable, sms.Unknown},
		"504":                                   {504, none, sms.Unavailable, sms.Unknown},
		"599":                                   {599, none, sms.Unavailable, sms.Unknown},
		"301":                                   {301, none, sms.Unavailable, sms.Unknown},
		"307":                                   {307, none, sms.Unavailable, sms.Unknown},
		"302 with a message in it":              {302, accepted, sms.Unavailable, sms.Unknown},
		"200 with nothing in it":                {200, `{}`, sms.Internal, sms.Unknown},
		"200 of a refusal":                      {200, `{"code":21211,"message":"x","status":400}`, sms.Internal, sms.Unknown},
		"200 null":                              {200, `null`, sms.Internal, sms.Unknown},
		"200 with a page":                       {200, html, sms.Internal, sms.Unknown},
		"201 without a body":                    {201, none, sms.Internal, sms.Unknown},
		"201 with an empty sid":                 {201, `{"sid":""}`, sms.Internal, sms.Unknown},
		"201 with a sid that is a number":       {201, `{"sid":"15551234567"}`, sms.Internal, sms.Unknown},
		"201 with num_segments as a number":     {201, `{"sid":"` + messageSID + `","num_segments":1}`, sms.Internal, sms.Unknown},
		"201 of a message that has failed":      {201, `{"sid":"` + messageSID + `","status":"failed","error_code":30002}`, sms.AccountBlocked, sms.Rejected},
		"201 of one that has failed, no reason": {201, `{"sid":"` + messageSID + `","status":"failed"}`, sms.Unsupported, sms.Rejected},
		"204":                                   {204, none, sms.Internal, sms.Unknown},
		"299 that cannot be read":               {299, `{"sid":`, sms.Internal, sms.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if test.status/100 == 3 {
					w.Header().Set("Location", "/elsewhere")
				}
				answer(test.status, test.body)(w, r)
			})
			r, err := open(t, options(t, v.URL)).Send(t.Context(), login())
			e := refused(t, err, test.reason, test.outcome)
			if e.RequestID != requestID {
				t.Errorf("the request ID is %q", e.RequestID)
			}
			if r.ID != "" {
				t.Errorf("there is a receipt: %+v", r)
			}
			v.only(t) // no redirect was followed, nothing was repeated
		})
	}
}

func TestAnyReadable2xxIsAccepted(t *testing.T) {
	for _, status := range []int{200, 201, 202} {
		v := serve(t, answer(status, `{"sid":"`+messageSID+`"}`))
		r, err := open(t, options(t, v.URL)).Send(t.Context(), login())
		if err != nil || r.ID != messageSID {
			t.Errorf("%d: %+v, %v", status, r, err)
		}
	}
}

// A cut answer may be of a message that was taken: at no byte is it accepted or
// refused, unless the part is the whole.
func TestAnswerCutAtEachByte(t *testing.T) {
	ways := map[string]func(c net.Conn, part string){
		"by length": func(c net.Conn, part string) {
			fmt.Fprintf(c, "HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s", len(accepted), part)
		},
		"chunked": func(c net.Conn, part string) {
			fmt.Fprintf(c, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(accepted), part)
		},
		"until close": func(c net.Conn, part string) {
			fmt.Fprintf(c, "HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n%s", part)
		},
	}
	for name, write := range ways {
		t.Run(name, func(t *testing.T) {
			size := 0
			v := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				write(c, accepted[:size])
				c.Close()
			})
			p := open(t, options(t, v.URL))
			for size = range len(accepted) {
				_, err := p.Send(t.Context(), login())
				if sms.OutcomeOf(err) != sms.Unknown {
					t.Fatalf("cut after %d of %d bytes it is %v: %v", size, len(accepted), sms.OutcomeOf(err), err)
				}
			}
		})
	}
}

func TestWholeMessageInACutAnswerIsUnknown(t *testing.T) {
	v := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(accepted)+1))
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, accepted)
	})
	_, err := open(t, options(t, v.URL)).Send(t.Context(), login())
	refused(t, err, sms.Unavailable, sms.Unknown)
}

func TestCutRefusalIsNoMoreThanItsStatus(t *testing.T) {
	v := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"code":21610}`)
	})
	_, err := open(t, options(t, v.URL)).Send(t.Context(), login())
	refused(t, err, sms.Unsupported, sms.Rejected)
}

func TestHugeAnswers(t *testing.T) {
	for _, test := range []struct {
		status  int
		reason  sms.Reason
		outcome sms.Outcome
	}{{400, sms.Unsupported, sms.Rejected}, {502, sms.Unavailable, sms.Unknown}, {201, sms.Internal, sms.Unknown}} {
		t.Run(strconv.Itoa(test.status), func(t *testing.T) {
			v := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				for {
					if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
						return
					}
				}
			})
			o := options(t, v.URL)
			o.Timeout = time.Minute // the bound on bytes is meant to end it, also on a busy machine
			_, err := open(t, o).Send(t.Context(), login())
			refused(t, err, test.reason, test.outcome)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
		for name, test := range map[string]struct {
			header http.Header
			want   time.Duration
		}{
			"none":                         {http.Header{}, 0},
			"seconds":                      {http.Header{"Retry-After": {"30"}}, 30 * time.Second},
			"seconds with blanks":          {http.Header{"Retry-After": {" 30 "}}, 30 * time.Second},
			"zero":                         {http.Header{"Retry-After": {"0"}}, 0},
			"negative":                     {http.Header{"Retry-After": {"-5"}}, 0},
			"a fraction":                   {http.Header{"Retry-After": {"1.5"}}, 1500 * time.Millisecond},
			"words":                        {http.Header{"Retry-After": {"soon"}}, 0},
			"a date":                       {http.Header{"Retry-After": {date(90 * time.Second)}}, 90 * time.Second},
			"a date of the past":           {http.Header{"Retry-After": {date(-time.Hour)}}, 0},
			"a date by the vendor's clock": {http.Header{"Retry-After": {date(time.Hour)}, "Date": {date(time.Hour - time.Minute)}}, time.Minute},
			"more seconds than a Duration": {http.Header{"Retry-After": {"99999999999999999999"}}, 7 * 24 * time.Hour},
			"a date of another century":    {http.Header{"Retry-After": {"Fri, 01 Jan 2999 00:00:00 GMT"}}, 7 * 24 * time.Hour},
		} {
			o := options(t, "")
			o.Transport = canned(http.StatusTooManyRequests, test.header, `{"code":20429,"message":"Too Many Requests","status":429}`)
			_, err := open(t, o).Send(t.Context(), login())
			if e := refused(t, err, sms.Throttled, sms.Rejected); e.RetryAfter != test.want {
				t.Errorf("%s: %v, want %v", name, e.RetryAfter, test.want)
			}
		}
	})
}

func TestCallsThatEndWithoutAnAnswer(t *testing.T) {
	t.Run("refused connection", func(t *testing.T) {
		s := httptest.NewServer(http.NotFoundHandler())
		s.Close()
		_, err := open(t, options(t, s.URL)).Send(t.Context(), login())
		refused(t, err, sms.Unavailable, sms.Rejected)
	})
	t.Run("hung up after the request", func(t *testing.T) {
		v := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		_, err := open(t, options(t, v.URL)).Send(t.Context(), login())
		refused(t, err, sms.Unavailable, sms.Unknown)
		v.only(t)
	})
	t.Run("the caller leaves", func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		v := serve(t, func(_ http.ResponseWriter, r *http.Request) { leave(); <-r.Context().Done() })
		_, err := open(t, options(t, v.URL)).Send(ctx, login())
		if refused(t, err, sms.Canceled, sms.Unknown); !errors.Is(err, context.Canceled) {
			t.Errorf("the context's error is not kept: %v", err)
		}
	})
	t.Run("the caller has left", func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		leave()
		v := serve(t, answer(http.StatusCreated, accepted))
		_, err := open(t, options(t, v.URL)).Send(ctx, login())
		if refused(t, err, sms.Canceled, sms.Rejected); len(v.taken()) > 0 {
			t.Error("a call was made")
		}
	})
	t.Run("our own time-out", func(t *testing.T) {
		v := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		o := options(t, v.URL)
		o.Timeout = 50 * time.Millisecond
		_, err := open(t, o).Send(t.Context(), login())
		if refused(t, err, sms.Unavailable, sms.Unknown); errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a context error is reachable, and the caller did not leave: %v", err)
		}
	})
	t.Run("after Close", func(t *testing.T) {
		v := serve(t, answer(http.StatusCreated, accepted))
		p := open(t, options(t, v.URL))
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := p.Send(t.Context(), login())
		if refused(t, err, sms.Internal, sms.Rejected); !errors.Is(err, sms.ErrClosed) {
			t.Errorf("it is not ErrClosed: %v", err)
		}
	})
}

// Whatever the answer, Send returns an *sms.Error or a receipt, says accepted
// only of a 2xx with an ID, and refused only by a status that refuses or a
// message that failed at once.
func FuzzAnswer(f *testing.F) {
	f.Add(201, accepted, "", "")
	f.Add(400, `{"code":21211,"message":"The 'To' number +15551234567 is not valid","more_info":"x","status":400}`, "RQ1", "")
	f.Add(429, "", "RQ1", "30")
	f.Add(503, "<html>", "+15551234567", "Fri, 01 Jan 2999 00:00:00 GMT")
	f.Add(400, `{"code":"21610","message":"482913"}`, "", "-1")
	f.Add(200, `{"sid":"SM1","status":"failed","error_code":30002,"error_message":"482913"}`, "", "")
	f.Add(307, `{"sid":"SM1"}`, "", "")
	o := options(f, "")
	answers := make(chan transport, 1)
	o.Transport = transport(func(r *http.Request) (*http.Response, error) { return (<-answers)(r) })
	p := open(f, o)
	f.Fuzz(func(t *testing.T, status int, body, request, retry string) {
		status = 200 + int(uint(status)%400)
		answers <- canned(status, http.Header{"Twilio-Request-Id": {request}, "Retry-After": {retry}}, body)
		r, err := p.Send(t.Context(), login())
		if err == nil {
			if status > 299 || r.ID == "" {
				t.Fatalf("a %d is accepted: %+v", status, r)
			}
			return
		}
		e, ok := errors.AsType[*sms.Error](err)
		if !ok {
			t.Fatalf("the error is %T", err)
		}
		failed := status < 300 && strings.Contains(body, "failed")
		if e.Outcome == sms.Rejected && status < 400 && !failed || e.Outcome == sms.Unknown && status >= 400 && status < 500 && status != 408 {
			t.Fatalf("a %d with %q is %v", status, body, e.Outcome)
		}
		if e.RetryAfter < 0 {
			t.Fatalf("RetryAfter %v of %q", e.RetryAfter, retry)
		}
		text := fmt.Sprintf("%v %+v %#v", err, err, err)
		for _, hidden := range []string{to.E164(), code, token} {
			if strings.Contains(text, hidden) {
				t.Fatalf("the error shows %q", hidden)
			}
		}
	})
}

// A Retry-After is never negative, never longer than a week, and never a panic.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"0", "30", "-1", " 5 ", "99999999999999999999", "Fri, 01 Jan 2999 00:00:00 GMT", "Friday, 01-Jan-99 00:00:00 GMT", "soon"} {
		f.Add(s, "")
		f.Add(s, "Thu, 24 Aug 2023 05:01:45 GMT")
	}
	o := options(f, "")
	headers := make(chan http.Header, 1)
	o.Transport = transport(func(r *http.Request) (*http.Response, error) { return canned(429, <-headers, "")(r) })
	p := open(f, o)
	f.Fuzz(func(t *testing.T, retry, date string) {
		headers <- http.Header{"Retry-After": {retry}, "Date": {date}}
		_, err := p.Send(t.Context(), login())
		e := refused(t, err, sms.Throttled, sms.Rejected)
		if e.RetryAfter < 0 || e.RetryAfter > 7*24*time.Hour {
			t.Errorf("%q with the date %q is %v", retry, date, e.RetryAfter)
		}
		if n, err := strconv.Atoi(retry); err == nil && n >= 0 && n <= 604800 && retry[0] != '+' && e.RetryAfter != time.Duration(n)*time.Second {
			t.Errorf("%q is %v", retry, e.RetryAfter)
		}
	})
}
