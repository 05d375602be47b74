package twilio

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// A Provider sends through one Twilio account. It may be used by any number of
// goroutines. It prints as its name and account, without its secrets.
type Provider struct{ *kit.Provider }

// vendor is what this package knows of Twilio, with the settings of one account.
type vendor struct {
	*kit.Base
	account  string
	sender   sender
	bindings map[string]*binding // by template
	callback kit.Callback
	// Secrets are behind functions, which package fmt cannot print.
	who           func() credentials
	webhookTokens func() []string
}

// New returns a Provider. It does no I/O. Every fault of the options is in one
// error, each as an *sms.FieldError with the path that the setting has in a
// configuration file.
func New(o Options) (*Provider, error) {
	var f kit.Faults
	who := o.credentials(&f)
	tokens := o.webhookTokens()
	v := &vendor{account: o.AccountSID, who: func() credentials { return who }, webhookTokens: func() []string { return tokens }}
	v.Base = kit.Open(o.common(), kit.About{
		Driver: driverName, Endpoint: defaultEndpoint, Account: o.AccountSID, Public: who.public(),
		Secrets:   func() []string { return []string{who.secret, who.header()} },
		Codes:     kit.Table{Rows: codes, StatusFirst: true},
		RequestID: requestID, CheckSender: func(s string) error { _, err := parseSender(s); return err },
	}, &f)
	v.sender, v.callback = o.sender(&f), o.callback(&f)
	v.bindings = map[string]*binding{}
	v.Bindings(func(t sms.Template, b sms.Binding, path string) {
		v.bindings[t.Name] = newBinding(b, o.Templates.Variables(t.Name), path, &f)
	})
	p, err := kit.New(v.Base, kit.Vendor[request]{
		Order: v.order, Send: v.send, Check: v.check, Show: v.show, Hide: request.hidden, Counted: request.counted,
		Listing: v.listing(), Look: v.look, Inspect: v.inspect, Templates: v.templates, Webhook: v.webhook,
	}, f)
	if err != nil {
		return nil, err
	}
	return &Provider{p}, nil
}

// Driver makes Providers from configuration. The settings are the fields of
// [Options] under the keys of their yaml tags:
//
//	providers:
//	  twilio:
//	    driver: twilio
//	    account_sid: "${TWILIO_ACCOUNT_SID}"
//	    auth_token: "${TWILIO_AUTH_TOKEN}"        # or api_key_sid and api_key_secret
//	    from: "+15005550006"                      # or messaging_service_sid
//	    status_callback: "https://example.com/reports/{provider}/{key}"
//	    senders: {acme: "MG00000000000000000000000000000000"}
//	    timeout: 5s
func Driver() sms.Driver {
	return kit.Driver(driverName, Codes(), New, func(o *Options, c sms.DriverConfig) { o.Name, o.Templates = c.Name, c.Templates })
}

// send submits one message.
func (v *vendor) send(ctx context.Context, r request) (kit.Accepted, error) {
	m, c, ok := v.create(ctx, r)
	if !ok {
		return kit.Accepted{}, c.refused()
	}
	switch {
	case !isID(m.sid):
		return kit.Accepted{}, c.answer.Unreadable("the answer names no message")
	case m.status == "failed": // in Twilio's terms: it could not be sent
		return kit.Accepted{}, v.createdAsFailed(m, c)
	}
	return kit.Accepted{ID: m.sid, RequestID: requestID(c.answer.Header), Segments: count(m.segments)}, nil
}

// count reads a number of segments. It is zero until a Messaging Service has chosen
// a sender.
func count(segments string) int {
	n, err := strconv.Atoi(segments)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

func (v *vendor) createdAsFailed(m created, c *call) error {
	refused := &kit.Refusal{Header: c.answer.Header, Words: m.words, Reason: sms.Unsupported, Outcome: sms.Rejected,
		Cause: errors.New("the message was created as failed")}
	if m.code > 0 {
		refused.Code = strconv.Itoa(m.code)
		row, _ := v.Codes.Find("", refused.Code)
		refused.Reason = cmp.Or(row.Reason, refused.Reason)
	}
	return refused
}

// show returns the parameters that Twilio would get, as the SDK writes them.
func (v *vendor) show(r request) map[string]string {
	all := map[string]string{}
	for name, values := range v.form(r) {
		all[name] = values[0]
	}
	return all
}

// hidden lists what Twilio's words must not repeat. Masking every "a" would leave
// nothing to read, so short texts stay.
func (r request) hidden() []string {
	const shortest = 4
	hidden := []string{r.variables, r.callback}
	if len(r.text) >= shortest {
		hidden = append(hidden, r.text)
	}
	return hidden
}

// isSID reports whether s is prefix and 32 hexadecimal digits.
func isSID(s, prefix string) bool {
	return len(s) == 34 && strings.HasPrefix(s, prefix) && strings.Trim(s[2:], "0123456789abcdefABCDEF") == ""
}
