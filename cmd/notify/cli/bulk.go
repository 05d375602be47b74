package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/cmd/notify/cli/internal/sheet"
)

// bulkFlags are what the command takes.
type bulkFlags struct {
	template, region, encoding, results string
	exclude                             string
	columns                             []string
	check, skipBad, resume, yes, outbox bool
	unique, excel                       bool
	concurrency                         int
}

func (a *app) bulk() *cobra.Command {
	var f bulkFlags
	c := &cobra.Command{
		Use:   "bulk FILE.csv --template NAME",
		Short: "Send a template to everyone in a CSV file, once, through crashes too",
		Long: `Send a template to everyone in a CSV file, or from standard input if the file is
"-". The first row is a header: "to", then the variables of the template, whatever
their case; --column gives them other headings. Other columns are passed over. The
file is UTF-8, or UTF-16 with a byte order mark; --encoding reads any other, and
nothing is guessed.

Every row is checked before the first is sent, and what is sent is what was
checked, whatever becomes of the file. A row is marked in the results file, on
disk, before it is sent, with a key made from file and row. Ctrl-C finishes what is
in flight. --resume sends what has no mark or was refused for a reason that may
pass, and asks the vendor about what has a mark and no answer; a row whose outcome
stays unknown is reported, and not sent again.

Exit status 3 if the outcome of a row is unknown, else 1 if one was refused or not
sent.`,
		Example: `  notify bulk people.csv --template shipped --check
  notify bulk people.csv --template shipped --region CN
  notify bulk people.csv --template shipped --region CN --resume
  notify bulk people.csv --template shipped --column to=Mobile --column name="First name"
  notify bulk people.csv --template shipped --region CN --outbox`,
		Args: cobra.ExactArgs(1),
		RunE: a.beginArgs(func(c *cobra.Command, args []string) error { return a.runBulk(c.Context(), args[0], f) }),
	}
	flags := c.Flags()
	flags.StringVar(&f.template, "template", "", "the template that everyone gets")
	flags.StringVar(&f.region, "region", "", "where numbers without a country code are at home, such as CN")
	flags.StringVar(&f.encoding, "encoding", sheet.Auto, "auto (UTF-8, or UTF-16 with a mark), or a WHATWG name such as gb18030 or windows-1252")
	flags.StringArrayVar(&f.columns, "column", nil, "NAME=HEADING: the heading of the column of \"to\" or of a variable")
	flags.BoolVar(&f.unique, "unique", false, "send only the first row of each number")
	flags.StringVar(&f.exclude, "exclude", "", "a file of numbers, one a line, whose rows are not sent")
	flags.BoolVar(&f.excel, "excel", false, "write the results file with a byte order mark, for Excel")
	flags.StringVar(&f.results, "results", "", "the results file; FILE.results.csv if it is left out")
	flags.BoolVar(&f.check, "check", false, "check every row, and send nothing")
	flags.BoolVar(&f.skipBad, "skip-bad", false, "leave bad rows out and send the others")
	flags.BoolVar(&f.resume, "resume", false, "go on with the results file of a run that was ended")
	flags.BoolVar(&f.outbox, "outbox", false, "put every message into the outbox, for notify outbox run or a program to send")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask before a real vendor is used")
	flags.IntVar(&f.concurrency, "concurrency", notify.DefaultConcurrency, "how many messages are in flight at most")
	_ = c.MarkFlagRequired("template")
	_ = c.RegisterFlagCompletionFunc("template", a.completeTemplates)
	_ = c.RegisterFlagCompletionFunc("encoding", cobra.FixedCompletions([]string{sheet.Auto, "utf-8", "gb18030", "windows-1252", "big5", "shift_jis"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) runBulk(ctx context.Context, path string, f bulkFlags) error {
	if f.concurrency < 1 {
		return misuse("--concurrency: %d messages in flight send nothing: write 1 or more", f.concurrency)
	}
	excluded, err := readNumbers(f.exclude, f.region)
	if err != nil {
		return fmt.Errorf("--exclude: %w", err)
	}
	o, err := a.openRecording(ctx)
	if err != nil {
		return err
	}
	defer o.close()
	template, err := o.templates.Lookup(f.template)
	if err != nil {
		return err
	}
	s, err := a.openSheet(path, template, o.templates.Variables(template.Name), f)
	if err != nil {
		return err
	}
	defer s.Close()
	if len(s.Passed) > 0 {
		a.errs.printf("passed over, because the template has no such variables: the columns %s\n", strings.Join(s.Passed, ", "))
	}
	c := &rowCheck{opened: o, flags: f, excluded: excluded}
	if err := c.all(ctx, s); err != nil {
		return err
	}
	if f.check || len(c.answer.Bad) > 0 && !f.skipBad {
		return a.showChecked(c.answer, s.Path, f)
	}
	if f.results == "" {
		f.results = strings.TrimSuffix(cmp.Or(strings.TrimPrefix(path, "-"), "stdin"), ".csv") + ".results.csv"
	}
	if !f.yes {
		if err := a.askBefore(ctx, count(c.answer.Rows-c.left.n, "message"), o.real(c.providers())); err != nil {
			return err
		}
	}
	if f.outbox {
		return a.enqueueRows(ctx, o, s, c)
	}
	return a.sendRows(ctx, o, s, f, c)
}
