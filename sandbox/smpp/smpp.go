// Package smpp imitates a carrier that speaks SMPP 3.4 (an SMSC), on a port of its
// own: see sandbox.Options.SMPP. It takes submit_sm and data_sm of transmitters and
// transceivers, joins the parts of long texts, and brings receipts and replies to
// receivers and transceivers.
//
// It reads data_coding 0 as Options.Alphabet says, 1 as ASCII, 3 as Latin-1 and 8 as
// UCS-2. Some clients write GSM 7-bit under 1: a text under 1 with an escape (0x1B)
// is read so, and the log says it.
//
// A receipt repeats the message_id as it was given, in the TLV and in the text. The
// faults "hex", "decimal" and "no_tlv" of Fault.Report change that. query_sm,
// cancel_sm, replace_sm, submit_multi, schedule_delivery_time and validity_period
// have no effect.
package smpp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// The words of Fault.Report that this vendor has.
const (
	formHex     = "hex"     // the message_id, read as decimal, in hexadecimal
	formDecimal = "decimal" // the message_id, read as hexadecimal, in decimal
	formNoTLV   = "no_tlv"  // in the text only
)

// A vendor is the carrier.
type vendor struct {
	desk     *kernel.Desk
	options  Options
	alphabet pdu.Alphabet
	accounts map[string]string // password by system_id
	lastID   atomic.Uint64

	mu       sync.Mutex
	sessions []*session // that are bound
	parts    map[partKey]*partial
	order    []partKey // the oldest first
}

// New returns the vendor for the sandbox. Listen serves it at addr.
func New(addr string, o Options) kernel.Opener {
	return func(d *kernel.Desk) (kernel.Vendor, error) {
		if err := o.Validate(); err != nil {
			return kernel.Vendor{}, err
		}
		v := &vendor{desk: d, options: o, alphabet: alphabets[o.Alphabet], accounts: map[string]string{SystemID: Password}, parts: map[partKey]*partial{}}
		v.lastID.Store(1_000_000_000 + rand.Uint64N(8_000_000_000))
		for _, k := range o.Accounts {
			v.accounts[k.ID] = k.Secret
		}
		return kernel.Vendor{
			Name: Name, Where: "over SMPP", Addr: addr, ServeConn: v.serve,
			Show: func(m *kernel.Message, r *kernel.Record, s kernel.Status) { m.Status, _ = stateOf(r, s.State) },
			CheckCode: func(code string) error {
				if _, ok := statusOf(code); !ok {
					return fmt.Errorf("%q is no command_status: write 0x58", code)
				}
				return nil
			},
			ThrottleCode: pdu.Throttled.String(),
			Deliver:      v.deliver, DeliverReply: v.reply, ReportForms: []string{formHex, formDecimal, formNoTLV},
			Repeat: []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 5 * time.Minute, time.Hour},
		}, nil
	}
}

// statusOf reads a command_status that refuses.
func statusOf(code string) (pdu.Status, bool) {
	n, err := strconv.ParseUint(code, 0, 32)
	return pdu.Status(n), err == nil && n > 0
}

const (
	// maxCalls is how many calls of a session are carried out at once.
	maxCalls = 100
	// bindTime is how long a connection may be open without a bind.
	bindTime = 30 * time.Second
	// answerTime is how long a client may take to answer, and to read.
	answerTime = 10 * time.Second
)

// A session is one connection.
type session struct {
	*vendor
	conn              *conn
	account           string
	submits, receives bool
	calls             chan struct{} // holds a token for each call

	answers map[uint32]chan pdu.Status // guarded by the vendor's lock, as seq is
	seq     uint32
}

// A conn is written to by several goroutines, each time with a whole frame.
type conn struct {
	net.Conn
	mu sync.Mutex
}

func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.SetWriteDeadline(time.Now().Add(answerTime))
	return c.Conn.Write(b)
}

func (s *session) write(p pdu.PDU) bool {
	_, err := s.conn.Write(p.Bytes())
	return err == nil
}

