package judges

import (
	"strings"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// gosmpp is a client of the sandbox's carrier.
func TestGosmpp(t *testing.T) {
	sb := sandboxtest.StartWith(t, sandbox.Options{SMPP: "127.0.0.1:0", Pace: time.Nanosecond})
	auth := gosmpp.Auth{SMSC: sb.Addr(sandbox.SMPP), SystemID: sandbox.SMPPSystemID, Password: "wrong"}
	if _, err := gosmpp.NewSession(gosmpp.TRXConnector(gosmpp.NonTLSDialer, auth), gosmpp.Settings{}, -1); err == nil {
		t.Error("a wrong password is taken")
	}
	auth.Password = sandbox.SMPPPassword
	answers, brought := make(chan *pdu.SubmitSMResp, 100), make(chan *pdu.DeliverSM, 100)
	session, err := gosmpp.NewSession(gosmpp.TRXConnector(gosmpp.NonTLSDialer, auth), gosmpp.Settings{
		EnquireLink: time.Minute, ReadTimeout: 2 * time.Minute,
		OnPDU: func(p pdu.PDU, _ bool) {
			switch p := p.(type) {
			case *pdu.SubmitSMResp:
				answers <- p
			case *pdu.DeliverSM:
				brought <- p
			}
		},
	}, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	submit := func(to, text string, encoding data.Encoding) (ids []string, status data.CommandStatusType) {
		m := pdu.NewSubmitSM().(*pdu.SubmitSM)
		m.SourceAddr.SetTon(5)
		m.SourceAddr.SetAddress("ACME")
		m.DestAddr.SetTon(1)
		m.DestAddr.SetNpi(1)
		m.DestAddr.SetAddress(to)
		m.RegisteredDelivery = 1
		if err := m.Message.SetLongMessageWithEnc(text, encoding); err != nil {
			t.Fatal(err)
		}
		parts, err := m.Split()
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if err := session.Transceiver().Submit(part); err != nil {
				t.Fatal(err)
			}
			answer := <-answers
			ids, status = append(ids, answer.MessageID), answer.CommandStatus
		}
		return ids, status
	}
	for _, c := range []struct {
		text     string
		encoding data.Encoding
		parts    int
	}{{"hello @$é{}[]~€", data.GSM7BIT, 1}, {"漢字 😀", data.UCS2, 1}, {"ça va", data.LATIN1, 1}, {strings.Repeat("x", 200), data.GSM7BIT, 2}, {strings.Repeat("漢", 150), data.UCS2, 3}} {
		sb.Clear("")
		ids, status := submit("447700900001", c.text, c.encoding)
		sent := sb.Messages("+447700900001")
		if status != 0 || len(ids) != c.parts || len(sent) != 1 || sent[0].Text != c.text || sent[0].ID != ids[0] {
			t.Errorf("%.8q: %d parts, status %v; the sandbox holds %d messages", c.text, len(ids), status, len(sent))
		}
		for _, id := range ids {
			receipt := <-brought
			text, _ := receipt.Message.GetMessage()
			named := receipt.OptionalParameters[pdu.TagReceiptedMessageID]
			if receipt.EsmClass != 4 || named.String() != id || !strings.HasPrefix(text, "id:"+id+" ") || !strings.Contains(text, " stat:DELIVRD ") {
				t.Errorf("%.8q: the receipt of %s is of %s: %s", c.text, id, named.String(), text)
			}
		}
	}
	if _, status := submit("nobody", "x", data.GSM7BIT); status != data.ESME_RINVDSTADR {
		t.Errorf("a number that is none: %v", status)
	}
}
