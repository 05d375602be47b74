package outbox

import (
	"encoding/binary"

	"github.com/notifykit/notify/sms"
)

// labelReceipt is never changed: what is stored would not be found.
const labelReceipt = "notify outbox receipt"

// receipt is what a record keeps of a vendor's receipt as evidence: a hash of
// provider, ID and number, under the first key. The number belongs to it because
// vendors that take many numbers in a call give them one ID.
func (k *keys) receipt(r sms.Receipt, to sms.Number) uint64 {
	if r.ID == "" {
		return 0
	}
	mac := publicMAC[:]
	if k.own != nil {
		mac = k.own.mac
	}
	return receiptUnder(mac, r, to)
}

// receipts are the hashes of a receipt under every key, and under none.
func (k *keys) receipts(r sms.Receipt, to sms.Number) []uint64 {
	if r.ID == "" {
		return nil
	}
	all := []uint64{receiptUnder(publicMAC[:], r, to)}
	for _, one := range k.all {
		all = append(all, receiptUnder(one.mac, r, to))
	}
	return all
}

func receiptUnder(mac []byte, r sms.Receipt, to sms.Number) uint64 {
	sum := derive(mac, labelReceipt, "\x00", r.Provider, "\x00", r.ID, "\x00", string(to))
	return max(1, binary.BigEndian.Uint64(sum)>>1) // fits into a bigint; zero is none
}
