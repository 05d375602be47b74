package smpp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/sms"
)

// written sends m, and returns what the carrier got of it.
func written(t *testing.T, change func(*smpp.Options), m sms.Message) (list []pdu.Message) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := scripted(t, func(p peer) {
			p.bind()
			for {
				f, ok := p.read()
				if !ok {
					return
				}
				if f.ID == pdu.SubmitSM {
					got, err := pdu.ParseMessage(f.ID, f.Body)
					if err != nil {
						t.Error(err)
					}
					list = append(list, got)
				}
				p.accept(f)
			}
		})
		change(&o)
		if _, err := open(t, o).Send(t.Context(), m); err != nil {
			t.Error(err)
		}
	})
	if len(list) == 0 {
		t.Fatal("the carrier got nothing")
	}
	return list
}

func TestSend_writes(t *testing.T) {
	for sender, want := range map[string]pdu.Address{
		"ACME": {TON: 5, Addr: "ACME"}, "12345": {TON: 3, Addr: "12345"}, "447700900000": {TON: 1, NPI: 1, Addr: "447700900000"},
		"999": {TON: 0, NPI: 1, Addr: "999"}, "": {},
	} {
		got := written(t, func(o *smpp.Options) { o.From, o.TONs = sender, map[string]string{"999": "0/1"} }, message)[0]
		if got.Source != want || got.Dest != (pdu.Address{TON: 1, NPI: 1, Addr: "447700900001"}) {
			t.Errorf("sender %q is %+v (%s), want %+v", sender, got.Source, got.Source.Addr, want)
		}
		if got.Registered != 1 || got.Validity != "" || got.Coding != 0 || string(got.Short) != "hello" {
			t.Errorf("the carrier got %+v", got)
		}
	}
	for reports, want := range map[string]byte{"all": 1, "failures": 2, "none": 0} {
		if got := written(t, func(o *smpp.Options) { o.Reports, o.ServiceType = reports, "CMT" }, message)[0]; got.Registered != want || got.ServiceType != "CMT" {
			t.Errorf("reports %s: %+v", reports, got)
		}
	}
}

// validity_period counts from now.
func TestSend_validity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for left, want := range map[time.Duration]string{
			30 * time.Second: "000000000030000R", 90*time.Minute + 5*time.Second: "000000013005000R",
			50 * time.Hour: "000002020000000R", 100 * 24 * time.Hour: "000030000000000R",
		} {
			m := message
			m.Expires = time.Now().Add(left)
			p := open(t, scripted(t, nil))
			preview, err := p.Preview(m)
			if err != nil || preview.Parameters["validity_period"] != want {
				t.Errorf("%v: %v, %v, want %s", left, preview.Parameters, err, want)
			}
		}
	})
}

// The optional parameters of all messages, and of a template's binding, as India asks.
func TestSend_tlvs(t *testing.T) {
	templates, err := sms.NewRegistry(sms.Template{Name: "shipped", Text: "order ${order}", Bindings: map[string]sms.Binding{
		"smpp": {Extra: map[string]string{"content_id": "1107", "0x1500": "hex:0aff"}}}})
	if err != nil {
		t.Fatal(err)
	}
	m := sms.Message{To: to, Template: "shipped", Params: sms.Params{"order": "17"}}
	got := written(t, func(o *smpp.Options) { o.Templates, o.TLVs = templates, map[string]string{"0x1400": "1101"} }, m)[0]
	want := "[{0x1400 1101} {0x1401 1107} {0x1500 \x0a\xff}]"
	shown := []string{}
	for _, tlv := range got.TLVs {
		shown = append(shown, fmt.Sprintf("{%#x %s}", tlv.Tag, tlv.Value))
	}
	if fmt.Sprint(shown) != want || string(got.Short) != "order 17" {
		t.Errorf("%q, want %q", shown, want)
	}
}

