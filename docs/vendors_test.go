package docs_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/aws"
	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/smpp"
	"github.com/notifykit/notify/providers/tencent"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/providers/vonage"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

// A describedVendor has what its provider says of itself, and what only the vendor's
// documents say.
type describedVendor struct {
	name, api string
	provider  sms.Sender
	reports   string   // how delivery reports come
	replies   string   // how replies come
	repeats   string   // whether the vendor drops a second request with the same key
	handset   string   // whether "delivered" comes from the handset
	judges    []string // files whose tests judge the provider or the sandbox
}

func describedVendors(t *testing.T) []describedVendor {
	opened := func(p sms.Sender, err error) sms.Sender {
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	templates, err := sms.NewRegistry(sms.Template{Name: "shipped", Text: "order ${order}", Bindings: map[string]sms.Binding{
		"aliyun": {ID: "SMS_0002"}, "tencent": {ID: "1000002", Order: []string{"order"}}}})
	if err != nil {
		t.Fatal(err)
	}
	codes, err := sms.NewRegistry(sms.Template{Name: "login-code", Kind: sms.Verification, Text: "${code}", Bindings: map[string]sms.Binding{"aliyun": {ID: "100001"}}})
	if err != nil {
		t.Fatal(err)
	}
	return []describedVendor{
		{"aliyun", "Dysmsapi 2017-05-25", opened(aliyun.New(aliyun.Options{AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: sandbox.AliyunSignature, Templates: templates})),
			"pushed, not signed", "pushed, not signed", "no", "from the carrier",
			[]string{"sandbox/oracle/popcore.mjs", "sandbox/oracle/dysmsapi.mjs", "sandbox/aliyun_client_test.go", "providers/aliyun/sign_internal_test.go", "internal/vendortest/differential_test.go"}},
		{"aliyun, `api: globe`", "Dysmsapi 2018-05-01", opened(aliyun.New(aliyun.Options{API: "globe", AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret})),
			"pushed, not signed", "no", "no", "by country; in some, the network does not say",
			[]string{"sandbox/oracle/globe.mjs", "providers/aliyun/products_sandbox_test.go"}},
		{"aliyun, `api: pnvs`", "Dypnsapi 2017-05-25", opened(aliyun.New(aliyun.Options{API: "pnvs", AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret, From: "速通互联验证码", Templates: codes})),
			"pushed, not signed", "no", "no", "from the carrier",
			[]string{"sandbox/oracle/pnvs.mjs", "providers/aliyun/products_sandbox_test.go"}},
		{"aws", "pinpoint-sms-voice-v2", opened(aws.New(aws.Options{Region: "us-east-1", AccessKeyID: sandbox.AWSKeyID, SecretAccessKey: sandbox.AWSKeySecret, From: sandbox.AWSSender})),
			"pushed by SNS, signed", "pushed by SNS, signed", "no", "by country; in some, `TEXT_SUCCESSFUL` is the last word",
			[]string{"sandbox/oracle/aws.mjs", "tools/judges/aws_test.go"}},
		{"tencent", "SMS 2021-01-11", opened(tencent.New(tencent.Options{SecretID: sandbox.TencentSecretID, SecretKey: sandbox.TencentSecretKey, SDKAppID: sandbox.TencentAppID, From: sandbox.TencentSignature, Templates: templates})),
			"pushed, not signed", "pushed, not signed", "no", "from the carrier",
			[]string{"sandbox/oracle/tencent.mjs", "tools/judges/tencent_test.go", "tools/judges/tencent_differential_test.go"}},
		{"twilio", "Messages 2010-04-01", opened(twilio.New(twilio.Options{AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken, From: sandbox.TwilioSender})),
			"pushed, signed", "pushed, signed", "no", "by country; in some, `sent` is the last state",
			[]string{"sandbox/oracle/twilio.mjs", "sandbox/oracle/smart.mjs", "sandbox/openapi_test.go", "sandbox/twilio_test.go", "internal/vendortest/differential_test.go"}},
		{"vonage", "SMS API", opened(vonage.New(vonage.Options{APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret, From: "ACME"})),
			"pushed, signed if a signature secret is set", "pushed, signed if a signature secret is set", "no", "by country and carrier",
			[]string{"sandbox/oracle/vonage.mjs", "sandbox/vonage_openapi_test.go", "providers/vonage/differential_test.go"}},
		{"vonage, `api: messages`", "Messages API v1", opened(vonage.New(vonage.Options{API: "messages", APIKey: sandbox.VonageAPIKey, APISecret: sandbox.VonageAPISecret, From: "ACME"})),
			"pushed, signed if a signature secret is set", "pushed, signed if a signature secret is set", "no", "by country and carrier",
			[]string{"sandbox/oracle/vonage.mjs", "sandbox/vonage_openapi_test.go", "providers/vonage/differential_test.go"}},
		{"smpp", "SMPP 3.4", opened(smpp.New(smpp.Options{Endpoint: "127.0.0.1:2775", SystemID: sandbox.SMPPSystemID, Password: sandbox.SMPPPassword})),
			"over the session", "over the session", "no", "by carrier",
			[]string{"sandbox/oracle/smpp.mjs", "sandbox/oracle/smsc.mjs", "providers/smpp/judges_test.go", "sandbox/kannel_test.go", "tools/judges/smpp_test.go"}},
	}
}

func TestVendorsPageIsFresh(t *testing.T) {
	vendors, described := vendors(), describedVendors(t)
	for _, d := range vendors {
		if d.Name == "http" { // its vendors are the recipes
			continue
		}
		if !slices.ContainsFunc(described, func(v describedVendor) bool { return v.name == d.Name }) {
			t.Errorf("docs/vendors.md has no row for %s: add one to describedVendors", d.Name)
		}
	}
	for _, v := range described {
		for _, file := range v.judges {
			if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(file))); err != nil {
				t.Errorf("%s: %v", v.name, err)
			}
		}
	}
	want := vendorsPage(t, described)
	if *update {
		if err := os.WriteFile("vendors.md", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("vendors.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/vendors.md is not what the code says: run go test ./docs -update")
	}
}

