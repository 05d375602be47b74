package aws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/sms"
)

const to = sms.Number("+447700900001")

func open(t *testing.T, o aws.Options) *aws.Provider {
	t.Helper()
	p, err := aws.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// recorded is a vendor that accepts everything and keeps the last request.
func recorded(t *testing.T) (url string, last func() (http.Header, map[string]any)) {
	var header http.Header
	var body map[string]any
	url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		header, body = r.Header.Clone(), map[string]any{}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		answer(w, r, "", "")
	})
	return url, func() (http.Header, map[string]any) { return header, body }
}

func TestNew_reportsEveryFault(t *testing.T) {
	_, err := aws.New(aws.Options{
		Region: "Europe", AccessKeyID: "“AKIA”", ConfigurationSet: "a b", ProtectConfiguration: "a b", MaxPrice: "8 cents", From: "a b",
		Topics: []string{"arn:aws:sqs:eu-west-1:123456789012:name"}, Timeout: -1,
	})
	var paths []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		if field, ok := errors.AsType[*sms.FieldError](e); ok {
			paths = append(paths, field.Path)
		}
	}
	want := "region access_key_id secret_access_key configuration_set protect_configuration max_price topics[0] from timeout"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("the faults are at %s, want %s: %v", got, want, err)
	}
}

func TestNew_credentials(t *testing.T) {
	fixed := aws.Options{Region: "eu-west-1", AccessKeyID: keyID, SecretAccessKey: secret}
	elsewhere := sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) { return sdk.Credentials{}, nil })
	for name, test := range map[string]struct {
		change func(*aws.Options)
		fault  string
	}{
		"fixed":             {func(*aws.Options) {}, ""},
		"temporary":         {func(o *aws.Options) { o.SessionToken = "token" }, ""},
		"a provider":        {func(o *aws.Options) { *o = aws.Options{Region: o.Region, Credentials: elsewhere} }, ""},
		"both":              {func(o *aws.Options) { o.Credentials = elsewhere }, "leave one out"},
		"none":              {func(o *aws.Options) { o.AccessKeyID, o.SecretAccessKey = "", "" }, "it is empty"},
		"default, unserved": {func(o *aws.Options) { *o = aws.Options{Region: o.Region, CredentialsFrom: "default"} }, "aws.DriverWith"},
		"another word":      {func(o *aws.Options) { *o = aws.Options{Region: o.Region, CredentialsFrom: "role"} }, `"role" is none`},
	} {
		o := fixed
		test.change(&o)
		_, err := aws.New(o)
		if got := fmt.Sprint(err); test.fault == "" && err != nil || !strings.Contains(got, test.fault) {
			t.Errorf("%s: %v, want %q", name, err, test.fault)
		}
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%s: the secret is shown: %v", name, err)
		}
	}
}

// What a message becomes.
func TestSend_fields(t *testing.T) {
	templates, err := sms.NewRegistry(
		sms.Template{Name: "offer", Kind: sms.Promotion, Text: "Today: <tea> & \"cake\" 漢", Bindings: map[string]sms.Binding{
			"aws": {Extra: map[string]string{"entity_id": "1101", "template_id": "1107"}}}})
	if err != nil {
		t.Fatal(err)
	}
	url, last := recorded(t)
	o := options(url)
	o.Templates, o.MaxPrice, o.ConfigurationSet, o.ProtectConfiguration = templates, "0.08", "events", "protect-1"
	p := open(t, o)
	m := sms.Message{To: to, Template: "offer", Key: strings.Repeat("k", 100), Expires: time.Now().Add(90*time.Second + 500*time.Millisecond)}
	receipt, err := p.Send(t.Context(), m)
	if err != nil || receipt.ID != "0f5c1a2b-3d4e-5f60-7182-93a4b5c6d7e8" || receipt.RequestID == "" {
		t.Fatalf("%v, %v", receipt, err)
	}
	header, body := last()
	want := map[string]any{
		"DestinationPhoneNumber": string(to), "OriginationIdentity": "ACME", "MessageBody": "Today: <tea> & \"cake\" 漢", "MessageType": "PROMOTIONAL", "MaxPrice": "0.08",
		"TimeToLive": 90.0, "ConfigurationSetName": "events", "ProtectConfigurationId": "protect-1", "Context": map[string]any{"key": m.Key},
		"DestinationCountryParameters": map[string]any{"IN_ENTITY_ID": "1101", "IN_TEMPLATE_ID": "1107"},
	}
	if got, wanted := asJSON(body), asJSON(want); got != wanted {
		t.Errorf("sent %s\nwant %s", got, wanted)
	}
	if header.Get("X-Amz-Target") != "PinpointSMSVoiceV2.SendTextMessage" || header.Get("Content-Type") != "application/x-amz-json-1.0" {
		t.Errorf("the header is %v", header)
	}
	preview, err := p.Preview(m)
	if err != nil || preview.Parameters["TimeToLive"] == "" || preview.Parameters["Context.key"] != m.Key || preview.Parameters["DestinationCountryParameters.IN_ENTITY_ID"] != "1101" {
		t.Errorf("the preview is %v, %v", preview.Parameters, err)
	}
}

