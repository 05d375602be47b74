package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/sqlbox"
	"github.com/notifykit/notify/outbox/sqlitebox"
	"github.com/notifykit/notify/sms"
)

func (a *app) outbox() *cobra.Command {
	c := &cobra.Command{
		Use:   "outbox",
		Short: "Look at the messages that wait on disk, and decide about those nobody else can",
		Long: `Look at the outbox that the configuration's part outbox names, and decide about
messages that wait for a person: held, because nobody can tell whether they were
sent, and dead, because they were given up.`,
		Example: `  notify outbox status
  notify outbox held
  notify outbox retry order-1024-shipped`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.outboxStatus(), a.outboxList("held", outbox.Held, "of which nobody can tell whether they were sent"),
		a.outboxList("dead", outbox.Dead, "that were given up"), a.outboxShow(),
		a.outboxRetry(),
		a.outboxDecide("drop", "Give up messages that are held or dead", "is dropped", (*outbox.Outbox).Drop),
		a.outboxDecide("sent", "Say that messages that are held were sent, as the vendor's records show", "counts as sent", (*outbox.Outbox).MarkSent),
		a.outboxRun(), a.outboxMigrate())
	return c
}

// A box is an outbox that a command has opened.
type box struct {
	*outbox.Outbox
	close func() error
}

// database opens the database of an engine that has one.
func database(o notify.OutboxConfig) (*sql.DB, sqlbox.Dialect, error) {
	driver, dialect := "pgx", sqlbox.PostgreSQL
	if o.Engine == "mysql" {
		driver, dialect = "mysql", sqlbox.MySQL
	}
	if o.URL == "" {
		return nil, 0, fmt.Errorf("outbox.url is missing: write where the %s is, \"${DATABASE_URL}\"", o.Engine)
	}
	db, err := sql.Open(driver, o.URL)
	return db, dialect, err
}

// openEngine opens the engine. A file has to be there: a command that looks makes
// none.
func openEngine(ctx context.Context, o notify.OutboxConfig, make bool) (outbox.Engine, func() error, error) {
	switch o.Engine {
	case "sqlite":
		if !make && !exists(o.Path) {
			return nil, nil, fmt.Errorf("there is no file %s: outbox.path in the configuration says where the outbox is", o.Path)
		}
		e, err := sqlitebox.Open(o.Path, sqlitebox.Options{})
		if err != nil {
			return nil, nil, err
		}
		return e, e.Close, nil
	default:
		db, dialect, err := database(o)
		if err != nil {
			return nil, nil, err
		}
		e, err := sqlbox.Open(ctx, db, dialect, sqlbox.Options{})
		if err != nil {
			return nil, nil, errors.Join(err, db.Close())
		}
		return e, func() error { return errors.Join(e.Close(), db.Close()) }, nil
	}
}

// openBox opens the outbox to look at, or to send where sender is not nil.
func (a *app) openBox(ctx context.Context, sender sms.Sender, templates *sms.Registry) (*box, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	o := c.Outbox
	engine, closed, err := openEngine(ctx, o, sender != nil)
	if err != nil {
		return nil, err
	}
	if sender == nil {
		sender = sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
			return sms.Receipt{}, errors.New("this command sends nothing")
		})
	}
	options := outbox.Options{Engine: engine, Sender: sender, Templates: templates, Workers: o.Workers}
	for _, name := range o.Classes {
		options.Classes = append(options.Classes, outbox.Class{Name: name})
	}
	b, err := outbox.New(options)
	if err != nil {
		return nil, errors.Join(err, closed())
	}
	return &box{b, func() error {
		ending, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		return errors.Join(b.Close(ending), closed())
	}}, nil
}

