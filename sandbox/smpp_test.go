package sandbox_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/smpp"
)

// A client is the other end of a session with the sandbox's carrier.
type client struct {
	t *testing.T
	net.Conn
	seq uint32
}

// connect opens a session in memory.
func connect(t *testing.T, sb *sandbox.Sandbox) *client {
	here, there := net.Pipe()
	go sb.ServeConn(t.Context(), sandbox.SMPP, there)
	t.Cleanup(func() { here.Close() })
	return &client{t: t, Conn: here}
}

func carrier(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	o.SMPP = "127.0.0.1:0"
	return newSandbox(t, o)
}

func (c *client) read() pdu.PDU {
	c.t.Helper()
	p, err := pdu.Read(c)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// ask makes a request and returns the answer.
func (c *client) ask(id pdu.ID, body []byte) pdu.PDU {
	c.t.Helper()
	c.seq++
	if _, err := c.Write(pdu.PDU{ID: id, Seq: c.seq, Body: body}.Bytes()); err != nil {
		c.t.Fatal(err)
	}
	p := c.read()
	if p.Seq != c.seq {
		c.t.Fatalf("the answer is %v with number %d, want %d", p, p.Seq, c.seq)
	}
	return p
}

// bound is a session of the well-known account.
func bound(t *testing.T, sb *sandbox.Sandbox, id pdu.ID) *client {
	t.Helper()
	c := connect(t, sb)
	if p := c.ask(id, pdu.Bind{SystemID: smpp.SystemID, Password: smpp.Password}.Bytes()); p.Status != pdu.OK || pdu.ParseID(p.Body) == "" {
		t.Fatalf("the bind: %v", p)
	}
	return c
}

var hello = pdu.Message{Source: pdu.Address{TON: 5, Addr: "ACME"}, Dest: pdu.Address{TON: 1, NPI: 1, Addr: "447700900001"}, Short: []byte("hello")}

func with(change func(*pdu.Message)) pdu.Message {
	m := hello
	change(&m)
	return m
}

func TestSMPP_refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := carrier(t, sandbox.Options{})
		c := bound(t, sb, pdu.BindTransceiver)
		for name, test := range map[string]struct {
			m    pdu.Message
			want pdu.Status
		}{
			"letters for a number": {with(func(m *pdu.Message) { m.Dest.Addr = "nobody" }), 0x0B},
			"no number":            {with(func(m *pdu.Message) { m.Dest.Addr = "" }), 0x0B},
			"a short number":       {with(func(m *pdu.Message) { m.Dest.Addr = "12" }), 0x0B},
			"a long sender":        {with(func(m *pdu.Message) { m.Source.Addr = "TwelveLetter" }), 0x0A},
			"no text":              {with(func(m *pdu.Message) { m.Short = nil }), 0x01},
			"a long text":          {with(func(m *pdu.Message) { m.Short = bytes.Repeat([]byte("x"), 161) }), 0x01},
			"a long UCS-2 text":    {with(func(m *pdu.Message) { m.Coding, m.Short = 8, bytes.Repeat([]byte("x"), 142) }), 0x01},
			"a validity of today":  {with(func(m *pdu.Message) { m.Validity = "today" }), 0x62},
		} {
			if p := c.ask(pdu.SubmitSM, test.m.Bytes()); p.Status != test.want {
				t.Errorf("%s: %v, want %s", name, p, test.want)
			}
		}
		if p := c.ask(pdu.SubmitSM, []byte("x")); p.Status != pdu.InvalidLength {
			t.Errorf("a body that ends early: %v", p)
		}
		if p := c.ask(pdu.ID(0x21), nil); p.ID != pdu.GenericNack || p.Status != pdu.InvalidCommand {
			t.Errorf("submit_multi: %v", p)
		}
		if p := c.ask(pdu.BindTransceiver, pdu.Bind{SystemID: smpp.SystemID, Password: smpp.Password}.Bytes()); p.Status != pdu.AlreadyBound {
			t.Errorf("a second bind: %v", p)
		}
		if n := len(sb.Messages("")); n != 0 || len(sb.Refused("+447700900001")) != 5 {
			t.Errorf("%d messages were taken, %d are refused", n, len(sb.Refused("+447700900001")))
		}
	})
}

