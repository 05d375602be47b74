package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

const (
	minBackoff, maxBackoff = time.Second, time.Minute
	minPause, maxPause     = time.Second, 30 * time.Second
	// stable is how long a session must live to be bound again without a pause.
	stable = 10 * time.Second
	// hurry is how long a message waits for the next bind after one has failed.
	hurry = time.Second
	// unbindTime is how long the carrier may take to answer an unbind.
	unbindTime = 5 * time.Second
)

// config is what a pool must know.
type config struct {
	hosts            []host
	bind             pdu.ID // BindReceiver: a pair
	request          pdu.Bind
	binds, window    int
	timeout, enquire time.Duration
	tls              *tls.Config
	dial             func(ctx context.Context, network, address string) (net.Conn, error)
	refuse           func(pdu.Status) error
}

// A listener is a Listen that runs.
type listener struct {
	ctx     context.Context
	keep    func(context.Context, kit.Inbound) error
	storing sync.WaitGroup
}

// A pool keeps sessions bound, and gives out the places of their windows, first
// come, first served.
type pool struct {
	config
	receive func(pdu.PDU, func(kit.Inbound) error) pdu.PDU
	ctx     context.Context // ends when the pool is closed
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	started  bool
	closed   bool
	pair     bool // the carrier does not know bind_transceiver
	sessions []*session
	waiting  []*waiter
	trying   int       // binds that are being tried
	busy     int       // callers that have a place
	next     time.Time // when the next one is, if none is
	failed   error     // of the last one
	unheard  error     // why no receiver is bound
	pause    time.Duration
	paused   time.Time   // until then
	resume   *time.Timer // at the end of the pause
	drained  chan struct{}
	listener *listener // nil: nobody listens
}

// A waiter waits for a place.
type waiter struct{ got chan grant }

type grant struct {
	session *session
	err     error
}

func newPool(c config, receive func(pdu.PDU, func(kit.Inbound) error) pdu.PDU) *pool {
	if c.dial == nil {
		c.dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	p := &pool{config: c, receive: receive, pair: c.bind == pdu.BindReceiver, drained: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// start binds the sessions, if that has not begun. p.mu is held.
func (p *pool) start() {
	if p.started {
		return
	}
	p.started = true
	p.trying = p.binds
	for range p.binds {
		p.running.Go(p.run)
	}
}

func closedError() error { return sms.Refuse(sms.Message{}, sms.Internal, sms.ErrClosed) }

// take returns a session with a place of its window, for exchange. Its error leaves the message Rejected.
func (p *pool) take(ctx context.Context) (*session, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, closedError()
	}
	p.start()
	if len(p.sessions) == 0 && p.trying == 0 && time.Until(p.next) > hurry {
		defer p.mu.Unlock()
		return nil, p.failed
	}
	w := &waiter{make(chan grant, 1)}
	p.waiting = append(p.waiting, w)
	p.dispatch()
	p.mu.Unlock()
	timer := time.NewTimer(p.timeout)
	defer timer.Stop()
	failure := &kit.Failure{Reason: sms.Unavailable, Outcome: sms.Rejected}
	select {
	case g := <-w.got:
		return g.session, g.err
	case <-timer.C:
		failure.Err = errors.New("no session has had room for the message within " + p.timeout.String())
	case <-ctx.Done():
		failure.Reason, failure.Err = sms.Canceled, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, w); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	} else if g := <-w.got; g.session != nil {
		p.left()
		p.giveBack(g.session)
	}
	return nil, failure
}

// exchange makes a call on a session that has room. It returns the session too.
func (p *pool) exchange(ctx context.Context, request pdu.PDU) (answer pdu.PDU, s *session, err error) {
	if s, err = p.take(ctx); err != nil {
		return answer, nil, err
	}
	answer, err = s.call(ctx, request, s.release)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left()
	return answer, s, err
}

// left notes that a caller has its result. p.mu is held.
func (p *pool) left() {
	p.busy--
	p.checkDrained()
}

// dispatch gives places to those who wait. p.mu is held.
func (p *pool) dispatch() {
	for len(p.waiting) > 0 && !time.Now().Before(p.paused) {
		var best *session
		for _, s := range p.sessions {
			if s.ctx.Err() == nil && s.used < p.window && (best == nil || s.used < best.used) {
				best = s
			}
		}
		if best == nil {
			return
		}
		best.used++
		p.busy++
		p.waiting[0].got <- grant{session: best}
		p.waiting = p.waiting[1:]
	}
}

// giveBack frees a place. p.mu is held.
func (p *pool) giveBack(s *session) {
	s.used--
	p.dispatch()
}

func (p *pool) released(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveBack(s)
}

// checkDrained notices that nobody waits for an answer after close. p.mu is held.
func (p *pool) checkDrained() {
	if !p.closed || p.busy > 0 {
		return
	}
	select {
	case <-p.drained:
	default:
		close(p.drained)
	}
}

// throttled makes all wait, longer from time to time, and returns how long.
func (p *pool) throttled() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Before(p.paused) { // another message of the window has said so already
		return p.paused.Sub(now)
	}
	p.pause = min(max(2*p.pause, minPause), maxPause)
	p.paused = now.Add(p.pause)
	p.resume = time.AfterFunc(p.pause, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.dispatch()
	})
	return p.pause
}

