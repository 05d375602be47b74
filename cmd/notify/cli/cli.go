// Package cli is the command line of the library, as a package, so that a
// program with a driver of its own gets the same commands in ten lines:
//
//	func main() {
//		os.Exit(cli.Main(aliyun.Driver(), twilio.Driver(), mine.Driver()))
//	}
//
// It stands on cobra rather than on kong, whose structs are shorter to write:
// cobra has shell completion of its own, for flags' values too, and is what most
// people's other tools are made of, so that help and flags behave as they are
// used to.
//
// Exit statuses are the same for every command: 0 done, 1 refused or failed, 2
// wrong use, 3 nobody can know whether a message was sent. With --json a command
// prints one JSON value on standard output, and faults stay words on standard
// error.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify/sms"
)

// The exit statuses.
const (
	StatusDone    = 0
	StatusRefused = 1
	StatusUsage   = 2
	StatusUnknown = 3
)

// Main runs the command that os.Args names, with these drivers, and returns the
// exit status. An interrupt ends what is running in order; a second one ends the
// process at once.
func Main(drivers ...sms.Driver) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := &app{in: os.Stdin, out: newPrinter(os.Stdout), errs: newPrinter(os.Stderr), drivers: drivers}
	return a.run(ctx, os.Args[1:])
}

// An app is what the commands share.
type app struct {
	in        io.Reader
	out, errs *printer
	drivers   []sms.Driver
	entered   bool // a command has begun: what goes wrong is no wrong use any more
	// interrupted is closed by an interrupt; nil: none is waited for.
	interrupted <-chan struct{}

	config, env string // flags of every command
	json        bool
}

func (a *app) run(ctx context.Context, args []string) int {
	a.interrupted = ctx.Done()
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return StatusDone
	}
	a.complain(err)
	return a.status(err)
}

// complain says what went wrong, and what to do next where the error does not.
func (a *app) complain(err error) {
	if _, quiet := errors.AsType[*told](err); !quiet {
		_ = a.errs.document("notify: " + lines(strings.TrimPrefix(err.Error(), "notify: ")) + "\n")
	}
	switch {
	case a.status(err) == StatusUsage:
		a.errs.printf("notify --help lists the commands, and notify COMMAND --help shows examples\n")
	case errors.Is(err, fs.ErrNotExist) && !exists(a.config):
		a.errs.printf("notify init writes a first configuration; --config says where another is\n")
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "notify",
		Short: "Send text messages through more than one vendor, and try it without any",
		Long: `Send text messages through more than one vendor, and try it without any.

Exit statuses: 0 done, 1 refused or failed, 2 wrong use, 3 nobody can know
whether a message was sent.`,
		Example: `  notify init
  notify sandbox
  notify send --to +8613800000000 --template login-code code=482913`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(a.out.writer())
	root.SetErr(a.errs.writer())
	flags := root.PersistentFlags()
	flags.StringVar(&a.config, "config", "notify.yaml", "configuration file")
	flags.StringVar(&a.env, "env", "", "environment of the configuration; NOTIFY_ENV where it is left out")
	flags.BoolVar(&a.json, "json", false, "print JSON, for programs")
	root.AddCommand(a.initCommand(), a.send(), a.bulk(), a.check(), a.explain(), a.forget(), a.templates(), a.configCommand(), a.outbox(), a.number(), a.errorsCommand(), a.sandbox(), a.providerCommand(), a.recipe())
	return root
}

// begin is called first by every command.
func (a *app) begin(do func(c *cobra.Command) error) func(*cobra.Command, []string) error {
	return a.beginArgs(func(c *cobra.Command, _ []string) error { return do(c) })
}

// beginArgs is begin for a command that takes arguments.
func (a *app) beginArgs(do func(c *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		a.entered = true
		return do(c, args)
	}
}

func (a *app) status(err error) int {
	_, misused := errors.AsType[*usageError](err)
	_, printed := errors.AsType[*told](err)
	switch {
	case !a.entered || misused:
		return StatusUsage
	case printed:
		return errorStatus(err)
	case isUnknown(err):
		return StatusUnknown
	default:
		return StatusRefused
	}
}

// A usageError is wrong use that shows only once a command has begun.
type usageError struct{ error }

func misuse(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// told ends a command with a status after it has printed what there is to say.
type told struct{ status int }

func (t *told) Error() string { return fmt.Sprintf("exit status %d", t.status) }

func errorStatus(err error) int {
	t, _ := errors.AsType[*told](err)
	return t.status
}

// isUnknown tells a send whose outcome nobody knows from all that is no send.
func isUnknown(err error) bool {
	_, sent := errors.AsType[*sms.Error](err)
	return sent && sms.OutcomeOf(err) == sms.Unknown
}

// version is the module's, "(devel)" where it was built from a checkout.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
