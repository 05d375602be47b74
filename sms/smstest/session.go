package smstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/notifykit/notify/sms"
)

// A Session describes a vendor that is reached over a connection of its own
// protocol, such as SMPP, in place of HTTP. The suite listens, closes, cuts and
// stays silent; the Session reads and writes the protocol's frames. Its functions
// are called by several goroutines at once, for one connection by one.
type Session struct {
	// Next reads c until a message has come, and returns it. It answers by itself all
	// that is no message: a bind, a keep-alive, an unbind. It returns an error if c has
	// ended.
	Next func(c io.ReadWriter) (SessionMessage, error)
	// Answer returns the vendor's whole answer to m: an acceptance if code is empty,
	// else a refusal with that code. A protocol that has no place for words leaves them
	// out.
	Answer func(m SessionMessage, code, words string) []byte
	// Refusal is the code of an ordinary refusal: one after which the message was
	// certainly not sent.
	Refusal string
}

// A SessionMessage is a message that a Session has read.
type SessionMessage struct {
	To    string // in E.164
	Text  string // as the recipient reads it, or the values in any order
	Frame any    // what Answer needs of it, such as a sequence number
}

// String returns the number masked, without the text.
func (m SessionMessage) String() string { return "{message to " + sms.Number(m.To).String() + "}" }

// Format prints String under every verb.
func (m SessionMessage) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// LogValue returns String as a slog value.
func (m SessionMessage) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalText returns String.
func (m SessionMessage) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// GobEncode returns String.
func (m SessionMessage) GobEncode() ([]byte, error) { return m.MarshalText() }

// An action is what a vendor does with a message.
type action int

const (
	answers     action = iota // with a code; "" accepts
	staysSilent               // and keeps the connection
	closesConn                // after reading
	resetsConn                // after reading
	cutsAnswer                // after at bytes of an acceptance, and closes
	saysGarbage               // in place of the answer, and closes
)

// A step is an action and what it needs.
type step struct {
	do          action
	code, words string
	at          int
	garbage     string
	after       <-chan struct{} // if it is set, the answer waits for it
	size        *atomic.Int64   // if it is set, it gets the answer's bytes
}

// session starts a vendor that does what behave returns for the nth message, from 1
// on. Each message is reported on the channel.
func (t *trial) session(behave func(n int) step) (*vendor, <-chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.tb.Fatal(err)
	}
	v := t.newVendor()
	v.URL = l.Addr().String()
	arrived := make(chan struct{}, 100)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			v.begun(c)
			serving.Go(func() {
				defer v.ended(c)
				defer c.Close()
				t.converse(c, v, arrived, behave)
			})
		}
	})
	t.atEnd(func() {
		close(v.gone)
		l.Close()
		v.closeAll()
		serving.Wait()
	})
	return v, arrived
}

// converse answers the messages of one connection. A step that waits holds up no
// other message of the connection.
func (t *trial) converse(c net.Conn, v *vendor, arrived chan<- struct{}, behave func(n int) step) {
	var late sync.WaitGroup
	defer late.Wait()
	for {
		m, err := t.Session.Next(c)
		if err != nil {
			return
		}
		s := behave(v.take(arrival{m.To, m.Text}))
		select {
		case arrived <- struct{}{}:
		default: // no check waits for so many
		}
		if s.after != nil {
			late.Go(func() {
				select {
				case <-s.after:
					c.Write(t.Session.Answer(m, s.code, s.words)) // one Write: it mixes with no other
				case <-v.gone:
				}
			})
			continue
		}
		switch s.do {
		case answers:
			answer := t.Session.Answer(m, s.code, s.words)
			if s.size != nil {
				s.size.Store(int64(len(answer)))
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		case staysSilent:
		case closesConn:
			return
		case resetsConn:
			if tcp, ok := c.(*net.TCPConn); ok {
				tcp.SetLinger(0)
			}
			return
		case cutsAnswer:
			c.Write(t.Session.Answer(m, "", "")[:s.at])
			return
		case saysGarbage:
			io.WriteString(c, s.garbage)
			return
		}
	}
}

// always is the behavior of a vendor that does the same with every message.
func always(s step) func(int) step { return func(int) step { return s } }

// sessionFor starts a vendor of always(s) and makes the Sender for it.
func (t *trial) sessionFor(s step) (sms.Sender, *vendor) {
	v, _ := t.session(always(s))
	return t.open(v.URL), v
}

// sessionRefused is checkRefused over a session.
func sessionRefused(t *trial) error {
	s, _ := t.sessionFor(step{code: t.Session.Refusal, words: "no"})
	_, err := t.send(s, t.code())
	return err
}

// sessionContext is interrupt over a session: the vendor has the message and is
// silent.
func (t *trial) sessionContext(why error) error {
	v, arrived := t.session(always(step{do: staysSilent}))
	s := t.open(v.URL)
	ctx := t.handContext(why)
	ended := make(chan error, 1)
	go func() {
		_, err := t.sendIn(ctx, s, t.code())
		ended <- err
	}()
	select {
	case <-arrived:
		ctx.end()
		return <-ended
	case err := <-ended:
		t.faultf("the call has ended before the vendor had it: %v", err)
		return nil
	}
}

// sessionNeverLeft is checkNeverLeft over a session: nothing listens, and the vendor
// closes each connection before it reads.
func sessionNeverLeft(t *trial) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.tb.Fatal(err)
	}
	l.Close()
	_, err = t.send(t.open(l.Addr().String()), t.code())
	t.ended(err, "a connection that is refused", sms.Rejected, sms.Unavailable)

	address := t.closingBeforeReading()
	ctx, cancel := context.WithTimeout(t.tb.Context(), patience)
	defer cancel()
	_, err = t.sendIn(ctx, t.open(address), t.code())
	t.ended(err, "a connection that the vendor closes before it reads", sms.Rejected, sms.Unavailable, sms.Canceled)
}

