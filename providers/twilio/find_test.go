package twilio_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// An item is a message in Twilio's list; zero fields are those of a message that
// matches notice and was made just now.
type item struct {
	body, to, direction, sid string
	age                      time.Duration
	null                     string // name of a field that is null
}

const noticeText = "Ann, order 7 has shipped."

// notice is the message that is looked for.
func notice() sms.Message {
	return sms.Message{To: to, Template: "shipped", Params: sms.Params{"name": "Ann", "order": "7"}, Key: "key-1"}
}

// listing answers with the items whose turn it is.
func listing(items ...item) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer(http.StatusOK, listed("", time.Now(), items...))(w, nil)
	}
}

func listed(next string, now time.Time, items ...item) string {
	var messages []string
	for i, it := range items {
		fields := map[string]string{
			"sid": or(it.sid, fmt.Sprintf("SM%032d", i)), "to": or(it.to, to.E164()), "body": or(it.body, noticeText),
			"direction": or(it.direction, "outbound-api"), "num_segments": "1", "status": "sent",
			"date_created": now.Add(-it.age).UTC().Format(time.RFC1123Z),
		}
		var parts []string
		for name, value := range fields {
			text := jsonString(value)
			if name == it.null {
				text = "null"
			}
			parts = append(parts, jsonString(name)+":"+text)
		}
		messages = append(messages, "{"+strings.Join(parts, ",")+"}")
	}
	nextURI := "null"
	if next != "" {
		nextURI = jsonString(next)
	}
	return `{"page":0,"page_size":200,"next_page_uri":` + nextURI + `,"messages":[` + strings.Join(messages, ",") + `]}`
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

type verdict int

const (
	isFound verdict = iota
	isNotFound
	isUndecided
)

func (v verdict) String() string { return []string{"found", "not found", "undecided"}[v] }

// verdictOf tells what Find said, and demands that it is one of three.
func verdictOf(t *testing.T, r sms.Receipt, err error) verdict {
	t.Helper()
	switch {
	case err == nil && r.ID != "":
		return isFound
	case err == sms.ErrNotFound:
		return isNotFound
	case errors.Is(err, sms.ErrUndecided) && !errors.Is(err, sms.ErrNotFound):
		if sms.OutcomeOf(err) != sms.Unknown {
			t.Errorf("an undecided Find is %v to who asks for the outcome: %v", sms.OutcomeOf(err), err)
		}
		if strings.Contains(err.Error(), to.E164()) || strings.Contains(err.Error(), noticeText) {
			t.Errorf("the error shows the message: %v", err)
		}
		return isUndecided
	}
	t.Fatalf("Find answers %+v, %v", r, err)
	return 0
}

func TestFind(t *testing.T) {
	content := sms.Template{Name: "content", Text: "hello", Bindings: map[string]sms.Binding{"twilio": {ID: content}}}
	for name, test := range map[string]struct {
		items   []item
		message sms.Message
		ago     time.Duration // how long ago the first try was
		want    verdict
	}{
		"it is there":                              {items: []item{{}}, want: isFound},
		"it is not there":                          {want: isNotFound},
		"not there, too early to tell":             {ago: 30 * time.Second, want: isUndecided},
		"it is there at once":                      {items: []item{{age: time.Second}}, ago: 2 * time.Second, want: isFound},
		"another text that nobody owns":            {items: []item{{body: "Bob, order 8 has shipped."}}, want: isUndecided},
		"another text beside it":                   {items: []item{{body: "something else"}, {}}, want: isFound},
		"the same text before the first try":       {items: []item{{age: 10 * time.Minute}}, want: isNotFound},
		"the same text before it and after it":     {items: []item{{age: 10 * time.Minute}, {}}, want: isFound},
		"in the same second as the first try":      {items: []item{{age: 2 * time.Minute}}, want: isFound},
		"a reply from the number":                  {items: []item{{direction: "inbound"}}, want: isNotFound},
		"a list that was not filtered":             {items: []item{{to: "+15550000000"}}, want: isNotFound},
		"twin notices":                             {items: []item{{}, {sid: "SMtwin"}}, want: isUndecided},
		"a redacted text":                          {items: []item{{null: "body"}}, want: isUndecided},
		"a redacted text beside it":                {items: []item{{}, {null: "body"}}, want: isUndecided},
		"a redacted text before the first try":     {items: []item{{age: 10 * time.Minute, null: "body"}}, want: isNotFound},
		"a message without a time":                 {items: []item{{null: "date_created"}}, want: isUndecided},
		"a message without a number":               {items: []item{{null: "to"}}, want: isUndecided},
		"a message without an ID":                  {items: []item{{null: "sid"}}, want: isUndecided},
		"curly quotes rewritten":                   {message: sms.Message{To: to, Body: "“Ann’s” order…", Key: "k"}, items: []item{{body: `"Ann's" order...`}}, want: isUndecided},
		"look-alike letters rewritten":             {message: sms.Message{To: to, Body: "Неllо wоrld", Key: "k"}, items: []item{{body: "Hello world"}}, want: isUndecided},
		"a shortened link":                         {message: sms.Message{To: to, Body: "Track it: https://example.com/track/7 now", Key: "k"}, items: []item{{body: "Track it: https://twil.io/xYz now"}}, want: isUndecided},
		"a trial account's words before it":        {items: []item{{body: "Sent from your Twilio trial account - " + noticeText}}, want: isUndecided},
		"a text in Chinese and one that may be it": {message: sms.Message{To: to, Body: "您的包裹已到", Key: "k"}, items: []item{{body: "something"}}, want: isUndecided},
		"a content template and any message":       {message: sms.Message{To: to, Template: "content", Key: "k"}, items: []item{{body: "hello"}}, want: isUndecided},
		"a content template and none":              {message: sms.Message{To: to, Template: "content", Key: "k"}, want: isNotFound},
		"no key":                                   {message: sms.Message{To: to, Body: noticeText}, items: []item{{}}, want: isUndecided},
		"a message that could not have been sent":  {message: sms.Message{To: to, Template: "nothing", Key: "k"}, want: isUndecided},
		"a message that has expired since":         {message: sms.Message{To: to, Body: noticeText, Key: "k", Expires: time.Now().Add(-time.Second)}, items: []item{{}}, want: isFound},
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, listing(test.items...))
			o := options(t, v.URL)
			o.Templates = templates(t, content)
			m := notice()
			if test.message.To != "" {
				m = test.message
			}
			ago := 2 * time.Minute
			if test.ago > 0 {
				ago = test.ago
			}
			r, err := open(t, o).Ask(t.Context(), sms.Question{Message: m, Since: time.Now().Add(-ago)})
			if got := verdictOf(t, r, err); got != test.want {
				t.Errorf("it is %v, want %v: %v", got, test.want, err)
			}
			if err == nil && (r.Provider != "twilio" || r.Key != m.Key || r.Segments != 1) {
				t.Errorf("the receipt is %+v", r)
			}
			for _, c := range v.taken() {
				q, _ := url.ParseQuery(strings.SplitN(c.path, "?", 2)[1])
				if c.method != "GET" || q.Get("To") != to.E164() || c.user != account {
					t.Errorf("%s with To=%q", c.method, q.Get("To"))
				}
			}
		})
	}
}

