package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify/sms"
)

// A codeRow is one row of a vendor's table as it is printed.
type codeRow struct {
	Vendor  string      `json:"vendor"`
	Scope   string      `json:"scope,omitempty"`
	Code    string      `json:"code"`
	Meaning string      `json:"meaning"`
	Reason  sms.Reason  `json:"reason"`
	Outcome sms.Outcome `json:"outcome"`
	Late    bool        `json:"late"`
	Library string      `json:"library"`
	Advice  string      `json:"advice"`
}

func (a *app) errorsCommand() *cobra.Command {
	var ofRecipe string
	c := &cobra.Command{
		Use:   "errors [CODE | REASON]",
		Short: "Tell what a vendor's error code means, and what to do",
		Long: `Tell what a vendor's error code means: its reason, whether the message may have
been sent, what the library does by itself, and what a person should do. Without
an argument every code is listed; a reason, such as throttled, lists its codes.
The codes of providers with the driver http are those of their recipes, if there is
a configuration; --recipe shows those of one recipe without any.`,
		Example: `  notify errors isv.BUSINESS_LIMIT_CONTROL
  notify errors 21610
  notify errors throttled
  notify errors --recipe yunpian
  notify errors --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: a.beginArgs(func(_ *cobra.Command, args []string) error { return a.runErrors(args, ofRecipe) }),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, r := range a.codes() {
				codes = append(codes, r.Code+"\t"+r.Meaning)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().StringVar(&ofRecipe, "recipe", "", "show the codes of one recipe: the name of one that ships, or a file")
	return c
}

// codes is every row of every driver's table, and of the recipes of the configuration.
func (a *app) codes() (rows []codeRow) {
	for _, d := range a.drivers {
		for _, c := range d.Codes {
			rows = append(rows, codeRowOf(d.Name, c))
		}
	}
	for _, p := range a.recipesOfConfig() {
		for _, c := range p.codes {
			rows = append(rows, codeRowOf(p.name, c))
		}
	}
	slices.SortStableFunc(rows, func(a, b codeRow) int {
		if c := strings.Compare(a.Vendor, b.Vendor); c != 0 {
			return c
		}
		return strings.Compare(a.Code, b.Code)
	})
	return rows
}

func codeRowOf(vendor string, c sms.CodeInfo) codeRow {
	return codeRow{vendor, c.Scope, c.Code, c.Meaning, c.Reason, c.Outcome, c.Late, whatFollows(c), c.Advice}
}

func (a *app) runErrors(args []string, ofRecipe string) error {
	all := a.codes()
	if ofRecipe != "" {
		r, err := loadRecipe(ofRecipe)
		if err != nil {
			return err
		}
		all = nil
		for _, c := range r.Codes() {
			all = append(all, codeRowOf(r.Name, c))
		}
	}
	rows := all
	if len(args) == 1 {
		rows = slices.DeleteFunc(slices.Clone(all), func(r codeRow) bool {
			return !strings.EqualFold(r.Code, args[0]) && !strings.EqualFold(string(r.Reason), args[0])
		})
		if len(rows) == 0 && strings.EqualFold(args[0], "OK") {
			return a.show(rows, func() {
				a.out.printf("OK is not an error: it is how a vendor says that it has accepted the message\n")
			})
		}
		if len(rows) == 0 {
			return noSuchCode(args[0], all)
		}
	}
	return a.show(rows, func() {
		if len(args) == 1 && strings.EqualFold(rows[0].Code, args[0]) {
			for i, r := range rows {
				if i > 0 {
					a.out.println()
				}
				a.writeCode(r)
			}
			return
		}
		var t table
		t.header("VENDOR", "CODE", "REASON", "OUTCOME", "MEANING")
		for _, r := range rows {
			t.row(r.Vendor, r.Code, string(r.Reason), r.Outcome.String(), r.Meaning)
		}
		t.write(a.out, a.colours())
	})
}

func (a *app) writeCode(r codeRow) {
	code := r.Code
	if r.Scope != "" && !r.Late {
		code += " (" + r.Scope + ")"
	}
	if r.Late {
		code += " (in delivery reports, after the message was accepted)"
	}
	var t table
	t.cells([]cell{{r.Vendor, bold}, {code, bold}})
	t.row("meaning", r.Meaning)
	t.row("reason", string(r.Reason)+": "+r.Reason.Error())
	t.row("outcome", outcomeInWords(r.Outcome))
	t.row("the library", r.Library)
	t.row("what to do", r.Advice)
	t.write(a.out, a.colours())
}

func outcomeInWords(o sms.Outcome) string {
	switch o {
	case sms.Rejected:
		return "rejected: it was certainly not sent"
	case sms.Accepted:
		return "accepted: it was taken before"
	}
	return "unknown: it may have been sent"
}

// whatFollows says in words what the table of reasons makes the library do.
func whatFollows(c sms.CodeInfo) string {
	var does []string
	switch {
	case c.Outcome == sms.Accepted:
		return "takes the message for accepted"
	case c.Late:
		return "tells it in the delivery report; nothing is sent again by itself"
	case c.Outcome == sms.Unknown:
		does = append(does, "sends again, by anyone, only a verification code, or what the vendor was asked for and certainly never took")
	case c.Reason.SameVendor() && c.Reason.AnotherVendor():
		does = append(does, "tries the same vendor again after a wait, then the next one of the route")
	case c.Reason.AnotherVendor():
		does = append(does, "goes on to the next vendor of the route")
	default:
		does = append(does, "sends it to nobody else and gives the error to the caller")
	}
	if c.Reason.CountsAgainstVendor() || c.Outcome == sms.Unknown {
		does = append(does, "counts it against the vendor's breaker")
	}
	return strings.Join(does, "; ")
}

// noSuchCode names codes that hold what was asked for, or are held by it.
func noSuchCode(asked string, all []codeRow) error {
	const most = 5
	var near []string
	for _, r := range all {
		code, lower := strings.ToLower(r.Code), strings.ToLower(asked)
		if len(asked) >= 3 && (strings.Contains(code, lower) || strings.Contains(lower, code)) && len(near) < most {
			near = append(near, r.Code)
		}
	}
	if len(near) > 0 {
		return fmt.Errorf("no vendor here has the code %q: did you mean %s?", asked, strings.Join(near, ", "))
	}
	return fmt.Errorf("no vendor here has the code %q: notify errors lists them all, and for what is in no table the prefix and the HTTP status decide", asked)
}
