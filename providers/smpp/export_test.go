package smpp

import (
	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
)

// Read reads a deliver_sm, for an account whose receipts are in decimal.
func Read(m pdu.Message) kit.Inbound {
	v := &vendor{Base: &kit.Base{}, base: 10}
	return v.read(m)
}
