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
// wrong use, 3 nobody can know whether a message was sent.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
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
// exit status. An interrupt ends what is running in order.
func Main(drivers ...sms.Driver) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr, drivers)
}

// An app is what the commands share.
type app struct {
	out, errs io.Writer
	drivers   []sms.Driver
	entered   bool // a command has begun: what goes wrong is no wrong use any more
}

func run(ctx context.Context, args []string, out, errs io.Writer, drivers []sms.Driver) int {
	a := &app{out: out, errs: errs, drivers: drivers}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return StatusDone
	}
	fmt.Fprintf(errs, "notify: %v\n", err)
	if !a.entered {
		fmt.Fprintln(errs, "notify --help tells what there is")
	}
	return a.status(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "notify",
		Short:         "Send text messages through more than one vendor, and try it without any",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(a.out)
	root.SetErr(a.errs)
	root.AddCommand(a.sandbox())
	return root
}

// begin is called first by every command.
func (a *app) begin(do func(c *cobra.Command) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		a.entered = true
		return do(c)
	}
}

func (a *app) status(err error) int {
	switch {
	case !a.entered:
		return StatusUsage
	case isUnknown(err):
		return StatusUnknown
	default:
		return StatusRefused
	}
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
