package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// sendFlags are what the command takes.
type sendFlags struct {
	to, region, template, body, kind, from, key string
	dryRun, yes                                 bool
}

func (a *app) send() *cobra.Command {
	var f sendFlags
	c := &cobra.Command{
		Use:   "send --to NUMBER (--template NAME [name=value…] | --body TEXT)",
		Short: "Send one message, or show what would be sent",
		Long: `Send one message through the providers of its route. The exit status tells the
three truths apart: 0 accepted, 1 certainly not sent, 3 nobody can know.

With --dry-run nothing is sent: for each provider of the route the exact text, its
segments and the vendor's parameters are shown. On a terminal it asks before a
real vendor is used; --yes answers it.`,
		Example: `  notify send --to +8613800000000 --template login-code code=482913
  notify send --to "138 0000 0000" --region CN --template login-code code=482913 --dry-run
  notify send --to +12025550123 --body "The server is back." --yes --json`,
		RunE:              a.beginArgs(func(c *cobra.Command, args []string) error { return a.runSend(c, f, args) }),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := c.Flags()
	flags.StringVar(&f.to, "to", "", "the recipient's number")
	flags.StringVar(&f.region, "region", "", "where --to was typed, two letters such as CN; needed where it has no country code")
	flags.StringVar(&f.template, "template", "", "a template of the configuration; its values follow as name=value")
	flags.StringVar(&f.body, "body", "", "a free text instead, for vendors that take it")
	flags.StringVar(&f.kind, "kind", "", "with --body: verification, notification, promotion or international")
	flags.StringVar(&f.from, "from", "", "the name of a sender in the configuration")
	flags.StringVar(&f.key, "key", "", "your own ID of this message; one is made where it is left out")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what each provider would send, and send nothing")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask before a real vendor is used")
	_ = c.MarkFlagRequired("to")
	c.MarkFlagsMutuallyExclusive("template", "body")
	c.MarkFlagsOneRequired("template", "body")
	_ = c.RegisterFlagCompletionFunc("template", a.completeTemplates)
	return c
}

// message makes a Message of what was typed.
func (f sendFlags) message(args []string) (sms.Message, error) {
	to, err := sms.ParseNumber(f.to, f.region)
	if err != nil {
		return sms.Message{}, fmt.Errorf("--to: %w", err)
	}
	m := sms.Message{To: to, Template: f.template, Body: f.body, From: f.from, Key: f.key}
	if err := m.Kind.UnmarshalText([]byte(f.kind)); err != nil {
		return m, misuse("--kind: %w", err)
	}
	if m.Params, err = values(args); err != nil {
		return m, err
	}
	if m.Body != "" && len(m.Params) > 0 {
		return m, misuse("--body has no variables: leave the values out, or send a template")
	}
	return m, nil
}

func (a *app) runSend(c *cobra.Command, f sendFlags, args []string) error {
	m, err := f.message(args)
	if err != nil {
		return err
	}
	o, err := a.openRecording(c.Context())
	if err != nil {
		return err
	}
	defer o.close()
	r, err := o.client.Resolve(c.Context(), m)
	switch {
	case err != nil && (f.dryRun || sms.ReasonOf(err) != sms.Unsupported): // what no route takes is reported as a send is
		return err
	case f.dryRun:
		return a.dryRun(o, r)
	}
	if !f.yes {
		if err := a.askBefore(c.Context(), "1 message to "+m.To.String(), o.real(r.Route)); err != nil {
			return err
		}
	}
	began := time.Now()
	receipt, err := o.client.Send(c.Context(), m)
	return a.tellSent(receipt, err, time.Since(began))
}

// dryRun shows what each provider of the route would send.
func (a *app) dryRun(o *opened, r notify.Resolved) error {
	previews := o.preview(r, r.Route)
	err := a.show(previews, func() {
		a.writePreviews(previews)
		a.out.printf("\nNothing was sent.\n")
	})
	if err == nil && refusedByAll(previews) {
		return &told{StatusRefused}
	}
	return err
}

