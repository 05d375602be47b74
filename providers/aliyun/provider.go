package aliyun

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/notifykit/notify/internal/carrier"
	"github.com/notifykit/notify/sms"
)

// A Provider sends through Aliyun. Any number of goroutines may use it at once.
type Provider struct {
	name      string
	region    string
	endpoint  string
	from      string
	senders   map[string]string
	templates *sms.Registry
	bindings  map[string]*binding // by template
	keys      *keyring
	client    *carrier.Client
	findAfter time.Duration
	ledger    *ledger
	coalescer *coalescer // nil: every message goes in a call of its own
	closed    atomic.Bool
}

var (
	_ sms.Sender    = (*Provider)(nil)
	_ sms.Checker   = (*Provider)(nil)
	_ sms.Previewer = (*Provider)(nil)
	_ sms.Finder    = (*Provider)(nil)
)

// Send submits m in one call, which with Options.Coalesce it may share with
// others. Accepted means that the vendor answered OK: its BizId is the Receipt's
// ID. Segments are counted here, because the vendor tells them in delivery
// reports only.
func (p *Provider) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	m, refused := carrier.Check(ctx, p.name, p.templates, m)
	if refused != nil {
		return sms.Receipt{}, refused
	}
	o, err := p.order(m)
	if err != nil {
		return sms.Receipt{}, carrier.Refuse(p.name, m, err)
	}
	if p.closed.Load() { // nobody is asked for a key any more
		return sms.Receipt{}, carrier.Refuse(p.name, m, errClosed())
	}
	if p.coalescer != nil && mayShare(m.Kind) {
		return p.coalescer.send(ctx, m, o)
	}
	return p.submit(ctx, m, o)
}

// submit makes the call for m alone.
func (p *Provider) submit(ctx context.Context, m sms.Message, o order) (sms.Receipt, error) {
	r, e := p.call(ctx, m, readSendSms, func(key Credentials) (signedCall, error) { return signSendSms(o, p.region, key) })
	if e != nil {
		return sms.Receipt{}, e
	}
	return p.receipt(m, o, r), nil
}

func (p *Provider) receipt(m sms.Message, o order, r reply) sms.Receipt {
	return sms.Receipt{Provider: p.name, Key: m.Key, ID: r.bizID, RequestID: r.requestID, Segments: o.segments()}
}

// call makes one call that concerns m, and reads the answer.
func (p *Provider) call(ctx context.Context, m sms.Message, read func([]byte) (reply, error), sign func(Credentials) (signedCall, error)) (reply, *sms.Error) {
	r, key, e := p.exchange(ctx, read, sign)
	if e != nil {
		return reply{}, p.told(e, m, key)
	}
	return r, nil
}

// exchange makes one call, with the key that it gives. Its error says nothing of
// a message yet, and the vendor's words in it are as they came.
func (p *Provider) exchange(ctx context.Context, read func([]byte) (reply, error), sign func(Credentials) (signedCall, error)) (reply, Credentials, *sms.Error) {
	key, err := p.keys.get(ctx)
	if err != nil {
		return reply{}, Credentials{}, sms.AsError(err)
	}
	request, err := p.request(sign, key)
	if err != nil {
		return reply{}, key, sms.Refuse(sms.Message{}, sms.Internal, err)
	}
	answer, failure := p.client.Do(ctx, request)
	if failure != nil {
		return reply{}, key, &sms.Error{Reason: failure.Reason, Outcome: failure.Outcome, Err: failure.Err}
	}
	r, e := readAnswer(answer, read)
	if e != nil && e.Reason == sms.Unauthorized {
		p.keys.forget(key)
	}
	return r, key, e
}

// request makes the POST to a bare "/".
func (p *Provider) request(sign func(Credentials) (signedCall, error), key Credentials) (*http.Request, error) {
	call, err := sign(key)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(call.method, p.endpoint, strings.NewReader(call.form))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", call.contentType)
	r.Header.Set("User-Agent", "notify (github.com/notifykit/notify)")
	return r, nil
}

// Close refuses further messages, waits for those in flight, each of which ends
// within the time-out, and closes the idle connections of the provider's own
// transport. With Options.Coalesce what has gathered still goes out; a message
// that waits to be settled is Unknown. It may be called again.
func (p *Provider) Close() error {
	p.closed.Store(true)
	if p.coalescer != nil {
		p.coalescer.close()
	}
	return p.client.Close()
}
