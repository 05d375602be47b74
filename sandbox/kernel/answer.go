package kernel

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/notifykit/notify/sms"
)

// NewUUID returns a random UUID in lower case, such as vendors name requests by.
func NewUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// JSON makes an Answer of any value that encoding/json takes.
func JSON(status int, contentType string, value any) Answer {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return Answer{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: []byte(err.Error())}
	}
	return Answer{Status: status, ContentType: contentType, Body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// proxyPage is what a proxy sends if the vendor behind it is down.
func proxyPage(location string, status int) Answer {
	title := html.EscapeString(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	page := Answer{Status: status, ContentType: "text/html", Body: []byte("<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n")}
	if status >= 300 && status < 400 {
		page.Header = http.Header{"Location": {location}}
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		page.Body = nil
	}
	return page
}

// A wire is where an answer is written: an HTTP response, or a connection.
type wire interface {
	begin(a Answer) // what precedes the body
	Write(b []byte) (int, error)
	flush()
}

// An httpWire writes to an HTTP response.
type httpWire struct{ http.ResponseWriter }

func (w httpWire) begin(a Answer) {
	h := w.Header()
	for k, v := range a.Header {
		h[k] = v
	}
	if a.ContentType != "" {
		h.Set("Content-Type", a.ContentType)
	}
	if a.Body != nil {
		h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	w.WriteHeader(a.Status)
}

func (w httpWire) flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

func (a Answer) write(w http.ResponseWriter) {
	httpWire{w}.begin(a)
	_, _ = w.Write(a.Body)
}

// A connWire writes to a connection of a vendor that is no HTTP service.
type connWire struct{ net.Conn }

func (connWire) begin(Answer) {}
func (connWire) flush()       {}

// answer carries a call out under the fault that it meets, and writes the answer.
// It reports whether the client has had all of it: else the connection must be cut.
// Of what was claimed for the request it keeps what the answer needs.
func (d *Desk) answer(ctx context.Context, w wire, c Call, claimed *claim, location string) (whole bool) {
	f, refused := d.sandbox.faults.hit(d.vendor, c)
	if c.Kind == List {
		listing, err := d.sandbox.lists.take(ctx, listBytes)
		if err != nil {
			return false
		}
		defer listing.shrink(0)
		claimed.shrink(requestBytes)
		claimed = listing
	}
	var a Answer
	switch {
	case f.HangUp == HangUpBefore:
	case f.Code != "":
		if a = c.Refuse(f.Code, f.Message, f.Status); a.Code == "" {
			a.Code, a.Words = f.Code, f.Message
		}
	case f.Status != 0:
		a = proxyPage(location, f.Status)
	default:
		a = c.Carry(Order{ListAfter: f.ListAfter, Refused: refused})
	}
	d.record(c, a, f)
	taken, after := a.Taken, a.After
	a.Taken, a.Rejected, c = nil, nil, Call{} // they may hold the whole request
	claimed.shrink(requestBytes + len(a.Body))
	if whole = d.sandbox.deliver(ctx, w, f, a); whole && (after != nil || len(taken) > 0) {
		w.flush() // so that no report comes before the answer
	}
	if after != nil {
		after()
	}
	d.sandbox.reports.begin(d, taken)
	return whole
}

// record stores what a call has taken and what it has refused. It sets the places
// of the messages in a.Taken.
func (d *Desk) record(c Call, a Answer, f Fault) {
	if len(a.Taken) > 0 {
		taken := make([]*Record, len(a.Taken))
		for i := range a.Taken {
			a.Taken[i].own()
			a.Taken[i].ReportForm = f.Report
			r := a.Taken[i] // the stored one is the store's alone
			r.Vendor = d.vendor.Name
			if f.Fails != "" {
				r.Fails = f.Fails
			}
			taken[i] = &r
		}
		d.sandbox.store.add(taken...)
		for i, r := range taken {
			a.Taken[i].seq = r.seq
		}
	}
	rejected := a.Rejected
	if a.Code != "" && c.Kind == Send {
		numbers := c.Numbers
		if len(numbers) == 0 {
			numbers = []sms.Number{""}
		}
		for _, to := range numbers {
			rejected = append(rejected, Rejection{To: to, Code: a.Code, Message: a.Words})
		}
	}
	now := time.Now()
	for i := range rejected {
		rejected[i].Vendor, rejected[i].Operation, rejected[i].At = d.vendor.Name, c.Operation, now
	}
	d.sandbox.rejections.add(rejected...)
}

// deliver writes the answer as the fault lets it through, and reports whether the
// client has had all of it.
func (s *Sandbox) deliver(ctx context.Context, w wire, f Fault, a Answer) bool {
	if f.Spoil == SpoilSlow {
		return s.dribble(ctx, w, f.Latency, a)
	}
	if !s.sleep(ctx, f.Latency) || f.HangUp != "" {
		return false
	}
	if f.Spoil == SpoilGarbage {
		a.Body = bytes.Repeat([]byte{'<'}, max(1, len(a.Body)))
	}
	w.begin(a)
	if f.Spoil == SpoilCut {
		_, _ = w.Write(a.Body[:len(a.Body)/2])
		w.flush()
		return false
	}
	_, _ = w.Write(a.Body) // an error is the client's that has gone
	return true
}

// dribble sends an answer byte by byte, spread over d.
func (s *Sandbox) dribble(ctx context.Context, w wire, d time.Duration, a Answer) bool {
	w.begin(a)
	for i := range a.Body {
		w.flush()
		if !s.sleep(ctx, d/time.Duration(len(a.Body))) {
			return false
		}
		if _, err := w.Write(a.Body[i : i+1]); err != nil {
			return false
		}
	}
	return true
}

// Do carries out a call that came over a connection, under the faults that are
// set, and writes the body of the answer to the connection. It reports whether
// the connection stays open: if not, ServeConn must close it and return.
func (d *Desk) Do(ctx context.Context, conn net.Conn, c Call) (open bool) {
	c.Numbers = slices.Clone(c.Numbers)
	return d.answer(ctx, connWire{conn}, c, nil, "")
}
