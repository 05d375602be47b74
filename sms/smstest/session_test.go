package smstest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// lines is an invented protocol: HELLO is answered by READY, then each line is a
// message as JSON and is answered by "OK id" or "NO code words".
var lines = &smstest.Session{
	Next: func(c io.ReadWriter) (smstest.SessionMessage, error) {
		for {
			line, err := readLine(c)
			if err != nil {
				return smstest.SessionMessage{}, err
			}
			if line == "HELLO" {
				io.WriteString(c, "READY\n")
				continue
			}
			var f frame
			err = json.Unmarshal([]byte(line), &f)
			return smstest.SessionMessage{To: f.To, Text: f.Text}, err
		}
	},
	Answer: func(_ smstest.SessionMessage, code, words string) []byte {
		if code == "" {
			return []byte("OK m1\n")
		}
		return fmt.Appendf(nil, "NO %s %s\n", code, words)
	},
	Refusal: "9",
}

// A frame is a message of the protocol. A SessionMessage cannot be one: it is
// masked wherever it is written.
type frame struct{ To, Text string }

// readLine reads byte by byte, so that nothing after the line is lost.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		if _, err := r.Read(b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
}

// caller is a Sender over lines that keeps every rule but for its flaw. Each call
// has a connection to itself.
type caller struct {
	flaw, address string
	templates     *sms.Registry

	mu     sync.Mutex
	idle   []net.Conn
	leaked []net.Conn // of the flaw that leaves connections open
	closed bool
	calls  sync.WaitGroup
}

// over describes callers with a flaw.
func over(flaw string) smstest.Provider {
	return smstest.Provider{
		New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			s := &caller{flaw: flaw, address: endpoint, templates: r}
			tb.Cleanup(func() { // also keeps what is open from the garbage collector, which closes it
				s.mu.Lock()
				defer s.mu.Unlock()
				for _, c := range s.leaked {
					c.Close()
				}
			})
			return s
		},
		Session: lines, Codes: codes, UnknownCodes: []string{"3"}, Secrets: []string{secret},
	}
}

func (s *caller) Close() error {
	s.mu.Lock()
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	if s.flaw != "sends after Close" {
		s.calls.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	idle = append(idle, s.idle...)
	s.idle = nil
	if s.flaw == "leaves its connections open" {
		s.leaked = append(s.leaked, idle...)
		return nil
	}
	for _, c := range idle {
		c.Close()
	}
	return nil
}

func (s *caller) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	m, refused := kit.Check(ctx, smstest.Name, s.templates, m)
	if refused != nil {
		return sms.Receipt{}, refused
	}
	no := func(reason sms.Reason, outcome sms.Outcome, err error) (sms.Receipt, error) {
		return sms.Receipt{}, kit.Refuse(smstest.Name, m, &sms.Error{Reason: reason, Outcome: outcome, Err: err})
	}
	if m.From != "" {
		return no(sms.Unsupported, sms.Rejected, errors.New("no such sender"))
	}
	text, err := s.templates.Render(m, smstest.Name)
	if err != nil {
		return sms.Receipt{}, kit.Refuse(smstest.Name, m, err)
	}
	if s.flaw == "trims values" {
		text = strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
	}
	s.mu.Lock()
	if s.closed && s.flaw != "sends after Close" {
		s.mu.Unlock()
		return no(sms.Internal, sms.Rejected, sms.ErrClosed)
	}
	s.calls.Add(1)
	s.mu.Unlock()
	defer s.calls.Done()
	answer, written, err := s.call(ctx, m, text)
	if s.flaw == "repeats what was hung up on" && written && errors.Is(err, io.EOF) {
		answer, written, err = s.call(ctx, m, text)
	}
	if err != nil {
		reason, outcome := sms.Unavailable, sms.Rejected
		if written && s.flaw != "is sure of nothing sent after an end" || s.flaw == "leaves a refused connection open" {
			outcome = sms.Unknown
		}
		if ctx.Err() != nil {
			err = ctx.Err()
			if s.flaw != "blames the vendor when the caller leaves" {
				reason = sms.Canceled
			}
		}
		return no(reason, outcome, err)
	}
	return s.read(m, answer)
}

