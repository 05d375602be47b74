package smpp

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// maxValidity is the longest validity_period, in seconds: 30 days.
const maxValidity = 30 * 24 * 60 * 60

// An order is one message as it is sent: one submit_sm for each part.
type order struct {
	text     string
	parts    []pdu.Message
	segments int
}

// order turns a message into its parts.
func (v *vendor) order(m *kit.Outgoing) (order, error) {
	o := order{text: m.Text}
	if err := v.check(m); err != nil {
		return o, err
	}
	left, err := m.Left(maxValidity)
	if err != nil {
		return o, err
	}
	message := v.message
	message.Source, message.Validity = v.source(m.Sender), validity(left)
	message.Dest = pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPITelephone, Addr: m.To.E164()[1:]}
	message.TLVs = slices.Concat(message.TLVs, v.tlvs[m.Template])
	alphabet, coding := v.coded(m.Text)
	o.segments = pdu.Parts(m.Text, alphabet, v.form)
	o.parts = message.With(m.Text, alphabet, coding, v.form, uint16(v.refs.Add(1)))
	return o, nil
}

// coded returns the carrier's own alphabet if it has the text, and else UCS-2.
func (v *vendor) coded(text string) (pdu.Alphabet, byte) {
	if v.alphabet.Has(text) {
		return v.alphabet, pdu.CodingDefault
	}
	return pdu.UCS2, pdu.CodingUCS2
}

// check refuses a text that cannot be sent.
func (v *vendor) check(m *kit.Outgoing) error {
	alphabet, _ := v.coded(m.Text)
	switch n := pdu.Parts(m.Text, alphabet, v.form); {
	case m.Text == "":
		return kit.InvalidMessage("the text is empty")
	case n > pdu.MaxParts:
		return kit.InvalidMessage("the text has %d parts: at most %d can be joined", n, pdu.MaxParts)
	}
	return nil
}

// source returns a sender with its type and plan. Without a sender, the carrier
// chooses one.
func (v *vendor) source(sender string) pdu.Address {
	a, ok := v.tons[sender]
	switch {
	case ok:
	case sender == "":
		a = pdu.Address{}
	case !isDigits(sender):
		a = pdu.Address{TON: pdu.TONName}
	case len(sender) <= 6:
		a = pdu.Address{TON: pdu.TONShort}
	default:
		a = pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPITelephone}
	}
	a.Addr = sender
	return a
}

// show returns the fields of the first part for a preview.
func (v *vendor) show(o order) map[string]string {
	m := o.parts[0]
	all := map[string]string{
		"source_addr": m.Source.Addr, "source_addr_ton": strconv.Itoa(int(m.Source.TON)), "source_addr_npi": strconv.Itoa(int(m.Source.NPI)),
		"destination_addr": m.Dest.Addr, "data_coding": strconv.Itoa(int(m.Coding)), "esm_class": strconv.Itoa(int(m.ESMClass)),
		"registered_delivery": strconv.Itoa(int(m.Registered)), "short_message": hex.EncodeToString(m.Short), "parts": strconv.Itoa(len(o.parts)),
	}
	if m.Validity != "" {
		all["validity_period"] = m.Validity
	}
	for _, t := range m.TLVs {
		all[fmt.Sprintf("0x%04X", t.Tag)] = hex.EncodeToString(t.Value)
	}
	return all
}

// names are the optional parameters that have a name in Binding.Extra.
var names = map[string]string{"entity_id": "0x1400", "content_id": "0x1401"}

// readTLVs reads optional parameters, in the order of their tags.
func readTLVs(f *kit.Faults, path string, from map[string]string) (list pdu.TLVs) {
	for _, key := range slices.Sorted(maps.Keys(from)) {
		name := key
		if tag, ok := names[key]; ok && path != "tlvs" {
			name = tag
		}
		tag, err := strconv.ParseUint(name, 0, 16)
		if err != nil {
			f.Add(path+"."+key, `it is no tag: write "0x1400"`)
			continue
		}
		value := []byte(from[key])
		if bytes, ok := strings.CutPrefix(from[key], "hex:"); ok {
			if value, err = hex.DecodeString(bytes); err != nil {
				f.Add(path+"."+key, "what follows \"hex:\" is not hexadecimal")
			}
		}
		list = append(list, pdu.TLV{Tag: uint16(tag), Value: value})
	}
	slices.SortFunc(list, func(a, b pdu.TLV) int { return cmp.Compare(a.Tag, b.Tag) })
	return list
}

// refusal returns the error of a submit_sm_resp or generic_nack. A carrier that
// cannot read a request has not taken it, whatever its code says of others.
func (v *vendor) refusal(answer pdu.PDU) *kit.Refusal {
	r := &kit.Refusal{Code: answer.Status.String()}
	if answer.ID == pdu.GenericNack {
		r.Reason, r.Outcome = v.ReasonOf(r), sms.Rejected
	}
	return r
}
