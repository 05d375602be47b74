package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// bulkFlags are what the command takes.
type bulkFlags struct {
	template, region, encoding, results string
	check, skipBad, resume, yes, outbox bool
	concurrency                         int
}

func (a *app) bulk() *cobra.Command {
	var f bulkFlags
	c := &cobra.Command{
		Use:   "bulk FILE.csv --template NAME",
		Short: "Send a template to everyone in a CSV file, once, through crashes too",
		Long: `Send a template to everyone in a CSV file. Its first row is a header: "to", then
the variables of the template; other columns are passed over. It may be UTF-8 with
or without a mark, or GB18030, which a Chinese Excel saves.

Every row is checked before the first is sent. A row is marked in the results
file, on disk, before it is sent, with a key made from file and row. Ctrl-C
finishes what is in flight. --resume sends what has no mark or was certainly not
sent for no fault of its own, and asks the vendor about what has a mark and no
answer; what nobody can tell is reported as unknown, and not sent again.

Exit status 3 where the outcome of a row is unknown, else 1 where one was refused
or not sent.`,
		Example: `  notify bulk people.csv --template shipped --check
  notify bulk people.csv --template shipped --region CN
  notify bulk people.csv --template shipped --region CN --resume
  notify bulk people.csv --template shipped --region CN --outbox`,
		Args: cobra.ExactArgs(1),
		RunE: a.beginArgs(func(c *cobra.Command, args []string) error { return a.runBulk(c.Context(), args[0], f) }),
	}
	flags := c.Flags()
	flags.StringVar(&f.template, "template", "", "the template that everyone gets")
	flags.StringVar(&f.region, "region", "", "where numbers without a country code are at home, such as CN")
	flags.StringVar(&f.encoding, "encoding", "auto", "auto, utf-8 or gb18030")
	flags.StringVar(&f.results, "results", "", "the results file; FILE.results.csv where it is left out")
	flags.BoolVar(&f.check, "check", false, "check every row, and send nothing")
	flags.BoolVar(&f.skipBad, "skip-bad", false, "leave bad rows out and send the others")
	flags.BoolVar(&f.resume, "resume", false, "go on with the results file of a run that was ended")
	flags.BoolVar(&f.outbox, "outbox", false, "put every message into the outbox, for notify outbox run or a program to send")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask before a real vendor is used")
	flags.IntVar(&f.concurrency, "concurrency", notify.DefaultConcurrency, "how many messages are in flight at most")
	_ = c.MarkFlagRequired("template")
	_ = c.RegisterFlagCompletionFunc("template", a.completeTemplates)
	_ = c.RegisterFlagCompletionFunc("encoding", cobra.FixedCompletions([]string{"auto", "utf-8", "gb18030"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// A badRow is a row that is not sent, and why.
type badRow struct {
	Row   int    `json:"row"`
	Error string `json:"error"`
}

// A bulkAnswer is what a run, or a check, has come to.
type bulkAnswer struct {
	Rows     int      `json:"rows"`
	Segments int      `json:"segments"` // as counted beforehand
	Bad      []badRow `json:"bad"`
	Repeated []int    `json:"repeated"` // rows whose number an earlier row has
	Sent     *tally   `json:"sent,omitempty"`
	Results  string   `json:"results,omitempty"`
	Enqueued int      `json:"enqueued,omitempty"`
}

func (a *app) runBulk(ctx context.Context, path string, f bulkFlags) error {
	if !slices.Contains([]string{"auto", "utf-8", "gb18030"}, f.encoding) {
		return misuse("--encoding: %q is none that is read: write auto, utf-8 or gb18030", f.encoding)
	}
	if f.concurrency < 1 {
		return misuse("--concurrency: %d messages in flight send nothing: write 1 or more", f.concurrency)
	}
	o, err := a.open()
	if err != nil {
		return err
	}
	defer o.client.Close()
	template, err := o.templates.Lookup(f.template)
	if err != nil {
		return err
	}
	s, err := openSheet(path, f.encoding, template, o.templates.Variables(template.Name))
	if err != nil {
		return err
	}
	if len(s.ignored) > 0 {
		fmt.Fprintf(a.errs, "passed over, for the template has no such variables: the columns %s\n", strings.Join(s.ignored, ", "))
	}
	answer, providers, err := o.checkRows(ctx, s, f)
	if err != nil {
		return err
	}
	if f.check || len(answer.Bad) > 0 && !f.skipBad {
		return a.tellChecked(answer, path, f)
	}
	if f.results == "" {
		f.results = strings.TrimSuffix(path, ".csv") + ".results.csv"
	}
	if !f.yes {
		if err := a.askBefore(ctx, count(answer.Rows-len(answer.Bad), "message"), o.real(providers)); err != nil {
			return err
		}
	}
	if f.outbox {
		return a.enqueueRows(ctx, o, s, f, answer)
	}
	return a.sendRows(ctx, o, s, f, answer)
}

// checkRows looks at every row as the providers of its route would, and tells
// which providers that are.
func (o *opened) checkRows(ctx context.Context, s *sheet, f bulkFlags) (answer bulkAnswer, providers []string, err error) {
	answer.Bad, answer.Repeated = []badRow{}, []int{}
	numbers, used := map[sms.Number]bool{}, map[string]bool{}
	err = s.each(func(r sheetRow) bool {
		answer.Rows++
		m, err := s.message(r, f.template, f.region)
		segments := 0
		if err == nil {
			segments, err = o.checkRow(ctx, m, used)
		}
		if err != nil {
			answer.Bad = append(answer.Bad, badRow{r.row, words(err)})
			return ctx.Err() == nil
		}
		if numbers[m.To] {
			answer.Repeated = append(answer.Repeated, r.row)
		}
		numbers[m.To] = true
		answer.Segments += segments
		return ctx.Err() == nil
	})
	if err == nil {
		err = ctx.Err()
	}
	return answer, slices.Sorted(maps.Keys(used)), err
}

// checkRow tells why nobody would send m. A provider that cannot show what it
// would send may send it.
func (o *opened) checkRow(ctx context.Context, m sms.Message, used map[string]bool) (segments int, err error) {
	r, err := o.client.Resolve(ctx, m)
	if err != nil {
		return 0, err
	}
	var refused []error
	for _, name := range r.Route {
		used[name] = true
		provider, _ := o.client.Provider(name)
		p, err := provider.Preview(r)
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return segments, nil
		case err == nil:
			return p.Segments, nil
		}
		refused = append(refused, err)
	}
	return 0, refused[0]
}

// words gives an error without the name of the package that made it.
func words(err error) string { return strings.TrimPrefix(err.Error(), "sms: ") }

// tellChecked reports the check alone. No number is in it: a row tells where.
func (a *app) tellChecked(answer bulkAnswer, path string, f bulkFlags) error {
	err := a.show(answer, func() {
		const most = 50
		var t table
		for _, b := range answer.Bad[:min(most, len(answer.Bad))] {
			t.cells([]cell{{fmt.Sprintf("%s:%d", path, b.Row), red}, {b.Error, 0}})
		}
		t.write(a.out, a.colours())
		if rest := len(answer.Bad) - most; rest > 0 {
			fmt.Fprintf(a.out, "and %s more; --json lists all\n", count(rest, "bad row"))
		}
		fmt.Fprintf(a.out, "%s, %d bad, %s\n", count(answer.Rows, "row"), len(answer.Bad), count(answer.Segments, "segment"))
		if n := len(answer.Repeated); n > 0 {
			fmt.Fprintf(a.out, "%s with a number that an earlier row has, the first in row %d\n", count(n, "row"), answer.Repeated[0])
		}
	})
	switch {
	case err != nil:
		return err
	case len(answer.Bad) > 0 && !f.check:
		return errors.New("nothing was sent: correct the bad rows, or --skip-bad leaves them out")
	case len(answer.Bad) > 0:
		return &told{StatusRefused}
	}
	return nil
}
