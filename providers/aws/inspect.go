package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// inspect asks AWS for the account's spending limits, which shows that the
// credentials are right. Whether a sender may be used depends on the country, so
// only a call to a number can show it.
func (v *vendor) inspect(ctx context.Context) ([]sms.Finding, error) {
	return v.Inspect(ctx, kit.Inspection{
		Account: v.inspectAccount,
		Sender: func(_ context.Context, sender string) (sms.Finding, error) {
			return sms.Finding{Subject: "sender", Name: sender, State: sms.NotChecked, Detail: "it depends on the country: notify check --to NUMBER asks"}, nil
		},
		Template: kit.TextTemplate,
	})
}

// try asks by a dry run, for each sender, whether AWS would take a text to a number. A
// dry run is free and is not sent.
func (v *vendor) try(ctx context.Context, to sms.Number) (found []sms.Finding, err error) {
	senders := v.Senders()
	if len(senders) == 0 {
		senders = []string{""} // AWS chooses
	}
	for _, sender := range senders {
		f := sms.Finding{Subject: "sender", Name: cmp.Or(sender, "(AWS chooses)"), State: sms.Ready, Detail: "a message to " + to.String() + " would be taken"}
		_, err := v.call(ctx, "SendTextMessage", order{
			DestinationPhoneNumber: to.E164(), OriginationIdentity: sender, MessageBody: "Test", MessageType: "TRANSACTIONAL",
			MaxPrice: v.fixed.maxPrice, ConfigurationSetName: v.fixed.configurationSet, ProtectConfigurationID: v.fixed.protect, DryRun: true,
		})
		if err != nil {
			refused, ok := errors.AsType[*kit.Refusal](err)
			switch reason := v.ReasonOf(err); {
			case !ok || reason == sms.Unauthorized || reason == sms.Throttled || reason == sms.Unavailable:
				return found, err
			case refused.Code == "ResourceNotFoundException":
				f.State, f.Detail = sms.Missing, "AWS does not know it in this region"
			default:
				row, _ := v.Codes.Find("", refused.Code)
				f.State, f.Detail = sms.NotApproved, "a message to "+to.String()+" would be refused: "+row.Meaning+" ("+refused.Code+"). "+row.Advice
			}
		}
		found = append(found, f)
	}
	return found, nil
}

// textLimit is the name of the limit for SMS.
const textLimit = "TEXT_MESSAGE_MONTHLY_SPEND_LIMIT"

func (v *vendor) inspectAccount(ctx context.Context) (sms.Finding, error) {
	f := sms.Finding{Subject: "account", Name: v.Account, State: sms.Ready}
	if f.Name == "" {
		f.Name = v.region
	}
	a, err := v.call(ctx, "DescribeSpendLimits", struct{}{})
	if err != nil {
		return f, err
	}
	var said struct {
		SpendLimits *[]struct {
			Name          string
			EnforcedLimit float64
		}
	}
	if err := a.JSON(&said); err != nil || said.SpendLimits == nil {
		return f, a.Unreadable("the answer has no spending limits")
	}
	for _, limit := range *said.SpendLimits {
		if limit.Name != textLimit {
			continue
		}
		f.Detail = fmt.Sprintf("at most %.0f US dollars a month", limit.EnforcedLimit)
		if limit.EnforcedLimit <= 0 {
			f.State, f.Detail = sms.NotApproved, "its monthly spending limit is 0: raise it"
		}
	}
	return f, nil
}
