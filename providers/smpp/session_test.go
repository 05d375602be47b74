package smpp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/sms"
)

// A peer is the carrier's end of a session.
type peer struct {
	t *testing.T
	net.Conn
}

// read returns the next frame, or ends the carrier's goroutine at the session's end.
func (p peer) read() (pdu.PDU, bool) {
	frame, err := pdu.Read(p)
	return frame, err == nil
}

// want reads a frame that must be of one kind.
func (p peer) want(id pdu.ID) pdu.PDU {
	frame, ok := p.read()
	if !ok || frame.ID != id {
		p.t.Errorf("the carrier got %v, %v, want %#x", frame, ok, uint32(id))
	}
	return frame
}

func (p peer) send(frame pdu.PDU) { p.Write(frame.Bytes()) }

// bind accepts a bind.
func (p peer) bind() {
	frame, ok := p.read()
	if !ok {
		return
	}
	p.send(frame.Answer(pdu.OK, pdu.IDBody("smsc")))
}

// accept accepts a message.
func (p peer) accept(frame pdu.PDU) { p.send(frame.Answer(pdu.OK, pdu.IDBody("m1"))) }

// serve answers everything until the session ends.
func (p peer) serve() {
	for {
		frame, ok := p.read()
		if !ok {
			return
		}
		if !frame.ID.IsResponse() {
			p.accept(frame)
		}
	}
}

// scripted are options that lead to carriers: the nth session to the nth of them, and
// further ones to the last.
func scripted(t *testing.T, carriers ...func(peer)) smpp.Options {
	var mu sync.Mutex
	n := 0
	return smpp.Options{
		Endpoint: "smsc.test:2775", AllowPlainTCP: true, SystemID: systemID, Password: password, From: "ACME",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			carrier := carriers[min(n, len(carriers)-1)]
			n++
			if carrier == nil {
				return nil, errors.New("connection refused")
			}
			here, there := net.Pipe()
			go func() {
				defer there.Close()
				carrier(peer{t, there})
			}()
			return here, nil
		},
	}
}

var message = sms.Message{To: to, Body: "hello"}