// A long text in each form, as the carrier gets it.
func TestSend_long(t *testing.T) {
	m := message
	m.Body = strings.Repeat("x", 200)
	for form, c := range map[string]struct {
		esm     byte
		lengths string
	}{"udh": {0x40, "[159 53]"}, "udh16": {0x40, "[159 55]"}, "sar": {0, "[153 47]"}, "payload": {0, "[0]"}} {
		lengths := []int{}
		for _, part := range written(t, func(o *smpp.Options) { o.Long = form }, m) {
			lengths = append(lengths, len(part.Short))
			if part.ESMClass != c.esm {
				t.Errorf("%s: esm_class %#x", form, part.ESMClass)
			}
		}
		if fmt.Sprint(lengths) != c.lengths {
			t.Errorf("%s: %v, want %s", form, lengths, c.lengths)
		}
	}
}

func TestPreview(t *testing.T) {
	p := open(t, scripted(t, nil))
	preview, err := p.Preview(sms.Message{To: to, Body: "é漢"})
	if err != nil || preview.Segments != 1 || preview.Encoding != "UCS-2" || preview.Parameters["short_message"] != "00e96f22" || preview.Parameters["data_coding"] != "8" {
		t.Errorf("%v, %v, %v", preview, preview.Parameters, err)
	}
	for name, m := range map[string]sms.Message{"a text of 256 parts": {To: to, Body: strings.Repeat("x", 255*153+1)}, "none": {To: to}} {
		if _, err := p.Send(t.Context(), m); sms.ReasonOf(err) != sms.InvalidMessage || sms.OutcomeOf(err) != sms.Rejected {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every fault of the options is reported at once.
func TestNew_faults(t *testing.T) {
	_, err := smpp.New(smpp.Options{
		Endpoint: "http://smsc.test", Backup: "smsc.test:2775", Password: " x", SystemType: strings.Repeat("x", 65), Bind: "half", Binds: 33, Window: -1,
		Enquire: -1, Timeout: -1, From: "+1", Senders: map[string]string{"a": "TwelveLetter"}, TONs: map[string]string{"a": "5"}, Alphabet: "utf8", Long: "no",
		Reports: "some", ReceiptIDs: "octal", TLVs: map[string]string{"x": "", "0x1400": "hex:x"},
	})
	for _, path := range []string{"endpoint", "backup", "system_id", "password", "system_type", "bind", "binds", "window", "enquire_link", "timeout",
		"from", "senders.a", "tons.a", "alphabet", "long", "reports", "receipt_ids", "tlvs.x", "tlvs.0x1400"} {
		if err == nil || !strings.Contains("\n"+err.Error(), "\n"+path+": ") {
			t.Errorf("%s is not among the faults:\n%v", path, err)
		}
	}
	for _, address := range []string{"smsc.test", "smpp://u:secret@smsc.test:1", "smpps://smsc.test:1/path", "smpps://:1"} {
		o := scripted(t, nil)
		if o.Endpoint = address; true {
			if _, err := smpp.New(o); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", address, err)
			}
		}
	}
	o := scripted(t, nil)
	if shown := fmt.Sprintf("%v %+v %#v", o, o, o); strings.Contains(shown, password) {
		t.Errorf("the options show the password: %s", shown)
	}
	if p := open(t, o); strings.Contains(fmt.Sprintf("%v %+v %#v", p, p, p), password) || p.Destination().Trial {
		t.Errorf("%v, %v", p, p.Destination())
	}
}

// brought returns what arrives of one deliver_sm, and the carrier's answer.
func brought(t *testing.T, o func(*smpp.Options), frame pdu.PDU) (in []kit.Inbound, answer pdu.Status) {
	synctest.Test(t, func(t *testing.T) {
		options := scripted(t, func(p peer) {
			p.bind()
			p.send(frame)
			if f := p.want(frame.ID.Response()); f.Seq == frame.Seq {
				answer = f.Status
			}
			p.serve()
		})
		o(&options)
		p := open(t, options)
		heard(t, p, func(got kit.Inbound) error { in = append(in, got); return nil })
		synctest.Wait()
	})
	return in, answer
}

// Receipts as they are met.
func TestListen_receipts(t *testing.T) {
	at := time.Date(2026, 11, 29, 6, 40, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		text  string
		tlvs  pdu.TLVs
		id    string
		state sms.DeliveryState
		code  string
		words string
		at    time.Time
	}{
		"by the standard":   {"id:42 sub:001 dlvrd:001 submit date:2611290639 done date:2611290640 stat:DELIVRD err:000 text:id:7 stat:EXPIRED", nil, "42", sms.StateDelivered, "DELIVRD", "", at},
		"with seconds":      {"id:42 sub:001 dlvrd:001 submit date:261129063901 done date:261129064000 stat:UNDELIV err:12A Text:x", nil, "42", sms.StateUndelivered, "UNDELIV", "err:12A", at},
		"crowded":           {"id:ab-42sub:001dlvrd:001submit date:2611290639done date:2611290640stat:EXPIREDerr:001text:", nil, "ab-42", sms.StateExpired, "EXPIRED", "err:001", at},
		"few fields":        {"id:42 stat:REJECTD", nil, "42", sms.StateBlocked, "REJECTD", "", time.Time{}},
		"in capitals":       {"ID:42 STAT:delivrd ERR:0", nil, "42", sms.StateDelivered, "DELIVRD", "", time.Time{}},
		"with commas":       {"id:42, done date:20261129064000, stat:DELETED, err:5", nil, "42", sms.StateUndelivered, "DELETED", "err:5", at},
		"the TLVs count":    {"id:0000042 stat:ENROUTE", pdu.TLVs{{Tag: 0x1E, Value: []byte("abc\x00")}, {Tag: 0x427, Value: []byte{2}}}, "abc", sms.StateDelivered, "DELIVRD", "", time.Time{}},
		"TLVs alone":        {"", pdu.TLVs{{Tag: 0x1E, Value: []byte("abc")}, {Tag: 0x427, Value: []byte{5}}, {Tag: 0x423, Value: []byte{3, 1, 1}}}, "abc", sms.StateUndelivered, "UNDELIV", "err:257", time.Time{}},
		"on its way":        {"id:42 stat:ACCEPTD", nil, "42", sms.StateSent, "ACCEPTD", "", time.Time{}},
		"a word of its own": {"id:42 stat:PONDERING", nil, "42", 0, "PONDERING", "", time.Time{}},
		"nothing of it":     {"hello", nil, "", 0, "", "", time.Time{}},
	} {
		m := pdu.Message{Source: pdu.Address{TON: 1, NPI: 1, Addr: "447700900001"}, ESMClass: pdu.ESMReceipt, Short: []byte(c.text), TLVs: c.tlvs}
		in, answer := brought(t, func(*smpp.Options) {}, pdu.PDU{ID: pdu.DeliverSM, Seq: 9, Body: m.Bytes()})
		if len(in) != 1 || len(in[0].Reports) != 1 || answer != pdu.OK {
			t.Errorf("%s: %v, answer %s", name, in, answer)
			continue
		}
		if r := in[0].Reports[0]; r.ID != c.id || r.State != c.state || r.Code != c.code || r.Message != c.words || !r.At.Equal(c.at) || r.To != to {
			t.Errorf("%s: %v (id %s, code %s, words %s, at %v)", name, r, r.ID, r.Code, r.Message, r.At)
		}
	}
}

// IDs in another base than in the answer to the message.
func TestListen_bases(t *testing.T) {
	for _, c := range []struct{ base, receipt, want string }{
		{"same", "0001A2B", "0001A2B"}, {"decimal", "6699", "1a2b"}, {"decimal", "0006699", "1a2b"}, {"hex", "1A2B", "1a2b"}, {"hex", "0001a2b", "1a2b"},
		{"decimal", "no-number", "no-number"}, {"decimal", "-5", "-5"},
	} {
		m := pdu.Message{ESMClass: pdu.ESMReceipt, Short: []byte("id:" + c.receipt + " stat:DELIVRD")}
		in, _ := brought(t, func(o *smpp.Options) { o.ReceiptIDs = c.base }, pdu.PDU{ID: pdu.DeliverSM, Seq: 1, Body: m.Bytes()})
		if got := in[0].Reports[0].ID; got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.base, c.receipt, got, c.want)
		}
	}
}

