package twilio

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// This file holds every use of Twilio's SDK: it builds the requests and reads
// the answers that say yes, and owns their types. The SDK has no context, leaves
// the bodies of errors open, takes status and headers from nowhere a caller can
// reach, and follows the environment to another host; so what it builds is
// carried by our own client, and what is not a 2xx is never shown to it.

var userAgent = "notify twilio-go/" + client.LibraryVersion

// errNotCarried ends the SDK's call where there is no answer for it to read.
var errNotCarried = errors.New("twilio: the answer is not for the SDK")

// A call is the SDK's client for one request. It holds the request's context,
// for which the SDK has no place.
type call struct {
	ctx  context.Context
	v    *vendor
	base string // the address of another API; empty: the one that sends

	answer kit.Answer
	err    error // there is no answer
}

var _ client.BaseClient = (*call)(nil)

// SendRequest carries what the SDK built. It hands on only a whole 2xx; whatever
// else came is in c.
func (c *call) SendRequest(method, rawURL string, data url.Values, headers map[string]any, body ...byte) (*http.Response, error) {
	req, err := c.v.newRequest(cmp.Or(c.base, c.v.URL), method, rawURL, data, headers)
	if err != nil {
		c.err = err
		return nil, errNotCarried
	}
	if c.answer, c.err = c.v.Do(c.ctx, req); c.err != nil || !c.answer.OK() {
		return nil, errNotCarried
	}
	return &http.Response{
		StatusCode: c.answer.Status,
		Header:     c.answer.Header,
		Body:       io.NopCloser(bytes.NewReader(c.answer.Body)),
	}, nil
}

// AccountSid, SetTimeout, SetOauth and OAuth are what the SDK asks for besides.

func (c *call) AccountSid() string       { return c.v.account }
func (c *call) SetTimeout(time.Duration) {}
func (c *call) SetOauth(client.OAuth)    {}
func (c *call) OAuth() client.OAuth      { return nil }

// newRequest makes the HTTP request. Of the SDK's URL only the path counts: its
// host follows TWILIO_REGION and TWILIO_EDGE.
func (v *vendor) newRequest(base, method, rawURL string, data url.Values, headers map[string]any) (*http.Request, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, &kit.Failure{Reason: sms.Internal, Outcome: sms.Rejected, Err: errors.New("the SDK built no URL")}
	}
	target, form := base+u.EscapedPath(), data.Encode()
	if method == http.MethodGet {
		target, form = target+"?"+form, ""
	}
	req, err := v.Request(method, target, "", form)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		if text, ok := value.(string); ok && method != http.MethodGet {
			req.Header.Set(name, text)
		}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	who := v.who()
	req.SetBasicAuth(who.user, who.secret)
	return req, nil
}

// A created message is what Twilio's answer says of it.
type created struct {
	sid, segments, status string
	code                  int
	words                 string
}

// create sends r. ok tells whether the answer is a 2xx that could be read; else
// call says what came.
func (v *vendor) create(ctx context.Context, r request) (message created, c *call, ok bool) {
	c = &call{ctx: ctx, v: v}
	m, err := openapi.NewApiServiceWithClient(c).CreateMessage(r.params())
	if err != nil || m == nil {
		return created{}, c, false
	}
	return created{sid: value(m.Sid), segments: value(m.NumSegments), status: value(m.Status), code: value(m.ErrorCode), words: value(m.ErrorMessage)}, c, true
}

// fetch gets what Twilio says of a message, in the terms of a status callback. ok as in
// create.
func (v *vendor) fetch(ctx context.Context, sid string) (form url.Values, c *call, ok bool) {
	c = &call{ctx: ctx, v: v}
	m, err := openapi.NewApiServiceWithClient(c).FetchMessage(sid, &openapi.FetchMessageParams{})
	if err != nil || m == nil || value(m.Sid) != sid {
		return nil, c, false
	}
	form = url.Values{"MessageSid": {sid}, "MessageStatus": {value(m.Status)}, "To": {value(m.To)}, "segments": {value(m.NumSegments)},
		"price": {strings.TrimPrefix(value(m.Price), "-")}, "currency": {strings.ToUpper(value(m.PriceUnit))}, "at": {value(m.DateUpdated)}}
	if code := value(m.ErrorCode); code != 0 {
		form.Set("ErrorCode", strconv.Itoa(code))
	}
	return form, c, true
}

// A page is a part of the list of messages to one number.
type page struct {
	messages []listed
	next     string // token of the next page
	number   string // its number
	more     bool   // there is a next page
}

// A listed message is what Twilio's list says of one.
type listed struct {
	sid, to, body, direction, segments string
	created                            time.Time // zero where it cannot be read
}

const perPage = 200

// list gets the page of messages to a number that token and number name; both
// are empty for the first. ok as in create.
func (v *vendor) list(ctx context.Context, to sms.Number, token, number string) (found page, c *call, ok bool) {
	c = &call{ctx: ctx, v: v}
	said, err := openapi.NewApiServiceWithClient(c).PageMessage(&openapi.ListMessageParams{To: new(to.E164()), PageSize: new(perPage)}, token, number)
	if err != nil || said == nil || said.Messages == nil {
		return page{}, c, false
	}
	for _, m := range said.Messages {
		l := listed{sid: value(m.Sid), to: value(m.To), body: value(m.Body), direction: value(m.Direction), segments: value(m.NumSegments)}
		l.created, _ = time.Parse(time.RFC1123Z, value(m.DateCreated))
		found.messages = append(found.messages, l)
	}
	if next := value(said.NextPageUri); next != "" {
		found.more = true
		if u, err := url.Parse(next); err == nil {
			found.next, found.number = u.Query().Get("PageToken"), u.Query().Get("Page")
		}
	}
	return found, c, true
}

// params puts r into the SDK's terms.
func (r *request) params() *openapi.CreateMessageParams {
	p := &openapi.CreateMessageParams{
		To:                  &r.to,
		From:                given(r.sender.from),
		MessagingServiceSid: given(r.sender.service),
		StatusCallback:      given(r.callback),
		ValidityPeriod:      given(r.validity),
		SmartEncoded:        r.extra.smartEncoded,
		ShortenUrls:         r.extra.shortenURLs,
		RiskCheck:           given(r.extra.riskCheck),
		ContentRetention:    given(r.extra.contentRetention),
		AddressRetention:    given(r.extra.addressRetention),
	}
	if r.content == "" {
		p.Body = &r.text
		return p
	}
	p.ContentSid, p.ContentVariables = &r.content, given(r.variables)
	return p
}

// form gives the parameters that Twilio would get of r, as the SDK writes them.
func (v *vendor) form(r request) url.Values {
	f := &formOnly{account: v.account}
	_, _ = openapi.NewApiServiceWithClient(f).CreateMessage(r.params()) // it ends in errNotCarried
	return f.data
}

// formOnly keeps what the SDK built, and sends nothing.
type formOnly struct {
	account string
	data    url.Values
}

func (f *formOnly) SendRequest(_, _ string, data url.Values, _ map[string]any, _ ...byte) (*http.Response, error) {
	f.data = data
	return nil, errNotCarried
}

func (f *formOnly) AccountSid() string       { return f.account }
func (f *formOnly) SetTimeout(time.Duration) {}
func (f *formOnly) SetOauth(client.OAuth)    {}
func (f *formOnly) OAuth() client.OAuth      { return nil }

// given is nil for a zero value, which the SDK then leaves out.
func given[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return new(v) // not &v: that would allocate for nil too
}

// value is the zero value for nil, which is what a null or a missing field is.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
