package smpp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	maxSeq = 0x7FFFFFFF
	// maxInbound is how many messages of the carrier wait to be stored. Further ones
	// are to be sent again.
	maxInbound = 100
)

// A session is one connection to the carrier. Four goroutines serve it: they read,
// write, hand on what arrives, and ask whether the carrier is alive.
type session struct {
	conn    net.Conn
	certain bool // a write of zero bytes has written nothing: true without TLS
	timeout time.Duration
	out     chan *call    // not buffered: who has handed over a call knows that it is being written
	quiet   chan struct{} // closed when nothing is written any more
	replies chan pdu.PDU
	inbound chan pdu.PDU
	ctx     context.Context // ends with the session
	cancel  context.CancelFunc
	heard   atomic.Int64 // when the carrier was heard last, in nanoseconds
	running sync.WaitGroup
	release func() // gives a place of the window back
	used    int    // places of the window that are taken; guarded by the pool
	at      host
	hears   *session // its receiver, if it is a transmitter that has one

	mu      sync.Mutex
	pending map[uint32]*call
	seq     uint32
	err     error // why it has ended
}

// A call is a request and its answer.
type call struct {
	request pdu.PDU
	done    chan result // has room for one
	timer   *time.Timer
	free    func()
	unsent  atomic.Bool // set if it was certainly not written
}

type result struct {
	answer pdu.PDU
	err    error
}

func newSession(conn net.Conn, at host, timeout time.Duration, release func(*session)) *session {
	s := &session{
		conn: conn, at: at, certain: !at.tls, timeout: timeout, pending: map[uint32]*call{}, quiet: make(chan struct{}),
		out: make(chan *call), replies: make(chan pdu.PDU, maxInbound), inbound: make(chan pdu.PDU, maxInbound),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.release = func() { release(s) }
	return s
}

// serve starts the goroutines. receive stores what has arrived.
func (s *session) serve(enquire time.Duration, receive func(context.Context, pdu.PDU) pdu.PDU) {
	s.heard.Store(time.Now().UnixNano())
	s.running.Go(s.read)
	s.running.Go(s.write)
	s.running.Go(func() { s.keep(enquire) })
	s.running.Go(func() {
		for {
			select {
			case p := <-s.inbound:
				s.reply(receive(s.ctx, p))
			case <-s.ctx.Done():
				return
			}
		}
	})
}

// end closes the session and settles what is pending. Only the first call counts.
func (s *session) end(err error) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	s.err = err
	pending := s.pending
	s.pending = nil
	s.cancel()
	s.mu.Unlock()
	_ = s.conn.Close()
	<-s.quiet // it is known then what was written
	for _, c := range pending {
		c.settle(result{err: err})
	}
}

// settle gives a call its result. It is called once for each call.
func (c *call) settle(r result) {
	c.timer.Stop()
	c.done <- r
	if c.free != nil {
		c.free()
	}
}

// take removes a pending call, and returns nil if it is settled.
func (s *session) take(seq uint32) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.pending[seq]
	delete(s.pending, seq)
	return c
}

func (s *session) settle(seq uint32, r result) {
	if c := s.take(seq); c != nil {
		c.settle(r)
	}
}

// begin registers a call.
func (s *session) begin(request pdu.PDU, free func()) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	s.seq = s.seq%maxSeq + 1
	request.Seq = s.seq
	c := &call{request: request, done: make(chan result, 1), free: free}
	c.timer = time.AfterFunc(s.timeout, func() {
		s.settle(request.Seq, result{err: fmt.Errorf("no answer within %v", s.timeout)})
	})
	s.pending[request.Seq] = c
	return c, nil
}

// call sends a request and waits for its answer, for the response timer, or for ctx.
// free is called when the carrier no longer counts the request, which may be later.
// The error is a *kit.Failure whose outcome says whether the request was written.
func (s *session) call(ctx context.Context, request pdu.PDU, free func()) (pdu.PDU, error) {
	c, err := s.begin(request, free)
	if err != nil {
		if free != nil {
			free()
		}
		return pdu.PDU{}, &kit.Failure{Reason: sms.Unavailable, Outcome: sms.Rejected, Err: err}
	}
	select {
	case s.out <- c:
	case r := <-c.done: // the session or the time has ended
		return pdu.PDU{}, &kit.Failure{Reason: sms.Unavailable, Outcome: sms.Rejected, Err: r.err}
	case <-ctx.Done():
		s.settle(c.request.Seq, result{})
		return pdu.PDU{}, &kit.Failure{Reason: sms.Canceled, Outcome: sms.Rejected, Err: ctx.Err()}
	}
	select {
	case r := <-c.done:
		return c.outcome(r)
	case <-ctx.Done():
	}
	select {
	case r := <-c.done:
		return c.outcome(r)
	default: // the place in the window stays taken until the answer is here
		return pdu.PDU{}, &kit.Failure{Reason: sms.Canceled, Outcome: sms.Unknown, Err: ctx.Err()}
	}
}