// A person's text is a reply, also if it looks like a receipt. What cannot be read is
// not to be sent again.
func TestListen_replies(t *testing.T) {
	m := pdu.Message{Source: pdu.Address{Addr: "+447700900001"}, Dest: pdu.Address{Addr: "12345"}, Short: []byte("id:42 stat:DELIVRD")}
	for id, body := range map[pdu.ID][]byte{
		pdu.DeliverSM: m.Bytes(),
		pdu.DataSM:    append([]byte("\x00\x00\x00+447700900001\x00\x00\x0012345\x00\x00\x00\x00"), append([]byte{0x04, 0x24, 0, 18}, m.Short...)...),
	} {
		in, answer := brought(t, func(*smpp.Options) {}, pdu.PDU{ID: id, Seq: 3, Body: body})
		if answer != pdu.OK || len(in) != 1 || len(in[0].Replies) != 1 || in[0].Replies[0].From != to || in[0].Replies[0].Text != "id:42 stat:DELIVRD" {
			t.Errorf("%#x: %v, %s", uint32(id), in, answer)
		}
	}
	in, answer := brought(t, func(*smpp.Options) {}, pdu.PDU{ID: pdu.DeliverSM, Seq: 4, Body: []byte("x")})
	if answer != pdu.ReceiverPermErr || len(in) != 0 {
		t.Errorf("%v, %s", in, answer)
	}
}