// What a carrier does with a message, and what is known of it afterwards.
func TestSend_outcomes(t *testing.T) {
	after := func(do func(peer, pdu.PDU)) func(peer) {
		return func(p peer) {
			p.bind()
			do(p, p.want(pdu.SubmitSM))
			p.serve()
		}
	}
	for name, c := range map[string]struct {
		carrier func(peer)
		outcome sms.Outcome
		reason  sms.Reason
		code    string
	}{
		"accepts":                        {after(peer.acceptIt), sms.Accepted, "", ""},
		"accepts without an ID":          {after(func(p peer, f pdu.PDU) { p.send(f.Answer(pdu.OK, pdu.IDBody(""))) }), sms.Accepted, "", ""},
		"accepts without a body":         {after(func(p peer, f pdu.PDU) { p.send(f.Answer(pdu.OK, nil)) }), sms.Accepted, "", ""},
		"refuses":                        {after(func(p peer, f pdu.PDU) { p.send(f.Answer(pdu.InvalidDest, nil)) }), sms.Rejected, sms.InvalidNumber, "0x0B"},
		"has a code of its own":          {after(func(p peer, f pdu.PDU) { p.send(f.Answer(0x455, nil)) }), sms.Rejected, sms.Unsupported, "0x455"},
		"cannot say":                     {after(func(p peer, f pdu.PDU) { p.send(f.Answer(pdu.SystemError, nil)) }), sms.Unknown, sms.Unavailable, "0x08"},
		"cannot read it":                 {after(func(p peer, f pdu.PDU) { p.nack(f, pdu.SystemError) }), sms.Rejected, sms.Unavailable, "0x08"},
		"does not know submit_sm":        {after(func(p peer, f pdu.PDU) { p.nack(f, pdu.InvalidCommand) }), sms.Rejected, sms.Internal, "0x03"},
		"hangs up":                       {after(func(p peer, _ pdu.PDU) { p.Close() }), sms.Unknown, sms.Unavailable, ""},
		"says nothing":                   {after(func(p peer, _ pdu.PDU) {}), sms.Unknown, sms.Unavailable, ""},
		"unbinds in place of an answer":  {after(func(p peer, _ pdu.PDU) { p.send(pdu.PDU{ID: pdu.Unbind, Seq: 1}) }), sms.Unknown, sms.Unavailable, ""},
		"answers another request":        {after(func(p peer, f pdu.PDU) { f.Seq += 5; p.accept(f) }), sms.Unknown, sms.Unavailable, ""},
		"answers with another operation": {after(func(p peer, f pdu.PDU) { f.ID = pdu.EnquireLink; p.accept(f) }), sms.Unknown, sms.Unavailable, ""},
		"answers and hangs up":           {after(func(p peer, f pdu.PDU) { p.accept(f); p.Close() }), sms.Accepted, "", ""},
		"reads half of it": {func(p peer) {
			p.bind()
			io.ReadFull(p, make([]byte, 20))
		}, sms.Unknown, sms.Unavailable, ""},
		"reads nothing of it": {func(p peer) {
			p.bind()
			time.Sleep(time.Second) // with the message waiting to be written
		}, sms.Rejected, sms.Unavailable, ""},
		"never answers the bind": {func(p peer) { p.read(); p.read() }, sms.Rejected, sms.Unavailable, ""},
		"is not there":           {nil, sms.Rejected, sms.Unavailable, ""},
		"speaks another protocol": {func(p peer) {
			p.read()
			io.WriteString(p, "220 mail.example ESMTP\r\n")
		}, sms.Rejected, sms.Unavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				receipt, err := open(t, scripted(t, c.carrier)).Send(t.Context(), message)
				e, _ := errors.AsType[*sms.Error](err)
				if sms.OutcomeOf(err) != c.outcome || sms.ReasonOf(err) != c.reason || e != nil && e.Code != c.code {
					t.Errorf("%v, %v, want %v, %s, code %q", receipt, err, c.outcome, c.reason, c.code)
				}
				if d := time.Since(began); d > smpp.DefaultTimeout {
					t.Errorf("it took %v", d)
				}
			})
		})
	}
}

func (p peer) acceptIt(f pdu.PDU) { p.accept(f) }

func (p peer) nack(f pdu.PDU, s pdu.Status) {
	p.send(pdu.PDU{ID: pdu.GenericNack, Status: s, Seq: f.Seq})
}

// The caller leaves: what has not been written is Rejected, what has is Unknown. A
// place in the window stays taken as long as the carrier counts it.
func TestSend_canceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := scripted(t, func(p peer) {
			p.bind()
			first := p.want(pdu.SubmitSM)
			time.Sleep(10 * time.Second)
			p.accept(first)
			p.serve()
		})
		o.Window = 1
		p := open(t, o)
		var calls sync.WaitGroup
		for _, want := range []sms.Outcome{sms.Unknown, sms.Rejected} { // the second one waits for room
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			calls.Go(func() {
				_, err := p.Send(ctx, message)
				if sms.OutcomeOf(err) != want || sms.ReasonOf(err) != sms.Canceled || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, want %v", err, want)
				}
			})
			synctest.Wait()
		}
		calls.Wait()
		began := time.Now()
		if _, err := p.Send(t.Context(), message); err != nil {
			t.Error(err)
		}
		if time.Since(began) < 9*time.Second {
			t.Error("the place of the canceled message was given away before its answer")
		}
	})
}

