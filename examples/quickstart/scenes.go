package main

import (
	"context"
	"fmt"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// A scene is one thing that happens to a message, and what has to come of it.
type scene struct {
	title   string
	faults  []sandbox.Fault // what goes wrong at the vendors
	message sms.Message
	moral   string // what to see in it
	want    want
}

// want is what has to come of a message.
type want struct {
	outcome  sms.Outcome
	reason   sms.Reason
	provider string // that accepted, or answered last; empty: nobody was asked
	copies   int    // how many the vendors have taken
}

// scenes are told in order.
var scenes = []scene{
	{
		title:   "A login code to a number in mainland China.",
		message: code("+8613800000001", "482913"),
		want:    want{outcome: sms.Accepted, provider: "aliyun", copies: 1},
	},
	{
		title:   "Aliyun is out of money; the next login code.",
		faults:  []sandbox.Fault{{Vendor: sandbox.Aliyun, Code: "isv.AMOUNT_NOT_ENOUGH"}},
		message: code("+8613800000002", "730155"),
		moral:   "Aliyun certainly did not send it, so Twilio could: sent once.",
		want:    want{outcome: sms.Accepted, provider: "twilio", copies: 1},
	},
	{
		title:   "A name in Chinese where a verification code belongs.",
		message: code("+8613800000003", "张三"),
		moral:   "Nothing left the machine.",
		want:    want{outcome: sms.Rejected, reason: sms.InvalidMessage},
	},
	{
		title:  "The connection breaks after Aliyun has taken an order notice.",
		faults: []sandbox.Fault{{Vendor: sandbox.Aliyun, Operation: "SendSms", HangUp: sandbox.HangUpAfter}},
		message: sms.Message{To: "+8613800000004", Template: "order-shipped",
			Params: sms.Params{"name": "张三", "order": "A-1024"}},
		moral: "Nobody could know, so Aliyun was asked: found at Aliyun: sent once.",
		want:  want{outcome: sms.Accepted, provider: "aliyun", copies: 1},
	},
	{
		title:   "A login code to a number that has opted out.",
		message: code("+15005550004", "290417"),
		moral:   "No other vendor was tried: an opt-out holds for all of them.",
		want:    want{outcome: sms.Rejected, reason: sms.RecipientBlocked, provider: "twilio"},
	},
}

func code(to sms.Number, value string) sms.Message {
	return sms.Message{To: to, Template: "login-code", Params: sms.Params{"code": value}}
}

// play tells the scene on out and finds where it went otherwise than it should.
func (s scene) play(ctx context.Context, out printer, n int, vendors *sandbox.Sandbox, client *notify.Client) error {
	if err := vendors.SetFaults(s.faults...); err != nil {
		return err
	}
	out.line(fmt.Sprintf("%d. %s", n, s.title))
	receipt, err := client.Send(ctx, s.message)
	out.outcome(receipt, err)
	if s.moral != "" {
		out.said(dim, "", s.moral)
	}
	out.line("")
	return s.want.check(receipt, err, len(vendors.Messages(s.message.To)))
}

// check compares what came with what had to come.
func (w want) check(receipt sms.Receipt, err error, copies int) error {
	provider := receipt.Provider
	if e := sms.AsError(err); e != nil {
		provider = e.Provider
	}
	switch {
	case sms.OutcomeOf(err) != w.outcome:
		return fmt.Errorf("the outcome is %v, not %v: %v", sms.OutcomeOf(err), w.outcome, err)
	case sms.ReasonOf(err) != w.reason:
		return fmt.Errorf("the reason is %q, not %q: %v", string(sms.ReasonOf(err)), string(w.reason), err)
	case provider != w.provider:
		return fmt.Errorf("%q had the last word, not %q", provider, w.provider)
	case copies != w.copies:
		return fmt.Errorf("the vendors have taken %d copies, not %d", copies, w.copies)
	}
	return nil
}
