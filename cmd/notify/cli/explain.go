package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

// An explanation is what is known of one message, and what to do.
type explanation struct {
	delivery.Status
	Meaning string `json:"meaning"`
	Next    string `json:"next"`
	Advice  string `json:"advice,omitempty"` // of the vendor's code
}

func (a *app) explain() *cobra.Command {
	number, offline := false, false
	c := &cobra.Command{
		Use:   "explain KEY | ID | NUMBER",
		Short: "Say what became of a message, and what to do next",
		Long: `Say what became of a message: every attempt with the vendor's reason, the acceptance,
the delivery state and what to do next. The message is named by its key, by the
vendor's ID, or by the recipient's number; a key comes before an ID, and an ID before
a number. The records are those of the configuration's part delivery. A vendor that
can be asked is asked for what is not final.`,
		Example: `  notify explain order-1024-shipped
  notify explain SM0123456789abcdef0123456789abcdef
  notify explain --number +8613800000000 --json`,
		Args: cobra.ExactArgs(1),
		RunE: a.beginArgs(func(c *cobra.Command, args []string) error {
			return a.runExplain(c.Context(), args[0], number, offline)
		}),
	}
	c.Flags().BoolVar(&number, "number", false, "the argument is a number, also if a message has it as its key")
	c.Flags().BoolVar(&offline, "offline", false, "ask no vendor")
	return c
}

// errNoRecords is the error of a configuration that says nothing about records.
var errNoRecords = errors.New("nothing is recorded: write \"delivery: {store: notify-delivery.db}\" into the configuration")