func asJSON(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// What AWS would refuse is refused here.
func TestSend_refusedHere(t *testing.T) {
	var calls atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { calls.Add(1); answer(w, r, "", "") })
	p := open(t, options(url))
	for text, want := range map[string]sms.Reason{" \n": sms.InvalidMessage, strings.Repeat("x", 1601): sms.InvalidMessage} {
		if _, err := p.Send(t.Context(), sms.Message{To: to, Body: text}); sms.ReasonOf(err) != want || sms.OutcomeOf(err) != sms.Rejected {
			t.Errorf("%.10q: %v", text, err)
		}
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// Answers in forms that no table has.
func TestSend_answers(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		header  string
		body    string
		reason  sms.Reason
		outcome sms.Outcome
		code    string
	}{
		"no MessageId":         {200, "", `{}`, sms.Internal, sms.Unknown, ""},
		"an empty 200":         {200, "", ``, sms.Internal, sms.Unknown, ""},
		"HTML":                 {200, "", `<html>`, sms.Internal, sms.Unknown, ""},
		"a type in the header": {400, "ThrottlingException:http://internal.amazon.com/coral/", `{}`, sms.Throttled, sms.Rejected, "ThrottlingException"},
		"a bare type":          {400, "", `{"__type":"ConflictException","message":"x","Reason":"DESTINATION_PHONE_NUMBER_OPTED_OUT"}`, sms.RecipientBlocked, sms.Rejected, "DESTINATION_PHONE_NUMBER_OPTED_OUT"},
		"an unknown reason":    {400, "", `{"__type":"a#ConflictException","Reason":"NEW_ONE","message":"x"}`, sms.Unsupported, sms.Rejected, "ConflictException"},
		"the number's field":   {400, "", `{"__type":"ValidationException","Reason":"FIELD_VALIDATION_FAILED","Fields":[{"Name":"DestinationPhoneNumber","Message":"bad"}]}`, sms.InvalidNumber, sms.Rejected, "ValidationException"},
		"the text's field":     {400, "", `{"__type":"ValidationException","Fields":[{"Name":"MessageBody","Message":"bad"}]}`, sms.InvalidMessage, sms.Rejected, "ValidationException"},
		"the sender's field":   {400, "", `{"__type":"ValidationException","Fields":[{"Name":"OriginationIdentity","Message":"bad"}]}`, sms.Unsupported, sms.Rejected, "ValidationException"},
		"a reason and a field": {400, "", `{"__type":"ValidationException","Reason":"PRICE_OVER_THRESHOLD","Fields":[{"Name":"MaxPrice"}]}`, sms.Unsupported, sms.Rejected, "PRICE_OVER_THRESHOLD"},
		"an unknown exception": {400, "", `{"__type":"NewException"}`, sms.Unsupported, sms.Rejected, "NewException"},
		"503 without a body":   {503, "", ``, sms.Unavailable, sms.Unknown, ""},
		"a time-out":           {400, "", `{"__type":"RequestTimeoutException"}`, sms.Unavailable, sms.Unknown, "RequestTimeoutException"},
		"a proxy":              {502, "", `<html>`, sms.Unavailable, sms.Unknown, ""},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if test.header != "" {
				w.Header().Set("X-Amzn-Errortype", test.header)
			}
			w.WriteHeader(test.status)
			io.WriteString(w, test.body)
		})
		_, err := open(t, options(url)).Send(t.Context(), sms.Message{To: to, Body: "hello"})
		e := sms.AsError(err)
		if e == nil || e.Reason != test.reason || e.Outcome != test.outcome || e.Code != test.code {
			t.Errorf("%s: %v, want %s, %v, code %q", name, err, test.reason, test.outcome, test.code)
		}
	}
}