// A bad bind gets a response, and then the connection is closed.
func TestSMPP_binds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := carrier(t, sandbox.Options{SMSC: smpp.Options{NoTransceiver: true, Accounts: []sandbox.Key{{ID: "mine", Secret: "mine2"}}}})
		for name, test := range map[string]struct {
			id   pdu.ID
			body []byte
			want pdu.Status
		}{
			"an unknown account": {pdu.BindTransmitter, pdu.Bind{SystemID: "nobody", Password: "x"}.Bytes(), pdu.InvalidSystemID},
			"a wrong password":   {pdu.BindTransmitter, pdu.Bind{SystemID: "mine", Password: "mine"}.Bytes(), pdu.InvalidPassword},
			"a transceiver":      {pdu.BindTransceiver, pdu.Bind{SystemID: "mine", Password: "mine2"}.Bytes(), pdu.InvalidCommand},
			"half a body":        {pdu.BindTransmitter, []byte("mine"), pdu.InvalidLength},
		} {
			c := connect(t, sb)
			if p := c.ask(test.id, test.body); p.Status != test.want || p.ID != test.id.Response() {
				t.Errorf("%s: %v, want %s", name, p, test.want)
			}
			if _, err := pdu.Read(c); err != io.EOF {
				t.Errorf("%s: the connection is open: %v", name, err)
			}
		}
		c := connect(t, sb)
		if p := c.ask(pdu.SubmitSM, hello.Bytes()); p.Status != pdu.NotBound {
			t.Errorf("a message before the bind: %v", p)
		}
		if p := bound(t, sb, pdu.BindReceiver).ask(pdu.SubmitSM, hello.Bytes()); p.Status != pdu.NotBound {
			t.Errorf("a message from a receiver: %v", p)
		}
		go c.Write([]byte("GET / HTTP/1.1\r\n"))
		if p := c.read(); p.ID != pdu.GenericNack || p.Status != pdu.InvalidLength {
			t.Errorf("another protocol: %v", p)
		}
		idle := connect(t, sb)
		time.Sleep(time.Minute)
		if _, err := pdu.Read(idle); err == nil {
			t.Error("a connection without a bind stays open")
		}
		lenient := carrier(t, sandbox.Options{Lenient: true})
		if p := connect(t, lenient).ask(pdu.BindTransceiver, pdu.Bind{SystemID: "nobody"}.Bytes()); p.Status != pdu.OK {
			t.Errorf("a lenient sandbox: %v", p)
		}
	})
}

// What each data_coding means, and the warning for GSM 7-bit under 1.
func TestSMPP_codings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		sb := carrier(t, sandbox.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		c := bound(t, sb, pdu.BindTransmitter)
		for _, test := range []struct {
			coding    byte
			octets    string
			want      string
			isWarning bool
		}{
			{0, "00021b65", "@$€", false}, {1, "402441", "@$A", false}, {1, "001b65", "@€", true}, {3, "e9", "é", false},
			{8, "6f225b57", "漢字", false}, {8, "d83dde00", "😀", false}, {0x10, "00", "@", false}, {0x18, "6f22", "漢", false}, {0xF0, "02", "$", false}, {4, "41ff", "Aÿ", false},
		} {
			sb.Clear("")
			log.Reset()
			octets, _ := hex.DecodeString(test.octets)
			if p := c.ask(pdu.SubmitSM, with(func(m *pdu.Message) { m.Coding, m.Short = test.coding, octets }).Bytes()); p.Status != pdu.OK {
				t.Errorf("%d, %s: %v", test.coding, test.octets, p)
				continue
			}
			synctest.Wait()
			if got := sb.Messages("+447700900001")[0].Text; got != test.want || strings.Contains(log.String(), "0x1B") || strings.Contains(log.String(), "an escape") != test.isWarning {
				t.Errorf("%d, %s: %q, want %q; the log: %s", test.coding, test.octets, got, test.want, log.String())
			}
		}
	})
}

