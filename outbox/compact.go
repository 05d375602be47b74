package outbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

// What is stored is JSON, the same for every version of the program. Each message is
// written and read several times, so both are done here without reflection. A test
// compares them with encoding/json.

// A jsonWriter appends JSON as encoding/json writes it. What is empty is left out.
type jsonWriter struct {
	b   []byte
	err error
}

// name begins a field.
func (w *jsonWriter) name(name string) {
	if last := w.b[len(w.b)-1]; last != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *jsonWriter) open(name string) {
	w.name(name)
	w.b = append(w.b, '{')
}

func (w *jsonWriter) close() { w.b = append(w.b, '}') }

func (w *jsonWriter) text(name, value string) {
	if value != "" {
		w.name(name)
		w.value(value)
	}
}

// value appends a string: as it is, if nothing in it has to be escaped.
func (w *jsonWriter) value(s string) {
	if plain(s) {
		w.b = append(append(append(w.b, '"'), s...), '"')
		return
	}
	text, _ := json.Marshal(s) // a string has a JSON form
	w.b = append(w.b, text...)
}

// plain reports whether encoding/json writes s as it is.
func plain(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s) && !strings.ContainsAny(s, "\u2028\u2029")
}

func (w *jsonWriter) number(name string, n int64) {
	if n != 0 {
		w.name(name)
		w.b = strconv.AppendInt(w.b, n, 10)
	}
}

func (w *jsonWriter) span(name string, d *time.Duration) {
	if d != nil {
		w.name(name)
		w.b = strconv.AppendInt(w.b, int64(*d), 10)
	}
}

func (w *jsonWriter) flag(name string, on bool) {
	if on {
		w.name(name)
		w.b = append(w.b, "true"...)
	}
}

// time appends a time that is never left out.
func (w *jsonWriter) time(name string, t time.Time) {
	w.name(name)
	w.b = append(w.b, '"')
	b, err := t.AppendText(w.b)
	if err != nil {
		w.err = err
		return
	}
	w.b = append(b, '"')
}

func (w *jsonWriter) values(name string, of map[string]string) {
	if len(of) == 0 {
		return
	}
	w.open(name)
	if len(of) == 1 {
		for name, value := range of {
			w.pair(name, value)
		}
	} else {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			w.pair(name, of[name])
		}
	}
	w.close()
}

func (w *jsonWriter) pair(name, value string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.value(name)
	w.b = append(w.b, ':')
	w.value(value)
}

// kind is left out if it is zero and may be.
func (w *jsonWriter) kind(name string, k sms.Kind, always bool) {
	if k == 0 && !always {
		return
	}
	w.name(name)
	text, err := k.MarshalText()
	if err != nil {
		w.err = err
	}
	w.value(string(text))
}

// write appends s.
func (s *stored) write(b []byte) ([]byte, error) {
	w := jsonWriter{b: append(b, '{')}
	m := &s.Message
	w.open("message")
	w.text("to", string(m.To))
	w.text("template", m.Template)
	w.values("params", m.Params)
	w.text("body", m.Body)
	w.kind("kind", m.Kind, false)
	w.text("from", m.From)
	w.text("key", m.Key)
	if !m.Expires.IsZero() {
		w.time("expires", m.Expires)
	}
	w.values("tags", m.Tags)
	w.close()
	w.kind("kind", s.Kind, true)
	w.time("due", s.Due)
	w.span("lasts", s.Lasts)
	w.close()
	return w.b, w.err
}

// encode returns the JSON of a story.
func (s *story) encode() ([]byte, error) {
	w := jsonWriter{b: append(make([]byte, 0, 384), `{"v":`...)}
	w.b = strconv.AppendInt(w.b, int64(s.Version), 10)
	w.text("to", s.To)
	w.text("template", s.Template)
	w.kind("kind", s.Kind, false)
	w.span("start", s.Start)
	w.flag("doubt", s.Doubt)
	w.flag("asking", s.Asking)
	w.flag("lost", s.Lost)
	w.number("asked", int64(s.Asked))
	w.text("mark", s.Mark)
	if !s.Turn.IsZero() {
		w.time("turn", s.Turn)
	}
	if r := s.Receipt; r != nil {
		w.open("receipt")
		w.receipt(r)
		w.close()
	}
	w.tries(s.Tries)
	w.number("left_out", int64(s.Left))
	w.close()
	return w.b, w.err
}

