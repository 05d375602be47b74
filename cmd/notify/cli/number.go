package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify/sms"
)

// A numberAnswer is how a number is read. It is shown in full, to whoever typed it.
type numberAnswer struct {
	E164   string            `json:"e164"`
	Region string            `json:"region"`
	Masked string            `json:"masked"`
	Forms  map[string]string `json:"forms"` // by driver, and by provider for recipes
}

func (a *app) number() *cobra.Command {
	var region string
	c := &cobra.Command{
		Use:   "number NUMBER",
		Short: "Show how a telephone number is read, and the form each vendor gets",
		Long: `Show how a telephone number is read: in E.164, with its region, as logs show it,
and in the form that each vendor gets. Nothing is sent, and nobody is asked.`,
		Example: `  notify number "138 0000 0000" --region CN
  notify number 0085251234567
  notify number "+1 (555) 010-0000" --json`,
		Args: cobra.ExactArgs(1),
		RunE: a.beginArgs(func(_ *cobra.Command, args []string) error { return a.runNumber(args[0], region) }),
	}
	c.Flags().StringVar(&region, "region", "", "where it was typed, two letters of ISO 3166, such as CN: how it is dialed there")
	return c
}

func (a *app) runNumber(typed, region string) error {
	n, err := sms.ParseNumber(typed, region)
	if err != nil {
		return err
	}
	answer := numberAnswer{E164: n.E164(), Region: n.Region(), Masked: n.String(), Forms: map[string]string{}}
	var t table
	t.row("E.164", answer.E164)
	t.row("region", cmp.Or(answer.Region, "none that is known"))
	t.row("in logs", answer.Masked)
	row := func(name, form string, err error) {
		if err != nil {
			t.row("to "+name, "refused: "+err.Error())
			return
		}
		answer.Forms[name] = form
		t.row("to "+name, form)
	}
	for _, d := range a.drivers {
		if d.Name == "http" { // each recipe says it
			continue
		}
		form, err := n.E164(), error(nil)
		if d.Form != nil {
			form, err = d.Form(n)
		}
		row(d.Name, form, err)
	}
	for _, p := range a.recipesOfConfig() {
		form, err := p.recipe.Form(n)
		row(p.name, form, err)
	}
	return a.show(answer, func() { t.write(a.out, a.colours()) })
}