func TestFindIsUndecidedWhereTheListCannotBeRead(t *testing.T) {
	whole := listed("", time.Now(), item{})
	for name, vendor := range map[string]http.HandlerFunc{
		"refused":        answer(http.StatusUnauthorized, `{"code":20003,"message":"Authenticate","status":401}`),
		"not permitted":  answer(http.StatusForbidden, `{"code":20008,"message":"no list with test credentials","status":403}`),
		"not found":      answer(http.StatusNotFound, `{"code":20404,"message":"not found","status":404}`),
		"throttled":      answer(http.StatusTooManyRequests, ""),
		"broken":         answer(http.StatusInternalServerError, "<html>"),
		"empty":          answer(http.StatusOK, ""),
		"not a list":     answer(http.StatusOK, `{}`),
		"null":           answer(http.StatusOK, `{"messages":null}`),
		"cut":            answer(http.StatusOK, whole[:len(whole)/2]),
		"a redirect":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"hung up":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no next page":   answer(http.StatusOK, listed("/2010-04-01/nowhere", time.Now())),
		"without an end": answer(http.StatusOK, listed("/2010-04-01/x?PageToken=PA1&Page=1", time.Now())),
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, vendor)
			p := open(t, options(t, v.URL))
			r, err := p.Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-time.Hour)})
			if got := verdictOf(t, r, err); got != isUndecided {
				t.Errorf("it is %v: %v", got, err)
			}
			if n := len(v.taken()); n > 10 {
				t.Errorf("%d pages were asked for", n)
			}
		})
	}
	t.Run("the caller leaves", func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		leave()
		r, err := open(t, options(t, "")).Ask(ctx, sms.Question{Message: notice(), Since: time.Now().Add(-time.Hour)})
		if got := verdictOf(t, r, err); got != isUndecided || !errors.Is(err, context.Canceled) {
			t.Errorf("it is %v: %v", got, err)
		}
	})
	t.Run("after Close", func(t *testing.T) {
		p := open(t, options(t, ""))
		p.Close()
		r, err := p.Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-time.Hour)})
		if got := verdictOf(t, r, err); got != isUndecided || !errors.Is(err, sms.ErrClosed) {
			t.Errorf("it is %v: %v", got, err)
		}
	})
	t.Run("since when is not said", func(t *testing.T) {
		r, err := open(t, options(t, "")).Ask(t.Context(), sms.Question{Message: notice(), Since: time.Time{}})
		if got := verdictOf(t, r, err); got != isUndecided {
			t.Errorf("it is %v: %v", got, err)
		}
	})
}

