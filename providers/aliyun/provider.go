package aliyun

import (
	"context"
	"net/http"
	"strings"
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
}

var (
	_ sms.Sender    = (*Provider)(nil)
	_ sms.Checker   = (*Provider)(nil)
	_ sms.Previewer = (*Provider)(nil)
	_ sms.Finder    = (*Provider)(nil)
)

// Send submits m in one call. Accepted means that the vendor answered OK: its
// BizId is the Receipt's ID. Segments are counted here, because the vendor tells
// them in delivery reports only.
func (p *Provider) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	m, refused := carrier.Check(ctx, p.name, p.templates, m)
	if refused != nil {
		return sms.Receipt{}, refused
	}
	o, err := p.order(m)
	if err != nil {
		return sms.Receipt{}, carrier.Refuse(p.name, m, err)
	}
	r, e := p.call(ctx, m, readSendSms, func(key Credentials) (signedCall, error) { return signSendSms(o, p.region, key) })
	if e != nil {
		return sms.Receipt{}, e
	}
	return sms.Receipt{Provider: p.name, Key: m.Key, ID: r.bizID, RequestID: r.requestID, Segments: o.segments()}, nil
}

// call makes one call that concerns m, and reads the answer.
func (p *Provider) call(ctx context.Context, m sms.Message, read func([]byte) (reply, error), sign func(Credentials) (signedCall, error)) (reply, *sms.Error) {
	key, err := p.keys.get(ctx)
	if err != nil {
		return reply{}, carrier.Refuse(p.name, m, err)
	}
	request, err := p.request(sign, key)
	if err != nil {
		return reply{}, carrier.Refuse(p.name, m, &sms.Error{Reason: sms.Internal, Outcome: sms.Rejected, Err: err})
	}
	answer, failure := p.client.Do(ctx, request)
	if failure != nil {
		return reply{}, failure.Error(p.name, m)
	}
	r, e := readAnswer(answer, read)
	if e == nil {
		return r, nil
	}
	if e.Reason == sms.Unauthorized {
		p.keys.forget(key)
	}
	return reply{}, p.told(e, m, key)
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
// transport. It may be called again.
func (p *Provider) Close() error { return p.client.Close() }