// No more messages than the window are unanswered, and the first to wait is the first
// to go.
func TestSend_window(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		var inFlight atomic.Int32
		most := int32(0)
		o := scripted(t, func(p peer) {
			p.bind()
			answers := make(chan pdu.PDU, 100)
			defer close(answers)
			go func() {
				for f := range answers {
					time.Sleep(time.Second)
					inFlight.Add(-1)
					p.accept(f)
				}
			}()
			for {
				f, ok := p.read()
				if !ok {
					return
				}
				if f.ID != pdu.SubmitSM {
					p.accept(f)
					continue
				}
				m, _ := pdu.ParseMessage(f.ID, f.Body)
				order = append(order, string(m.Short))
				most = max(most, inFlight.Add(1))
				answers <- f
			}
		})
		o.Window = 3
		p := open(t, o)
		var calls sync.WaitGroup
		want := []string{}
		for i := range 20 {
			m := message
			m.Body = string(rune('a' + i))
			want = append(want, m.Body)
			calls.Go(func() {
				if _, err := p.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		calls.Wait()
		synctest.Wait()
		if most != 3 || strings.Join(order, "") != strings.Join(want, "") {
			t.Errorf("%d were in flight, in the order %v", most, order)
		}
	})
}

// A carrier that is throttled gets nothing until the pause is over, which doubles.
// Only a later part of a text is sent again.
func TestSend_throttled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		began := time.Now()
		refuse := 3
		p := open(t, scripted(t, func(p peer) {
			p.bind()
			for {
				f, ok := p.read()
				if !ok {
					return
				}
				if f.ID == pdu.SubmitSM {
					at = append(at, time.Since(began))
				}
				if f.ID == pdu.SubmitSM && refuse > 0 {
					refuse--
					p.send(f.Answer(pdu.Throttled, nil))
					continue
				}
				p.accept(f)
			}
		}))
		for i, pause := range []time.Duration{1, 2, 4} {
			_, err := p.Send(t.Context(), message)
			e, _ := errors.AsType[*sms.Error](err)
			if e == nil || e.Reason != sms.Throttled || e.Outcome != sms.Rejected || e.RetryAfter != pause*time.Second {
				t.Errorf("message %d: %v, retry after %v", i+1, err, e.RetryAfter)
			}
		}
		if _, err := p.Send(t.Context(), message); err != nil {
			t.Error(err)
		}
		if len(at) != 4 || at[1] != time.Second || at[2] != 3*time.Second || at[3] != 7*time.Second {
			t.Errorf("they went at %v", at)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := open(t, scripted(t, func(p peer) {
			p.bind()
			for {
				f, ok := p.read()
				if !ok {
					return
				}
				if n++; n == 2 || n == 3 {
					p.send(f.Answer(pdu.Throttled, nil))
					continue
				}
				p.accept(f)
			}
		}))
		long := message
		long.Body = strings.Repeat("x", 200)
		if receipt, err := p.Send(t.Context(), long); err != nil || len(receipt.IDs) != 2 {
			t.Errorf("%v, %v", receipt, err)
		}
	})
}

// A text of which a later part was not accepted is Accepted; of which the first was
// not, nothing more is sent.
func TestSend_parts(t *testing.T) {
	for name, c := range map[string]struct {
		refused int
		status  pdu.Status
		outcome sms.Outcome
		sent    int
	}{
		"the first":           {1, pdu.InvalidDest, sms.Rejected, 1},
		"the first, perhaps":  {1, pdu.SystemError, sms.Unknown, 1},
		"the second":          {2, pdu.InvalidDest, sms.Accepted, 2},
		"the second, perhaps": {2, pdu.SystemError, sms.Accepted, 2},
		"none":                {9, pdu.OK, sms.Accepted, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			p := open(t, scripted(t, func(p peer) {
				p.bind()
				for {
					f, ok := p.read()
					if !ok {
						return
					}
					if f.ID == pdu.SubmitSM {
						if n++; n == c.refused {
							p.send(f.Answer(c.status, nil))
							continue
						}
					}
					p.accept(f)
				}
			}))
			long := message
			long.Body = strings.Repeat("x", 400)
			receipt, err := p.Send(t.Context(), long)
			if sms.OutcomeOf(err) != c.outcome || n != c.sent || err == nil && receipt.Segments != 3 {
				t.Errorf("%s: %d were sent: %v, %v", name, n, receipt, err)
			}
		})
	}
}

