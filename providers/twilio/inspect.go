package twilio

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/notifykit/notify/sms"
)

var (
	_ sms.Inspector = (*Provider)(nil)
	_ sms.Lister    = (*Provider)(nil)
)

// Inspect asks Twilio about the account, every sender and every content template
// that the configuration names, one call each. Twilio lists neither alphanumeric
// sender IDs nor other people's short codes: those are sms.NotChecked. A standard
// API key may not look at the account, which is sms.NotAllowed. A text that is
// sent as it is needs nothing at Twilio and is sms.Ready.
func (p *Provider) Inspect(ctx context.Context) ([]sms.Finding, error) {
	account, err := p.inspectAccount(ctx)
	if err != nil {
		return nil, err
	}
	found := []sms.Finding{account}
	state := map[string]sms.Finding{}
	for _, name := range p.allSenders() {
		f, err := p.inspectSender(ctx, name)
		if err != nil {
			return found, err
		}
		state[name] = f
		found = append(found, f)
	}
	if p.templates == nil {
		return found, nil
	}
	for t := range p.templates.All() {
		if b := p.bindings[t.Name]; b != nil {
			more, err := p.inspectTemplate(ctx, t, b, p.worst(b, state))
			found = append(found, more...)
			if err != nil {
				return found, err
			}
		}
	}
	return found, nil
}

// worst gives what blocks the sender of a binding, or nothing.
func (p *Provider) worst(b *binding, state map[string]sms.Finding) sms.Finding {
	s := p.sender
	if b.sender != (sender{}) {
		s = b.sender
	}
	for _, name := range []string{s.from, s.service} {
		if f := state[name]; f.State.Blocks() && f.Name != "" {
			return f
		}
	}
	return sms.Finding{}
}