// calm notes that the carrier takes messages.
func (p *pool) calm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !time.Now().Before(p.paused) {
		p.pause = 0
	}
}

// run keeps one session bound until the pool is closed.
func (p *pool) run() {
	for failures := 0; ; {
		s, err := p.connect()
		if !p.offer(s, err == nil) {
			if err == nil {
				s.unbind()
			}
			return
		}
		pause := backoff(failures)
		if err == nil {
			since := time.Now()
			err = p.keep(s)
			if pause = backoff(failures); time.Since(since) >= stable {
				failures, pause = 0, rand.N(minBackoff/2)
			}
		} else {
			p.fail(err)
		}
		failures++
		if !p.rest(err, pause) {
			return
		}
	}
}

// offer ends an attempt to bind. It reports whether the pool is open, in which case
// it offers the session.
func (p *pool) offer(s *session, bound bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trying--
	if !p.closed && bound {
		p.sessions = append(p.sessions, s)
		p.dispatch()
	}
	return !p.closed
}

// fail gives those who wait the error of a bind, if no other session is there or is
// being bound.
func (p *pool) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trying > 0 || len(p.sessions) > 0 {
		return
	}
	for _, w := range p.waiting {
		w.got <- grant{err: err}
	}
	p.waiting = nil
}

// rest pauses before the next bind. It reports whether there is to be one.
func (p *pool) rest(err error, pause time.Duration) bool {
	p.mu.Lock()
	p.failed, p.next = err, time.Now().Add(pause)
	p.mu.Unlock()
	if pause > hurry {
		p.fail(err)
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.trying++
	}
	return !p.closed
}

// backoff is half fixed and half random, so that the clients of a carrier that
// begins again do not come at once.
func backoff(failures int) time.Duration {
	d := min(minBackoff<<min(failures, 10), maxBackoff)
	return d/2 + rand.N(d/2)
}

// keep waits until a session ends, and returns why it has.
func (p *pool) keep(s *session) error {
	p.hear(s)
	<-s.ctx.Done()
	p.mu.Lock()
	p.sessions = slices.DeleteFunc(p.sessions, func(other *session) bool { return other == s })
	p.mu.Unlock()
	s.running.Wait()
	return &kit.Failure{Reason: sms.Unavailable, Outcome: sms.Rejected, Err: s.err}
}

// hear keeps a receiver bound beside a transmitter, until that ends.
func (p *pool) hear(s *session) {
	for failures := 0; p.isPair(); failures++ {
		if r := s.hears; r != nil {
			since := time.Now()
			select {
			case <-r.ctx.Done():
			case <-s.ctx.Done():
				r.unbind()
			}
			r.running.Wait()
			if time.Since(since) >= stable {
				failures = 0
			}
		}
		t := time.NewTimer(backoff(failures))
		select {
		case <-t.C:
		case <-s.ctx.Done():
			t.Stop()
			return
		}
		p.bindReceiver(s)
	}
}

// bindReceiver binds the receiver beside a transmitter.
func (p *pool) bindReceiver(s *session) {
	receiver, err := p.bindAt(s.at, pdu.BindReceiver)
	s.hears = receiver
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unheard = err
}

func (p *pool) isPair() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pair
}