// Over TLS the carrier's certificate is checked.
func TestSend_tls(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"smsc.test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	server := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	for name, c := range map[string]struct {
		client  *tls.Config
		outcome sms.Outcome
	}{"known": {&tls.Config{RootCAs: roots}, sms.Accepted}, "unknown": {nil, sms.Rejected}, "of another host": {&tls.Config{RootCAs: roots, ServerName: "other.test"}, sms.Rejected}} {
		o := scripted(t, func(p peer) { p.bind(); p.serve() })
		dial := func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				secure := tls.Server(there, server)
				defer secure.Close()
				if secure.Handshake() == nil {
					p := peer{t, secure}
					p.bind()
					p.serve()
				}
			}()
			return here, nil
		}
		o.Endpoint, o.AllowPlainTCP, o.Dial, o.TLS = "smpps://smsc.test:3550", false, dial, c.client
		_, err := open(t, o).Send(t.Context(), message)
		if sms.OutcomeOf(err) != c.outcome {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// In a pair, a receiver that the carrier refuses is reported by Inspect.
func TestInspect_deaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuses := func(p peer) {
			f, _ := p.read()
			p.send(f.Answer(pdu.BindFailed, nil))
		}
		o := scripted(t, func(p peer) { p.bind(); p.serve() }, refuses)
		o.Bind = "pair"
		findings, err := open(t, o).Inspect(t.Context())
		if err != nil || findings[0].State != sms.NotApproved || !strings.Contains(findings[0].Detail, "0x0D") {
			t.Errorf("%v, %v", findings, err)
		}
		_, err = open(t, scripted(t, refuses)).Inspect(t.Context())
		if e, _ := errors.AsType[*sms.Error](err); e == nil || e.Reason != sms.Unauthorized || e.Code != "0x0D" {
			t.Errorf("a bind that is refused: %v", err)
		}
	})
}

func FuzzInbound(f *testing.F) {
	f.Add([]byte("id:42 sub:001 dlvrd:001 done date:2611290640 stat:DELIVRD err:000 text:x"), byte(4), byte(0))
	f.Add([]byte{5, 0, 3, 1, 2, 1, 'x'}, byte(0x40), byte(0))
	seed, _ := hex.DecodeString("d83dde00")
	f.Add(seed, byte(0), byte(8))
	f.Fuzz(func(t *testing.T, text []byte, esm, coding byte) {
		m := pdu.Message{ESMClass: esm, Coding: coding, Short: text[:min(len(text), 255)]}
		smpp.Read(m)
	})
}