func TestFindReadsEveryPage(t *testing.T) {
	pages := 0
	v := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("Page"))
		if token := r.URL.Query().Get("PageToken"); token != or("", map[int]string{0: "", 1: "PA1", 2: "PA2"}[n]) {
			t.Errorf("page %d was asked for with the token %q", n, token)
		}
		pages++
		next, it := fmt.Sprintf("/2010-04-01/Accounts/x/Messages.json?Page=%d&PageToken=PA%[1]d&To=x", n+1), item{body: "another", sid: fmt.Sprintf("SMpage%d", n)}
		if n == 2 {
			next, it = "", item{}
		}
		answer(http.StatusOK, listed(next, time.Now(), it))(w, r)
	})
	r, err := open(t, options(t, v.URL)).Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-time.Hour)})
	if got := verdictOf(t, r, err); got != isFound || pages != 3 {
		t.Errorf("it is %v after %d pages: %v", got, pages, err)
	}
}

// Twilio's clock is an hour before ours, or behind it: what counts is its own.
func TestFindGoesByTwiliosClock(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		for age, want := range map[time.Duration]verdict{time.Minute: isFound, 10 * time.Minute: isNotFound} {
			v := serve(t, func(w http.ResponseWriter, r *http.Request) {
				there := time.Now().Add(ahead)
				w.Header().Set("Date", there.UTC().Format(http.TimeFormat))
				answer(http.StatusOK, listed("", there, item{age: age}))(w, r)
			})
			r, err := open(t, options(t, v.URL)).Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-2 * time.Minute)})
			if got := verdictOf(t, r, err); got != want {
				t.Errorf("clock %v ahead, made %v ago: it is %v, want %v: %v", ahead, age, got, want, err)
			}
		}
	}
}

// A vendor that takes messages, and answers as it is told.
func TestFindOfTwins(t *testing.T) {
	var items []item
	lose := false
	v := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			listing(items...)(w, r)
			return
		}
		sid := fmt.Sprintf("SM%032d", len(items)+100)
		items = append(items, item{sid: sid})
		if lose {
			panic(http.ErrAbortHandler)
		}
		answer(http.StatusCreated, `{"sid":"`+sid+`"}`)(w, r)
	})
	p := open(t, options(t, v.URL))
	since := time.Now().Add(-2 * time.Minute)
	send := func(key string) (sms.Receipt, error) { m := notice(); m.Key = key; return p.Send(t.Context(), m) }
	find := func(key string) (sms.Receipt, error) {
		m := notice()
		m.Key = key
		return p.Ask(t.Context(), sms.Question{Message: m, Since: since})
	}

	first, err := send("accepted")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := find("never sent"); verdictOf(t, r, err) != isNotFound {
		t.Errorf("another key's message was taken for its own: %+v", r)
	}
	if r, err := find("accepted"); err != nil || r.ID != first.ID {
		t.Errorf("an accepted message is not found as its own: %+v, %v", r, err)
	}
	lose = true
	if _, err := send("lost"); sms.OutcomeOf(err) != sms.Unknown {
		t.Fatal(err)
	}
	lost, err := find("lost")
	if verdictOf(t, lost, err) != isFound || lost.ID == first.ID {
		t.Errorf("the lost one is %+v, %v", lost, err)
	}
	if again, err := find("lost"); err != nil || again.ID != lost.ID {
		t.Errorf("asked again it is %+v, %v", again, err)
	}
	if r, err := find("its twin"); verdictOf(t, r, err) != isNotFound {
		t.Errorf("what was found for one key was found for another: %+v", r)
	}
}

