package smstest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"

	"github.com/notifykit/notify/sms"
)

func checkCutAnswers(t *trial) {
	if t.Session != nil {
		sessionCut(t)
		return
	}
	t.cutEverywhere(t.Accept, func(c cut, err error) {
		t.ended(err, "an acceptance, "+c.String(), sms.Unknown, sms.Unavailable, sms.Internal)
	})
}

func checkCutRefusals(t *trial) {
	t.cutEverywhere(t.Refuse, func(c cut, err error) {
		if c.headed && refuses(c.status) {
			t.ended(err, "a refusal, "+c.String(), sms.Rejected)
			return
		}
		t.ended(err, "a refusal, "+c.String(), sms.Unknown, sms.Unavailable, sms.Internal)
	})
}

// refuses tells whether a status line alone is a refusal.
func refuses(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

// A framing is how HTTP tells where a body ends.
type framing int

const (
	byLength framing = iota
	byChunks
	byClosing
)

func (f framing) String() string {
	return [...]string{"framed by its length", "framed in chunks", "framed by the connection's end"}[f]
}

// A cut is where an answer ended.
type cut struct {
	framing framing
	at, of  int  // bytes of the whole answer
	headed  bool // the status line and the headers were whole
	status  int
}

func (c cut) String() string {
	return fmt.Sprintf("%v, cut after %d of %d bytes", c.framing, c.at, c.of)
}

// cutEverywhere sends a message for each byte at which h's answer can be cut, in
// each of the framings. An answer without a single byte is checkHungUp's.
func (t *trial) cutEverywhere(h http.HandlerFunc, judge func(cut, error)) {
	for _, f := range []framing{byLength, byChunks, byClosing} {
		c := cut{framing: f, at: 1} // read by the server while Send waits for it
		s := t.open(t.serve(func(w http.ResponseWriter, r *http.Request) { c.answer(w, r, h) }).URL)
		for ; c.at == 1 || c.at < c.of; c.at++ {
			_, err := t.send(s, t.code())
			judge(c, err)
		}
	}
}

// answer writes the first c.at bytes of h's answer and hangs up.
func (c *cut) answer(w http.ResponseWriter, r *http.Request, h http.HandlerFunc) {
	rec := httptest.NewRecorder()
	h(rec, r)
	head, body := c.framing.frame(rec)
	whole := append(head, body...)
	c.status, c.of, c.headed = rec.Code, len(whole), c.at >= len(head)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write(whole[:c.at])
}

// frame writes an answer out as HTTP/1.1 sends it. A body that ends with the
// connection is given without blanks after it: cut there it would be whole.
func (f framing) frame(rec *httptest.ResponseRecorder) (head, body []byte) {
	var h, b bytes.Buffer
	header := rec.Header().Clone()
	header.Del("Content-Length")
	whole := rec.Body.Bytes()
	switch f {
	case byLength:
		header.Set("Content-Length", fmt.Sprint(len(whole)))
		b.Write(whole)
	case byChunks:
		header.Set("Transfer-Encoding", "chunked")
		chunks := httputil.NewChunkedWriter(&b)
		for len(whole) > 0 {
			n := min(len(whole), 16)
			chunks.Write(whole[:n])
			whole = whole[n:]
		}
		chunks.Close()
		b.WriteString("\r\n")
	case byClosing:
		header.Set("Connection", "close")
		b.Write(bytes.TrimSpace(whole))
	}
	fmt.Fprintf(&h, "HTTP/1.1 %d %s\r\n", rec.Code, http.StatusText(rec.Code))
	header.Write(&h)
	h.WriteString("\r\n")
	return h.Bytes(), b.Bytes()
}

// endless is how much of an answer without end is written before the suite
// takes it that the client reads on for ever.
const endless = 64 << 20

func checkEndless(t *trial) {
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		took := make(chan int, 1)
		v := t.serve(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			io.WriteString(w, `{"a":"`)
			took <- flood(w)
		})
		when := fmt.Sprintf("an answer without end, status %d", status)
		_, err := t.send(t.open(v.URL), t.code())
		if refuses(status) {
			t.ended(err, when, sms.Rejected)
		} else {
			t.ended(err, when, sms.Unknown, sms.Unavailable, sms.Internal)
		}
		if len(v.arrivals()) == 0 {
			t.faultf("%s: the call has ended before the vendor had it: %v", when, err)
			continue
		}
		if n := <-took; n >= endless {
			t.faultf("%s: the client has read %d MB of it and would have gone on", when, n>>20)
		}
	}
}

// flood writes until the client has had enough, and tells how much it took.
func flood(w io.Writer) (n int) {
	block := bytes.Repeat([]byte("x"), 64<<10)
	for n < endless {
		if _, err := w.Write(block); err != nil {
			break
		}
		n += len(block)
	}
	return n
}
