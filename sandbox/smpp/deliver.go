package smpp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

// failures are the words by which a message fails, and their message_state.
var failures = map[string]byte{"EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "UNKNOWN": 7, "REJECTD": 8}

// shortCode is how many digits a short code has at most.
const shortCode = 6

// stateOf returns the word and the message_state of a state. Any other failure is a
// code of err, of a message that is undeliverable.
func stateOf(r *kernel.Record, s kernel.State) (word string, state byte) {
	switch s {
	case kernel.Delivered:
		return "DELIVRD", 2
	case kernel.Failed:
		if state, ok := failures[strings.ToUpper(r.Fails)]; ok {
			return strings.ToUpper(r.Fails), state
		}
		return "UNDELIV", 5
	}
	return "ENROUTE", 1
}

// wants reports whether a part is to be reported in a state.
func (p sent) wants(s kernel.State) bool {
	switch s {
	case kernel.Sent:
		return p.registered&pdu.ReportProgress != 0
	case kernel.Delivered:
		return p.registered&3 == pdu.ReportFinal
	}
	return p.registered&3 == pdu.ReportFinal || p.registered&3 == pdu.ReportFailure
}

// deliver brings the receipts of a message: one for each part that asked for it.
func (v *vendor) deliver(ctx context.Context, messages []kernel.Record, s kernel.State) (taken bool) {
	r := &messages[0]
	f := r.Facts.(*facts)
	taken = true
	for _, part := range f.parts {
		if part.wants(s) && v.bring(ctx, r.Account, v.receipt(r, f, part, s)) != nil {
			taken = false
		}
	}
	return taken
}

// receipt writes one, as Appendix B of SMPP 3.4 shows it.
func (v *vendor) receipt(r *kernel.Record, f *facts, part sent, s kernel.State) pdu.Message {
	word, state := stateOf(r, s)
	id, delivered, code := part.id, 0, "000"
	switch {
	case s == kernel.Delivered:
		delivered = 1
	case s == kernel.Failed && failures[strings.ToUpper(r.Fails)] == 0:
		code = fmt.Sprintf("%03s", r.Fails)
	}
	switch n := new(big.Int); r.ReportForm {
	case formHex:
		n.SetString(id, 10)
		id = n.Text(16)
	case formDecimal:
		n.SetString(id, 16)
		id = n.String()
	}
	const layout = "0601021504"
	excerpt := part.text
	if runes := []rune(excerpt); len(runes) > 20 {
		excerpt = string(runes[:20])
	}
	if !v.alphabet.Has(excerpt) {
		excerpt = ""
	}
	text := fmt.Sprintf("id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%s text:%s",
		id, delivered, r.At.UTC().Format(layout), time.Now().UTC().Format(layout), word, code, excerpt)
	m := pdu.Message{Source: f.dest, Dest: f.source, ESMClass: pdu.ESMReceipt}
	if s == kernel.Sent {
		m.ESMClass = pdu.ESMIntermediate
	}
	if r.ReportForm != formNoTLV {
		m.TLVs = pdu.TLVs{{Tag: pdu.TagReceiptedID, Value: pdu.IDBody(id)}, {Tag: pdu.TagState, Value: []byte{state}}}
	}
	m.Short = v.alphabet.Encode(text, 0)
	return m
}

// reply brings a person's reply, a long one in parts.
func (v *vendor) reply(ctx context.Context, r kernel.Reply) error {
	m := pdu.Message{
		Source: pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPITelephone, Addr: strings.TrimPrefix(string(r.From), "+")},
		Dest:   pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPITelephone, Addr: strings.TrimPrefix(cmp.Or(r.To, Sender), "+")},
	}
	if len(m.Dest.Addr) <= shortCode {
		m.Dest.TON, m.Dest.NPI = pdu.TONShort, 0
	}
	alphabet, coding := v.alphabet, byte(pdu.CodingDefault)
	if _, unicode := sms.CountSegments(r.Text); unicode || !alphabet.Has(r.Text) {
		alphabet, coding = pdu.UCS2, pdu.CodingUCS2
	}
	for _, part := range m.With(r.Text, alphabet, coding, pdu.UDH, uint16(v.lastID.Add(1))) {
		if err := v.bring(ctx, cmp.Or(r.Account, SystemID), part); err != nil {
			return err
		}
	}
	return nil
}

// bring sends a deliver_sm to a receiver of the account, and waits for the answer.
func (v *vendor) bring(ctx context.Context, account string, m pdu.Message) error {
	s := v.receiver(account)
	if s == nil {
		return errors.New("smpp: no receiver of the account is bound")
	}
	answer := make(chan pdu.Status, 1)
	s.mu.Lock()
	s.seq++
	seq := s.seq
	s.answers[seq] = answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.answers, seq)
	}()
	if !s.write(pdu.PDU{ID: pdu.DeliverSM, Seq: seq, Body: m.Bytes()}) {
		return errors.New("smpp: the receiver has gone")
	}
	t := time.NewTimer(answerTime)
	defer t.Stop()
	select {
	case status := <-answer:
		if status != pdu.OK {
			return fmt.Errorf("smpp: the receiver has answered %s", status)
		}
		return nil
	case <-t.C:
		return errors.New("smpp: the receiver has not answered")
	case <-ctx.Done():
		return ctx.Err()
	}
}