// serve serves one connection until it ends.
func (v *vendor) serve(ctx context.Context, c net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	s := &session{vendor: v, conn: &conn{Conn: c}, calls: make(chan struct{}, maxCalls), answers: map[uint32]chan pdu.Status{}}
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	defer v.leave(s)
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(bindTime))
	for {
		p, err := pdu.Read(c)
		if err != nil {
			if errors.Is(err, pdu.ErrLength) {
				s.write(pdu.PDU{ID: pdu.GenericNack, Status: pdu.InvalidLength})
			}
			return
		}
		switch {
		case p.ID.IsResponse():
			s.answered(p)
		case p.ID == pdu.Unbind:
			running.Wait()
			s.write(p.Answer(pdu.OK, nil))
			return
		case p.ID == pdu.BindReceiver, p.ID == pdu.BindTransmitter, p.ID == pdu.BindTransceiver:
			if !s.bind(ctx, p) {
				return
			}
			_ = c.SetReadDeadline(time.Time{})
		case p.ID == pdu.SubmitSM && v.options.Window > 0 && len(s.calls) >= v.options.Window:
			s.write(p.Answer(pdu.Throttled, nil))
		case p.ID == pdu.SubmitSM, p.ID == pdu.DataSM, p.ID == pdu.EnquireLink:
			call := s.submit(p)
			if p.ID == pdu.EnquireLink {
				call = s.call("enquire_link", p, func(kernel.Order) kernel.Answer { return accepted(p, "") })
			}
			s.calls <- struct{}{}
			running.Go(func() {
				defer func() { <-s.calls }()
				if !v.desk.Do(ctx, s.conn, call) {
					_ = c.Close()
				}
			})
		default:
			s.write(pdu.PDU{ID: pdu.GenericNack, Status: pdu.InvalidCommand, Seq: p.Seq})
		}
	}
}

// call is a call whose refusal is a response with a status.
func (s *session) call(operation string, p pdu.PDU, carry func(kernel.Order) kernel.Answer) kernel.Call {
	return kernel.Call{Operation: operation, Carry: carry, Refuse: func(code, _ string, _ int) kernel.Answer {
		status, _ := statusOf(code)
		return refused(p, status)
	}}
}

func accepted(p pdu.PDU, id string) kernel.Answer {
	if p.ID == pdu.EnquireLink {
		return kernel.Answer{Body: p.Answer(pdu.OK, nil).Bytes()}
	}
	return kernel.Answer{Body: p.Answer(pdu.OK, pdu.IDBody(id)).Bytes()}
}

func refused(p pdu.PDU, s pdu.Status) kernel.Answer {
	return kernel.Answer{Code: s.String(), Body: p.Answer(s, nil).Bytes()}
}

// bind begins the session, and reports whether the connection stays open: a refused
// bind is answered, then the connection is closed, unless it is bound already.
func (s *session) bind(ctx context.Context, p pdu.PDU) bool {
	call := s.call("bind", p, func(kernel.Order) kernel.Answer {
		b, err := pdu.ParseBind(p.Body)
		status := s.mayBind(p.ID, b)
		if err != nil {
			status = pdu.InvalidLength
		}
		if status != pdu.OK {
			return refused(p, status)
		}
		s.account, s.submits, s.receives = b.SystemID, p.ID != pdu.BindReceiver, p.ID != pdu.BindTransmitter
		a := accepted(p, Name)
		a.After = func() { s.enter() } // nothing is brought before the answer
		return a
	})
	return s.desk.Do(ctx, s.conn, call) && s.account != ""
}

func (s *session) mayBind(id pdu.ID, b pdu.Bind) pdu.Status {
	password, known := s.accounts[b.SystemID]
	switch {
	case s.account != "":
		return pdu.AlreadyBound
	case s.options.NoTransceiver && id == pdu.BindTransceiver:
		return pdu.InvalidCommand
	case !known && !s.desk.LetPass("bind", pdu.InvalidSystemID.String(), "the system_id is unknown"):
		return pdu.InvalidSystemID
	case known && password != b.Password && !s.desk.LetPass("bind", pdu.InvalidPassword.String(), "the password is wrong"):
		return pdu.InvalidPassword
	}
	return pdu.OK
}

func (s *session) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = append(s.sessions, s)
}

func (v *vendor) leave(s *session) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sessions = slices.DeleteFunc(v.sessions, func(other *session) bool { return other == s })
}

// receiver returns the newest session of an account that receives.
func (v *vendor) receiver(account string) *session {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range slices.Backward(v.sessions) {
		if s.account == account && s.receives {
			return s
		}
	}
	return nil
}

// answered gives a response to who waits for it.
func (s *session) answered(p pdu.PDU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer := s.answers[p.Seq]; answer != nil {
		answer <- p.Status
		delete(s.answers, p.Seq)
	}
}

// number reads a recipient, and returns "" if it is none.
func number(a pdu.Address) sms.Number {
	addr := a.Addr
	if len(addr) > 0 && addr[0] != '+' {
		addr = "+" + addr
	}
	if n := sms.Number(addr); n.Valid() {
		return n
	}
	return ""
}