// outcome returns the result of a call that was handed to the writer.
func (c *call) outcome(r result) (pdu.PDU, error) {
	if r.err == nil {
		return r.answer, nil
	}
	f := &kit.Failure{Reason: sms.Unavailable, Outcome: sms.Unknown, Err: r.err}
	if c.unsent.Load() {
		f.Outcome = sms.Rejected
	}
	return pdu.PDU{}, f
}

// write writes answers to the carrier, and requests.
func (s *session) write() {
	for {
		var c *call
		var p pdu.PDU
		select {
		case p = <-s.replies:
		case c = <-s.out:
			p = c.request
		case <-s.ctx.Done():
			close(s.quiet)
			return
		}
		_ = s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
		n, err := s.conn.Write(p.Bytes())
		switch {
		case err == nil && p.ID == pdu.Unbind.Response():
			err = errors.New("the carrier has unbound")
		case err == nil:
			continue
		case c != nil && n == 0 && s.certain:
			c.unsent.Store(true)
		}
		close(s.quiet)
		s.end(clean(err))
		return
	}
}

// reply answers the carrier, unless the session ends.
func (s *session) reply(p pdu.PDU) {
	select {
	case s.replies <- p:
	case <-s.ctx.Done():
	}
}

// read reads what the carrier sends until the session ends.
func (s *session) read() {
	r := bufio.NewReader(s.conn)
	for {
		p, err := pdu.Read(r)
		if err != nil {
			s.end(fmt.Errorf("the session has ended: %w", clean(err)))
			return
		}
		s.heard.Store(time.Now().UnixNano())
		switch {
		case p.ID.IsResponse():
			s.answered(p)
		case p.ID == pdu.EnquireLink, p.ID == pdu.Unbind:
			s.reply(p.Answer(pdu.OK, nil))
		case p.ID == pdu.DeliverSM, p.ID == pdu.DataSM:
			select {
			case s.inbound <- p:
			default:
				s.reply(p.Answer(pdu.ReceiverTempErr, nil))
			}
		default:
			s.reply(pdu.PDU{ID: pdu.GenericNack, Status: pdu.InvalidCommand, Seq: p.Seq})
		}
	}
}

// answered gives a response to its request. A late one, whose request is settled, is
// dropped. One that fits no request shows that nothing of the session can be relied on.
func (s *session) answered(p pdu.PDU) {
	c := s.take(p.Seq)
	switch {
	case c == nil:
	case p.ID == c.request.ID.Response(), p.ID == pdu.GenericNack && p.Status != pdu.OK:
		c.settle(result{answer: p})
	default:
		err := errors.New("the carrier has answered with a frame that is no answer")
		c.settle(result{err: err})
		s.end(err)
	}
}

// keep asks a silent carrier whether it is alive, and ends the session if it is not.
func (s *session) keep(enquire time.Duration) {
	for {
		silent := time.Since(time.Unix(0, s.heard.Load()))
		if silent >= enquire {
			if _, err := s.call(context.Background(), pdu.PDU{ID: pdu.EnquireLink}, nil); err != nil {
				s.end(errors.New("the carrier does not answer enquire_link"))
				return
			}
			silent = 0
		}
		t := time.NewTimer(enquire - silent)
		select {
		case <-t.C:
		case <-s.ctx.Done():
			t.Stop()
			return
		}
	}
}

// unbind ends the session as the carrier wants it.
func (s *session) unbind() {
	ctx, cancel := context.WithTimeout(context.Background(), unbindTime)
	defer cancel()
	_, _ = s.call(ctx, pdu.PDU{ID: pdu.Unbind}, nil)
	s.end(sms.ErrClosed)
	s.running.Wait()
}
