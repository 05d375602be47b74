package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify/sandbox"
)

const sandboxAddr = "127.0.0.1:8025"

// sandboxFlags are what the command takes.
type sandboxFlags struct {
	addr, smpp, config, certificate string
	lenient, limits, tls            bool
	keep                            int
	callbackHosts, allowHosts       []string
	recipes                         []string
	allRecipes                      bool
}

func (a *app) sandbox() *cobra.Command {
	var f sandboxFlags
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Imitate the vendors on one port, with an inbox to look at",
		Long: `Imitate the vendors on one port, so that their SDKs in any language send to it
as they send to the vendor. What was sent is at /inbox, for people,
and at /_sandbox/messages, for programs. Nothing is sent to anybody.`,
		Example: `  notify sandbox
  notify sandbox --addr 127.0.0.1:9000 --limits
  notify sandbox --config notify.yaml
  notify sandbox --smpp 127.0.0.1:2775
  notify sandbox --recipe yunpian --recipe ./acme.yaml
  notify sandbox --lenient`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(c *cobra.Command) error { return a.runSandbox(c, f) }),
	}
	flags := c.Flags()
	flags.StringVar(&f.addr, "addr", sandboxAddr, "address to serve at; port 0 is a free one")
	flags.StringVar(&f.smpp, "smpp", "", "address to serve a carrier that speaks SMPP at, such as 127.0.0.1:2775; port 0 is a free one")
	flags.StringVar(&f.config, "config", "", "configuration file whose accounts, signatures and templates are known too")
	flags.BoolVar(&f.lenient, "lenient", false, "accept any credentials, signature, template and sender, and print what the vendor would have refused")
	flags.BoolVar(&f.limits, "limits", false, "hold each vendor's rules for new accounts: Aliyun and Tencent limit the messages to a number; AWS, Twilio and Vonage send to verified numbers only")
	flags.BoolVar(&f.tls, "tls", false, "serve HTTPS, with a certificate made at start")
	flags.StringVar(&f.certificate, "certificate", "", "file to write that certificate to, for clients to trust; implies --tls")
	flags.IntVar(&f.keep, "keep", 10_000, "how many messages are kept, the oldest given up first")
	flags.StringSliceVar(&f.callbackHosts, "callback-host", nil, "host, besides the loopback ones, that reports and replies may go to; * for all")
	flags.StringSliceVar(&f.allowHosts, "allow-host", nil, "host name, besides the loopback ones and --addr, under which the inbox and /_sandbox/ answer, such as a container's")
	flags.StringArrayVar(&f.recipes, "recipe", nil, "recipe whose gateway is imitated too, under /NAME/: the name of one that ships, or a file")
	flags.BoolVar(&f.allRecipes, "recipes", false, "imitate the gateways of all recipes that ship")
	return c
}

// runSandbox serves until the context ends, which is no fault.
func (a *app) runSandbox(c *cobra.Command, f sandboxFlags) error {
	o := sandbox.Options{
		Lenient: f.lenient, Limits: f.limits, MaxMessages: f.keep, SMPP: f.smpp, TLS: f.tls || f.certificate != "", CallbackHosts: f.callbackHosts, AllowHosts: f.allowHosts,
		Logger:    slog.New(slog.NewTextHandler(a.errs.writer(), nil)),
		OnRefusal: func(r sandbox.Refusal) { a.errs.println(r) },
	}
	gateways, err := addRecipes(&o, f)
	if err != nil {
		return err
	}
	var notes []string
	if f.config != "" {
		if notes, err = addConfig(&o, f.config); err != nil {
			return err
		}
	}
	sb, err := sandbox.Listen(f.addr, o)
	if err != nil {
		if f.smpp != "" {
			return fmt.Errorf("%w: --addr and --smpp take other addresses, and port 0 a free port", err)
		}
		return fmt.Errorf("%w: --addr takes another address, and port 0 a free port", err)
	}
	if f.certificate != "" {
		if err := os.WriteFile(f.certificate, sb.Certificate, 0o644); err != nil {
			return errors.Join(fmt.Errorf("the certificate cannot be written: %w", err), sb.Close())
		}
		notes = append(notes, "Clients have to trust the certificate in "+f.certificate+".")
	}
	describe(a.out, sb, f, describeRecipes(gateways, sb.URL), notes)
	<-c.Context().Done()
	return sb.Close()
}