// vendorsPage asks each provider what it can do.
func vendorsPage(t *testing.T, vendors []describedVendor) []byte {
	var b bytes.Buffer
	b.WriteString(`# Vendors

Made from the code by ` + "`go test ./docs -update`" + `; do not edit.

- *Find*: after a lost answer the vendor can be asked whether it has the message, and
  after this time "it does not" is believed. Without Find the outcome stays Unknown.
- *Numbers a call*: with ` + "`coalesce: true`" + `, messages that are alike share a call. Each
  still has its own outcome.
- *Drops repeats*: whether the vendor drops a second request with the same key. None of
  these does, so only Find can prevent a second message.
- *Handset receipts*: whether "delivered" means that the handset confirmed it. A report
  may never come; "delivered" means that the network said so.

| Vendor | API | Sends | Numbers a call | Find | Preview | ` + "`notify check`" + ` asks it | Delivery reports | Replies | Drops repeats | Handset receipts |
|---|---|---|---|---|---|---|---|---|---|---|
`)
	for _, v := range vendors {
		can := sms.AbilitiesOf(v.provider)
		if !can.Webhooks {
			t.Errorf("%s: the provider reads no webhooks", v.name)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %s | %s | %s | %s | %s | %s | %s |\n", v.name, v.api, sends(t, v.provider), max(1, can.Batch), found(can),
			yes(can.Preview), yes(can.Inspect), v.reports, v.replies, v.repeats, v.handset)
	}
	b.WriteString("\n## What judged them\n\nEvery provider passes `sms/smstest`, and each row of its code table is tested through the\nsandbox. These tests use code that is not ours:\n\n| Vendor | Tests |\n|---|---|\n")
	for _, v := range vendors {
		fmt.Fprintf(&b, "| %s | `%s` |\n", v.name, strings.Join(v.judges, "`, `"))
	}
	b.WriteString("\n## Recipes\n\nThe driver `http` sends as a recipe says. Each recipe is judged by its examples: raw requests and\nanswers from the source named; by a change of every leaf, which the examples must find; by the suite\n`sms/smstest` over its gateway read backwards; and by hostile texts and answers. The last column names\nwhat else is not ours. No recipe has been tried at a gateway that is run by its vendor.\n\n| Recipe | Gateway | Read from | Not read on the vendor's own page | Judged by |\n|---|---|---|---|---|\n")
	for _, name := range http.Names() {
		r, err := http.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		from := []string{}
		for _, s := range r.Sources {
			kind := "the vendor's page"
			if s.Client {
				kind = "a client"
			}
			from = append(from, fmt.Sprintf("[%s](%s), %s", kind, s.URL, s.Read))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, r.About, strings.Join(from, "; "), cmp.Or(strings.Join(r.Unverified, "; "), "nothing"), recipeJudges[name])
	}
	return b.Bytes()
}

// recipeJudges are what judged a recipe and is not ours.
var recipeJudges = map[string]string{
	"kannel":   "Debian's kannel and its fake SMSC: `TestKannel`, with NOTIFY_LONG=1",
	"plivo":    "the npm client, against the recipe read backwards: `sandbox/oracle/recipes.mjs`",
	"telnyx":   "the npm client, against the recipe read backwards: `sandbox/oracle/recipes.mjs`",
	"qcloudv5": "the signature that the vendor's page publishes",
}

// sends reports whether the provider takes free text.
func sends(t *testing.T, p sms.Sender) string {
	_, err := p.(sms.Previewer).Preview(sms.Message{To: "+6581234567", Body: "hello", Key: "k", Kind: sms.Notification})
	switch {
	case err == nil:
		return "templates and free text"
	case errors.Is(err, sms.Unsupported):
		return "templates"
	}
	t.Errorf("a preview of a free text: %v", err)
	return ""
}

func found(can sms.Abilities) string {
	if !can.Find {
		return "no"
	}
	text := "after " + short(can.FindAfter)
	if can.FindBack > 0 {
		text += ", for " + short(can.FindBack)
	}
	return text
}

func short(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 1 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", days)
	}
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}
