package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// A remark is one thing that lint has to say of a template.
type remark struct {
	Template string `json:"template"`
	Provider string `json:"provider,omitempty"`
	Remark   string `json:"remark"`
}

func (a *app) lint() *cobra.Command {
	return &cobra.Command{
		Use:   "lint",
		Short: "Find what is wrong or doubtful in the templates",
		Long: `Find what is wrong or doubtful in the templates, without asking a vendor and
without secrets: variables that a provider's text leaves out, single characters
that double the price, providers of a route that a template lacks. Exit status 1
where there is anything to say.`,
		Example: `  notify templates lint
  notify templates lint --json`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(*cobra.Command) error {
			config, registry, err := a.loadTemplates()
			if err != nil {
				return err
			}
			remarks := []remark{}
			for t := range registry.All() {
				remarks = append(remarks, remarksOn(t, registry, config)...)
			}
			if err := a.show(remarks, func() { a.writeRemarks(remarks, len(config.Templates)) }); err != nil || len(remarks) == 0 {
				return err
			}
			return &told{StatusRefused}
		}),
	}
}

func (a *app) writeRemarks(remarks []remark, templates int) {
	if len(remarks) == 0 {
		a.out.printf("%s: nothing to say\n", count(templates, "template"))
		return
	}
	var t table
	for _, r := range remarks {
		where := r.Template
		if r.Provider != "" {
			where += " at " + r.Provider
		}
		t.cells([]cell{{where, bold}, {r.Remark, 0}})
	}
	t.write(a.out, a.colours())
}

func remarksOn(t sms.Template, registry *sms.Registry, config notify.Config) (list []remark) {
	say := func(provider, format string, args ...any) {
		list = append(list, remark{t.Name, provider, fmt.Sprintf(format, args...)})
	}
	variables := registry.Variables(t.Name)
	if t.Kind == sms.Verification && len(variables) != 1 {
		say("", "a verification has one variable, the code, and this has %d: vendors in mainland China refuse it", len(variables))
	}
	lintText(t.Text, func(what string) { say("", "%s", what) })
	if len(t.Bindings) == 0 {
		say("", "it has no binding: only providers that take texts themselves can send it; write bindings: {name: {…}}")
	}
	for _, name := range slices.Sorted(maps.Keys(t.Bindings)) {
		text := t.Bindings[name].Text
		if text == "" {
			continue
		}
		for _, v := range variables {
			if !strings.Contains(text, "${"+v+"}") {
				say(name, "its text leaves ${%s} out, which the template's own has", v)
			}
		}
		lintText(text, func(what string) { say(name, "%s", what) })
	}
	for _, name := range unboundInRoutes(t, config) {
		say(name, "a route may give it to this provider, and there is no binding: write one, or the provider decides by itself")
	}
	return list
}

// lintText looks at a text alone.
func lintText(text string, say func(string)) {
	if strings.TrimSpace(text) != text {
		say("its text begins or ends with blanks, which count and are not seen")
	}
	if strings.ContainsAny(text, "【】") {
		say("its text holds 【 or 】, which belong to the signature: the vendor adds that by itself")
	}
	if strange := strangers(text); len(strange) > 0 {
		say(fmt.Sprintf("the text would be GSM-7 without %s: with it a segment holds 70 characters instead of 160", strings.Join(strange, ", ")))
	}
}

// strangers lists the characters that alone make a text UCS-2, such as a curly
// quote in English; none of a text whose letters need it.
func strangers(text string) (list []string) {
	for _, c := range outsideGSM(text) {
		r := []rune(c)[0]
		if unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) || strings.ContainsAny(c, "。，、：！？") {
			return nil
		}
		list = append(list, fmt.Sprintf("%q (%U)", c, r))
	}
	return list
}

// unboundInRoutes lists the providers of routes that may take t and have no
// binding.
func unboundInRoutes(t sms.Template, config notify.Config) (names []string) {
	for _, r := range config.Routes {
		if len(r.Templates) > 0 && !slices.Contains(r.Templates, t.Name) {
			continue
		}
		if len(r.Kinds) > 0 && !slices.Contains(r.Kinds, t.Kind.OrDefault()) {
			continue
		}
		for _, name := range r.Providers {
			if _, bound := t.Bindings[name]; !bound && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