// Parts in any order become one message, which has an ID and a receipt for each.
func TestSMPP_parts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := carrier(t, sandbox.Options{Pace: time.Second})
		long := strings.Repeat("x", 400)
		for _, form := range []pdu.Form{pdu.UDH, pdu.UDH16, pdu.SAR, pdu.Payload} {
			sb.Clear("")
			c := bound(t, sb, pdu.BindTransmitter)
			m := hello
			m.Registered = 1
			parts := m.With(long, pdu.GSM, 0, form, 0x0102)
			var ids []string
			for i := range parts {
				part := parts[len(parts)-1-i]
				p := c.ask(pdu.SubmitSM, part.Bytes())
				ids = append(ids, pdu.ParseID(p.Body))
				if i == 1 { // another text with the same reference, to somebody else
					part.Dest.Addr = "447700900002"
					c.ask(pdu.SubmitSM, part.Bytes())
				}
			}
			sent := sb.Messages("+447700900001")
			if len(sent) != 1 || sent[0].Text != long || sent[0].ID != ids[len(ids)-1] || len(sb.Messages("")) != 1 {
				t.Errorf("form %d: %d messages of %d, a text of %d characters", form, len(sent), len(sb.Messages("")), len(sent[0].Text))
			}
			receiver := bound(t, sb, pdu.BindReceiver)
			for i := range parts {
				p := receiver.read()
				m, err := pdu.ParseMessage(p.ID, p.Body)
				if id := m.TLVs.Text(pdu.TagReceiptedID); err != nil || id != ids[len(ids)-1-i] || m.ESMClass != pdu.ESMReceipt || !strings.Contains(string(m.Short), "id:"+id+" ") {
					t.Errorf("form %d: receipt %d is of %s, want %s: %v", form, i+1, id, ids[len(ids)-1-i], err)
				}
				receiver.Write(p.Answer(pdu.OK, pdu.IDBody("")).Bytes())
			}
			c.Close()
			receiver.Close()
			synctest.Wait()
		}
	})
}

// More messages than the window are refused, and an answer that is late holds up
// nothing else.
func TestSMPP_window(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := carrier(t, sandbox.Options{SMSC: smpp.Options{Window: 2}})
		if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.SMPP, Operation: "submit_sm", Latency: time.Second}); err != nil {
			t.Fatal(err)
		}
		c := bound(t, sb, pdu.BindTransmitter)
		for seq := range uint32(3) {
			c.Write(pdu.PDU{ID: pdu.SubmitSM, Seq: seq + 10, Body: hello.Bytes()}.Bytes())
			synctest.Wait()
		}
		if p := c.read(); p.Status != pdu.Throttled || p.Seq != 12 {
			t.Errorf("the third: %v", p)
		}
		seqs := c.read().Seq + c.read().Seq
		if p := c.ask(pdu.Unbind, nil); p.Status != pdu.OK || seqs != 21 {
			t.Errorf("unbind: %v; the numbers of the answers are %d in all", p, seqs)
		}
	})
}

// What a fault makes of reports, and what it must not say.
func TestSMPP_faults(t *testing.T) {
	sb := carrier(t, sandbox.Options{})
	for _, f := range []sandbox.Fault{{Vendor: sandbox.SMPP, Code: "zero"}, {Vendor: sandbox.SMPP, Code: "0x00"}, {Vendor: sandbox.SMPP, Status: 500},
		{Vendor: sandbox.SMPP, Report: "never"}, {Report: "hex"}, {Vendor: sandbox.Twilio, Report: "hex"}, {Vendor: sandbox.SMPP, Report: "hex", Code: "0x58"}} {
		if err := sb.SetFaults(f); err == nil {
			t.Errorf("%+v is taken", f)
		}
	}
	if err := sb.SetFaults(sandbox.Fault{Report: "late"}, sandbox.Fault{Vendor: sandbox.SMPP, Report: "no_tlv"}, sandbox.Fault{Vendor: sandbox.SMPP, Throttle: true}); err != nil {
		t.Error(err)
	}
	if err := (smpp.Options{Accounts: []sandbox.Key{{ID: "a"}}, Alphabet: "utf8", Window: -1}).Validate(); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("the faults of the options: %v", err)
	}
}
