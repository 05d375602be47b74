package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
)

func getenv(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// parse reads a text as the file at path.
func parse(path, text string, o config.Options) (c notify.Config, s *config.Source, faults []config.Fault) {
	s = config.Parse(path, []byte(text), o, &c)
	faults, _ = s.Faults()
	return c, s, faults
}

func words(faults []config.Fault) string {
	var lines []string
	for _, f := range faults {
		lines = append(lines, f.Error())
	}
	return strings.Join(lines, "\n")
}

const three = "environments: {development: {}, staging: {}, production: {}}\n"

func TestEnvironment_is_chosen(t *testing.T) {
	for name, c := range map[string]struct {
		text, option string
		env          []string
		want         string // the environment and who chose it, or the fault
	}{
		"the caller's word":      {three + "environment: staging\n", "production", []string{"NOTIFY_ENV", "development"}, "production by LoadOptions.Environment"},
		"the variable":           {three + "environment: staging\n", "", []string{"NOTIFY_ENV", "development"}, "development by NOTIFY_ENV"},
		"the file":               {three + "environment: staging\n", "", nil, "staging by f:2"},
		"the file's default":     {three + "environment: ${NOTIFY_ENV:-development}\n", "", nil, "development by f:2"},
		"an empty variable":      {three + "environment: staging\n", "", []string{"NOTIFY_ENV", ""}, "staging by f:2"},
		"another variable":       {three + "environment: ${STAGE}\n", "", []string{"STAGE", "production"}, "production by f:2"},
		"nobody":                 {three, "", nil, `f:1:1: environments: no environment is chosen, and the file has development, staging, production: set NOTIFY_ENV to one of them`},
		"a slip":                 {three, "", []string{"NOTIFY_ENV", "prodction"}, `f:1:1: environments: there is no environment "prodction": did you mean "production"?; NOTIFY_ENV has chosen it (an environment that differs in nothing is written "prodction: {}")`},
		"none in the file":       {"providers: {}\n", "", nil, " by "},
		"named without a part":   {"providers: {}\n", "qa", nil, "qa by LoadOptions.Environment"},
		"a list for a name":      {three + "environment: [staging]\n", "", nil, `f:2:1: environment: a list stands here, and a name is wanted: "${NOTIFY_ENV}"`},
		"a list of environments": {"environments: [staging]\nenvironment: staging\n", "", nil, `f:1:1: environments: a list stands here, and a map is wanted: {production: {…}}`},
		"a variable not set":     {three + "environment: ${STAGE}\n", "", nil, "f:2:1: environment: the environment variable STAGE is not set: set it, or write ${STAGE:-default} if it may be missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, source, faults := parse("f", c.text, config.Options{Environment: c.option, Getenv: getenv(c.env...)})
			got := words(faults)
			if len(faults) == 0 {
				got = source.Choice().Name + " by " + source.Choice().By
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Maps merge, lists and values replace, null removes, another driver replaces the
// whole provider.
func TestEnvironment_differs_from_the_base(t *testing.T) {
	const text = `
environment: staging
providers:
  a: {driver: aliyun, region: cn-hangzhou, senders: {x: X, y: Y}}
  b: {driver: twilio, account_sid: AC0, auth_token: "${UNSET}"}
  c: {driver: fake}
routes: [{providers: [a, b]}]
limits: {per_number: [1/minute, 5/hour], per_provider: {a: 10/s}}
dry_run: true
environments:
  staging:
    providers:
      a: {region: cn-beijing, senders: {y: Z, x: null}}
      b: {driver: fake, latency: 1s}
      c: null
    routes: [{providers: [b]}]
    limits: {per_number: [9/day], per_provider: null}
    dry_run: null
`
	f, _, faults := parse("f", text, config.Options{Getenv: getenv()})
	if len(faults) > 0 {
		t.Fatal(words(faults))
	}
	got := fmt.Sprint(f.Providers["a"].Settings, f.Providers["b"].Settings, len(f.Providers), f.Routes, f.Limits, f.DryRun)
	if want := "map[region:cn-beijing senders:map[y:Z]] map[latency:1s] 2 [{[] [] [] [b] false false}] {[9 per 24h0m0s] map[] []} false"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A slip in the part for production is found in development; its variables are
// not looked up.
func TestEnvironment_others_are_looked_at_too(t *testing.T) {
	const text = `
environment: development
providers: {a: {driver: aliyun}}
environments:
  development: {}
  production:
    dry_rnu: true
    limits: {per_number: [1/minut]}
    redirect: ${PHONE}
    providers: {a: {access_key_id: "${ID}"}}
`
	_, _, faults := parse("f", text, config.Options{Getenv: getenv()})
	want := `f:7:5: environments.production.dry_rnu: there is no key "dry_rnu": did you mean "dry_run"?` + "\n" +
		`f:8:27: environments.production.limits.per_number[0]: "1/minut" has no span of time that is known: write 100/s, 1/minute, 5/hour, 10/day or 3/10m`
	if got := words(faults); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTemplates_in_files(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file("one.yaml", "login-code: {kind: verification, text: \"${code}\"}\n")
	file("two.yaml", "order: {text: \"${order}\"}\nlogin-code: {text: again}\n")
	file("three.yaml", "- a list\n")
	file("four.yaml", "sale: {knid: promotion, text: Sale}\n")
	file("notify.yaml", "templates: [\"[ot]*.yaml\", four.yaml, none-*.yaml, {inline: {text: Hello}}]\n")
	main := filepath.Join(dir, "notify.yaml")
	var f notify.Config
	faults, _ := config.Read(main, config.Options{Getenv: getenv("code", "trap", "order", "trap")}, &f).Faults()
	var names []string
	for _, t := range f.Templates {
		names = append(names, t.Name+"="+t.Text)
	}
	if got, want := strings.Join(names, " "), "inline=Hello login-code=${code} order=${order} sale=Sale"; got != want {
		t.Errorf("templates: got %s, want %s", got, want)
	}
	got := strings.ReplaceAll(words(faults), dir+string(filepath.Separator), "")
	want := `four.yaml:1:8: templates.sale.knid: there is no key "knid": did you mean "kind"?
notify.yaml:1:38: templates[2]: no file is called "none-*.yaml": a relative pattern counts from the folder of this file
three.yaml:1:1: templates: a list stands here, and a file of templates is a map: begin with the name of one
two.yaml:2:1: templates.login-code: the template is there already, in one.yaml:1: give one of the two another name`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Every value with the line where it stands; secrets masked, variables as they
// are written.
func TestSource_prints_values_and_their_origin(t *testing.T) {
	const text = `environment: production
providers:
  a:
    driver: aliyun
    access_key_id: ${ID}
    access_key_secret: plain-secret
    security_token: ${TOKEN:-default-token}
    from: 云通信
    endpoint: https://user:pa55@example.com/x?sig=hidden&key={key}
    callback: https://example.com/x?sig=hidden&key={key}
templates:
  t: {text: "${code}"}
environments:
  production:
    providers: {a: {region: cn-beijing}}
    routes: []
`
	_, source, faults := parse("f", text, config.Options{Getenv: getenv("ID", "id-value", "TOKEN", "token-value")})
	if len(faults) > 0 {
		t.Fatal(words(faults))
	}
	var out strings.Builder
	if err := source.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"plain-secret", "default-token", "token-value", "id-value", "pa55", "sig=hidden"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("it prints %s:\n%s", secret, out.String())
		}
	}
	want := map[string]string{ // what stands before the comment, and the comment
		"environment: production":          "# f:1",
		`access_key_id: "${ID}"`:           "# line 5",
		`access_key_secret: "****"`:        "# line 6, a secret written in the file",
		`security_token: "${TOKEN:-****}"`: "# line 7",
		`from: "云通信"`:                      "# line 8",
		`text: "${code}"`:                  "# line 12",
		"region: cn-beijing":               "# line 15",
		"routes: []":                       "# line 16",
		`endpoint: "****"`:                 "# line 9, a secret written in the file",
		`callback: "https://example.com/x?sig=****&key={key}"`: "# line 10",
	}
	for part, comment := range want {
		found := false
		for line := range strings.Lines(out.String()) {
			found = found || strings.Contains(line, part) && strings.HasSuffix(strings.TrimSpace(line), comment)
		}
		if !found {
			t.Errorf("no line with %s and %s in:\n%s", part, comment, out.String())
		}
	}
	again, _, faults := parse("again", out.String(), config.Options{Getenv: getenv("ID", "i", "TOKEN", "t")})
	if len(faults) > 0 || len(again.Providers) != 1 {
		t.Errorf("what it prints cannot be read again: %s", words(faults))
	}
}
