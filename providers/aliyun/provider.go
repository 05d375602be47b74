package aliyun

import (
	"context"
	"net/http"
	"strings"

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
}

var (
	_ sms.Sender    = (*Provider)(nil)
	_ sms.Checker   = (*Provider)(nil)
	_ sms.Previewer = (*Provider)(nil)
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
	key, err := p.keys.get(ctx)
	if err != nil {
		return sms.Receipt{}, carrier.Refuse(p.name, m, err)
	}
	request, err := p.request(o, key)
	if err != nil {
		return sms.Receipt{}, carrier.Refuse(p.name, m, &sms.Error{Reason: sms.Internal, Outcome: sms.Rejected, Err: err})
	}
	answer, failure := p.client.Do(ctx, request)
	if failure != nil {
		return sms.Receipt{}, failure.Error(p.name, m)
	}
	accepted, e := readAnswer(answer)
	if e == nil {
		return sms.Receipt{Provider: p.name, Key: m.Key, ID: accepted.bizID, RequestID: accepted.requestID, Segments: o.segments()}, nil
	}
	if e.Reason == sms.Unauthorized {
		p.keys.forget(key)
	}
	return sms.Receipt{}, p.told(e, m, key)
}

// request makes the POST to a bare "/" that submits o.
func (p *Provider) request(o order, key Credentials) (*http.Request, error) {
	call, err := signSendSms(o, p.region, key)
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
