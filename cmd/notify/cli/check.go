package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify/sms"
)

// checkFlags are what the command takes.
type checkFlags struct {
	offline, noSecrets bool
	to                 string // a number to try
}

func (a *app) check() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration, and ask the vendors whether all of it is ready",
		Long: `Check the configuration, the credentials, the senders and the templates. Each
vendor is asked about what the configuration names there: whether it is approved,
registered with the carriers, and has our text. What the key may not look at is
told and is no failure. Nothing is sent.

With --offline no vendor is asked: the configuration alone is checked, with a
table of which provider has a binding for which template. With --no-secrets too,
variables and files of secrets that have no value here are no faults: their names
are listed, and all else is checked.

With --to NUMBER a vendor that has a dry run (AWS) is asked whether it would take
a message to that number from each sender. Nothing is sent.`,
		Example: `  notify check
  notify check --offline
  notify check --offline --no-secrets --env production
  notify check --env production --json
  notify check --to +447700900001`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(c *cobra.Command) error { return a.runCheck(c.Context(), f) }),
	}
	c.Flags().BoolVar(&f.offline, "offline", false, "ask no vendor, for machines that build")
	c.Flags().BoolVar(&f.noSecrets, "no-secrets", false, "with --offline: list the variables that have no value, and check all else")
	c.Flags().StringVar(&f.to, "to", "", "ask whether a message to this number, with its country code, would be taken")
	return c
}

// A checkAnswer is what check has found.
type checkAnswer struct {
	Ready     bool                         `json:"ready"`
	Templates map[string]map[string]string `json:"templates"` // state by template and provider
	Findings  []findingAnswer              `json:"findings,omitempty"`
	Errors    map[string]string            `json:"errors,omitempty"`  // by provider that could not be asked
	Missing   []string                     `json:"missing,omitempty"` // variables that have no value, with --no-secrets
}

type findingAnswer struct {
	Provider     string        `json:"provider"`
	Subject      string        `json:"subject"`
	Name         string        `json:"name"`
	Template     string        `json:"template,omitempty"`
	State        sms.Readiness `json:"state"`
	Approval     string        `json:"approval,omitempty"`
	Registration string        `json:"registration,omitempty"`
	Ours         string        `json:"ours,omitempty"`
	Theirs       string        `json:"theirs,omitempty"`
	Detail       string        `json:"detail,omitempty"`
}

func (a *app) runCheck(ctx context.Context, f checkFlags) error {
	if f.noSecrets && !f.offline {
		return misuse("--no-secrets: vendors cannot be asked without secrets: write --offline too")
	}
	var to sms.Number
	if f.to != "" {
		var err error
		if to, err = sms.ParseNumber(f.to, ""); err != nil {
			return misuse("--to: %v", err)
		}
		if f.offline {
			return misuse("--to: no vendor is asked with --offline: leave one out")
		}
	}
	open := a.open
	var missing []string
	if f.noSecrets {
		open = func() (o *opened, err error) { o, missing, err = a.openWithoutSecrets(); return o, err }
	}
	o, err := open()
	if err != nil {
		return err
	}
	if o.client != nil {
		defer o.client.Close()
	}
	answer := checkAnswer{Ready: true, Templates: map[string]map[string]string{}, Errors: map[string]string{}, Missing: missing}
	for t := range o.templates.All() {
		answer.Templates[t.Name] = map[string]string{}
		for _, provider := range o.providers() {
			if _, bound := t.Bindings[provider]; bound {
				answer.Templates[t.Name][provider] = "bound"
			}
		}
	}
	var failed error
	if !f.offline {
		failed = answer.ask(ctx, o, to)
	}
	if err := a.show(answer, func() { a.writeCheck(answer, o, f.offline) }); err != nil {
		return err
	}
	switch {
	case failed != nil:
		return failed
	case !answer.Ready:
		return &told{StatusRefused}
	}
	return nil
}

// ask asks every vendor, all at once, and with a number whether it would take a message
// there. Its error is that of those that could not
// be asked.
func (c *checkAnswer) ask(ctx context.Context, o *opened, to sms.Number) error {
	type said struct {
		findings []sms.Finding
		err      error
	}
	providers := o.client.Providers()
	answers := make([]said, len(providers))
	var asking sync.WaitGroup
	for i, p := range providers {
		asking.Go(func() {
			answers[i].findings, answers[i].err = p.Inspect(ctx)
			if to == "" || !p.Can().Try || answers[i].err != nil {
				return
			}
			var tried []sms.Finding
			tried, answers[i].err = p.Try(ctx, to)
			answers[i].findings = append(answers[i].findings, tried...)
		})
	}
	asking.Wait()
	var failed []error
	for i, p := range providers {
		name := p.Name()
		if errors.Is(answers[i].err, errors.ErrUnsupported) {
			answers[i] = said{findings: []sms.Finding{{Subject: "account", State: sms.NotChecked, Detail: "this provider has no vendor to ask"}}}
		}
		for _, f := range answers[i].findings {
			c.add(name, f)
		}
		if err := answers[i].err; err != nil {
			c.Ready = false
			c.Errors[name] = err.Error()
			failed = append(failed, fmt.Errorf("%s could not be asked: %w", name, asked{err}))
		}
	}
	return errors.Join(failed...)
}

