package servertest

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// A Proxy hands on what a client and a server say, and cuts connections on
// demand. Each piece that is read at once is one request, or one answer, as it is
// on the loopback for clients that wait for their answers.
type Proxy struct {
	target   string
	listener net.Listener
	pumps    sync.WaitGroup

	mu    sync.Mutex // guards what follows
	down  bool
	cuts  int
	asked int // requests so far
	next  *cut
	pairs map[*pair]bool
}

// A Cut is how the next connection is cut.
type Cut struct {
	// Answer tells what is thrown away: false, the request, which the server then
	// never sees; true, the answer to it, so that it is done and nobody knows.
	Answer bool
	// Match picks requests that hold this text. Empty: all.
	Match string
	// Skip is how many of them pass before.
	Skip int
}

type cut struct {
	Cut
	done chan struct{}
}

// A pair is a client's connection and the one to the server.
type pair struct {
	client, server net.Conn
	lose           *cut // the answer to come is to be thrown away; guarded by Proxy.mu
}

// NewProxy starts a Proxy to the server at target, which ends with the test.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("servertest: %v", err)
	}
	p := &Proxy{target: target, listener: l, pairs: map[*pair]bool{}}
	p.pumps.Go(p.accept)
	tb.Cleanup(func() {
		l.Close()
		p.Down()
		p.pumps.Wait()
	})
	return p
}

// Addr is where clients find it.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Next has the next request that c picks end in a cut of its connection. done is
// closed then. What an earlier Next asked for, and did not come to, is forgotten.
func (p *Proxy) Next(c Cut) (done <-chan struct{}) {
	armed := &cut{Cut: c, done: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = armed
	return armed.done
}

// Disarm forgets what Next has asked for.
func (p *Proxy) Disarm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = nil
}

// Cuts tells how many connections were cut as Next has asked.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// Requests returns how many requests there were.
func (p *Proxy) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// CutAll cuts every connection, now.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pair := range p.pairs {
		pair.cut()
	}
}

// Down cuts every connection and refuses new ones until Up.
func (p *Proxy) Down() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for pair := range p.pairs {
		pair.cut()
	}
}

// Up ends a Down.
func (p *Proxy) Up() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		p.join(&pair{client: client, server: server})
	}
}

func (p *Proxy) join(c *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		c.cut()
		return
	}
	p.pairs[c] = true
	p.pumps.Go(func() { p.pump(c, c.server, c.client, p.request) })
	p.pumps.Go(func() { p.pump(c, c.client, c.server, p.answer) })
}

// pump hands on what comes from one side, as long as pass agrees.
func (p *Proxy) pump(c *pair, to io.Writer, from io.Reader, pass func(*pair, []byte) bool) {
	defer p.part(c)
	piece := make([]byte, 1<<16)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			if !pass(c, piece[:n]) {
				return
			}
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// request tells whether a request is to be handed on.
func (p *Proxy) request(c *pair, piece []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	next := p.next
	if next == nil || !bytes.Contains(piece, []byte(next.Match)) {
		return true
	}
	if next.Skip > 0 {
		next.Skip--
		return true
	}
	p.next = nil
	if next.Answer {
		c.lose = next
		return true
	}
	close(next.done)
	p.cuts++
	return false
}

// answer tells whether an answer is to be handed on.
func (p *Proxy) answer(c *pair, _ []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.lose == nil {
		return true
	}
	close(c.lose.done)
	p.cuts++
	c.lose = nil
	return false
}

// part ends a pair.
func (p *Proxy) part(c *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.cut()
	delete(p.pairs, c)
}

func (c *pair) cut() {
	c.client.Close()
	c.server.Close()
}