// connect binds a session at the first address that takes it.
func (p *pool) connect() (s *session, err error) {
	for _, h := range p.hosts {
		if !p.isPair() {
			s, err = p.bindAt(h, p.bind)
		}
		if errors.Is(err, errPair) {
			p.mu.Lock()
			p.pair = true
			p.mu.Unlock()
		}
		if p.isPair() {
			if s, err = p.bindAt(h, pdu.BindTransmitter); err == nil {
				p.bindReceiver(s)
			}
		}
		if err == nil || p.ctx.Err() != nil {
			return s, err
		}
	}
	return nil, err
}

// errPair is the error of a bind_transceiver that the carrier does not know.
var errPair = errors.New("the carrier does not know bind_transceiver")

// bindAt opens a connection and binds a session. Its error leaves every message
// Rejected.
func (p *pool) bindAt(h host, kind pdu.ID) (*session, error) {
	ctx, cancel := context.WithTimeout(p.ctx, p.timeout)
	defer cancel()
	conn, err := p.open(ctx, h)
	if err != nil {
		return nil, &kit.Failure{Reason: sms.Unavailable, Outcome: sms.Rejected, Err: clean(err)}
	}
	s := newSession(conn, h, p.timeout, p.released)
	s.serve(p.enquire, p.hand)
	answer, err := s.call(ctx, pdu.PDU{ID: kind, Body: p.request.Bytes()}, nil)
	if err == nil && answer.Status == pdu.OK {
		return s, nil
	}
	s.end(errors.New("the bind has failed"))
	s.running.Wait()
	switch {
	case err != nil:
		f, _ := errors.AsType[*kit.Failure](err)
		return nil, &kit.Failure{Reason: sms.Unavailable, Outcome: sms.Rejected, Err: clean(f.Err)}
	case answer.Status == pdu.InvalidCommand && kind == pdu.BindTransceiver:
		return nil, errPair
	}
	return nil, p.refuse(answer.Status)
}

func (p *pool) open(ctx context.Context, h host) (net.Conn, error) {
	conn, err := p.dial(ctx, "tcp", h.address)
	if err != nil || !h.tls {
		return conn, err
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.tls != nil {
		settings = p.tls.Clone()
	}
	if settings.ServerName == "" {
		settings.ServerName, _, _ = net.SplitHostPort(h.address)
	}
	secure := tls.Client(conn, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// clean returns an error of the network that holds nothing of the other side's but
// what can be shown on a line, and that is no context's error.
func clean(err error) error {
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, pdu.ErrLength, os.ErrDeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errors.New(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, err.Error()))
}

// hand gives what has arrived to who listens, and returns the answer.
func (p *pool) hand(ctx context.Context, request pdu.PDU) pdu.PDU {
	p.mu.Lock()
	l := p.listener
	if l != nil {
		l.storing.Add(1)
	}
	p.mu.Unlock()
	if l == nil {
		return request.Answer(pdu.ReceiverTempErr, nil)
	}
	defer l.storing.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	return p.receive(request, func(in kit.Inbound) error { return l.keep(ctx, in) })
}

// listen receives until ctx ends.
func (p *pool) listen(ctx context.Context, keep func(context.Context, kit.Inbound) error) error {
	p.mu.Lock()
	if p.closed || p.listener != nil {
		defer p.mu.Unlock()
		if p.closed {
			return closedError()
		}
		return errors.New("smpp: another Listen is running")
	}
	l := &listener{ctx: ctx, keep: keep}
	p.listener = l
	p.start()
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.listener = nil
		p.mu.Unlock()
		l.storing.Wait()
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.ctx.Done():
		return closedError()
	}
}

// deaf returns why no report can arrive.
func (p *pool) deaf() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unheard
}

// close refuses new messages, waits for the answers of those on their way, unbinds,
// and returns when no goroutine is left.
func (p *pool) close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	for _, w := range p.waiting {
		w.got <- grant{err: closedError()}
	}
	p.waiting = nil
	if p.resume != nil {
		p.resume.Stop()
	}
	p.checkDrained()
	p.mu.Unlock()
	var err error
	select {
	case <-p.drained:
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.mu.Lock()
	open := slices.Clone(p.sessions)
	p.mu.Unlock()
	p.cancel()
	var unbinding sync.WaitGroup
	for _, s := range open {
		unbinding.Go(s.unbind)
	}
	unbinding.Wait()
	p.running.Wait()
	return err
}
