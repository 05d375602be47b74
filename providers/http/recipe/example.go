package recipe

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// An example is a documented request, answer or report with what the recipe must
// make of it.
type example struct {
	Name string

	kind  string // send, find, report, reply
	given Input
	// unfit is set for an example whose message must be refused before any call.
	unfit   bool
	request *parsedRequest
	answer  *kit.Answer
	is      expected
	line    int
}

// expected is the whole of what is expected: what is not written must be empty.
type expected struct {
	outcome, reason, code, message, id, requestID string
	segments, retryAfter                          int
	key, to, from, text, state, at, reply         string
	signed                                        bool
}

// A parsedRequest is a request as an example has it.
type parsedRequest struct {
	method, url string
	header      http.Header
	body        string
}

func (d *reader) examples(v value) (list []example) {
	for _, item := range d.items(v) {
		list = append(list, d.example(item))
	}
	return list
}

func (d *reader) example(v value) example {
	e := example{kind: "send", line: v.Line}
	e.given = Input{To: "+8613812345678", Key: "k-1", Now: time.Unix(1700000000, 0), Secrets: map[string]string{}, Settings: map[string]string{}, Extra: map[string]string{}}
	d.fields(v, map[string]func(value){
		"name":    func(v value) { e.Name = d.word(v) },
		"kind":    func(v value) { e.kind = d.oneOf(v, "send", "find", "report", "reply") },
		"given":   func(v value) { d.given(&e.given, v) },
		"request": func(v value) { e.request = d.exampleRequest(v) },
		"answer": func(v value) {
			a := kit.Answer{Status: http.StatusOK, Header: http.Header{}}
			d.fields(v, map[string]func(value){
				"status":  func(v value) { a.Status = d.number(v) },
				"body":    func(v value) { a.Body = []byte(d.word(v)) },
				"headers": func(v value) { setHeaders(a.Header, d.textMap(v)) },
			})
			e.answer = &a
		},
		"is": func(v value) { d.expected(&e, v) },
	})
	if e.Name == "" {
		d.fault(v.Line, v.path, "an example needs a name")
	}
	return e
}

func setHeaders(h http.Header, m map[string]string) {
	for name, value := range m {
		h.Set(name, value)
	}
}

func (d *reader) given(in *Input, v value) {
	d.fields(v, map[string]func(value){
		"to": func(v value) {
			if in.To = sms.Number(d.word(v)); !in.To.Valid() {
				d.fault(v.Line, v.path, "it must be in E.164, such as +12025550123")
			}
		},
		"text": func(v value) { in.Text = d.word(v) }, "template": func(v value) { in.Template = d.word(v) },
		"values": func(v value) {
			d.pairs(v, func(key *yaml.Node, v value) { in.Values = append(in.Values, Value{key.Value, d.word(v)}) })
		},
		"from": func(v value) { in.From = d.word(v) }, "key": func(v value) { in.Key = d.word(v) },
		"report_url": func(v value) { in.ReportURL = d.word(v) }, "validity": func(v value) { in.Validity = d.number(v) },
		"nonce": func(v value) { in.Nonce = d.word(v) },
		"time": func(v value) {
			ms, err := atoi(d.word(v))
			if err != nil {
				d.fault(v.Line, v.path, "it must be Unix seconds or milliseconds")
			}
			if in.Now = time.Unix(ms, 0); ms > 100_000_000_000 {
				in.Now = time.UnixMilli(ms)
			}
		},
		"secrets": func(v value) { in.Secrets = d.textMap(v) }, "settings": func(v value) { in.Settings = d.textMap(v) },
		"extra": func(v value) { in.Extra = d.textMap(v) },
	})
}

func (d *reader) exampleRequest(v value) *parsedRequest {
	r := &parsedRequest{header: http.Header{}}
	d.fields(v, map[string]func(value){
		"method": func(v value) { r.method = d.word(v) }, "url": func(v value) { r.url = d.word(v) }, "body": func(v value) { r.body = d.word(v) },
		"headers": func(v value) { setHeaders(r.header, d.textMap(v)) },
	})
	return r
}

func (d *reader) expected(e *example, v value) {
	x := &e.is
	set := func(to *string) func(value) { return func(v value) { *to = d.word(v) } }
	d.fields(v, map[string]func(value){
		"outcome": func(v value) { x.outcome = d.oneOf(v, "accepted", "rejected", "unknown") }, "reason": set(&x.reason), "code": set(&x.code),
		"message": set(&x.message), "id": set(&x.id), "request_id": set(&x.requestID), "segments": func(v value) { x.segments = d.number(v) },
		"retry_after": func(v value) { x.retryAfter = d.number(v) }, "key": set(&x.key), "to": set(&x.to), "from": set(&x.from), "text": set(&x.text),
		"state": set(&x.state), "at": set(&x.at), "reply": set(&x.reply), "signed": func(v value) { x.signed = d.boolean(v) },
		"sent": func(v value) { e.unfit = !d.boolean(v) },
	})
}