func (w *jsonWriter) receipt(r *sms.Receipt) {
	w.text("provider", r.Provider)
	w.text("key", r.Key)
	w.text("id", r.ID)
	for i, id := range r.IDs {
		if i == 0 {
			w.name("ids")
			w.b = append(w.b, '[')
		} else {
			w.b = append(w.b, ',')
		}
		w.value(id)
		if i == len(r.IDs)-1 {
			w.b = append(w.b, ']')
		}
	}
	if r.SharedID {
		w.name("shared_id")
		w.b = append(w.b, "true"...)
	}
	w.text("ref", r.Ref)
	w.text("to", string(r.To))
	w.text("request_id", r.RequestID)
	w.number("segments", int64(r.Segments))
}

func (w *jsonWriter) tries(tries []Try) {
	if len(tries) == 0 {
		return
	}
	w.name("tries")
	for i := range tries {
		t := &tries[i]
		w.b = append(w.b, "[,"[min(i, 1)], '{')
		w.time("at", t.At)
		w.number("took", int64(t.Took))
		outcome, err := t.Outcome.MarshalText()
		if err != nil {
			w.err = err
		}
		w.text("outcome", string(outcome))
		w.text("reason", string(t.Reason))
		w.text("provider", t.Provider)
		w.text("code", t.Code)
		w.text("request_id", t.RequestID)
		w.text("text", t.Text)
		w.number("retry_after", int64(t.RetryAfter))
		w.text("note", t.Note)
		w.close()
	}
	w.b = append(w.b, ']')
}

// A jsonReader reads JSON in which no string has an escape. Whatever else it meets
// makes it fail.
type jsonReader struct {
	rest   []byte
	failed bool
}

// is takes c, if that is next.
func (r *jsonReader) is(c byte) bool {
	if len(r.rest) == 0 || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *jsonReader) must(c byte) {
	if !r.is(c) {
		r.failed = true
	}
}

func (r *jsonReader) text() []byte {
	r.must('"')
	for i, c := range r.rest {
		switch {
		case c == '"':
			text := r.rest[:i]
			r.rest = r.rest[i+1:]
			r.failed = r.failed || !utf8.Valid(text)
			return text
		case c == '\\', c < ' ':
			r.failed = true
			return nil
		}
	}
	r.failed = true
	return nil
}

func (r *jsonReader) number() time.Duration {
	n := 0
	for n < len(r.rest) && (r.rest[n] == '-' || '0' <= r.rest[n] && r.rest[n] <= '9') {
		n++
	}
	text := string(r.rest[:n])
	d, err := strconv.ParseInt(text, 10, 64)
	r.failed = r.failed || err != nil || text != strconv.FormatInt(d, 10)
	r.rest = r.rest[n:]
	return time.Duration(d)
}

func (r *jsonReader) time() (t time.Time) {
	if err := t.UnmarshalText(r.text()); err != nil {
		r.failed = true
	}
	return t
}

func (r *jsonReader) kind() (k sms.Kind) {
	if err := k.UnmarshalText(r.text()); err != nil {
		r.failed = true
	}
	return k
}

// object calls field with the name of each field; field reads its value.
func (r *jsonReader) object(field func(name []byte)) {
	r.must('{')
	if r.is('}') {
		return
	}
	for !r.failed {
		name := r.text()
		r.must(':')
		if field(name); r.is('}') {
			return
		}
		r.must(',')
	}
}

func (r *jsonReader) values(old map[string]string) map[string]string {
	if old == nil {
		old = map[string]string{}
	}
	r.object(func(name []byte) { old[string(name)] = string(r.text()) })
	return old
}

// readStored reads what stored.write wrote, if nothing in it was escaped.
func readStored(text []byte, key string) (s stored, ok bool) {
	r := jsonReader{rest: text}
	m := &s.Message
	message := func(name []byte) {
		switch string(name) {
		case "to":
			m.To = sms.Number(r.text())
		case "template":
			m.Template = string(r.text())
		case "params":
			m.Params = r.values(m.Params)
		case "body":
			m.Body = string(r.text())
		case "kind":
			m.Kind = r.kind()
		case "from":
			m.From = string(r.text())
		case "key":
			if k := r.text(); string(k) == key {
				m.Key = key
			} else {
				m.Key = string(k)
			}
		case "expires":
			m.Expires = r.time()
		case "tags":
			m.Tags = r.values(m.Tags)
		default:
			r.failed = true
		}
	}
	r.object(func(name []byte) {
		switch string(name) {
		case "message":
			r.object(message)
		case "kind":
			s.Kind = r.kind()
		case "due":
			s.Due = r.time()
		case "lasts":
			lasts := r.number()
			s.Lasts = &lasts
		default:
			r.failed = true
		}
	})
	return s, !r.failed && len(r.rest) == 0
}
