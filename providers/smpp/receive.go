package smpp

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// receive stores a receipt or a reply, and returns the answer: one that is not
// stored is to be sent again.
func (v *vendor) receive(request pdu.PDU, store func(kit.Inbound) error) pdu.PDU {
	m, err := pdu.ParseMessage(request.ID, request.Body)
	if err != nil { // it would be no better the next time
		return request.Answer(pdu.ReceiverPermErr, nil)
	}
	if err := store(v.read(m)); err != nil {
		return request.Answer(pdu.ReceiverTempErr, nil)
	}
	return request.Answer(pdu.OK, pdu.IDBody(""))
}

// read reads a deliver_sm or a data_sm. Whether it is a receipt, its esm_class says:
// a person may write a text that looks like one.
func (v *vendor) read(m pdu.Message) (in kit.Inbound) {
	_, named := m.TLVs.Get(pdu.TagReceiptedID)
	text, c := m.Read(v.alphabet)
	if kind := m.ESMClass & pdu.ESMKind; named || kind == pdu.ESMReceipt || kind == pdu.ESMIntermediate {
		in.Reports = []sms.Report{v.report(m, text)}
		return in
	}
	in.Replies = []sms.Reply{{Provider: v.Name, From: number(m.Source), To: m.Dest.Addr, Text: text, Part: int(c.Seq), Parts: int(c.Total)}}
	if c.Total > 0 {
		in.Replies[0].Ref = strconv.Itoa(int(c.Ref))
	}
	return in
}

// number returns an address as a number, and "" if it is none.
func number(a pdu.Address) sms.Number {
	return kit.E164("+" + strings.TrimPrefix(a.Addr, "+"))
}

// words are the states of a receipt's text, by their first seven letters.
var words = map[string]sms.DeliveryState{
	"SCHEDUL": sms.StateAccepted, "ENROUTE": sms.StateAccepted, "BUFFERD": sms.StateAccepted, "BUFFERE": sms.StateAccepted,
	"ACCEPTD": sms.StateSent, "ACCEPTE": sms.StateSent, "DELIVRD": sms.StateDelivered, "DELIVER": sms.StateDelivered,
	"EXPIRED": sms.StateExpired, "DELETED": sms.StateUndelivered, "UNDELIV": sms.StateUndelivered, "FAILED": sms.StateUndelivered,
	"SKIPPED": sms.StateUndelivered, "REJECTD": sms.StateBlocked, "REJECTE": sms.StateBlocked, "UNKNOWN": sms.StateLost,
}

// states are the words for the values of message_state.
var states = [...]string{"SCHEDULED", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED"}

// report reads a receipt. The optional parameters count before the text.
func (v *vendor) report(m pdu.Message, text string) sms.Report {
	fields := receipt(text)
	r := sms.Report{Provider: v.Name, ID: fields["id"], To: number(m.Source), Code: strings.ToUpper(fields["stat"]), At: date(fields["done date"])}
	if id := m.TLVs.Text(pdu.TagReceiptedID); id != "" {
		r.ID = id
	}
	r.ID = v.id(r.ID, max(v.base, 10))
	if n, ok := m.TLVs.Number(pdu.TagState); ok && n < len(states) {
		r.Code = states[n]
	}
	word := r.Code[:min(len(r.Code), 7)]
	r.State = words[word]
	if row, ok := v.Codes.Find(kit.ScopeReport, r.Code); ok {
		r.Reason = row.Reason
	}
	switch e, ok := m.TLVs.Get(pdu.TagNetworkError); {
	case fields["err"] != "" && strings.Trim(fields["err"], "0") != "":
		r.Message = "err:" + fields["err"]
	case ok && len(e) == 3 && (e[1] != 0 || e[2] != 0):
		r.Message = "err:" + strconv.Itoa(int(e[1])<<8|int(e[2]))
	}
	return r
}

// aKey is a key of a receipt's text. Some carriers leave out the spaces between the
// fields, or some of the fields.
var aKey = regexp.MustCompile(`(?i)(id|sub|dlvrd|submit ?date|done ?date|stat|err|text) ?:`)

// receipt reads the fields of "id:… sub:001 dlvrd:001 submit date:… done date:…
// stat:DELIVRD err:000 text:…".
func receipt(text string) map[string]string {
	fields := map[string]string{}
	at := aKey.FindAllStringSubmatchIndex(text, -1)
	for i, found := range at {
		key := strings.ToLower(text[found[2]:found[3]])
		if strings.HasSuffix(key, "date") {
			key = strings.TrimSpace(strings.TrimSuffix(key, "date")) + " date"
		}
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if _, twice := fields[key]; !twice {
			fields[key] = strings.Trim(text[found[1]:end], " \t\r\n\x00,;")
		}
		if key == "text" { // the rest is the beginning of the message
			break
		}
	}
	return fields
}

// date reads a time of 10, 12 or 14 digits, and returns the zero time for others.
func date(text string) time.Time {
	layout := map[int]string{10: "0601021504", 12: "060102150405", 14: "20060102150405"}[len(text)]
	t, err := time.Parse(layout, text)
	if layout == "" || err != nil {
		return time.Time{}
	}
	return t
}