// call sends text and reads the answer. It reports whether anything of the message
// was written.
func (s *caller) call(ctx context.Context, m sms.Message, text string) (answer string, written bool, err error) {
	c, err := s.conn(ctx)
	if err != nil {
		return "", false, err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	line, err := json.Marshal(frame{To: m.To.E164(), Text: text})
	if err != nil {
		return "", false, err
	}
	if _, err := c.Write(append(line, '\n')); err != nil {
		c.Close()
		return "", true, err
	}
	r := bufio.NewReaderSize(io.LimitReader(c, 1000), 16)
	answer, err = r.ReadString('\n')
	if s.flaw == "reads the beginning of an acceptance" && strings.HasPrefix(answer, "OK") {
		err = nil
	}
	if err != nil {
		c.Close()
		if answer != "" && s.flaw == "takes garbage for a refusal" {
			return "NO 9 no", true, nil
		}
		if answer != "" && s.flaw == "quotes what it cannot read" {
			err = errors.New("cannot read " + answer)
		}
		return "", true, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, c)
	return strings.TrimSuffix(answer, "\n"), true, nil
}

// conn returns a connection that is idle, or a new one.
func (s *caller) conn(ctx context.Context) (net.Conn, error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if _, err := io.WriteString(c, "HELLO\n"); err != nil {
		c.Close()
		return nil, err
	}
	if line, err := readLine(c); err != nil || line != "READY" {
		c.Close()
		return nil, fmt.Errorf("no greeting (%w)", err)
	}
	return c, nil
}

func (s *caller) read(m sms.Message, answer string) (sms.Receipt, error) {
	word, rest, _ := strings.Cut(answer, " ")
	e := &sms.Error{Provider: smstest.Name, Key: m.Key, Kind: m.Kind, Reason: sms.Internal}
	code, _, _ := strings.Cut(rest, " ")
	switch {
	case word == "OK" || s.flaw == "reads the beginning of an acceptance" && strings.HasPrefix(word, "OK"):
		return sms.Receipt{Provider: smstest.Name, Key: m.Key, ID: "m1", Segments: 1}, nil
	case word != "NO" || code == "":
		return sms.Receipt{}, e
	}
	e.Code, e.Reason, e.Outcome = code, codes[code], sms.Rejected
	if e.Reason == "" {
		e.Reason = sms.Unsupported
	}
	if code == "3" {
		e.Outcome = sms.Unknown
	}
	switch {
	case s.flaw == "takes a refusal for a fault of ours" && code == "9":
		e.Reason = sms.Internal
	case s.flaw == "lacks a code" && code == "2":
		e.Reason = sms.Unsupported
	case s.flaw == "keeps the vendor's words as they are":
		e.Message = rest
	}
	return sms.Receipt{}, e
}

func TestSession(t *testing.T) { smstest.Run(t, over("")) }

// The checks find the flaws of Senders over a session too.
func TestEachCheckFindsItsFlawOverASession(t *testing.T) {
	for _, f := range []struct{ flaw, check string }{
		{"trims values", "accepted"},
		{"takes a refusal for a fault of ours", "refused"},
		{"lacks a code", "codes"},
		{"takes garbage for a refusal", "garbage"},
		{"reads the beginning of an acceptance", "cut answers"},
		{"blames the vendor when the caller leaves", "context in flight"},
		{"leaves a refused connection open", "never left"},
		{"is sure of nothing sent after an end", "hung up"},
		{"repeats what was hung up on", "sent once"},
		{"sends after Close", "closed"},
		{"leaves its connections open", "nothing left"},
		{"quotes what it cannot read", "no personal data"},
	} {
		t.Run(f.flaw, func(t *testing.T) {
			t.Parallel()
			found := smstest.Examine(t, over(f.flaw))
			if len(found[f.check]) == 0 {
				t.Errorf("the check %q found nothing; found: %v", f.check, found)
			}
		})
	}
}
