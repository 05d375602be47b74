package judges

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2"
	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2/types"
	"github.com/aws/smithy-go"

	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
	"github.com/notifykit/notify/sms"
)

// awsClient is the vendor's client as its users write it, with one attempt a call.
func awsClient(url, id, secret string) *service.Client {
	key := sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
		return sdk.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})
	return service.New(service.Options{Region: "us-east-1", Credentials: key, BaseEndpoint: sdk.String(url), Retryer: sdk.NopRetryer{}})
}

func TestAWSSDK(t *testing.T) {
	sb := sandboxtest.Start(t)
	c := awsClient(sb.URL, sandbox.AWSKeyID, sandbox.AWSKeySecret)
	sent, err := c.SendTextMessage(t.Context(), &service.SendTextMessageInput{
		DestinationPhoneNumber: sdk.String("+447700900001"), MessageBody: sdk.String("漢字 <b> & é"), OriginationIdentity: sdk.String(sandbox.AWSSender),
		MessageType: types.MessageTypeTransactional, Context: map[string]string{"key": "order-1"}, TimeToLive: sdk.Int32(60), MaxPrice: sdk.String("0.5"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := sb.Messages("+447700900001"); len(m) != 1 || m[0].ID != *sent.MessageId || m[0].Text != "漢字 <b> & é" || m[0].Key != "order-1" || m[0].From != sandbox.AWSSender {
		t.Errorf("the sandbox holds %v", m)
	}
	if _, err := c.SendTextMessage(t.Context(), &service.SendTextMessageInput{DestinationPhoneNumber: sdk.String("+447700900002"), MessageBody: sdk.String("x"), DryRun: true}); err != nil {
		t.Errorf("a dry run: %v", err)
	}
	if n := len(sb.Messages("+447700900002")); n != 0 {
		t.Errorf("a dry run left %d messages", n)
	}
	limits, err := c.DescribeSpendLimits(t.Context(), &service.DescribeSpendLimitsInput{})
	if err != nil || len(limits.SpendLimits) != 2 || limits.SpendLimits[0].Name != types.SpendLimitNameTextMessageMonthlySpendLimit || limits.SpendLimits[0].EnforcedLimit != 100 {
		t.Errorf("%v, %+v", err, limits)
	}
	if a, err := c.DescribeAccountAttributes(t.Context(), &service.DescribeAccountAttributesInput{}); err != nil || *a.AccountAttributes[0].Value != "PRODUCTION" {
		t.Errorf("%v, %+v", err, a)
	}
}

// The errors by the vendor's model, as its client decodes them.
func TestAWSSDK_errors(t *testing.T) {
	sb := sandboxtest.Start(t)
	right := awsClient(sb.URL, sandbox.AWSKeyID, sandbox.AWSKeySecret)
	six := map[string]string{"1": "a", "2": "a", "3": "a", "4": "a", "5": "a", "6": "a"}
	for name, test := range map[string]struct {
		client *service.Client
		change func(*service.SendTextMessageInput)
		code   string
	}{
		"an unknown sender": {right, func(in *service.SendTextMessageInput) { in.OriginationIdentity = sdk.String("OTHER") }, "ResourceNotFoundException"},
		"no number":         {right, func(in *service.SendTextMessageInput) { in.DestinationPhoneNumber = sdk.String("12") }, "ValidationException"},
		"an empty text":     {right, func(in *service.SendTextMessageInput) { in.MessageBody = sdk.String("") }, "ValidationException"},
		"a blank text":      {right, func(in *service.SendTextMessageInput) { in.MessageBody = sdk.String(" \n") }, "ValidationException"},
		"a text too long":   {right, func(in *service.SendTextMessageInput) { in.MessageBody = sdk.String(strings.Repeat("x", 1601)) }, "ValidationException"},
		"six entries":       {right, func(in *service.SendTextMessageInput) { in.Context = six }, "ValidationException"},
		"a wrong secret":    {awsClient(sb.URL, sandbox.AWSKeyID, "wrong"), func(*service.SendTextMessageInput) {}, "InvalidSignatureException"},
		"an unknown key":    {awsClient(sb.URL, "AKIAUNKNOWN", "wrong"), func(*service.SendTextMessageInput) {}, "UnrecognizedClientException"},
	} {
		in := &service.SendTextMessageInput{DestinationPhoneNumber: sdk.String("+447700900001"), MessageBody: sdk.String("hello")}
		test.change(in)
		_, err := test.client.SendTextMessage(t.Context(), in)
		refused, ok := errors.AsType[smithy.APIError](err)
		if !ok || refused.ErrorCode() != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	if err := sb.SetFaults(sandbox.Fault{Vendor: sandbox.AWS, Code: "DESTINATION_PHONE_NUMBER_OPTED_OUT", Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := right.SendTextMessage(t.Context(), &service.SendTextMessageInput{DestinationPhoneNumber: sdk.String("+447700900001"), MessageBody: sdk.String("hello")})
	if conflict, ok := errors.AsType[*types.ConflictException](err); !ok || conflict.Reason != types.ConflictExceptionReasonDestinationPhoneNumberOptedOut {
		t.Errorf("opted out: %v", err)
	}
	if n := len(sb.Messages("")); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
}

// Our provider and the vendor's client send the same 200 random messages: their
// bodies are equal as JSON, and one verifier accepts both signatures.
func TestAWS_differential(t *testing.T) {
	url, last := recording(t, sandboxtest.Start(t))
	ours, err := aws.New(aws.Options{Region: "us-east-1", AccessKeyID: sandbox.AWSKeyID, SecretAccessKey: sandbox.AWSKeySecret, From: sandbox.AWSSender,
		Endpoint: url, ConfigurationSet: sandbox.AWSSet, MaxPrice: "9.5"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	theirs := awsClient(url, sandbox.AWSKeyID, sandbox.AWSKeySecret)
	r := rand.New(rand.NewPCG(18, 200))
	letters := []rune("aZ09 <>&\"'\\/+%=;{}$\n\t漢字é😀—\u2028\x7f")
	for i := range 200 {
		text := []rune{'x'}
		for range r.IntN(300) {
			text = append(text, letters[r.IntN(len(letters))])
		}
		m := sms.Message{To: sms.Number(fmt.Sprintf("+4477009%05d", r.IntN(100_000))), Body: string(text), Key: fmt.Sprint("key-", i), Expires: time.Now().Add(time.Duration(r.IntN(3)) * time.Hour)}
		if time.Until(m.Expires) < time.Minute {
			m.Expires = time.Time{}
		}
		if _, err := ours.Send(t.Context(), m); err != nil {
			t.Fatalf("message %d, ours: %v", i, err)
		}
		mine := decoded(t, last())
		in := &service.SendTextMessageInput{DestinationPhoneNumber: sdk.String(m.To.E164()), OriginationIdentity: sdk.String(sandbox.AWSSender), MessageBody: &m.Body,
			MessageType: types.MessageTypeTransactional, MaxPrice: sdk.String("9.5"), ConfigurationSetName: sdk.String(sandbox.AWSSet), Context: map[string]string{"key": m.Key}}
		if ttl, ok := mine.(map[string]any)["TimeToLive"].(float64); ok { // it counts from the moment of the call
			in.TimeToLive = sdk.Int32(int32(ttl))
		}
		if (in.TimeToLive != nil) != !m.Expires.IsZero() {
			t.Fatalf("message %d: TimeToLive is %v, the message expires at %v", i, in.TimeToLive, m.Expires)
		}
		if _, err := theirs.SendTextMessage(t.Context(), in); err != nil {
			t.Fatalf("message %d, the client: %v", i, err)
		}
		if b := decoded(t, last()); !reflect.DeepEqual(mine, b) {
			t.Fatalf("message %d: the bodies differ:\nours   %v\nclient %v", i, mine, b)
		}
	}
}