// describe says where the sandbox is, who may use it, and how SDKs get there.
func describe(out *printer, sb *sandbox.Sandbox, f sandboxFlags, gateways, notes []string) {
	url := sb.URL
	protocol, host, _ := strings.Cut(url, "://")
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i, c := range cells {
			cells[i] = oneLine(c)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	row("Sandbox", url)
	row("Inbox", url+"/inbox")
	row()
	row("Aliyun", "access key ID", sandbox.AliyunKeyID)
	row("", "access key secret", sandbox.AliyunKeySecret)
	row("", "signature", sandbox.AliyunSignature)
	row("", "templates", "SMS_0001 to SMS_0005")
	row("AWS", "access key ID", sandbox.AWSKeyID)
	row("", "secret access key", sandbox.AWSKeySecret)
	row("", "sender ID", sandbox.AWSSender)
	row("", "configuration set", sandbox.AWSSet)
	row("Tencent", "SecretId", sandbox.TencentSecretID)
	row("", "SecretKey", sandbox.TencentSecretKey)
	row("", "SmsSdkAppId", sandbox.TencentAppID)
	row("", "signature", sandbox.TencentSignature)
	row("", "templates", "1000001 to 1000004")
	row("Twilio", "account SID", sandbox.TwilioAccountSID)
	row("", "auth token", sandbox.TwilioAuthToken)
	row("", "subaccount", sandbox.TwilioSubaccountSID, sandbox.TwilioSubaccountToken)
	row("", "API key", sandbox.TwilioAPIKeySID, sandbox.TwilioAPIKeySecret)
	row("", "sender", sandbox.TwilioSender)
	row("", "Messaging Service", sandbox.TwilioServiceSID)
	row("", "content template", sandbox.TwilioContentSID)
	row("Vonage", "api_key", sandbox.VonageAPIKey)
	row("", "api_secret", sandbox.VonageAPISecret)
	row("", "signature secret", sandbox.VonageSignatureSecret)
	if address := sb.Addr(sandbox.SMPP); address != "" {
		row("SMPP", "address", address)
		row("", "system_id", sandbox.SMPPSystemID)
		row("", "password", sandbox.SMPPPassword)
	}
	row()
	row("Point at it", "notify.yaml", "endpoint: "+url, "(of every provider)")
	row("", "Aliyun, Go", `client.Domain = "`+host+`"`)
	row("", "Aliyun, Node", `endpoint: "`+host+`", protocol: "`+protocol+`"`)
	row("", "Twilio, Node", `client.api.baseUrl = "`+url+`"`)
	row("", "Twilio, curl", "curl -u "+sandbox.TwilioAccountSID+":"+sandbox.TwilioAuthToken+" "+url+"/2010-04-01/Accounts/"+sandbox.TwilioAccountSID+
		"/Messages.json --data-urlencode To=+12025550123 --data-urlencode From="+sandbox.TwilioSender+" --data-urlencode Body=hello")
	_ = w.Flush()
	_ = out.document(text.String())
	if len(gateways) > 0 {
		_ = out.document("\n" + strings.Join(gateways, "\n") + "\n")
	}
	for _, note := range append(notes, warnings(f)...) {
		out.printf("\n%s\n", note)
	}
	out.printf("\nCtrl-C ends it.\n")
}

func warnings(f sandboxFlags) (list []string) {
	if host, _, err := net.SplitHostPort(f.addr); err == nil && host != "" && host != "localhost" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			list = append(list, "The inbox is open to everyone who can reach "+f.addr+".")
		}
	}
	if f.lenient {
		list = append(list, "Lenient: any credentials, signature, template and sender are accepted. What the vendor would have refused is printed here.")
	}
	return list
}
