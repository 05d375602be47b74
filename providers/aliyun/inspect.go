package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// inspect asks the vendor about every signature and template that the configuration
// names: by GetSmsSign and GetSmsTemplate, and by the older QuerySmsSign and
// QuerySmsTemplate if those are refused. The RAM user needs dysms:GetSmsSign and
// dysms:GetSmsTemplate; what it may not look at is sms.NotAllowed.
//
// A signature that is approved and not registered with the carriers is
// sms.NotRegistered, and so is every template that is sent under it. The older calls
// do not say whether it is registered.
//
// The text of an international template that a binding has besides (abroad) is in
// another language: its variables are compared, not its words.
func (v *vendor) inspect(ctx context.Context) ([]sms.Finding, error) {
	return v.Inspect(ctx, kit.Inspection{
		Sender: v.inspectSignature,
		Template: func(ctx context.Context, t sms.Template, _ sms.Binding) (found []sms.Finding, err error) {
			b := v.bindings[t.Name]
			for _, id := range []string{b.id, b.abroad} {
				if id == "" {
					continue
				}
				f, err := v.inspectTemplate(ctx, t, id, id == b.abroad && b.kind != sms.International)
				if err != nil {
					return found, err
				}
				found = append(found, f)
			}
			return found, nil
		},
		// Carriers in mainland China alone ask for a registration.
		Free: func(f sms.Finding) bool { return f.Name != v.bindings[f.Template].id },
	})
}

// Codes by which the vendor says that the key may not make this call, and not
// that it is wrong.
var notAllowed = []string{"isp.RAM_PERMISSION_DENY", "Forbidden", "Forbidden.RAM", "Forbidden.NoPermission", "NoPermission", "FORBIDDEN_ACTION"}

// Codes by which the vendor says that there is no such thing, or no such call.
var (
	noSuchThing = []string{"isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGN_NOT_EXIST", "isv.TEMPLATE_NOT_EXIST", "DATA_NOT_EXIST"}
	noSuchCall  = []string{"InvalidAction.NotFound", "InvalidApi.NotFound"}
)

// ask asks the questions in order until one is answered. state is not "" if the
// vendor has no such thing, or if none may be asked.
func (v *vendor) ask(ctx context.Context, questions ...inquiry) (said review, state sms.Readiness, err error) {
	for _, q := range questions {
		read := func(body []byte) (reply, error) {
			if err := decode(body, q.answer); err != nil {
				return reply{}, err
			}
			var r reply
			r, said = q.read()
			return r, nil
		}
		_, err := v.call(ctx, read, func(key Credentials) (signedCall, error) { return sign(q.request, v.region, key) })
		code := ""
		if refused, ok := errors.AsType[*kit.Refusal](err); ok {
			code = refused.Code
		}
		switch {
		case err == nil:
			return said, "", nil
		case slices.Contains(noSuchThing, code):
			return review{}, sms.Missing, nil
		case !slices.Contains(notAllowed, code) && !slices.Contains(noSuchCall, code):
			return review{}, "", err
		}
	}
	return review{}, sms.NotAllowed, nil
}

// permission tells what to grant.
func permission(call string) string { return "grant the RAM user dysms:" + call }

func (v *vendor) inspectSignature(ctx context.Context, name string) (sms.Finding, error) {
	f := sms.Finding{Subject: "signature", Name: name}
	said, state, err := v.ask(ctx, getSmsSign(name), querySmsSign(name))
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
	f.Approval = approval(said)
	if said.told {
		f.Registration = registrations[said.register]
	}
	switch {
	case said.status != 1:
		f.State, f.Detail = sms.NotApproved, said.why
	case said.told && said.register != 1:
		f.State, f.Detail = sms.NotRegistered, "carriers stop what goes out under it: wait for the registration, or complete it in the console"
	default:
		f.State = sms.Ready
	}
	if !said.told {
		f.Registration = "not told by the older call: " + permission("GetSmsSign")
	}
	return f, nil
}

// registrations are the vendor's numbers of what came of a signature's
// registration with the carriers, as far as it has told them.
var registrations = map[int]string{1: "registered", 0: "failed", -1: "not registered", 2: "lapsed"}

func approval(said review) string {
	switch said.status {
	case 0:
		return "in review"
	case 1:
		return "approved"
	case 2:
		return "rejected"
	case 10:
		return "canceled"
	}
	return fmt.Sprintf("unknown status %d", said.status)
}

func (v *vendor) inspectTemplate(ctx context.Context, t sms.Template, id string, translated bool) (sms.Finding, error) {
	f := sms.Finding{Subject: "template", Name: id, Template: t.Name, Ours: cmp.Or(t.Bindings[v.Name].Text, t.Text)}
	said, state, err := v.ask(ctx, getSmsTemplate(id), querySmsTemplate(id))
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
	f.Approval, f.Theirs = approval(said), said.text
	theirs := variablesIn(said.text)
	switch strange := slices.DeleteFunc(slices.Clone(theirs), func(name string) bool { return slices.Contains(v.Templates.Variables(t.Name), name) }); {
	case said.status != 1:
		f.State, f.Detail = sms.NotApproved, said.why
	case len(strange) > 0:
		f.State, f.Detail = sms.Different, "the vendor's text has ${"+strings.Join(strange, "}, ${")+"}, which ours has not"
	case !translated && said.text != f.Ours:
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

// templates lists the account's templates by QuerySmsTemplateList, 50 a call.
// The RAM user needs dysms:QuerySmsTemplateList.
func (v *vendor) templates(ctx context.Context) ([]sms.VendorTemplate, error) {
	var rows []listedTemplate
	for page := 1; page <= maxListed; page++ {
		total, before := 0, len(rows)
		_, state, err := v.ask(ctx, querySmsTemplateList(page, &rows, &total))
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