// Examples returns the names of the examples, in order.
func (r *Recipe) Examples() (list []string) {
	for _, e := range r.examples {
		list = append(list, e.Name)
	}
	return list
}

// A Result is what became of one example. Err is nil if it holds.
type Result struct {
	Name string
	Err  error
}

// Test runs all examples and the vectors of the signatures. It makes no calls. An
// example without a request or an answer of its own is read from the file
// testdata/RECIPE/EXAMPLE.http beside the recipe.
func (r *Recipe) Test() (results []Result) {
	for _, s := range r.signs {
		for i, v := range s.vectors {
			var err error
			if got := string(s.compute(strings.Join(v.pieces, ""), v.key)); got != v.is {
				err = fmt.Errorf("the signature is %q, and must be %q", got, v.is)
			}
			results = append(results, Result{fmt.Sprintf("sign.%s.vectors.%d", s.name, i), err})
		}
	}
	for _, e := range r.examples {
		results = append(results, Result{e.Name, r.run(e)})
	}
	if len(r.examples) == 0 {
		results = append(results, Result{"examples", errors.New("the recipe has no examples: nothing shows that it is right")})
	}
	return results
}

// complete returns the example with what its file has.
func (r *Recipe) complete(e example) (example, error) {
	if e.unfit || e.request != nil || e.answer != nil {
		return e, nil
	}
	if r.beside == nil {
		return e, errors.New("it has neither a request nor an answer")
	}
	name := "testdata/" + r.Name + "/" + e.Name + ".http"
	data, err := fs.ReadFile(r.beside, name)
	if err != nil {
		return e, fmt.Errorf("it has neither a request nor an answer, and %s cannot be read", name)
	}
	e.request, e.answer, err = parseHTTP(string(data))
	if err != nil {
		return e, fmt.Errorf("%s: %w", name, err)
	}
	return e, nil
}

// parseHTTP reads a raw request, a raw answer, or both after each other. Lines that
// begin with "#" before them are comments.
func parseHTTP(s string) (q *parsedRequest, a *kit.Answer, err error) {
	for strings.HasPrefix(s, "#") || strings.HasPrefix(s, "\n") {
		_, s, _ = strings.Cut(s, "\n")
	}
	head, answer := s, ""
	if strings.HasPrefix(s, "HTTP/1.") {
		head, answer = "", s
	} else if i := strings.Index(s, "\nHTTP/1."); i >= 0 {
		head, answer = s[:i], s[i+1:]
	}
	if head != "" {
		if q, err = parseHTTPRequest(head); err != nil {
			return nil, nil, err
		}
	}
	if answer == "" {
		return q, nil, nil
	}
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(crlf(answer))), nil)
	if err != nil {
		return nil, nil, errors.New("the answer is no HTTP/1.1")
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("the answer's body: %w", err)
	}
	return q, &kit.Answer{Status: response.StatusCode, Header: response.Header, Body: bytes.TrimRight(body, "\r\n")}, nil
}

