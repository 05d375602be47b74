package aliyun

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/internal/redact"
	"github.com/notifykit/notify/sms"
)

// batchMark begins the OutId of a call for several messages. sms.NewKey follows.
const batchMark = "notify-batch-"

// IsBatch tells whether an OutId, as it comes back in delivery reports and
// listings, is that of a call for several messages (Options.Coalesce) and not a
// message's key. Such a message is known by BizId and number: Receipt.ID is the
// BizId.
func IsBatch(outID string) bool {
	key, ok := strings.CutPrefix(outID, batchMark)
	return ok && len(key) == 26 && strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// A refusal is the vendor's answer to a call for several messages, for which one
// of them may be the cause.
type refusal struct {
	cause   *sms.Error // masked for all members
	outID   string
	began   time.Time
	members int
}

// submitAll makes the one call for all messages of batch, at least two, and
// writes each one's answer. Its context is nobody's: it ends by Timeout alone.
func (p *Provider) submitAll(batch []*member) {
	o := batch[0].o
	phones := make([]string, len(batch))
	for i, mem := range batch {
		phones[i] = mem.o.phone
	}
	o.phone, o.key = strings.Join(phones, ","), batchMark+sms.NewKey()
	began := time.Now()
	for _, mem := range batch {
		p.ledger.claim(o.key, mem.o.phone, mem.m.Key, began)
	}
	r, key, e := p.exchange(context.Background(), readSendSms, func(key Credentials) (signedCall, error) { return signSendSms(o, p.region, key) })
	if e == nil {
		for _, mem := range batch {
			mem.receipt = p.receipt(mem.m, mem.o, r)
		}
		return
	}
	maskAll(e, batch)
	if e.Outcome == sms.Rejected && mayBeOneNumber(e) {
		why := &refusal{cause: e, outID: o.key, began: began, members: len(batch)}
		for _, mem := range batch {
			mem.refused = why
		}
		return
	}
	for _, mem := range batch {
		mem.err = p.told(e, mem.m, key)
	}
}

// maskAll masks the numbers of all members in the vendor's words, each of which
// is told to every one of them.
func maskAll(e *sms.Error, batch []*member) {
	e.Message = beforeRequest(e.Message)
	for _, words := range []*string{&e.Code, &e.Message, &e.RequestID} {
		if strings.ContainsAny(*words, "0123456789") {
			for _, mem := range batch {
				*words = redact.Words(*words, sms.Message{To: mem.m.To})
			}
		}
	}
}

// Codes that one number of many may be the cause of, though their Reason is not
// about a number.
var aboutNumbers = []string{
	"isv.INVALID_PARAMETERS",            // of a SendSms, the numbers too
	"PARAMS_ILLEGAL",                    // says so: signature, text or number
	"isv.DOMESTIC_NUMBER_NOT_SUPPORTED", // a number in mainland China
	"isv.SMS_TEST_NUMBER_LIMIT",         // a number that is not bound
	"PORT_NOT_REGISTERED", "NO_ROUTE",   // a number's carrier
	"NOT_SUPPORTED_COUNTRY", "IS_CLOSE", // its country; its carrier's channel
}

// mayBeOneNumber tells whether one number of many may be the cause of a refusal.
// It is not documented whether the vendor then sends to the others. Signature,
// template and values are the same for all, so that what is wrong with them is
// wrong with every message. A code that nobody has described may mean a number.
func mayBeOneNumber(e *sms.Error) bool {
	switch e.Reason {
	case sms.InvalidNumber, sms.RecipientBlocked, sms.RecipientLimited:
		return true
	}
	_, known := codeInfo(e.Code)
	return slices.Contains(aboutNumbers, e.Code) || !known && strings.HasPrefix(e.Code, "isv.")
}

// settle finds out what became of a member of a refused call: found is accepted;
// what the vendor certainly does not have goes out in a call of its own. Until
// then, and where it cannot be found out, the outcome is Unknown. A caller whose
// deadline is before the vendor's listing can decide is told so at once.
//
// Of all members as many settle at a time as there may be calls.
func (c *coalescer) settle(mem *member) (sms.Receipt, error) {
	ctx, why := mem.ctx, mem.refused
	decides := why.began.Add(c.p.findAfter)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(decides) {
		return sms.Receipt{}, c.p.doubt(mem, nil)
	}
	timer := time.NewTimer(time.Until(decides))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return sms.Receipt{}, c.p.doubt(mem, nil)
	case <-c.stop:
		return sms.Receipt{}, c.p.doubt(mem, nil)
	}
	select {
	case c.settling <- struct{}{}:
		defer func() { <-c.settling }()
	case <-ctx.Done():
		return sms.Receipt{}, c.p.doubt(mem, nil)
	case <-c.stop:
		return sms.Receipt{}, c.p.doubt(mem, nil)
	}
	return c.p.settleNow(mem)
}

func (p *Provider) settleNow(mem *member) (sms.Receipt, error) {
	s := search{p: p, m: mem.m, o: mem.o, since: mem.refused.began, outID: mem.refused.outID}
	if err := s.read(mem.ctx, time.Now()); err != nil {
		return sms.Receipt{}, p.doubt(mem, err)
	}
	switch {
	case s.found:
		return p.receipt(mem.m, mem.o, reply{}), nil
	case s.unsure != nil:
		return sms.Receipt{}, p.doubt(mem, s.unsure)
	case mem.m.Expired(time.Now()):
		return sms.Receipt{}, carrier.Refuse(p.name, mem.m, sms.Refuse(mem.m, sms.Expired, nil))
	}
	return p.submit(mem.ctx, mem.m, mem.o)
}

// doubt is the error of a member of which nobody knows what became. Its Reason is
// not that of the code: a number is not blocked because another is.
func (p *Provider) doubt(mem *member, cause error) *sms.Error {
	if err := mem.ctx.Err(); err != nil {
		return carrier.Refuse(p.name, mem.m, &sms.Error{Reason: sms.Canceled, Outcome: sms.Unknown, Err: err})
	}
	e := p.told(mem.refused.cause, mem.m, Credentials{})
	e.Reason, e.Outcome, e.RetryAfter = sms.Unavailable, sms.Unknown, 0
	e.Err = fmt.Errorf("the vendor refused a call with %d numbers, perhaps for another of them", mem.refused.members)
	if cause != nil {
		e.Err = errors.Join(e.Err, cause)
	}
	return e
}
