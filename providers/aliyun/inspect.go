package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/notifykit/notify/sms"
)

var (
	_ sms.Inspector = (*Provider)(nil)
	_ sms.Lister    = (*Provider)(nil)
)

// Inspect asks the vendor about every signature and template that the
// configuration names: by GetSmsSign and GetSmsTemplate, and by the older
// QuerySmsSign and QuerySmsTemplate where those are refused. One call each, one
// after the other. The RAM user needs dysms:GetSmsSign and dysms:GetSmsTemplate;
// what it may not look at is sms.NotAllowed.
//
// A signature that is approved and not registered with the carriers is
// sms.NotRegistered, and so is every template that goes out under it. The older
// calls do not tell of the registration.
//
// The text of an international template that a binding has besides (abroad) is
// another language's: its variables are compared, not its words.
func (p *Provider) Inspect(ctx context.Context) ([]sms.Finding, error) {
	var found []sms.Finding
	signatures := map[string]sms.Finding{}
	for _, name := range p.signatures() {
		f, err := p.inspectSignature(ctx, name)
		if err != nil {
			return found, err
		}
		signatures[name] = f
		found = append(found, f)
	}
	if p.templates == nil {
		return found, nil
	}
	for t := range p.templates.All() {
		b := p.bindings[t.Name]
		if b == nil {
			continue
		}
		under := signatures[cmp.Or(b.from, p.from)]
		for _, id := range []string{b.id, b.abroad} {
			if id == "" {
				continue
			}
			f, err := p.inspectTemplate(ctx, t, id, id == b.abroad && b.kind != sms.International)
			if err != nil {
				return found, err
			}
			if id == b.id { // carriers in mainland China alone ask for a registration
				f = f.withSignature(under)
			}
			found = append(found, sms.Finding(f))
		}
	}
	return found, nil
}

