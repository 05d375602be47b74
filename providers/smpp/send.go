package smpp

import (
	"context"
	"math/big"

	"github.com/notifykit/notify/internal/pdu"
	"github.com/notifykit/notify/providers/kit"
)

// tries is how often a part is sent that the carrier throttles, after the first part
// of its text was accepted.
const tries = 5

// send submits the parts of a message one after the other. It stops at the first
// that is not accepted: a text without its beginning must not arrive.
func (v *vendor) send(ctx context.Context, o order) (kit.Accepted, error) {
	var parts []kit.Part
	for i, m := range o.parts {
		id, err := v.submit(ctx, m)
		for try := 1; i > 0 && try < tries && isThrottled(err); try++ {
			id, err = v.submit(ctx, m)
		}
		parts = append(parts, kit.Part{ID: v.id(id, 26-v.base), Err: err})
		if err != nil {
			break
		}
	}
	a, err := v.Parts(parts)
	if err == nil {
		a.Segments = o.segments
	}
	return a, err
}

func isThrottled(err error) bool {
	r, ok := err.(*kit.Refusal)
	return ok && r.Code == pdu.Throttled.String()
}

// submit sends one part, and returns the carrier's ID of it.
func (v *vendor) submit(ctx context.Context, m pdu.Message) (id string, err error) {
	answer, s, err := v.pool.exchange(ctx, pdu.PDU{ID: pdu.SubmitSM, Body: m.Bytes()})
	switch {
	case err != nil:
		return "", err
	case answer.ID == pdu.SubmitSM.Response() && answer.Status == pdu.OK:
		v.pool.calm()
		return pdu.ParseID(answer.Body), nil
	}
	r := v.refusal(answer)
	switch answer.Status {
	case pdu.Throttled:
		r.RetryAfter = v.pool.throttled()
	case pdu.QueueFull: // perhaps of this recipient alone
		r.RetryAfter = minPause
	case pdu.NotBound:
		s.end(r)
	}
	return "", r
}

// id returns an ID of the carrier's, which is a number in a base. If receipts write
// IDs in another base than answers, both become hexadecimal.
func (v *vendor) id(id string, base int) string {
	if v.base == 0 {
		return id
	}
	n, ok := new(big.Int).SetString(id, base)
	if !ok || len(id) > 65 || n.Sign() < 0 {
		return id
	}
	return n.Text(16)
}
