// Command quickstart shows the main job in a terminal, without an account, a
// server or an environment variable: it starts the sandbox, which imitates both
// vendors on a loopback port, opens a client with the real Aliyun and Twilio
// providers, and sends.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart --keep    # then look at the inbox in a browser
//
// It exits with 0 only if everything came out as told.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/term"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/aliyun"
	"github.com/notifykit/notify/providers/twilio"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sms"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where the sandbox listens; port 0 is a free one")
	keep := flag.Bool("keep", false, "leave the sandbox running until Ctrl-C, to look at its inbox")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	out := printer{w: os.Stdout, coloured: term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == ""}
	if err := run(ctx, out, *addr, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run plays every scene and tells which of them did not come out as told.
func run(ctx context.Context, out printer, addr string, keep bool) (err error) {
	vendors, err := sandbox.Listen(addr, sandbox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vendors.Close()) }()
	client, err := open(vendors.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	out.title("Two vendors, imitated at " + vendors.URL + " (inbox: " + vendors.URL + "/inbox)")
	var faults []error
	for i, s := range scenes {
		if err := s.play(ctx, out, i+1, vendors, client); err != nil {
			faults = append(faults, fmt.Errorf("scene %d: %w", i+1, err))
		}
	}
	out.inboxes(vendors.Messages(""))
	if keep {
		out.line("The sandbox stays until Ctrl-C.")
		<-ctx.Done()
	}
	return errors.Join(faults...)
}

// open makes a client of two real providers that send to the sandbox. In a
// program of your own the same stands in notify.yaml; see notify.Open.
func open(endpoint string) (*notify.Client, error) {
	return notify.New(notify.Config{
		Providers: map[string]notify.ProviderConfig{
			"aliyun": {Driver: "aliyun", Settings: aliyun.Options{
				AccessKeyID: sandbox.AliyunKeyID, AccessKeySecret: sandbox.AliyunKeySecret,
				From: sandbox.AliyunSignature, Endpoint: endpoint,
			}},
			"twilio": {Driver: "twilio", Settings: twilio.Options{
				AccountSID: sandbox.TwilioAccountSID, AuthToken: sandbox.TwilioAuthToken,
				From: sandbox.TwilioSender, Endpoint: endpoint,
			}},
		},
		Templates: []sms.Template{
			{Name: "login-code", Kind: sms.Verification, Text: "您的验证码是${code},5分钟内有效。",
				Bindings: map[string]sms.Binding{
					"aliyun": {ID: "SMS_0001", Abroad: "SMS_0004"},
					"twilio": {Text: "Your code is ${code}."},
				}},
			{Name: "order-shipped", Kind: sms.Notification, Text: "${name},您的订单${order}已发货。",
				Bindings: map[string]sms.Binding{
					"aliyun": {ID: "SMS_0002"},
					"twilio": {Text: "${name}, your order ${order} has shipped."},
				}},
		},
		Routes: []notify.Route{
			{Regions: []string{"CN"}, Providers: []string{"aliyun", "twilio"}},
			{Providers: []string{"twilio", "aliyun"}},
		},
	}, aliyun.Driver(), twilio.Driver())
}

// A printer writes the story, coloured only on a terminal.
type printer struct {
	w        io.Writer
	coloured bool
}

// The colours of a terminal, by what they say.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p printer) in(colour, text string) string {
	if !p.coloured {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (p printer) line(text string)  { fmt.Fprintln(p.w, text) }
func (p printer) title(text string) { fmt.Fprintf(p.w, "%s\n\n", p.in(bold, text)) }

// said prints one line below a scene's title: a word in its colour, then what there is to say.
func (p printer) said(colour, word, text string) {
	fmt.Fprintf(p.w, "   %s %s\n", p.in(colour, fmt.Sprintf("%-9s", word)), text)
}

// outcome tells which of the three truths holds, and the tries that led there.
func (p printer) outcome(receipt sms.Receipt, err error) {
	attempts := receipt.Attempts
	if e, ok := errors.AsType[*sms.Error](err); ok {
		attempts = e.Attempts
	}
	for i, a := range attempts {
		if a.Err != nil {
			p.said(dim, fmt.Sprintf("try %d", i+1), a.Err.Error())
		}
	}
	switch sms.OutcomeOf(err) {
	case sms.Accepted:
		p.said(green, "accepted", accepted(receipt))
	case sms.Rejected:
		p.said(red, "rejected", err.Error())
	case sms.Unknown:
		p.said(yellow, "unknown", err.Error())
	}
}

// accepted tells the receipt. Aliyun's list, in which a message was found, does
// not tell its ID.
func accepted(r sms.Receipt) string {
	if r.ID == "" {
		return fmt.Sprintf("by %s, segments: %d", r.Provider, r.Segments)
	}
	return fmt.Sprintf("by %s, ID %s, segments: %d", r.Provider, r.ID, r.Segments)
}

// inboxes prints what each vendor has taken, as its recipients read it.
func (p printer) inboxes(messages []sandbox.Message) {
	for _, vendor := range []string{sandbox.Aliyun, sandbox.Twilio} {
		p.line(p.in(bold, "What "+vendor+" has taken:"))
		for _, m := range messages {
			if m.Vendor == vendor {
				p.line(fmt.Sprintf("   %s  %s", m.To, m.Text))
			}
		}
	}
}