// signatures lists every signature that may be used, each once.
func (p *Provider) signatures() []string {
	list := []string{p.from}
	for _, s := range p.senders {
		list = append(list, s)
	}
	for _, b := range p.bindings {
		list = append(list, b.from)
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	slices.Sort(list)
	return slices.Compact(list)
}

// Codes by which the vendor says that the key may not make this call, and not
// that it is wrong.
var notAllowed = []string{"isp.RAM_PERMISSION_DENY", "Forbidden", "Forbidden.RAM", "Forbidden.NoPermission", "NoPermission", "FORBIDDEN_ACTION"}

// Codes by which the vendor says that there is no such thing, or no such call.
var (
	noSuchThing = []string{"isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGN_NOT_EXIST", "isv.TEMPLATE_NOT_EXIST", "DATA_NOT_EXIST"}
	noSuchCall  = []string{"InvalidAction.NotFound", "InvalidApi.NotFound"}
)

// ask asks the questions in order until one is answered. state is other than ""
// where the vendor has no such thing, or none may be asked.
func (p *Provider) ask(ctx context.Context, questions ...inquiry) (v review, state sms.Readiness, err error) {
	for _, q := range questions {
		read := func(body []byte) (reply, error) {
			if err := decode(body, q.answer); err != nil {
				return reply{}, err
			}
			var r reply
			r, v = q.read()
			return r, nil
		}
		_, e := p.call(ctx, sms.Message{}, read, func(key Credentials) (signedCall, error) { return sign(q.request, p.region, key) })
		switch {
		case e == nil:
			return v, "", nil
		case slices.Contains(noSuchThing, e.Code):
			return review{}, sms.Missing, nil
		case !slices.Contains(notAllowed, e.Code) && !slices.Contains(noSuchCall, e.Code):
			return review{}, "", e
		}
	}
	return review{}, sms.NotAllowed, nil
}

// permission tells what to grant.
func permission(call string) string { return "grant the RAM user dysms:" + call }

func (p *Provider) inspectSignature(ctx context.Context, name string) (sms.Finding, error) {
	f := sms.Finding{Subject: "signature", Name: name}
	v, state, err := p.ask(ctx, getSmsSign(name), querySmsSign(name))
	if err != nil {
		return f, err
	}
	switch f.State = state; {
	case state == sms.NotAllowed:
		f.Detail = permission("GetSmsSign")
		return f, nil
	case state == sms.Missing:
		f.Detail = "the account has no signature of this name: correct it, or apply for it in the console"
		return f, nil
	}
	f.Approval = approval(v)
	if v.told {
		f.Registration = registrations[v.register]
	}
	switch {
	case v.status != 1:
		f.State, f.Detail = sms.NotApproved, v.why
	case v.told && v.register != 1:
		f.State, f.Detail = sms.NotRegistered, "carriers stop what goes out under it: wait for the registration, or complete it in the console"
	default:
		f.State = sms.Ready
	}
	if !v.told {
		f.Registration = "not told by the older call: " + permission("GetSmsSign")
	}
	return f, nil
}

// registrations are the vendor's numbers of what came of a signature's
// registration with the carriers, as far as it has told them.
var registrations = map[int]string{1: "registered", 0: "failed", -1: "not registered", 2: "lapsed"}

func approval(v review) string {
	switch v.status {
	case 0:
		return "in review"
	case 1:
		return "approved"
	case 2:
		return "rejected"
	case 10:
		return "canceled"
	}
	return fmt.Sprintf("unknown status %d", v.status)
}

// A templateFinding is a Finding on the way.
type templateFinding sms.Finding

// withSignature lets a template be no more ready than its signature.
func (f templateFinding) withSignature(s sms.Finding) templateFinding {
	f.Registration = s.Registration
	if f.State == sms.Ready && s.State.Blocks() {
		f.State, f.Detail = s.State, "its signature "+s.Name+" is "+string(s.State)
	}
	return f
}

func (p *Provider) inspectTemplate(ctx context.Context, t sms.Template, id string, translated bool) (templateFinding, error) {
	f := templateFinding{Subject: "template", Name: id, Template: t.Name, Ours: cmp.Or(t.Bindings[p.name].Text, t.Text)}
	v, state, err := p.ask(ctx, getSmsTemplate(id), querySmsTemplate(id))
	if err != nil {
		return f, err
	}
	switch f.State = state; {
	case state == sms.NotAllowed:
		f.Detail = permission("GetSmsTemplate")
		return f, nil
	case state == sms.Missing:
		f.Detail = "the account has no template of this code: correct the binding, or apply for it in the console"
		return f, nil
	}
	f.Approval, f.Theirs = approval(v), v.text
	theirs := variablesIn(v.text)
	switch strange := slices.DeleteFunc(slices.Clone(theirs), func(name string) bool { return slices.Contains(p.templates.Variables(t.Name), name) }); {
	case v.status != 1:
		f.State, f.Detail = sms.NotApproved, v.why
	case len(strange) > 0:
		f.State, f.Detail = sms.Different, "the vendor's text has ${"+strings.Join(strange, "}, ${")+"}, which ours has not"
	case !translated && v.text != f.Ours:
		f.State, f.Detail = sms.Different, "the texts differ: have the vendor's changed, or write it here"
	default:
		f.State = sms.Ready
	}
	if translated {
		f.Ours = ""
	}
	return f, nil
}

// variablesIn lists the variables of a text of the vendor's.
func variablesIn(text string) (names []string) {
	for {
		_, rest, found := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return names
		}
		names, text = append(names, name), after
	}
}

// maxListed bounds a list of templates, in pages.
const maxListed = 200

// ListTemplates lists the account's templates by QuerySmsTemplateList, 50 a call.
// The RAM user needs dysms:QuerySmsTemplateList.
func (p *Provider) ListTemplates(ctx context.Context) ([]sms.VendorTemplate, error) {
	var rows []listedTemplate
	for page := 1; page <= maxListed; page++ {
		total, before := 0, len(rows)
		_, state, err := p.ask(ctx, querySmsTemplateList(page, &rows, &total))
		switch {
		case err != nil:
			return nil, err
		case state == sms.NotAllowed:
			return nil, errors.New("the key may not list templates: " + permission("QuerySmsTemplateList"))
		case len(rows) >= total || len(rows) == before:
			return vendorTemplates(rows), nil
		}
	}
	return nil, fmt.Errorf("the vendor lists more than %d templates", maxListed*perPage)
}

// audits are the words of the vendor's lists; the last is misspelt there too.
var audits = map[string]string{
	"AUDIT_STATE_INIT": "in review", "AUDIT_STATE_PASS": "approved", "AUDIT_STATE_NOT_PASS": "rejected", "AUDIT_SATE_CANCEL": "canceled",
}

func vendorTemplates(rows []listedTemplate) []sms.VendorTemplate {
	kinds := map[int]sms.Kind{0: sms.Verification, 1: sms.Notification, 2: sms.Promotion, 3: sms.International}
	list := make([]sms.VendorTemplate, 0, len(rows))
	for _, r := range rows {
		list = append(list, sms.VendorTemplate{ID: r.code, Name: r.name, Kind: kinds[r.kind], Text: r.text, Approval: cmp.Or(audits[r.audit], r.audit)})
	}
	return list
}
