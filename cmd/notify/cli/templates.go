package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

func (a *app) templates() *cobra.Command {
	c := &cobra.Command{
		Use:   "templates",
		Short: "Look at the templates: lint, list, render, pull",
		Example: `  notify templates lint
  notify templates list
  notify templates render login-code code=482913
  notify templates pull --provider aliyun`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.lint(), a.list(), a.render(), a.pull())
	return c
}

// loadTemplates reads the configuration without its secrets, which templates
// have no need of: a machine that builds has none.
func (a *app) loadTemplates() (notify.Config, *sms.Registry, error) {
	config, _, err := a.loadAnyway()
	if err != nil {
		return config, nil, err
	}
	registry, err := sms.NewRegistry(config.Templates...)
	if err != nil {
		return config, nil, fmt.Errorf("%s: %w", a.config, err)
	}
	return config, registry, nil
}

// A listedTemplate is a row of "templates list".
type listedTemplate struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Text      string   `json:"text"`
	Variables []string `json:"variables"`
	Providers []string `json:"providers"`
}

func (a *app) list() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the templates of the configuration",
		Example: `  notify templates list
  notify templates list --json`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(*cobra.Command) error {
			_, registry, err := a.loadTemplates()
			if err != nil {
				return err
			}
			rows := []listedTemplate{}
			var t table
			t.header("NAME", "KIND", "VARIABLES", "PROVIDERS", "TEXT")
			for template := range registry.All() {
				row := listedTemplate{template.Name, kindName(template.Kind), template.Text,
					append([]string{}, registry.Variables(template.Name)...), slices.AppendSeq([]string{}, maps.Keys(template.Bindings))}
				slices.Sort(row.Providers)
				rows = append(rows, row)
				t.row(row.Name, row.Kind, strings.Join(row.Variables, ", "), strings.Join(row.Providers, ", "), row.Text)
			}
			return a.show(rows, func() { t.write(a.out, a.colours()) })
		}),
	}
}

func (a *app) render() *cobra.Command {
	var to, region string
	c := &cobra.Command{
		Use:   "render [TEMPLATE] [name=value…]",
		Short: "Show the exact text that each provider would send",
		Long: `Show for each provider the exact text with its signature, its segments and
encoding, which characters made it UCS-2, and the vendor's parameters. Without a
template all are shown that take these values. Nothing is sent.`,
		Example: `  notify templates render login-code code=482913
  notify templates render code=482913
  notify templates render login-code code=482913 --to +85251234567 --json`,
		RunE:              a.beginArgs(func(c *cobra.Command, args []string) error { return a.runRender(c.Context(), args, to, region) }),
		ValidArgsFunction: a.completeTemplates,
	}
	c.Flags().StringVar(&to, "to", "", "the recipient's number; a made-up one where it is left out")
	c.Flags().StringVar(&region, "region", "", "where --to was typed, such as CN")
	return c
}

// A rendered template is what "templates render" tells of one.
type rendered struct {
	Template string         `json:"template"`
	Previews []shownPreview `json:"previews"`
}

func (a *app) runRender(ctx context.Context, args []string, to, region string) error {
	name := ""
	if len(args) > 0 && !strings.Contains(args[0], "=") {
		name, args = args[0], args[1:]
	}
	params, err := values(args)
	if err != nil {
		return err
	}
	var number sms.Number
	if to != "" {
		if number, err = sms.ParseNumber(to, region); err != nil {
			return err
		}
	}
	o, err := a.open()
	if err != nil {
		return err
	}
	defer o.client.Close()
	chosen, err := o.fitting(name, params)
	if err != nil {
		return err
	}
	var all []rendered
	status := StatusRefused
	for _, t := range chosen {
		m := sms.Message{To: number, Template: t.Name, Params: params}
		if m.To == "" {
			m.To = exampleNumber(t)
		}
		resolved, err := o.client.Resolve(ctx, m) // what no route takes is shown too, and the providers say what they refuse
		if sms.ReasonOf(err) == sms.Internal {
			return err
		}
		r := rendered{t.Name, o.preview(resolved, o.bound(t))}
		if !refusedByAll(r.Previews) {
			status = StatusDone
		}
		all = append(all, r)
	}
	if err := a.show(all, func() { a.writeRendered(all) }); err != nil || status == StatusDone {
		return err
	}
	return &told{status}
}

func (a *app) writeRendered(all []rendered) {
	for i, r := range all {
		if len(all) > 1 {
			if i > 0 {
				a.out.println()
			}
			a.out.printf("Template %s\n\n", r.Template)
		}
		a.writePreviews(r.Previews)
	}
}

// fitting gives the template called name, or all that take these values.
func (o *opened) fitting(name string, params sms.Params) ([]sms.Template, error) {
	if name != "" {
		t, err := o.templates.Lookup(name)
		if err != nil {
			return nil, err
		}
		return []sms.Template{t}, o.templates.CheckTemplate(name, params)
	}
	var fit []sms.Template
	for t := range o.templates.All() {
		if o.templates.CheckTemplate(t.Name, params) == nil {
			fit = append(fit, t)
		}
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("no template takes the values %v: notify templates list tells the variables of each", params)
	}
	return fit, nil
}

// bound lists the providers that t has a binding for, or all where it has none.
func (o *opened) bound(t sms.Template) []string {
	bound := slices.DeleteFunc(o.providers(), func(name string) bool { _, ok := t.Bindings[name]; return !ok })
	if len(bound) == 0 {
		return o.providers()
	}
	return bound
}
