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

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// inspect asks Twilio about the account, every sender and every content template
// that the configuration names, one call each. Twilio lists neither alphanumeric
// sender IDs nor other people's short codes: those are sms.NotChecked. A standard
// API key may not look at the account, which is sms.NotAllowed. A text that is sent
// as it is needs nothing at Twilio and is sms.Ready.
func (v *vendor) inspect(ctx context.Context) ([]sms.Finding, error) {
	return v.Inspect(ctx, kit.Inspection{
		Account: v.inspectAccount, Sender: v.inspectSender, Template: v.inspectTemplate,
		Senders: v.allSenders, SendersOf: v.sendersOf,
	})
}

// sendersOf lists the number and the service that a template is sent from.
func (v *vendor) sendersOf(b sms.Binding) []string {
	s := v.sender
	if b.From != "" {
		s, _ = parseSender(b.From)
	}
	return []string{s.from, s.service}
}

// allSenders lists every number, sender ID and service, each once.
func (v *vendor) allSenders() []string {
	list := append(v.Senders(), v.sender.from, v.sender.service)
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == "" })
}

// forbidden reports whether Twilio knows who asks and does not let them look.
func forbidden(c *call) bool {
	return c.err == nil && (c.answer.Status == http.StatusForbidden || c.answer.Status == http.StatusUnauthorized)
}

func missing(c *call) bool { return c.err == nil && c.answer.Status == http.StatusNotFound }

func (v *vendor) inspectAccount(ctx context.Context) (sms.Finding, error) {
	f := sms.Finding{Subject: "account", Name: v.account}
	status, c, ok := v.fetchAccount(ctx)
	switch {
	case ok && status == "active":
		f.State, f.Approval = sms.Ready, status
		return f, nil
	case ok:
		f.State, f.Approval, f.Detail = sms.NotApproved, status, "look at the account in the console"
		return f, nil
	case !forbidden(c):
		return f, c.refused()
	}
	if again, ok := v.listOne(ctx); !ok { // a key that may send may list: so the credentials themselves are wrong
		return f, again.refused()
	}
	f.State, f.Detail = sms.NotAllowed, "a standard API key may not look at the account: a main key or the auth token may"
	return f, nil
}

func (v *vendor) inspectSender(ctx context.Context, name string) (sms.Finding, error) {
	f := sms.Finding{Subject: "sender", Name: name, State: sms.Ready}
	if isSID(name, "MG") {
		f.Subject = "service"
		var said struct {
			SID string `json:"sid"`
		}
		c, ok := v.get(ctx, "messaging", "/v1/Services/"+name, nil, &said)
		if !ok {
			return v.unseen(f, c, "the account has no Messaging Service of this SID")
		}
		return f, nil
	}
	if !sms.Number(name).Valid() {
		f.State, f.Detail = sms.NotChecked, "the vendor has no list of sender IDs and shared short codes"
		return f, nil
	}
	owns, texts, c, ok := v.ownsNumber(ctx, name)
	switch {
	case !ok:
		return v.unseen(f, c, "")
	case !owns:
		f.State, f.Detail = sms.Missing, "the account has not bought this number, or another account has it"
	case !texts:
		f.State, f.Detail = sms.NotApproved, "the number cannot send text messages"
	}
	return f, nil
}

// unseen is the finding, or the error, where nothing was shown.
func (v *vendor) unseen(f sms.Finding, c *call, absent string) (sms.Finding, error) {
	switch {
	case forbidden(c):
		f.State, f.Detail = sms.NotAllowed, "the credentials may not look at it"
	case missing(c) && absent != "":
		f.State, f.Detail = sms.Missing, absent
	default:
		return f, c.refused()
	}
	return f, nil
}

func (v *vendor) inspectTemplate(ctx context.Context, t sms.Template, _ sms.Binding) (found []sms.Finding, err error) {
	b := v.bindings[t.Name]
	ids := slices.DeleteFunc([]string{b.content, b.abroad}, func(id string) bool { return id == "" })
	if len(ids) == 0 {
		ids = []string{""}
	}
	for _, id := range ids {
		f := sms.Finding{Subject: "template", Name: id, Template: t.Name, State: sms.Ready, Ours: cmp.Or(t.Bindings[v.Name].Text, t.Text)}
		if id == "" {
			f.Name, f.Approval = "(text)", "not needed"
		} else if f, err = v.inspectContent(ctx, f, b); err != nil {
			return found, err
		}
		found = append(found, f)
	}
	return found, nil
}

func (v *vendor) inspectContent(ctx context.Context, f sms.Finding, b *binding) (sms.Finding, error) {
	var said content
	c, ok := v.get(ctx, "content", "/v1/Content/"+f.Name, nil, &said)
	if !ok {
		return v.unseen(f, c, "the account has no content template of this SID")
	}
	f.Approval, f.Theirs = "not needed", ourVariables(said.text(), b.variables)
	switch {
	case said.text() == "":
		f.State, f.Detail = sms.Different, "it has no text (twilio/text), which is what is sent as a text message"
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

// templates lists the account's content templates that have a text. A
// variable without a name ({{1}}) is called v1, and Order has it.
func (v *vendor) templates(ctx context.Context) (list []sms.VendorTemplate, err error) {
	query := url.Values{"PageSize": {"100"}}
	for range maxContentPages {
		var page contentPage
		c, ok := v.get(ctx, "content", "/v1/Content", query, &page)
		if !ok {
			return nil, c.refused()
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