// A key that AWS refuses is asked for again, and one that cannot be had leaves
// nothing sent.
func TestSend_keysThatChange(t *testing.T) {
	var asked atomic.Int32
	failing := errors.New("no role is attached to the machine")
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		code := ""
		if strings.Contains(r.Header.Get("Authorization"), "AKIA1/") {
			code = "ExpiredTokenException"
		}
		if r.Header.Get("X-Amz-Security-Token") != "token" {
			t.Error("the token is missing")
		}
		answer(w, r, code, "")
	})
	o := options(url)
	o.AccessKeyID, o.SecretAccessKey = "", ""
	o.Credentials = sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
		n := asked.Add(1)
		if n == 3 {
			return sdk.Credentials{}, failing
		}
		return sdk.Credentials{AccessKeyID: fmt.Sprintf("AKIA%d", n), SecretAccessKey: secret, SessionToken: "token", CanExpire: n == 2, Expires: time.Now().Add(time.Minute)}, nil
	})
	p := open(t, o)
	send := func() error {
		_, err := p.Send(t.Context(), sms.Message{To: to, Body: "hello"})
		return err
	}
	if err := send(); sms.ReasonOf(err) != sms.Unauthorized || sms.OutcomeOf(err) != sms.Rejected {
		t.Errorf("an expired key: %v", err)
	}
	if err := send(); err != nil {
		t.Errorf("a new key: %v", err)
	}
	// The second key ends within the time in which a new one is asked for; as long as
	// it holds, it is used if none can be had.
	if err := send(); err != nil || asked.Load() != 3 {
		t.Errorf("a key that ends soon: %v, asked %d times", err, asked.Load())
	}
	o.Credentials = sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) { return sdk.Credentials{}, failing })
	_, err := open(t, o).Send(t.Context(), sms.Message{To: to, Body: "hello"})
	if sms.OutcomeOf(err) != sms.Rejected || sms.ReasonOf(err) != sms.Unavailable || !errors.Is(err, failing) {
		t.Errorf("no key: %v", err)
	}
}

// AWS cannot be asked, and says so.
func TestAsk_unsupported(t *testing.T) {
	p := open(t, options(""))
	if p.Can().Find {
		t.Error("AWS has no operation that finds a message")
	}
	if _, err := p.Ask(t.Context(), sms.Question{Message: sms.Message{To: to, Body: "x", Key: "k"}}); !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, sms.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// The driver finds credentials with what the program gives it.
func TestDriverWith(t *testing.T) {
	url, last := recorded(t)
	load := func(_ context.Context, region string) (sdk.CredentialsProvider, error) {
		return sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
			return sdk.Credentials{AccessKeyID: "AKIA" + strings.ToUpper(region[:2]), SecretAccessKey: secret}, nil
		}), nil
	}
	sender, err := aws.DriverWith(load).Open(sms.DriverConfig{Name: "aws", Decode: func(into any) error {
		*into.(*aws.Options) = aws.Options{Region: "eu-west-1", CredentialsFrom: "default", Endpoint: url}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sender.Send(t.Context(), sms.Message{To: to, Body: "hello"}); err != nil {
		t.Fatal(err)
	}
	if header, _ := last(); !strings.Contains(header.Get("Authorization"), "Credential=AKIAEU/") {
		t.Errorf("signed by %s", header.Get("Authorization"))
	}
}