// closingBeforeReading starts a listener that closes each connection at once.
func (t *trial) closingBeforeReading() (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.tb.Fatal(err)
	}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	})
	t.atEnd(func() { l.Close(); accepting.Wait() })
	return l.Addr().String()
}

// garbageOfSessions are texts that are no frame of a session's protocol.
func garbageOfSessions() map[string]string {
	return map[string]string{
		"a mail server's greeting": "220 mail.example ESMTP\r\n",
		"an answer of HTTP":        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
		"zeros":                    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"a length of 4 GB":         "\xff\xff\xff\xff\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01",
	}
}

func sessionGarbage(t *trial) {
	for what, text := range garbageOfSessions() {
		s, _ := t.sessionFor(step{do: saysGarbage, garbage: text})
		_, err := t.send(s, t.code())
		t.ended(err, what+" in place of an answer", sms.Unknown, sms.Unavailable, sms.Internal)
	}
}

// sessionCut cuts the acceptance at every byte.
func sessionCut(t *trial) {
	var size atomic.Int64
	probe, _ := t.sessionFor(step{size: &size})
	if _, err := t.send(probe, t.code()); !t.accepted(err, "the whole answer") {
		return
	}
	whole := int(size.Load())
	for at := range whole {
		s, _ := t.sessionFor(step{do: cutsAnswer, at: at})
		_, err := t.send(s, t.code())
		t.ended(err, fmt.Sprintf("an acceptance, cut after %d of %d bytes", at, whole), sms.Unknown, sms.Unavailable, sms.Internal)
	}
}

// sessionEnds are the ways in which a connection ends after the vendor has read.
var sessionEnds = map[string]action{
	"a connection that the vendor closes after reading": closesConn,
	"a connection that the vendor resets after reading": resetsConn,
}

func sessionHungUp(t *trial) {
	for when, do := range sessionEnds {
		s, _ := t.sessionFor(step{do: do})
		_, err := t.send(s, t.code())
		t.ended(err, when, sms.Unknown, sms.Unavailable)
	}
}

// sessionSentOnce looks whether a message is repeated on another connection, and
// whether the Sender works again after one has ended.
func sessionSentOnce(t *trial) {
	for when, do := range sessionEnds {
		v, _ := t.session(func(n int) step {
			if n == 2 {
				return step{do: do}
			}
			return step{}
		})
		s := t.open(v.URL)
		if _, err := t.send(s, t.code()); !t.accepted(err, "the first message") {
			continue
		}
		t.send(s, t.code())
		if n := len(v.arrivals()) - 1; n != 1 {
			t.faultf("%s, which was used before: one message was sent %d times", when, n)
		}
		ctx, cancel := context.WithTimeout(t.tb.Context(), patience)
		for err := error(nil); ; { // a session may be made anew with a pause
			if _, err = t.sendIn(ctx, s, t.code()); err == nil {
				break
			}
			if ctx.Err() != nil || errors.Is(err, errPanic) {
				t.faultf("%s: within %v no later message was accepted: %v", when, patience, err)
				break
			}
			if sms.OutcomeOf(err) != sms.Rejected {
				t.faultf("%s: a later message ended %v: %v", when, sms.OutcomeOf(err), err)
				break
			}
		}
		cancel()
	}
}