// withRecord runs do on the records that the configuration names.
func (a *app) withRecord(ctx context.Context, do func(c notify.Config, r *record) error) (err error) {
	c, _, err := a.loadAnyway()
	if err != nil {
		return err
	}
	if c.Records.Store == "" {
		return errNoRecords
	}
	if !exists(c.Records.Store) {
		return fmt.Errorf("there is no file %s yet: notify send makes it", c.Records.Store)
	}
	r, err := openRecord(ctx, c.Records.Store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return do(c, r)
}

func (a *app) runExplain(ctx context.Context, what string, number, offline bool) error {
	return a.withRecord(ctx, func(c notify.Config, r *record) error {
		found, err := lookUp(ctx, r, what, number)
		if err != nil {
			return err
		}
		if !offline {
			a.lookAt(ctx, r, found)
		}
		answer := make([]explanation, len(found))
		for i, s := range found {
			answer[i] = a.explained(c, s)
		}
		return a.show(answer, func() {
			for i, e := range answer {
				if i > 0 {
					a.out.println()
				}
				a.writeExplanation(e)
			}
		})
	})
}

// lookAt asks the vendors for the messages whose state is not final, and reads their
// records anew. What keeps it from asking is printed: the records are shown all the same.
func (a *app) lookAt(ctx context.Context, r *record, found []delivery.Status) {
	var client *opened
	for i, s := range found {
		if s.Final() || s.ID == "" {
			continue
		}
		if client == nil {
			var err error
			if client, err = a.open(); err != nil {
				a.errs.printf("notify: no vendor was asked: %v\n", oneLine(err.Error()))
				return
			}
			defer client.close()
		}
		if err := r.Look(ctx, s.Key, client.client); err != nil {
			a.errs.printf("notify: %s: the vendor could not be asked: %v\n", s.Key, oneLine(err.Error()))
		}
		if now, err := r.Status(ctx, s.Key); err == nil {
			found[i] = now
		}
	}
}

// lookUp finds messages by key, by the vendor's ID, or by number.
func lookUp(ctx context.Context, r *record, what string, number bool) ([]delivery.Status, error) {
	if !number {
		s, err := r.Status(ctx, what)
		if err == nil {
			return []delivery.Status{s}, nil
		}
		if !errors.Is(err, delivery.ErrNotFound) {
			return nil, err
		}
		all, err := r.ByID(ctx, what)
		if err == nil || !errors.Is(err, delivery.ErrNotFound) {
			return all, err
		}
	}
	n, err := sms.ParseNumber(what, "")
	switch {
	case err != nil && number:
		return nil, fmt.Errorf("--number: %w", err)
	case err != nil:
		return nil, errors.New("no message with this key or vendor's ID is recorded here; a number needs its country code")
	}
	all, err := r.ByNumber(ctx, n)
	if errors.Is(err, delivery.ErrNotFound) {
		return nil, fmt.Errorf("no message to %v is recorded here", n)
	}
	return all, err
}

// explained adds to a status what it means.
func (a *app) explained(c notify.Config, s delivery.Status) explanation {
	e := explanation{Status: s}
	e.Meaning, e.Next = meaningOf(s)
	driver := c.Providers[s.Provider].Driver
	for _, row := range a.codes() {
		if row.Vendor == driver && row.Code == s.Code && s.Code != "" && row.Scope == "" {
			e.Advice = row.Advice
		}
	}
	return e
}

// meaningOf returns what a status means, and what to do next.
func meaningOf(s delivery.Status) (meaning, next string) {
	switch s.State {
	case sms.StateDelivered:
		return "the network reported that the handset has it", "nothing"
	case sms.StateSent:
		return "a carrier has it, and no end was reported yet", "wait for the report; in some countries this is the last word"
	case sms.StateAccepted:
		return "the vendor has it, and reported nothing yet", "wait for the report; without a receiver for reports look it up at the vendor"
	case sms.StateLost:
		return "no end was reported in time", "look it up at the vendor before you send it again"
	case sms.StateExpired:
		return "it was not delivered in time", "send it again if it still matters"
	case sms.StateUndelivered:
		return "it could not be delivered", "check the number, and the vendor's code"
	case sms.StateBlocked:
		return "the recipient or a filter refused it", "do not send it through another vendor: ask the recipient in another way"
	}
	switch {
	case s.Outcome == sms.Unknown:
		return "it may have been sent: no vendor answered", "look it up at the vendor before you send it again; notify send with the same key does not ask"
	case s.Reason == sms.RecipientLimited && s.Provider == "":
		return "certainly not sent: the number has reached our own limit", "send it again later, or raise limits.per_number"
	}
	return "certainly not sent: " + s.Reason.Error(), "correct the reason, and send it again"
}

func (a *app) writeExplanation(e explanation) {
	var t table
	state, c := e.State.String(), yellow
	switch {
	case e.State == sms.StateDelivered:
		c = green
	case e.State == 0 && e.Outcome == sms.Unknown:
		state = "unknown"
	case e.State == 0:
		state, c = "not sent", red
	case e.Final():
		c = red
	}
	t.cells([]cell{{state, c}, {e.Meaning, 0}})
	for _, line := range [][2]string{{"key", e.Key}, {"to", strings.TrimSpace(e.To + " " + e.Region)}, {"template", e.Template}, {"provider", e.Provider}, {"vendor's ID", e.ID}, {"price", e.Price}} {
		if line[1] != "" {
			t.row(line[0], line[1])
		}
	}
	if e.Segments > 0 {
		t.row("segments", fmt.Sprint(e.Segments))
	}
	for i, try := range e.Attempts {
		t.row(fmt.Sprintf("attempt %d", i+1), tryText(try))
	}
	if !e.AcceptedAt.IsZero() {
		t.row("answered", e.AcceptedAt.Local().Format(time.DateTime))
	}
	if !e.StateAt.IsZero() {
		t.row("reported", strings.TrimSpace(e.StateAt.Local().Format(time.DateTime)+" "+strings.Join(strings.Fields(e.Code+" "+e.Message), " ")))
	}
	if e.Copies > 1 {
		t.row("copies", fmt.Sprintf("%d: vendors have it more than once", e.Copies))
	}
	if e.Advice != "" {
		t.row("advice", e.Advice)
	}
	t.row("next", e.Next)
	t.write(a.out, a.colours())
}

// tryText is one attempt in words.
func tryText(t delivery.Try) string {
	who := t.Provider
	if who == "" {
		who = "before any vendor"
	}
	switch {
	case t.Outcome == sms.Accepted:
		return who + ": accepted"
	case t.Skipped:
		return who + ": passed over, " + t.Reason.Error()
	}
	text := who + ": " + t.Outcome.String() + ", " + t.Reason.Error()
	if t.Code != "" {
		text += " (" + t.Code + ")"
	}
	if t.Message != "" {
		text += ": " + t.Message
	}
	return text
}