// errNotConfirmed is what a person's no ends with.
var errNotConfirmed = errors.New("nothing was sent: it was not confirmed")

// askBefore asks a person at a terminal before a telephone rings. Where nobody
// sits there, whoever wrote the command has decided.
func (a *app) askBefore(ctx context.Context, what string, real []string) error {
	if len(real) == 0 || !isTerminal(a.in) || !a.errs.isTerminal() {
		return nil
	}
	a.errs.printf("Send %s through %s? That is a real vendor. [y/N] ", what, strings.Join(real, ", "))
	answer := make(chan string, 1)
	go func() { // ends with the process where nobody answers: a read of a terminal cannot be ended
		line, _ := bufio.NewReader(a.in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case line := <-answer:
		if line == "y" || line == "yes" {
			return nil
		}
	case <-ctx.Done():
		a.errs.println()
	}
	return errNotConfirmed
}

// A sentAnswer is what became of a message.
type sentAnswer struct {
	Outcome   sms.Outcome     `json:"outcome"`
	Provider  string          `json:"provider,omitempty"`
	ID        string          `json:"id,omitempty"`
	Key       string          `json:"key,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Segments  int             `json:"segments,omitempty"`
	Reason    sms.Reason      `json:"reason,omitempty"`
	Code      string          `json:"code,omitempty"`
	Error     string          `json:"error,omitempty"`
	Took      string          `json:"took"`
	Attempts  []attemptAnswer `json:"attempts,omitempty"`
}

type attemptAnswer struct {
	Provider string `json:"provider"`
	Error    string `json:"error,omitempty"`
	Took     string `json:"took"`
}

// tellSent prints which of the three truths holds. An error is told on standard
// error, by whoever called.
func (a *app) tellSent(r sms.Receipt, err error, took time.Duration) error {
	answer := sentAnswer{Outcome: sms.OutcomeOf(err), Provider: r.Provider, ID: r.ID, Key: r.Key, RequestID: r.RequestID,
		Segments: r.Segments, Reason: sms.ReasonOf(err), Took: took.Round(time.Millisecond).String()}
	attempts := r.Attempts
	if e := sms.AsError(err); e != nil {
		answer.Provider, answer.Key, answer.RequestID, answer.Code, answer.Error = e.Provider, e.Key, e.RequestID, e.Code, e.Error()
		attempts = e.Attempts
	}
	for _, t := range attempts {
		told := attemptAnswer{Provider: t.Provider, Took: t.Took.Round(time.Millisecond).String()}
		if t.Err != nil {
			told.Error = t.Err.Error()
		}
		answer.Attempts = append(answer.Attempts, told)
	}
	return errors.Join(a.show(answer, func() { a.writeSent(answer) }), err)
}

func (a *app) writeSent(s sentAnswer) {
	p := a.colours()
	var t table
	switch s.Outcome {
	case sms.Accepted:
		t.cells([]cell{{"accepted", green}, {"the vendor has taken it; that it arrived comes with a delivery report", 0}})
	case sms.Rejected:
		t.cells([]cell{{"not sent", red}, {"certainly; the reason is " + string(s.Reason), 0}})
	default:
		t.cells([]cell{{"unknown", yellow}, {"it may have been sent: look it up at the vendor before you send it again", 0}})
	}
	for _, line := range [][2]string{{"provider", s.Provider}, {"vendor's ID", s.ID}, {"key", s.Key}, {"request", s.RequestID}} {
		if line[1] != "" {
			t.row(line[0], line[1])
		}
	}
	if s.Segments > 0 {
		t.row("segments", fmt.Sprint(s.Segments))
	}
	if s.Code != "" {
		t.row("code", s.Code+" (notify errors "+s.Code+" explains it)")
	}
	t.row("took", s.Took)
	for i, attempt := range s.Attempts {
		if attempt.Error == "" {
			attempt.Error = "accepted"
		}
		t.row(fmt.Sprintf("attempt %d", i+1), attempt.Provider+", "+attempt.Took+": "+attempt.Error)
	}
	t.write(a.out, p)
}