func TestFindWaitsForASendOfTheSameText(t *testing.T) {
	arrived, goOn := make(chan bool), make(chan bool)
	v := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			arrived <- true
			<-goOn
			answer(http.StatusCreated, accepted)(w, r)
			return
		}
		listing(item{sid: messageSID})(w, r)
	})
	p := open(t, options(t, v.URL))
	m := notice()
	m.Key = "another"
	done := make(chan error)
	go func() {
		_, err := p.Send(t.Context(), m)
		done <- err
	}()
	<-arrived
	r, err := p.Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-time.Hour)})
	if got := verdictOf(t, r, err); got != isUndecided {
		t.Errorf("while the message may be that of a call in flight it is %v: %v", got, err)
	}
	if n := len(v.taken()); n != 1 {
		t.Errorf("the list was asked: what ends while it is made may be missing in it")
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r, err = p.Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-time.Hour)})
	if got := verdictOf(t, r, err); got != isNotFound {
		t.Errorf("after the call has claimed it, it is %v: %v", got, err)
	}
}

// A send of the same text begins after Find did, and is listed before its own
// answer has come.
func TestFindTakesNothingFromASendThatBeganMeanwhile(t *testing.T) {
	arrived, goOn, done := make(chan bool), make(chan bool), make(chan error)
	var p *twilio.Provider
	v := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			arrived <- true
			<-goOn
			answer(http.StatusCreated, accepted)(w, r)
			return
		}
		go func() {
			m := notice()
			m.Key = "another"
			_, err := p.Send(context.WithoutCancel(r.Context()), m)
			done <- err
		}()
		<-arrived
		listing(item{sid: messageSID})(w, r)
	})
	p = open(t, options(t, v.URL))
	r, err := p.Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-time.Hour)})
	if got := verdictOf(t, r, err); got != isUndecided {
		t.Errorf("it is %v: %v", got, err)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The listing is late: what was taken is not shown for some time.
func TestLateListingIsNotNever(t *testing.T) {
	var items []item
	v := serve(t, func(w http.ResponseWriter, r *http.Request) { listing(items...)(w, r) })
	o := options(t, v.URL)
	o.FindAfter = time.Hour
	p := open(t, o)
	since := time.Now().Add(-30 * time.Minute)
	r, err := p.Ask(t.Context(), sms.Question{Message: notice(), Since: since})
	if got := verdictOf(t, r, err); got != isUndecided {
		t.Errorf("before FindAfter it is %v: %v", got, err)
	}
	items = []item{{age: 29 * time.Minute}}
	r, err = p.Ask(t.Context(), sms.Question{Message: notice(), Since: since})
	if got := verdictOf(t, r, err); got != isFound {
		t.Errorf("when it shows it is %v: %v", got, err)
	}
}

// A connection cut after the sandbox took the message.
func TestFindInTheSandbox(t *testing.T) {
	sb := sandboxtest.Start(t)
	if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.Twilio, HangUp: "after", Times: 1}); err != nil {
		t.Fatal(err)
	}
	p := open(t, twilio.Options{AccountSID: sandboxAccount, AuthToken: "sandboxtoken", From: "+15005550006", Endpoint: sb.URL, Templates: templates(t)})
	started := time.Now()
	_, err := p.Send(t.Context(), notice())
	e := refused(t, err, sms.Unavailable, sms.Unknown)
	m := notice()
	m.Key = e.Key
	r, err := p.Ask(t.Context(), sms.Question{Message: m, Since: started})
	if got := verdictOf(t, r, err); got != isFound {
		t.Errorf("it is %v: %v", got, err)
	}
}

// Find never says "never" of a list that it could not read whole.
func FuzzList(f *testing.F) {
	f.Add(200, listed("", time.Now(), item{}))
	f.Add(200, `{"messages":[]}`)
	f.Add(200, `{"messages":[{}],"next_page_uri":"/x?Page=1"}`)
	f.Add(200, `{"messages":[],"next_page_uri":"::"}`)
	f.Add(403, `{"code":20008}`)
	o := options(f, "")
	answers := make(chan transport, 1)
	o.Transport = transport(func(r *http.Request) (*http.Response, error) {
		a := <-answers
		answers <- a // the same for every page
		return a(r)
	})
	p := open(f, o)
	f.Fuzz(func(t *testing.T, status int, body string) {
		status = 200 + int(uint(status)%400)
		answers <- canned(status, nil, body)
		r, err := p.Ask(t.Context(), sms.Question{Message: notice(), Since: time.Now().Add(-time.Hour)})
		<-answers
		if got := verdictOf(t, r, err); got != isUndecided && (status > 299 || !strings.Contains(strings.ToLower(body), "messages")) {
			t.Fatalf("a %d with %q is %v", status, redact.Words(body, notice()), got)
		}
	})
}