// A silent carrier is asked whether it is alive. If it does not answer, its session
// ends, and another one is bound before a message needs it.
func TestSession_deadCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, bound []time.Duration
		began := time.Now()
		mark := func(list *[]time.Duration) { *list = append(*list, time.Since(began)) }
		p := open(t, scripted(t, func(p peer) {
			p.bind()
			mark(&bound)
			p.accept(p.want(pdu.SubmitSM))
			p.accept(p.want(pdu.EnquireLink))
			mark(&asked)
			p.want(pdu.EnquireLink)
			mark(&asked)
			p.read() // it has died
		}, func(p peer) {
			p.bind()
			mark(&bound)
			p.serve()
		}))
		if _, err := p.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if len(asked) != 2 || asked[0] != 30*time.Second || asked[1] != time.Minute {
			t.Errorf("it was asked at %v", asked)
		}
		if len(bound) != 2 || bound[1] < 90*time.Second || bound[1] > 91*time.Second {
			t.Errorf("it was bound at %v", bound)
		}
		if _, err := p.Send(t.Context(), message); err != nil {
			t.Error(err)
		}
	})
}

// While the carrier is away, binds come in growing pauses with jitter, and messages
// are refused at once.
func TestSession_rebind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := scripted(t, nil)
		var at []time.Time
		dial := o.Dial
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			at = append(at, time.Now())
			return dial(ctx, network, address)
		}
		p := open(t, o)
		if _, err := p.Send(t.Context(), message); sms.OutcomeOf(err) != sms.Rejected {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		whole := 0
		for i := 1; i < len(at); i++ {
			limit := min(time.Second<<(i-1), time.Minute)
			pause := at[i].Sub(at[i-1])
			if pause < limit/2 || pause > limit {
				t.Errorf("pause %d is %v, want %v to %v", i, pause, limit/2, limit)
			}
			if pause%time.Second == 0 {
				whole++
			}
		}
		if len(at) < 12 || len(at) > 30 || whole > 2 {
			t.Errorf("%d binds, %d after whole seconds", len(at), whole)
		}
		began := time.Now()
		if _, err := p.Send(t.Context(), message); sms.OutcomeOf(err) != sms.Rejected || time.Since(began) > time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// Close refuses new messages, waits for the answers of those on their way, and then
// unbinds: nothing is written afterwards.
func TestClose_drains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var frames []pdu.ID
		p := open(t, scripted(t, func(p peer) {
			p.bind()
			f := p.want(pdu.SubmitSM)
			time.Sleep(20 * time.Second)
			p.accept(f)
			for {
				f, ok := p.read()
				if !ok {
					return
				}
				frames = append(frames, f.ID)
				p.accept(f)
			}
		}))
		sent := make(chan error)
		go func() {
			_, err := p.Send(t.Context(), message)
			sent <- err
		}()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- p.Close() }()
		synctest.Wait()
		if _, err := p.Send(t.Context(), message); !errors.Is(err, sms.ErrClosed) || sms.OutcomeOf(err) != sms.Rejected {
			t.Errorf("during Close: %v", err)
		}
		if err := <-sent; err != nil {
			t.Errorf("the message on its way: %v", err)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(frames) != 1 || frames[0] != pdu.Unbind {
			t.Errorf("after the answer the carrier got %v", frames)
		}
	})
}

// Without a call, Close has nothing to do. With one to a carrier that is silent for
// ever, it ends too.
func TestClose_ends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open(t, scripted(t, nil))
		p := open(t, scripted(t, func(p peer) {
			p.bind()
			for {
				if _, ok := p.read(); !ok {
					return
				}
			}
		}))
		go p.Send(t.Context(), message)
		synctest.Wait()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := p.Listen(t.Context(), nil); !errors.Is(err, sms.ErrClosed) {
			t.Errorf("Listen after Close: %v", err)
		}
	})
}

// Two listeners would each get a part of what arrives.
func TestListen_once(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, scripted(t, func(p peer) { p.bind(); p.serve() }))
		heard(t, p, func(kit.Inbound) error { return nil })
		if err := p.Listen(t.Context(), nil); err == nil {
			t.Error("there are two")
		}
	})
}
