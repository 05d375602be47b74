package smpp

import (
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/sandbox/kernel"
	"github.com/notifykit/notify/sms"
)

const (
	maxSender = 11 // of letters
	maxDigits = 20
	// maxShort and maxUnicode are the longest short_message, with its header.
	maxShort, maxUnicode = 160, 140
	// maxParts bounds the texts whose parts have not all come: the oldest is given up.
	maxParts = 1000
)

// facts are what the carrier's records hold besides the Message. They do not change.
type facts struct {
	source, dest pdu.Address
	parts        []sent
}

// A sent is one part that was taken.
type sent struct {
	id, text   string
	registered byte
}

// A partKey names a text that comes in parts.
type partKey struct {
	account, source, dest string
	ref                   uint16
	total                 byte
}

// A partial is a text of which parts are missing.
type partial struct {
	parts []sent // in order; without an ID: missing
	come  int
}

// submit reads a message.
func (s *session) submit(p pdu.PDU) kernel.Call {
	m, err := pdu.ParseMessage(p.ID, p.Body)
	name := map[pdu.ID]string{pdu.SubmitSM: "submit_sm", pdu.DataSM: "data_sm"}[p.ID]
	call := s.call(name, p, func(kernel.Order) kernel.Answer {
		switch {
		case !s.submits:
			return refused(p, pdu.NotBound)
		case err != nil:
			return refused(p, pdu.InvalidLength)
		}
		if status := s.check(m); status != pdu.OK {
			return refused(p, status)
		}
		return s.take(p, m)
	})
	call.Kind = kernel.Send
	if to := number(m.Dest); to != "" {
		call.Numbers = []sms.Number{to}
	}
	return call
}

// check returns why the carrier refuses a message.
func (s *session) check(m pdu.Message) pdu.Status {
	longest := maxShort
	if pdu.AlphabetOf(m.Coding, s.alphabet) == pdu.UCS2 || s.alphabet == pdu.Packed && m.Coding == pdu.CodingDefault {
		longest = maxUnicode
	}
	text, _ := m.Read(s.alphabet)
	switch {
	case number(m.Dest) == "":
		return pdu.InvalidDest
	case !isSender(m.Source.Addr) && !s.desk.LetPass("submit_sm", pdu.InvalidSource.String(), "the sender is too long"):
		return pdu.InvalidSource
	case text == "" || len(m.Short) > longest:
		return pdu.InvalidTextSize
	case m.Validity != "" && (len(m.Validity) != 16 || !strings.ContainsAny(m.Validity[15:], "R+-")):
		return pdu.Status(0x62)
	}
	return pdu.OK
}

func isSender(sender string) bool {
	if strings.Trim(strings.TrimPrefix(sender, "+"), "0123456789") == "" {
		return len(sender) <= maxDigits
	}
	return len([]rune(sender)) <= maxSender
}

// take takes a message, or one part of it: the last one makes the whole.
func (s *session) take(p pdu.PDU, m pdu.Message) kernel.Answer {
	if m.Coding == pdu.CodingASCII && m.Has(0x1B) {
		s.desk.Warn("a text under data_coding 1 (ASCII) has an escape, so it was read as GSM 7-bit: send that under 0")
		m.Coding = pdu.CodingDefault
	}
	text, c := m.Read(s.alphabet)
	id := strconv.FormatUint(s.lastID.Add(1), 10)
	a := accepted(p, id)
	parts := []sent{{id, text, m.Registered}}
	if c.Total > 0 {
		key := partKey{s.account, m.Source.Addr, m.Dest.Addr, c.Ref, c.Total}
		if parts = s.join(key, int(c.Seq)-1, parts[0]); parts == nil {
			return a
		}
	}
	r := kernel.Record{Facts: &facts{m.Source, m.Dest, parts}, FactBytes: 64 + 96*len(parts)}
	r.ID, r.Account, r.To, r.From, r.At = parts[0].id, s.account, number(m.Dest), m.Source.Addr, time.Now()
	for i := range parts {
		r.Text += parts[i].text
		if i > 0 {
			r.FactBytes += len(parts[i].text)
		}
	}
	a.Taken = []kernel.Record{r}
	return a
}

// join adds a part, and returns all when the last one has come.
func (v *vendor) join(key partKey, i int, part sent) []sent {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := v.parts[key]
	if text == nil {
		if len(v.order) >= maxParts {
			delete(v.parts, v.order[0])
			v.order = v.order[1:]
		}
		text = &partial{parts: make([]sent, key.total)}
		v.parts[key] = text
		v.order = append(v.order, key)
	}
	if text.parts[i].id == "" {
		text.come++
	}
	text.parts[i] = part
	if text.come < int(key.total) {
		return nil
	}
	delete(v.parts, key)
	for j, other := range v.order {
		if other == key {
			v.order = append(v.order[:j:j], v.order[j+1:]...)
			break
		}
	}
	return text.parts
}
