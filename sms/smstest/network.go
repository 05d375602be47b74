package smstest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/notifykit/notify/sms"
)

func checkNeverLeft(t *trial) {
	if t.Session != nil {
		sessionNeverLeft(t)
		return
	}
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.tb.Fatal(err)
	}
	address := refusing.Addr().String()
	refusing.Close()
	_, err = t.send(t.open("http://"+address), t.code())
	t.ended(err, "a connection that is refused", sms.Rejected, sms.Unavailable)

	v, secure := t.prepare(t.Accept)
	secure.StartTLS()
	_, err = t.send(t.open(secure.URL), t.code())
	t.ended(err, "a certificate that nobody knows", sms.Rejected, sms.Unavailable)
	if n := len(v.arrivals()); n > 0 {
		t.faultf("a certificate that nobody knows: the message was sent all the same")
	}

	silent, begun := t.listen(func(net.Conn) {})
	ctx := t.handContext(context.Canceled)
	result := make(chan error, 1)
	s := t.open("https://" + silent)
	go func() {
		_, err := t.sendIn(ctx, s, t.code())
		result <- err
	}()
	select {
	case <-begun:
		ctx.end()
		t.ended(<-result, "a context that ends in a TLS handshake", sms.Rejected, sms.Canceled)
	case err := <-result:
		t.faultf("a TLS handshake that the vendor does not answer: the call has ended before it had begun: %v", err)
	}

	rude, _ := t.listen(func(c net.Conn) { c.Close() })
	_, err = t.send(t.open("https://"+rude), t.code())
	t.ended(err, "a connection that ends in a TLS handshake", sms.Rejected, sms.Unavailable)
}

// listen starts a listener that hands each connection, of which the first bytes
// have come, to f, and tells of it on the channel.
func (t *trial) listen(f func(net.Conn)) (address string, begun <-chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.tb.Fatal(err)
	}
	told := make(chan struct{}, 100)
	var conns []net.Conn
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
			c.Read(make([]byte, 1))
			told <- struct{}{}
			f(c)
		}
	})
	t.atEnd(func() {
		l.Close()
		accepting.Wait()
		for _, c := range conns {
			c.Close()
		}
	})
	return l.Addr().String(), told
}

// hangUps are the ways in which a connection ends without an answer.
func hangUps() map[string]http.HandlerFunc {
	hijack := func(w http.ResponseWriter, f func(net.Conn)) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		f(conn)
		conn.Close()
	}
	return map[string]http.HandlerFunc{
		"a connection that the vendor closes after reading": func(w http.ResponseWriter, r *http.Request) {
			hijack(w, func(net.Conn) {})
		},
		"a connection that the vendor resets after reading": func(w http.ResponseWriter, r *http.Request) {
			hijack(w, func(c net.Conn) {
				if tcp, ok := c.(*net.TCPConn); ok {
					tcp.SetLinger(0)
				}
			})
		},
		"an answer that is not HTTP": func(w http.ResponseWriter, r *http.Request) {
			hijack(w, func(c net.Conn) { io.WriteString(c, "220 mail.example ESMTP\r\n") })
		},
	}
}

func checkHungUp(t *trial) {
	if t.Session != nil {
		sessionHungUp(t)
		return
	}
	for when, h := range hangUps() {
		_, err := t.send(t.open(t.serve(h).URL), t.code())
		t.ended(err, when, sms.Unknown, sms.Unavailable)
	}
}

func checkSentOnce(t *trial) {
	if t.Session != nil {
		sessionSentOnce(t)
		return
	}
	for when, h := range hangUps() {
		requests := 0 // one caller, one request at a time: the server is done when Send has returned
		v := t.serve(func(w http.ResponseWriter, r *http.Request) {
			if requests++; requests == 1 {
				t.Accept(w, r)
				return
			}
			h(w, r)
		})
		s := t.open(v.URL)
		if _, err := t.send(s, t.code()); !t.accepted(err, "the first message") {
			continue
		}
		t.send(s, t.code())
		if n := len(v.arrivals()) - 1; n != 1 {
			t.faultf("%s, which was used before: %d requests were sent for one message", when, n)
		}
	}
	for _, status := range []int{429, 500, 502, 503, 504} {
		v := t.serve(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(status)
		})
		t.send(t.open(v.URL), t.code())
		if n := len(v.arrivals()); n != 1 {
			t.faultf("the status %d: %d requests were sent for one message", status, n)
		}
	}
}

// callers is how many send at once in the checks for many of them.
const callers = 64

// each calls f for every caller at once and waits for all.
func each(f func(i int)) {
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func checkManyCallers(t *trial) {
	const rounds = 4
	p := t.accepting()
	number := func(i int) sms.Number { return t.To[:len(t.To)-2] + sms.Number(fmt.Sprintf("%02d", i)) }
	each(func(i int) {
		for round := range rounds {
			m := t.code()
			m.To = number(i)
			m.Params["code"] = fmt.Sprintf("%d%02d%03d", round+1, i, i)
			r, err := t.send(p, m)
			if t.accepted(err, "one of many messages") && r.Key != "" && r.Key != m.Key {
				t.faultf("one of many messages got the receipt of another: the key %q and not %q", r.Key, m.Key)
			}
		}
	})
	want := map[string]bool{}
	for i := range callers {
		for round := range rounds {
			want[fmt.Sprintf("%s %d%02d%03d", number(i).E164(), round+1, i, i)] = true
		}
	}
	all := p.arrived()
	if len(all) != len(want) {
		t.faultf("of %d messages sent at once %d arrived", len(want), len(all))
	}
	for _, a := range all {
		id := a.to + " " + digits(a.text)
		if !want[id] {
			t.faultf("a message arrived for %s with the text %q: nobody sent that, or it came twice", a.to, a.text)
		}
		delete(want, id)
	}
}

// digits gives the digits of s alone.
func digits(s string) string {
	var d []byte
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			d = append(d, s[i])
		}
	}
	return string(d)
}

func checkConnections(t *trial) {
	var gate sync.WaitGroup // holds the first answers until every caller has a connection
	gate.Add(callers)
	open := make(chan struct{})
	go func() { gate.Wait(); close(open) }()
	warm := make(chan struct{})
	v := t.serve(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-warm:
		default:
			gate.Done()
			<-open
		}
		t.Accept(w, r)
	})
	s := t.open(v.URL)
	one := func(int) {
		_, err := t.send(s, t.code())
		t.accepted(err, "one of many messages")
	}
	each(one)
	close(warm)
	before := v.connections()
	if before > callers {
		t.faultf("%d callers opened %d connections for one message each", callers, before)
	}
	for range 5 {
		each(one)
	}
	// net/http gives up a connection whose writer has not come back 50 ms after the
	// answer, as on a busy machine; one in a hundred messages may meet that.
	if n := v.connections() - before; n > callers*5/100 {
		t.faultf("%d callers with a connection each opened %d more for five messages each", callers, n)
	}
}