// allSenders lists every number, sender ID and service, each once.
func (p *Provider) allSenders() []string {
	list := []string{p.sender.from, p.sender.service}
	for _, s := range p.senders {
		list = append(list, s.from, s.service)
	}
	for _, b := range p.bindings {
		list = append(list, b.sender.from, b.sender.service)
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	slices.Sort(list)
	return slices.Compact(list)
}

// forbidden tells whether the vendor knows who asks and does not let him look.
func forbidden(c *call) bool {
	return c.failure == nil && (c.answer.Status == http.StatusForbidden || c.answer.Status == http.StatusUnauthorized)
}

func missing(c *call) bool { return c.failure == nil && c.answer.Status == http.StatusNotFound }

func (p *Provider) inspectAccount(ctx context.Context) (sms.Finding, error) {
	f := sms.Finding{Subject: "account", Name: p.account}
	status, c, ok := p.fetchAccount(ctx)
	switch {
	case ok && status == "active":
		f.State, f.Approval = sms.Ready, status
		return f, nil
	case ok:
		f.State, f.Approval, f.Detail = sms.NotApproved, status, "look at the account in the console"
		return f, nil
	case !forbidden(c):
		return f, p.refused(c)
	}
	if again, ok := p.listOne(ctx); !ok { // a key that may send may list: so the credentials themselves are wrong
		return f, p.refused(again)
	}
	f.State, f.Detail = sms.NotAllowed, "a standard API key may not look at the account: a main key or the auth token may"
	return f, nil
}

func (p *Provider) inspectSender(ctx context.Context, name string) (sms.Finding, error) {
	f := sms.Finding{Subject: "sender", Name: name, State: sms.Ready}
	if isSID(name, "MG") {
		f.Subject = "service"
		var said struct {
			SID string `json:"sid"`
		}
		c, ok := p.get(ctx, "messaging", "/v1/Services/"+name, nil, &said)
		if !ok {
			return p.unseen(f, c, "the account has no Messaging Service of this SID")
		}
		return f, nil
	}
	if !sms.Number(name).Valid() {
		f.State, f.Detail = sms.NotChecked, "the vendor has no list of sender IDs and shared short codes"
		return f, nil
	}
	owns, texts, c, ok := p.ownsNumber(ctx, name)
	switch {
	case !ok:
		return p.unseen(f, c, "")
	case !owns:
		f.State, f.Detail = sms.Missing, "the account has not bought this number, or another account has it"
	case !texts:
		f.State, f.Detail = sms.NotApproved, "the number cannot send text messages"
	}
	return f, nil
}

// unseen is the finding, or the error, where nothing was shown.
func (p *Provider) unseen(f sms.Finding, c *call, absent string) (sms.Finding, error) {
	switch {
	case forbidden(c):
		f.State, f.Detail = sms.NotAllowed, "the credentials may not look at it"
	case missing(c) && absent != "":
		f.State, f.Detail = sms.Missing, absent
	default:
		return f, p.refused(c)
	}
	return f, nil
}

func (p *Provider) inspectTemplate(ctx context.Context, t sms.Template, b *binding, blocked sms.Finding) (found []sms.Finding, err error) {
	ids := slices.DeleteFunc([]string{b.content, b.abroad}, func(id string) bool { return id == "" })
	if len(ids) == 0 {
		ids = []string{""}
	}
	for _, id := range ids {
		f := sms.Finding{Subject: "template", Name: id, Template: t.Name, State: sms.Ready, Ours: cmp.Or(t.Bindings[p.name].Text, t.Text)}
		if id == "" {
			f.Name, f.Approval = "(text)", "not needed"
		} else if f, err = p.inspectContent(ctx, f, b); err != nil {
			return found, err
		}
		if f.State == sms.Ready && blocked.Name != "" {
			f.State, f.Detail = blocked.State, "its "+blocked.Subject+" "+blocked.Name+" is "+string(blocked.State)
		}
		found = append(found, f)
	}
	return found, nil
}

func (p *Provider) inspectContent(ctx context.Context, f sms.Finding, b *binding) (sms.Finding, error) {
	var said content
	c, ok := p.get(ctx, "content", "/v1/Content/"+f.Name, nil, &said)
	if !ok {
		return p.unseen(f, c, "the account has no content template of this SID")
	}
	f.Approval, f.Theirs = "not needed", ourVariables(said.text(), b.variables)
	switch {
	case said.text() == "":
		f.State, f.Detail = sms.Different, "it has no text (twilio/text), which is what goes out as a text message"
	case f.Theirs != f.Ours:
		f.State, f.Detail = sms.Different, "the texts differ: change the content template, or write its text here"
	}
	return f, nil
}

// theirVariable is a variable in a content template.
var theirVariable = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// ourVariables writes a content template's text with variables of ours; one that
// we have not keeps its form.
func ourVariables(text string, variables []variable) string {
	return theirVariable.ReplaceAllStringFunc(text, func(found string) string {
		name := theirVariable.FindStringSubmatch(found)[1]
		for _, v := range variables {
			if v.theirs == name {
				return "${" + v.ours + "}"
			}
		}
		return found
	})
}

// maxContentPages bounds a list of content templates.
const maxContentPages = 200

// ListTemplates lists the account's content templates that have a text. A
// variable without a name ({{1}}) is called v1, and Order has it.
func (p *Provider) ListTemplates(ctx context.Context) (list []sms.VendorTemplate, err error) {
	query := url.Values{"PageSize": {"100"}}
	for range maxContentPages {
		var page contentPage
		c, ok := p.get(ctx, "content", "/v1/Content", query, &page)
		if !ok {
			return nil, p.refused(c)
		}
		for _, c := range page.Contents {
			if c.text() != "" {
				list = append(list, vendorTemplate(c))
			}
		}
		next, err := url.Parse(page.Meta.Next)
		if page.Meta.Next == "" || err != nil {
			return list, nil
		}
		query = next.Query() // of the address alone: its host is not ours to follow
	}
	return nil, fmt.Errorf("the vendor lists more than %d pages of content templates", maxContentPages)
}

func vendorTemplate(c content) sms.VendorTemplate {
	t := sms.VendorTemplate{ID: c.SID, Name: c.Name, Approval: "not needed"}
	highest := 0
	t.Text = theirVariable.ReplaceAllStringFunc(c.text(), func(found string) string {
		name := theirVariable.FindStringSubmatch(found)[1]
		if n, err := strconv.Atoi(name); err == nil && n > 0 && n < 100 {
			highest = max(highest, n)
			name = "v" + name
		}
		return "${" + name + "}"
	})
	for n := range highest {
		if name := "v" + strconv.Itoa(n+1); strings.Contains(t.Text, "${"+name+"}") {
			t.Order = append(t.Order, name)
		}
	}
	return t
}
