package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	nhttp "github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/http/recipe"
	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
)

// recipe is the command for recipes of the driver http.
func (a *app) recipe() *cobra.Command {
	c := &cobra.Command{
		Use:   "recipe",
		Short: "List, test and preview recipes, which describe gateways for the driver http",
		Long: `List, test and preview recipes, which describe gateways for the driver http.
A RECIPE is the name of one that ships, or a file such as ./mine.yaml. Nothing is
sent, and no configuration is read.`,
		Example: `  notify recipe list
  notify recipe new acme.yaml
  notify recipe test ./acme.yaml
  notify recipe preview yunpian --to +8613800000000 --text hello`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.recipeList(), a.recipeShow(), a.recipeTest(), a.recipePreview(), a.recipeNew())
	return c
}

// A recipeRow is one recipe in the list.
type recipeRow struct {
	Name       string          `json:"name"`
	About      string          `json:"about"`
	Secrets    []string        `json:"secrets"`
	Settings   []string        `json:"settings"`
	Regions    []string        `json:"regions"`
	Find       bool            `json:"find"`
	Reports    bool            `json:"reports"`
	Verified   bool            `json:"verified"` // all of it was read from the vendor's own page
	Unverified []string        `json:"unverified"`
	Sources    []recipe.Source `json:"sources"`
}

func (a *app) recipeList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the recipes that ship, and what each was read from", Args: cobra.NoArgs,
		Example: "  notify recipe list\n  notify recipe list --json",
		RunE: a.begin(func(*cobra.Command) error {
			rows := []recipeRow{}
			var t table
			t.header("RECIPE", "SECRETS", "SETTINGS", "READ FROM", "ABOUT")
			for _, name := range nhttp.Names() {
				r, err := nhttp.Load(name)
				if err != nil {
					return err
				}
				row := recipeRowOf(r)
				rows = append(rows, row)
				t.row(row.Name, cmp.Or(strings.Join(row.Secrets, ", "), "none"), cmp.Or(strings.Join(row.Settings, ", "), "none"), readFrom(row), row.About)
			}
			return a.show(rows, func() { t.write(a.out, a.colours()) })
		}),
	}
}

func recipeRowOf(r *recipe.Recipe) recipeRow {
	_, find := r.Find()
	row := recipeRow{Name: r.Name, About: r.About, Secrets: orEmpty(r.Secrets), Settings: []string{}, Regions: orEmpty(r.Regions), Find: find, Reports: r.Reports(),
		Verified: len(r.Unverified) == 0, Unverified: orEmpty(r.Unverified), Sources: r.Sources}
	for _, s := range r.Settings {
		row.Settings = append(row.Settings, s.Name)
	}
	return row
}

func orEmpty(list []string) []string { return append([]string{}, list...) }

func readFrom(r recipeRow) string {
	client := slices.ContainsFunc(r.Sources, func(s recipe.Source) bool { return s.Client })
	switch {
	case r.Verified:
		return "the vendor's page"
	case client:
		return "a client's code"
	}
	return "the vendor's page, but " + strings.Join(r.Unverified, ", ")
}

func (a *app) recipeShow() *cobra.Command {
	return &cobra.Command{
		Use: "show RECIPE", Short: "Print a recipe", Args: cobra.ExactArgs(1), ValidArgsFunction: recipeNames,
		Example: "  notify recipe show yunpian",
		RunE: a.beginArgs(func(_ *cobra.Command, args []string) error {
			r, err := nhttp.Load(args[0])
			if err != nil {
				return err
			}
			return a.show(recipeRowOf(r), func() { _ = a.out.document(string(r.Source())) })
		}),
	}
}

func recipeNames(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nhttp.Names(), cobra.ShellCompDirectiveDefault
}

