package smpp_test

import (
	"errors"
	"io"
	"strconv"
	"testing"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

const (
	systemID = "tester"
	password = "s3cret-p"
	to       = sms.Number("+447700900001")
)

// next reads until a message has come, and answers all else as a carrier does.
func next(c io.ReadWriter) (smstest.SessionMessage, error) {
	for {
		p, err := pdu.Read(c)
		if err != nil {
			return smstest.SessionMessage{}, err
		}
		if p.ID == pdu.SubmitSM {
			m, err := pdu.ParseMessage(p.ID, p.Body)
			text, _ := m.Read(pdu.GSM)
			return smstest.SessionMessage{To: "+" + m.Dest.Addr, Text: text, Frame: p}, err
		}
		if p.ID.IsResponse() {
			continue
		}
		if _, err := c.Write(p.Answer(pdu.OK, pdu.IDBody("smsc")).Bytes()); err != nil {
			return smstest.SessionMessage{}, err
		}
		if p.ID == pdu.Unbind {
			return smstest.SessionMessage{}, errors.New("unbound")
		}
	}
}

func status(code string) pdu.Status {
	n, _ := strconv.ParseUint(code, 0, 32)
	return pdu.Status(n)
}

func TestProvider(t *testing.T) {
	codes, unknown := smstest.CodesOf(smpp.Codes())
	smstest.Run(t, smstest.Provider{
		New: func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			p, err := smpp.New(smpp.Options{Name: smstest.Name, Endpoint: endpoint, SystemID: systemID, Password: password, From: "ACME", Templates: r})
			if err != nil {
				tb.Fatal(err)
			}
			return p
		},
		Codes: codes, UnknownCodes: unknown, Secrets: []string{password},
		Bindings: map[string]sms.Binding{smstest.LoginCode: {}, smstest.Notice: {}},
		Session: &smstest.Session{
			Next: next,
			Answer: func(m smstest.SessionMessage, code, _ string) []byte {
				return m.Frame.(pdu.PDU).Answer(status(code), pdu.IDBody("m1")).Bytes()
			},
			Refusal: "0x0A",
		},
	})
}