// withBox runs do on the outbox.
func (a *app) withBox(c *cobra.Command, do func(ctx context.Context, b *box) error) (err error) {
	b, err := a.openBox(c.Context(), nil, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	return do(c.Context(), b)
}

func (a *app) outboxStatus() *cobra.Command {
	watch := false
	c := &cobra.Command{
		Use: "status", Short: "Count the messages by state and class", Args: cobra.NoArgs,
		Example: "  notify outbox status\n  notify outbox status --watch",
		RunE: a.begin(func(c *cobra.Command) error {
			return a.withBox(c, func(ctx context.Context, b *box) error {
				if !watch {
					counts, err := b.Count(ctx)
					if err != nil {
						return err
					}
					return a.showCounts(counts)
				}
				for counts, err := range b.Watch(ctx) {
					if err == nil {
						err = a.showCounts(counts)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		}),
	}
	c.Flags().BoolVar(&watch, "watch", false, "count again every second, until Ctrl-C")
	return c
}

func (a *app) showCounts(counts outbox.Counts) error {
	return a.show(counts, func() {
		var states, classes table
		states.header("STATE", "MESSAGES")
		for _, s := range outbox.States() {
			states.row(s.String(), fmt.Sprint(counts.States[s]))
		}
		states.write(a.out, a.colours())
		classes.header("CLASS", "READY", "LATER", "SENDING", "OLDEST")
		for _, name := range []string{"verification", "notification", "promotion"} {
			of, ok := counts.Classes[name]
			if !ok {
				continue
			}
			oldest := ""
			if !of.Oldest.IsZero() {
				oldest = time.Since(of.Oldest).Round(time.Second).String()
			}
			classes.row(name, fmt.Sprint(of.Ready), fmt.Sprint(of.Later), fmt.Sprint(of.Sending), oldest)
		}
		for name, of := range counts.Classes {
			if name != "verification" && name != "notification" && name != "promotion" {
				classes.row(name, fmt.Sprint(of.Ready), fmt.Sprint(of.Later), fmt.Sprint(of.Sending), "")
			}
		}
		if len(classes.rows) > 1 {
			a.out.println()
			classes.write(a.out, a.colours())
		}
	})
}

func (a *app) outboxList(name string, state outbox.State, what string) *cobra.Command {
	most := 100
	c := &cobra.Command{
		Use: name, Short: "List the messages " + what, Args: cobra.NoArgs,
		Example: "  notify outbox " + name + "\n  notify outbox " + name + " --json",
		RunE: a.begin(func(c *cobra.Command) error {
			return a.withBox(c, func(ctx context.Context, b *box) error {
				all, err := b.List(ctx, state, "", most)
				if err != nil {
					return err
				}
				if all == nil {
					all = []outbox.Status{}
				}
				return a.show(all, func() {
					if len(all) == 0 {
						a.out.printf("none is %v\n", state)
						return
					}
					var t table
					t.header("KEY", "TO", "TEMPLATE", "SINCE", "TRIES", "WHY")
					for _, s := range all {
						why := ""
						if s.Err != nil {
							why = s.Err.Error()
						}
						t.row(s.Key, s.To, s.Template, s.At.Format(time.DateTime), fmt.Sprint(s.Tries), why)
					}
					t.write(a.out, a.colours())
					a.out.printf("\nnotify outbox show KEY shows what happened; retry, drop and sent decide\n")
				})
			})
		}),
	}
	c.Flags().IntVar(&most, "most", most, "how many at the most")
	return c
}

func (a *app) outboxShow() *cobra.Command {
	return &cobra.Command{
		Use: "show KEY", Short: "Tell the story of one message", Args: cobra.ExactArgs(1),
		Example: "  notify outbox show order-1024-shipped",
		RunE: a.beginArgs(func(c *cobra.Command, args []string) error {
			return a.withBox(c, func(ctx context.Context, b *box) error {
				s, err := b.Status(ctx, args[0])
				if err != nil {
					return err
				}
				return a.show(s, func() {
					var t table
					t.row("key", s.Key)
					t.row("state", s.State.String()+" since "+s.At.Format(time.DateTime))
					t.row("to", s.To)
					t.row("template", s.Template)
					t.row("tries", fmt.Sprint(s.Tries))
					for _, one := range s.Story {
						t.row(one.At.Format(time.DateTime), strings.TrimSpace(strings.Join([]string{one.Provider, one.Outcome.String(), string(one.Reason), one.Text, one.Note}, " ")))
					}
					t.write(a.out, a.colours())
				})
			})
		}),
	}
}

func (a *app) outboxDecide(name, short, done string, do func(*outbox.Outbox, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: name + " KEY...", Short: short, Args: cobra.MinimumNArgs(1),
		Example: "  notify outbox " + name + " order-1024-shipped",
		RunE: a.beginArgs(func(c *cobra.Command, args []string) error {
			return a.withBox(c, func(ctx context.Context, b *box) error {
				var faults []error
				decided := []string{}
				for _, key := range args {
					if err := do(b.Outbox, ctx, key); err != nil {
						faults = append(faults, err)
						continue
					}
					decided = append(decided, key)
				}
				err := a.show(map[string]any{"decided": decided}, func() {
					for _, key := range decided {
						a.out.println(key, done)
					}
				})
				return errors.Join(append(faults, err)...)
			})
		}),
	}
}

// outboxRetry is a decision that can be taken for every dead message.
func (a *app) outboxRetry() *cobra.Command {
	c := a.outboxDecide("retry", "Send messages that are held or dead again", "will be sent again", (*outbox.Outbox).Retry)
	all := false
	c.Flags().BoolVar(&all, "all", false, "every message that is dead; those that are held need their keys")
	c.Example += "\n  notify outbox retry --all"
	c.Args = func(c *cobra.Command, args []string) error {
		if all {
			return cobra.NoArgs(c, args)
		}
		return cobra.MinimumNArgs(1)(c, args)
	}
	one := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if !all {
			return one(c, args)
		}
		return a.begin(func(c *cobra.Command) error { return a.withBox(c, a.retryAll) })(c, args)
	}
	return c
}

// retryAll sends every dead message again.
func (a *app) retryAll(ctx context.Context, b *box) error {
	decided, after := 0, ""
	for {
		dead, err := b.List(ctx, outbox.Dead, after, 500)
		if err != nil {
			return err
		}
		for _, s := range dead {
			if err := b.Retry(ctx, s.Key); err != nil && !errors.Is(err, outbox.ErrState) {
				return fmt.Errorf("%s will be sent again: %w", count(decided, "message"), err)
			}
			decided, after = decided+1, s.Key
		}
		if len(dead) < 500 {
			return a.show(map[string]any{"decided": decided}, func() { a.out.printf("%s will be sent again\n", count(decided, "message")) })
		}
	}
}

func (a *app) outboxRun() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Send what waits, until Ctrl-C", Args: cobra.NoArgs,
		Example: "  notify outbox run --env production",
		RunE: a.begin(func(c *cobra.Command) (err error) {
			o, err := a.open()
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, o.client.Close()) }()
			b, err := a.openBox(c.Context(), o.client, o.templates)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, b.close()) }()
			if err := b.Start(c.Context()); err != nil {
				return err
			}
			a.errs.printf("sending what waits, until Ctrl-C\n")
			<-c.Context().Done()
			return nil
		}),
	}
}

func (a *app) outboxMigrate() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Make the outbox's tables, or bring them up to date", Args: cobra.NoArgs,
		Example: "  notify outbox migrate --env production",
		RunE: a.begin(func(c *cobra.Command) error {
			loaded, err := a.load()
			if err != nil {
				return err
			}
			o := loaded.Outbox
			where := o.Path
			if o.Engine == "sqlite" {
				err = sqlitebox.Migrate(c.Context(), o.Path)
			} else {
				var db *sql.DB
				var dialect sqlbox.Dialect
				if db, dialect, err = database(o); err == nil {
					err = errors.Join(sqlbox.Migrate(c.Context(), db, dialect), db.Close())
				}
				where = o.Engine
			}
			if err != nil {
				return err
			}
			return a.show(map[string]any{"migrated": true}, func() { a.out.printf("the outbox in %s is up to date\n", where) })
		}),
	}
}
