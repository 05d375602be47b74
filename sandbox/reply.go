package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"time"
)

// A reply is an answer that is ready to be written, so that a fault can hold it
// back or throw it away after the call was carried out.
type reply struct {
	status      int
	contentType string
	header      http.Header
	body        []byte
	after       func() // what begins when the answer has left; nil: nothing
}

// jsonReply makes a reply of any value that encoding/json takes.
func jsonReply(status int, contentType string, value any) reply {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return reply{status: http.StatusInternalServerError, contentType: "text/plain", body: []byte(err.Error())}
	}
	return reply{status: status, contentType: contentType, body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// proxyPage is what stands between a client and a vendor that is down.
func proxyPage(r *http.Request, status int) reply {
	title := html.EscapeString(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	page := reply{status: status, contentType: "text/html", body: []byte("<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n")}
	if status >= 300 && status < 400 {
		page.header = http.Header{"Location": {r.URL.RequestURI()}}
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		page.body = nil
	}
	return page
}

func (p reply) write(w http.ResponseWriter) {
	for k, v := range p.header {
		w.Header()[k] = v
	}
	if p.contentType != "" {
		w.Header().Set("Content-Type", p.contentType)
	}
	if p.body != nil {
		w.Header().Set("Content-Length", strconv.Itoa(len(p.body)))
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body)
}

// answer carries a call out under a fault: carry does the work, failure makes
// the vendor's own error of a code. It hangs up by net/http's own means, a panic
// that the server takes for just that.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, f Fault, carry func() reply, failure func(code, message string, status int) reply) {
	var p reply
	switch {
	case f.HangUp == HangUpBefore:
	case f.Code != "":
		p = failure(f.Code, f.Message, f.Status)
	case f.Status != 0:
		p = proxyPage(r, f.Status)
	default:
		p = carry()
	}
	whole := s.deliver(w, r, f, p)
	if p.after != nil {
		_ = http.NewResponseController(w).Flush() // so that no callback comes before the answer
		p.after()
	}
	if !whole {
		panic(http.ErrAbortHandler)
	}
}

// deliver writes the answer as the fault lets it through, and tells whether the
// client has had all of it.
func (s *Sandbox) deliver(w http.ResponseWriter, r *http.Request, f Fault, p reply) bool {
	if f.Spoil == SpoilSlow {
		return s.dribble(w, r, f.Latency, p)
	}
	if !s.sleep(r.Context(), f.Latency) || f.HangUp != "" {
		return false
	}
	switch f.Spoil {
	case SpoilGarbage:
		p.body = bytes.Repeat([]byte{'<'}, max(1, len(p.body)))
	case SpoilCut:
		p.write(cutWriter{w})
		_ = http.NewResponseController(w).Flush()
		return false
	}
	p.write(w)
	return true
}

// dribble sends an answer byte by byte, spread over d.
func (s *Sandbox) dribble(w http.ResponseWriter, r *http.Request, d time.Duration, p reply) bool {
	body := p.body
	p.write(headWriter{w})
	flush := http.NewResponseController(w).Flush
	for i := range body {
		_ = flush()
		if !s.sleep(r.Context(), d/time.Duration(len(body))) {
			return false
		}
		if _, err := w.Write(body[i : i+1]); err != nil {
			return false
		}
	}
	return true
}

// A headWriter leaves the body out, a cutWriter its second half.
type (
	headWriter struct{ http.ResponseWriter }
	cutWriter  struct{ http.ResponseWriter }
)

func (headWriter) Write(b []byte) (int, error)  { return len(b), nil }
func (w cutWriter) Write(b []byte) (int, error) { return w.ResponseWriter.Write(b[:len(b)/2]) }

// readBody reads what ServeHTTP has bounded.
func readBody(r *http.Request) ([]byte, error) { return io.ReadAll(r.Body) }

// decodeStrictly reads one JSON value and nothing else; unknown keys are faults.
func decodeStrictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the JSON value")
	}
	return nil
}