// An asked error is of a question and not of a message: whatever became of it,
// nothing was sent.
type asked struct{ err error }

func (e asked) Error() string { return e.err.Error() }

func (c *checkAnswer) add(provider string, f sms.Finding) {
	c.Findings = append(c.Findings, findingAnswer{provider, f.Subject, f.Name, f.Template, f.State, f.Approval, f.Registration, f.Ours, f.Theirs, f.Detail})
	c.Ready = c.Ready && !f.State.Blocks()
	if f.Template == "" {
		return
	}
	// A template that the vendor has in two forms is as ready as the less ready one.
	row := c.Templates[f.Template]
	if before := sms.Readiness(row[provider]); !before.Blocks() || row[provider] == "bound" {
		row[provider] = string(f.State)
	}
}

// stateColour is that of a cell.
func stateColour(state string) colour {
	switch {
	case state == string(sms.Ready) || state == "bound":
		return green
	case state == "-" || state == string(sms.NotChecked):
		return dim
	case sms.Readiness(state).Blocks():
		return red
	}
	return yellow
}

func (a *app) writeCheck(c checkAnswer, o *opened, offline bool) {
	p := a.colours()
	if len(c.Findings) > 0 {
		a.writeFindings(c.Findings, p)
		a.out.println()
	}
	if len(c.Templates) > 0 {
		var t table
		t.header(append([]string{"TEMPLATE"}, o.providers()...)...)
		for template := range o.templates.All() {
			row := plain(template.Name)
			for _, provider := range o.providers() {
				state := cmp.Or(c.Templates[template.Name][provider], "-")
				row = append(row, cell{state, stateColour(state)})
			}
			t.cells(row)
		}
		t.write(a.out, p)
		a.out.println()
	}
	if len(c.Missing) > 0 {
		a.out.printf("Not checked, because they have no value here: %s\n", strings.Join(c.Missing, ", "))
	}
	switch {
	case !c.Ready:
		a.out.println(p.paint(red, "Not ready."))
	case offline:
		a.out.printf("%s notify check without --offline asks the vendors whether they know it.\n", p.paint(green, "The configuration is right."))
	default:
		a.out.println(p.paint(green, "Ready."))
	}
}

// writeFindings shows each finding, and below those that drift where they do.
func (a *app) writeFindings(findings []findingAnswer, p palette) {
	var t table
	t.header("PROVIDER", "WHAT", "NAME", "FOR", "APPROVAL", "REGISTRATION", "TEXT", "STATE", "")
	for _, f := range findings {
		text := ""
		switch {
		case f.Theirs != "" && f.Ours != "" && f.Theirs == f.Ours:
			text = "same"
		case f.Theirs != "" && f.Ours != "":
			text = "differs"
		}
		t.cells([]cell{{f.Provider, 0}, {f.Subject, 0}, {f.Name, 0}, {f.Template, 0}, {f.Approval, 0}, {f.Registration, 0}, {text, 0},
			{string(f.State), stateColour(string(f.State))}, {f.Detail, 0}})
	}
	t.write(a.out, p)
	for _, f := range findings {
		if f.Theirs != "" && f.Ours != "" && f.Theirs != f.Ours {
			ours, theirs := drift(f.Ours, f.Theirs)
			a.out.printf("\n%s at %s (%s)\n", f.Template, f.Provider, f.Name)
			a.out.printf("  ours    %s\n", ours.write(p, red, "[-", "-]"))
			a.out.printf("  theirs  %s\n", theirs.write(p, green, "{+", "+}"))
		}
	}
}

// A drifted text is cut where it begins and ends to differ from another.
type drifted struct{ before, differs, after string }

// drift cuts two texts where they differ.
func drift(ours, theirs string) (drifted, drifted) {
	a, b := []rune(ours), []rune(theirs)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	cut := func(r []rune) drifted {
		return drifted{string(r[:head]), string(r[head : len(r)-tail]), string(r[len(r)-tail:])}
	}
	return cut(a), cut(b)
}

// write marks what differs: by colour, and by signs where there is none.
func (d drifted) write(p palette, c colour, open, end string) painted {
	before, differs, after := painted(visible(d.before)), painted(visible(d.differs)), painted(visible(d.after))
	switch {
	case differs == "":
		return before + after
	case bool(p):
		return before + p.paint(c, string(differs)) + after
	}
	return before + painted(open) + differs + painted(end) + after
}