// loadRecipe loads a recipe that ships, or a file, whatever it is called.
func loadRecipe(nameOrFile string) (*recipe.Recipe, error) {
	if exists(nameOrFile) && !slices.Contains(nhttp.Names(), nameOrFile) && !strings.ContainsAny(nameOrFile, `/\`) {
		nameOrFile = "./" + nameOrFile
	}
	return nhttp.Load(nameOrFile)
}

// A testRow is one example as it is printed.
type testRow struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Fault string `json:"fault,omitempty"`
}

func (a *app) recipeTest() *cobra.Command {
	var answer string
	c := &cobra.Command{
		Use:   "test RECIPE",
		Short: "Run a recipe's examples; no secret, configuration or network is needed",
		Long: `Run a recipe's examples; no secret, configuration or network is needed. The exit
status is 0 only if all of them hold. With --answer a recorded answer is read
instead, and what it is taken for is printed: a raw HTTP answer, or a body alone,
which is taken for one with status 200.`,
		Example: "  notify recipe test yunpian\n  notify recipe test ./acme.yaml",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: recipeNames,
		RunE: a.beginArgs(func(_ *cobra.Command, args []string) error {
			r, err := loadRecipe(args[0])
			if err != nil {
				return err
			}
			if answer != "" {
				return a.judgeAnswer(r, answer)
			}
			return a.testRecipe(r)
		}),
	}
	c.Flags().StringVar(&answer, "answer", "", "file with a recorded answer of the gateway")
	return c
}

func (a *app) testRecipe(r *recipe.Recipe) error {
	rows, failed := []testRow{}, 0
	var t table
	for _, result := range r.Test() {
		row := testRow{Name: result.Name, OK: result.Err == nil}
		verdict := "ok"
		if result.Err != nil {
			failed++
			row.Fault = result.Err.Error()
			verdict = "FAILED: " + strings.ReplaceAll(row.Fault, "\n", "; ")
		}
		rows = append(rows, row)
		t.row(row.Name, verdict)
	}
	if err := a.show(rows, func() { t.write(a.out, a.colours()) }); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d examples of the recipe %q fail", failed, len(rows), r.Name)
	}
	return nil
}

// judged is what a recorded answer is taken for.
type judged struct {
	Outcome string     `json:"outcome"`
	Reason  sms.Reason `json:"reason,omitempty"`
	Code    string     `json:"code,omitempty"`
	ID      string     `json:"id,omitempty"`
	Message string     `json:"message,omitempty"`
	Why     string     `json:"why"`
}

func (a *app) judgeAnswer(r *recipe.Recipe, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	answer, err := recordedAnswer(data)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	v := r.Judge(answer, nil)
	j := judged{strings.ToLower(v.Outcome.String()), v.Reason, v.Code, v.ID, v.Words, v.Why}
	return a.show(j, func() {
		var t table
		for _, cells := range [][2]string{{"outcome", j.Outcome}, {"reason", string(j.Reason)}, {"code", j.Code}, {"id", j.ID}, {"message", j.Message}, {"because", j.Why}} {
			if cells[1] != "" {
				t.row(cells[0], cells[1])
			}
		}
		t.write(a.out, a.colours())
	})
}

// recordedAnswer reads a raw HTTP answer, or a body alone.
func recordedAnswer(data []byte) (kit.Answer, error) {
	if !bytes.HasPrefix(data, []byte("HTTP/1.")) {
		return kit.Answer{Status: http.StatusOK, Body: bytes.TrimRight(data, "\r\n")}, nil
	}
	head, body, _ := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n\n")
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+body)), nil)
	if err != nil {
		return kit.Answer{}, errors.New("it begins as an HTTP answer and is none")
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return kit.Answer{}, errors.New("its body is shorter than its header says")
	}
	return kit.Answer{Status: response.StatusCode, Header: response.Header, Body: bytes.TrimRight(read, "\r\n")}, nil
}

func (a *app) recipePreview() *cobra.Command {
	var to, text, template, from string
	c := &cobra.Command{
		Use:     "preview RECIPE --to NUMBER [NAME=VALUE ...]",
		Short:   "Print the request for a message, with secrets and signatures masked",
		Example: "  notify recipe preview ./acme.yaml --to +8613800000000 --text hello\n  notify recipe preview submail --to +8613800000000 --template abc code=1234",
		Args:    cobra.MinimumNArgs(1), ValidArgsFunction: recipeNames,
		RunE: a.beginArgs(func(_ *cobra.Command, args []string) error {
			r, err := loadRecipe(args[0])
			if err != nil {
				return err
			}
			in, err := previewInput(r, args[1:])
			if err != nil {
				return err
			}
			in.To, in.Text, in.Template, in.From = sms.Number(to), text, template, from
			q, err := r.Preview(in)
			if err != nil {
				return fmt.Errorf("the message would be refused before any call: %w", err)
			}
			shown := map[string]any{"method": q.Method, "url": q.URL, "headers": q.Header, "body": q.Body}
			return a.show(shown, func() { _ = a.out.document(q.Text()) })
		}),
	}
	flags := c.Flags()
	flags.StringVar(&to, "to", "", "the number in E.164, such as +8613800000000")
	flags.StringVar(&text, "text", "hello", "the text")
	flags.StringVar(&template, "template", "", "the gateway's template")
	flags.StringVar(&from, "from", "", "the sender")
	_ = c.MarkFlagRequired("to")
	return c
}

func previewInput(r *recipe.Recipe, values []string) (recipe.Input, error) {
	in := recipe.Input{Key: "KEY-OF-THE-MESSAGE", Endpoint: cmp.Or(r.Endpoint, "https://your-endpoint.example"), Now: time.Now(), Secrets: map[string]string{}, Settings: map[string]string{}}
	for _, name := range r.Secrets {
		in.Secrets[name] = recipe.Mask
	}
	for _, s := range r.Settings {
		in.Settings[s.Name] = cmp.Or(s.Example, strings.ToUpper(s.Name))
	}
	maps.Copy(in.Settings, r.Defaults())
	for _, arg := range values {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return in, fmt.Errorf("%q is no value of a template: write NAME=VALUE", arg)
		}
		in.Values = append(in.Values, recipe.Value{Name: name, Value: value})
	}
	return in, nil
}

// question is one that new asks: the words, and what holds without an answer.
type question struct{ words, otherwise string }

func (a *app) recipeNew() *cobra.Command {
	return &cobra.Command{
		Use:   "new FILE",
		Short: "Ask a few questions and write a first recipe with comments",
		Long: `Ask a few questions and write a first recipe with comments. An empty line takes
what stands in brackets. An existing file is not replaced.`,
		Example: "  notify recipe new acme.yaml",
		Args:    cobra.ExactArgs(1),
		RunE:    a.beginArgs(func(_ *cobra.Command, args []string) error { return a.newRecipe(args[0]) }),
	}
}

func (a *app) newRecipe(file string) error {
	in := bufio.NewScanner(a.in)
	ask := func(q question) string {
		a.errs.printf("%s [%s]: ", q.words, q.otherwise)
		if !in.Scan() {
			return q.otherwise
		}
		return cmp.Or(strings.TrimSpace(in.Text()), q.otherwise)
	}
	answers := []string{
		"NAME", ask(question{"name of the gateway, lower-case letters and digits", "acme"}),
		"ENDPOINT", ask(question{"address, without a path", "https://sms.acme.example"}),
		"PATH", ask(question{"path of the request", "/v1/send"}),
		"BODY", ask(question{"the body: json or form", "json"}),
		"SECRET", ask(question{"name of the secret", "api_key"}),
		"TO", ask(question{"field of the number", "to"}),
		"TEXT", ask(question{"field of the text", "text"}),
		"ID", ask(question{"where the answer has the message's ID", "id"}),
		"CODE", ask(question{"where the answer has the code of a refusal", "code"}),
	}
	pairs := make([]string, 0, len(answers))
	for i := 0; i < len(answers); i += 2 {
		pairs = append(pairs, "<"+answers[i]+">", answers[i+1])
	}
	text := strings.NewReplacer(pairs...).Replace(firstRecipe)
	if _, err := recipe.Parse(file, []byte(text), nil); err != nil {
		return fmt.Errorf("the answers make no recipe: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return a.show(map[string]string{"file": file}, func() {
		a.out.printf("%s is written. Put the gateway's documented answers under examples, then run: notify recipe test %s\n", file, file)
	})
}

const firstRecipe = `# A recipe of the driver http: docs/recipes.md describes every key.
recipe: <NAME>
about: what the gateway is, in one line
sources: [{url: "https://the-page-that-you-read.example", read: "2026-01-01"}]
endpoint: <ENDPOINT>
secrets: [<SECRET>]                     # the values are in notify.yaml, under secrets:
request:
  path: <PATH>
  bearer: "{secret.<SECRET>}"           # or basic: {user, password}, or headers:, or a field
  <BODY>:
    <TO>: "{to}"                        # or {to.digits}, {to.national}
    <TEXT>: "{text}"
    # from: "{from?}"                   # "?": left out if there is no sender
answer:
  format: json
  status: decides                       # ignored: the gateway answers 200 to refusals too
  accepted: {present: <ID>}             # or {at: code, is: ["0"]}
  id: <ID>
  code: <CODE>
  codes:
    # "14": {reason: unauthorized, meaning: wrong key}
    "HTTP 402": {reason: account_blocked, meaning: no credit}
examples:                               # the documented answers; notify recipe test runs them
  - name: accepted
    answer: {body: '{"a": "replace this by the documented answer"}'}
    is: {outcome: unknown, reason: internal}
`