// crlf ends the lines of a head as HTTP does.
func crlf(s string) string {
	head, body, _ := strings.Cut(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n")
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
}

func parseHTTPRequest(s string) (*parsedRequest, error) {
	head, body, _ := strings.Cut(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	words := strings.Fields(lines[0])
	if len(words) != 3 {
		return nil, fmt.Errorf("%q is no request line", lines[0])
	}
	q := &parsedRequest{method: words[0], url: words[1], header: http.Header{}, body: strings.TrimRight(body, "\n")}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%q is no header", line)
		}
		q.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if host := q.header.Get("Host"); strings.HasPrefix(q.url, "/") && host != "" {
		q.url = "https://" + host + q.url
	}
	q.header.Del("Host")
	return q, nil
}

// Input returns what an example is given, with secrets and settings that it does not
// name filled in.
func (r *Recipe) input(e example) Input {
	in := e.given
	in.Endpoint = r.Endpoint
	if in.Endpoint == "" {
		in.Endpoint = "https://gateway.example"
	}
	if in.Text == "" && in.Template == "" {
		in.Text = "hello"
	}
	secrets, settings := map[string]string{}, r.Defaults()
	for _, name := range r.Secrets {
		secrets[name] = "secret-" + name
	}
	for _, s := range r.Settings {
		if s.Example != "" && !s.HasDefault {
			settings[s.Name] = s.Example
		}
	}
	for name, v := range in.Secrets {
		secrets[name] = v
	}
	for name, v := range in.Settings {
		settings[name] = v
	}
	in.Secrets, in.Settings = secrets, settings
	return in
}

// Defaults returns the settings that have one.
func (r *Recipe) Defaults() map[string]string {
	m := map[string]string{}
	for _, s := range r.Settings {
		if s.HasDefault {
			m[s.Name] = s.Default
		}
	}
	return m
}

func (r *Recipe) run(e example) error {
	e, err := r.complete(e)
	if err != nil {
		return err
	}
	in := r.input(e)
	if e.kind == "send" && len(r.Regions) > 0 && !slices.Contains(r.Regions, in.To.Region()) {
		return fmt.Errorf("its number is not in one of the regions %s", strings.Join(r.Regions, ", "))
	}
	switch e.kind {
	case "report", "reply":
		return r.runInbound(e, in)
	case "find":
		if r.find == nil {
			return errors.New("the recipe has no find")
		}
		return r.runFind(e, in)
	}
	got, err := r.Request(in)
	if e.unfit {
		if err == nil {
			return errors.New("the message must not be sent, and would be")
		}
		return nil
	}
	if err != nil && e.request != nil {
		return err
	}
	if e.request != nil {
		if err := e.request.same(got, r.send.bodyKind); err != nil {
			return err
		}
	}
	if e.answer == nil {
		return nil
	}
	v := r.Judge(*e.answer, nil)
	if v.Outcome == sms.Accepted && e.request != nil {
		if err := r.echoes(*e.answer, &in); err != nil {
			return err
		}
	}
	return e.is.compare(e.is.id, v.ID, "id", e.is.outcome, outcomeWord(v.Outcome), "outcome", e.is.reason, string(v.Reason), "reason", e.is.code, v.Code, "code",
		e.is.message, shownWords(v), "message", e.is.requestID, v.RequestID, "request_id",
		strconv.Itoa(e.is.segments), strconv.Itoa(v.Segments), "segments", strconv.Itoa(e.is.retryAfter), strconv.Itoa(int(v.RetryAfter/time.Second)), "retry_after")
}

// echoes compares what an answer repeats of its request.
func (r *Recipe) echoes(a kit.Answer, in *Input) error {
	d, err := parseDoc(r.answer.format, a.Body, r.answer.patterns)
	if err != nil {
		return err
	}
	f := &filler{r: r, q: r.send, in: in}
	for _, e := range r.answer.echo {
		at, st := d.get(e.path)
		want, _, err := f.text(e.text)
		if err == nil && st == scalar && at.text != want {
			return fmt.Errorf("the answer has %q at %s, and echo says %q", at.text, e.path, want)
		}
		if st != scalar {
			return fmt.Errorf("the answer has nothing at %s, which echo names", e.path)
		}
	}
	return nil
}

// shownWords are the words of a refusal; those of an acceptance say nothing.
func shownWords(v Verdict) string {
	if v.Outcome == sms.Accepted {
		return ""
	}
	return v.Words
}

func outcomeWord(o sms.Outcome) string { return strings.ToLower(o.String()) }

// compare takes triples of want, got and name, and reports those that differ.
func (expected) compare(triples ...string) error {
	var wrong []error
	for t := range slices.Chunk(triples, 3) {
		if t[0] != t[1] {
			wrong = append(wrong, fmt.Errorf("%s is %q, and must be %q", t[2], t[1], t[0]))
		}
	}
	return errors.Join(wrong...)
}

func (r *Recipe) runFind(e example, in Input) error {
	if e.request != nil {
		got, err := r.FindRequest(in)
		if err != nil {
			return err
		}
		if err := e.request.same(got, r.find.request.bodyKind); err != nil {
			return err
		}
	}
	if e.answer == nil {
		return nil
	}
	rows, err := r.Listed(*e.answer, in)
	outcome, id := "rejected", ""
	if err != nil {
		outcome = "unknown"
	}
	for _, row := range rows {
		if row.Match == kit.Certain || row.Match == kit.Same {
			outcome, id = "accepted", row.ID
		}
	}
	return e.is.compare(e.is.outcome, outcome, "outcome", e.is.id, id, "id")
}

func (r *Recipe) runInbound(e example, in Input) error {
	if e.request == nil {
		return errors.New("it needs the request that the gateway makes")
	}
	method := e.request.method
	if method == "" {
		method = http.MethodPost
	}
	h := kit.Hook{Method: method, URL: e.request.url, Header: e.request.header, Body: []byte(e.request.body), Kind: map[string]string{"report": "reports", "reply": "replies"}[e.kind]}
	got, err := r.Hook(h, in)
	if err != nil {
		return err
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	if got.Signed != e.is.signed {
		return fmt.Errorf("signed is %v, and must be %v", got.Signed, e.is.signed)
	}
	if e.kind == "reply" {
		m := got.Replies[0]
		return e.is.compare(e.is.id, m.ID, "id", e.is.from, string(m.From), "from", e.is.to, m.To, "to", e.is.text, m.Text, "text", e.is.at, at(m.At), "at", e.is.reply, string(got.Answer), "reply")
	}
	m := got.Reports[0]
	return e.is.compare(e.is.id, m.ID, "id", e.is.key, m.Key, "key", e.is.to, string(m.To), "to", e.is.state, m.State.String(), "state", e.is.code, m.Code, "code",
		e.is.message, m.Message, "message", strconv.Itoa(e.is.segments), strconv.Itoa(m.Segments), "segments", e.is.at, at(m.At), "at",
		e.is.reply, string(got.Answer), "reply")
}
