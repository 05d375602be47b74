package tencent

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// inspect asks Tencent about every signature and template that the configuration
// names. An account of a person, and a sub-account, may not ask: that is
// sms.NotAllowed.
func (v *vendor) inspect(ctx context.Context) ([]sms.Finding, error) {
	return v.Inspect(ctx, kit.Inspection{Sender: v.inspectSignature, Template: v.inspectTemplate,
		// Abroad a signature is optional.
		Free: func(f sms.Finding) bool { return f.Name != v.bindings[f.Template].id },
	})
}

// A review is what Tencent says of a signature or a template.
type review struct {
	TemplateName, SignName       string
	TemplateContent, ReviewReply string
	StatusCode, International    int
	Template                     uint64 `json:"TemplateId"`
}

// Codes by which Tencent says that this account may not ask.
var notAllowed = []string{
	"FailedOperation.NotEnterpriseCertification", "FailedOperation.ProhibitSubAccountUse", "UnauthorizedOperation", "AuthFailure.UnauthorizedOperation",
	"UnauthorizedOperation.RequestPermissionDeny",
}

// refusedAs returns the finding for an error that says nothing of the credentials.
func refusedAs(f sms.Finding, err error) (sms.Finding, bool) {
	refused, ok := errors.AsType[*kit.Refusal](err)
	if !ok || !slices.Contains(notAllowed, refused.Code) {
		return f, false
	}
	f.State, f.Detail = sms.NotAllowed, "the vendor lets only the main account of a company look ("+refused.Code+"); look into the console"
	return f, true
}

func (v *vendor) inspectSignature(ctx context.Context, name string) (sms.Finding, error) {
	f := sms.Finding{Subject: "signature", Name: name}
	for offset := 0; ; offset += maxListed {
		var said struct {
			Set []review `json:"DescribeSignListStatusSet"`
		}
		if _, err := v.call(ctx, "DescribeSmsSignList", map[string]any{"International": 0, "Limit": maxListed, "Offset": offset}, &said); err != nil {
			if f, ok := refusedAs(f, err); ok {
				return f, nil
			}
			return f, err
		}
		for _, r := range said.Set {
			if r.SignName == name {
				return judged(f, r), nil
			}
		}
		if len(said.Set) < maxListed {
			f.State, f.Detail = sms.Missing, "the account has no signature of this name: correct it, or apply for it in the console"
			return f, nil
		}
	}
}

const maxListed = 100

func judged(f sms.Finding, r review) sms.Finding {
	switch r.StatusCode {
	case 0:
		f.State, f.Approval = sms.Ready, "approved"
	case 1:
		f.State, f.Approval = sms.NotApproved, "in review"
	case 2:
		f.State, f.Approval = sms.NotApproved, "approved, not in force yet"
	default:
		f.State, f.Approval = sms.NotApproved, "rejected"
	}
	if f.State != sms.Ready {
		f.Detail = r.ReviewReply
	}
	return f
}

func (v *vendor) inspectTemplate(ctx context.Context, t sms.Template, _ sms.Binding) (found []sms.Finding, err error) {
	b := v.bindings[t.Name]
	for i, id := range []string{b.id, b.abroad} {
		if id == "" {
			continue
		}
		f := sms.Finding{Subject: "template", Name: id, Template: t.Name}
		number, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			f.State, f.Detail = sms.Missing, "a template ID has digits only"
			found = append(found, f)
			continue
		}
		var said struct {
			Set []review `json:"DescribeTemplateStatusSet"`
		}
		_, err = v.call(ctx, "DescribeSmsTemplateList", map[string]any{"International": i, "TemplateIdSet": []uint64{number}}, &said)
		if err != nil {
			if f, ok := refusedAs(f, err); ok {
				found = append(found, f)
				continue
			}
			return found, err
		}
		found = append(found, v.compared(f, t, b, said.Set, i == 1))
	}
	return found, nil
}

func (v *vendor) compared(f sms.Finding, t sms.Template, b *binding, set []review, abroad bool) sms.Finding {
	if len(set) == 0 {
		f.State, f.Detail = sms.Missing, "the account has no template of this ID: correct the binding, or apply for it in the console"
		return f
	}
	f = judged(f, set[0])
	f.Theirs = named(set[0].TemplateContent, b.order)
	if abroad && b.kind != sms.International {
		return f // the text is in another language
	}
	f.Ours = t.Text
	if text := t.Bindings[v.Name].Text; text != "" {
		f.Ours = text
	}
	if f.State == sms.Ready && f.Theirs != f.Ours {
		f.State, f.Detail = sms.Different, "the texts differ: have the vendor's changed, or write it here"
	}
	return f
}

// positional finds a variable of Tencent's: {1}.
var positional = regexp.MustCompile(`\{(\d{1,2})\}`)

// named returns a text of Tencent's with our variables.
func named(text string, order []string) string {
	return positional.ReplaceAllStringFunc(text, func(found string) string {
		n, _ := strconv.Atoi(found[1 : len(found)-1])
		if n < 1 || n > len(order) {
			return found
		}
		return "${" + order[n-1] + "}"
	})
}

// templates lists the account's templates. A variable {1} is called v1.
func (v *vendor) templates(ctx context.Context) (list []sms.VendorTemplate, err error) {
	for international := range 2 {
		for offset := 0; ; offset += maxListed {
			var said struct {
				Set []review `json:"DescribeTemplateStatusSet"`
			}
			if _, err := v.call(ctx, "DescribeSmsTemplateList", map[string]any{"International": international, "Limit": maxListed, "Offset": offset}, &said); err != nil {
				return list, err
			}
			for _, r := range said.Set {
				list = append(list, vendorTemplate(r, international == 1))
			}
			if len(said.Set) < maxListed {
				break
			}
		}
	}
	return list, nil
}

func vendorTemplate(r review, abroad bool) sms.VendorTemplate {
	t := sms.VendorTemplate{ID: strconv.FormatUint(r.Template, 10), Name: r.TemplateName, Approval: judged(sms.Finding{}, r).Approval}
	if abroad {
		t.Kind = sms.International
	}
	highest := 0
	for _, m := range positional.FindAllStringSubmatch(r.TemplateContent, -1) {
		n, _ := strconv.Atoi(m[1])
		highest = max(highest, n)
	}
	for n := range highest {
		t.Order = append(t.Order, "v"+strconv.Itoa(n+1))
	}
	t.Text = named(r.TemplateContent, t.Order)
	return t
}
