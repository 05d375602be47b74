package main_test

import (
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// The command warns on standard error, at every start, of a provider that sends nothing
// and was opened because a variable is not set. It does not if the variable is set, or if
// the file does not ask for one.
func TestForgottenVariable_isWarnedOf(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	const rest = `providers: {main: {driver: "${SMS_DRIVER:-fake}"}}
templates:
  login-code: {kind: verification, text: "Your code is ${code}."}
`
	w.write("default.yaml", "environment: ${NOTIFY_ENV:-development}\nenvironments: {development: {}, production: {allow: [fake]}}\n"+rest)
	w.write("driver.yaml", rest)
	w.write("plain.yaml", strings.ReplaceAll(rest, `"${SMS_DRIVER:-fake}"`, "fake"))
	w.write("people.csv", "to,code\n+8613800000000,1234\n")
	message := []string{"--template", "login-code", "--to", "+8613800000000", "code=482913"}
	for _, c := range []struct {
		file, env, variables string
		args                 []string
	}{
		{"default.yaml", "", "[NOTIFY_ENV SMS_DRIVER]", append([]string{"send"}, message...)},
		{"default.yaml", "", "[NOTIFY_ENV SMS_DRIVER]", append([]string{"send", "--dry-run"}, message...)},
		{"default.yaml", "", "[NOTIFY_ENV SMS_DRIVER]", append([]string{"send", "--json"}, message...)},
		{"default.yaml", "", "[NOTIFY_ENV SMS_DRIVER]", []string{"check"}},
		{"default.yaml", "", "[NOTIFY_ENV SMS_DRIVER]", []string{"check", "--offline"}},
		{"default.yaml", "", "[NOTIFY_ENV SMS_DRIVER]", []string{"bulk", "people.csv", "--template", "login-code", "--check"}},
		{"default.yaml", "NOTIFY_ENV=production", "[SMS_DRIVER]", append([]string{"send"}, message...)},
		{"driver.yaml", "", "[SMS_DRIVER]", append([]string{"send"}, message...)},
		{"driver.yaml", "SMS_DRIVER=fake", "", append([]string{"send"}, message...)},
		{"plain.yaml", "", "", append([]string{"send"}, message...)},
	} {
		cmd := w.command(append(c.args, "--config", c.file)...)
		if c.env != "" {
			cmd.Env = append(cmd.Env, c.env)
		}
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Errorf("%s with %s: %v: %v\n%s", c.file, c.env, c.args, err, errs.String())
			continue
		}
		got := errs.String()
		warned := strings.Contains(got, "level=WARN") && strings.Contains(got, "these providers send nothing") && strings.Contains(got, "variables=\""+c.variables+"\"") ||
			strings.Contains(got, "level=WARN") && strings.Contains(got, "variables="+c.variables)
		if warned != (c.variables != "") || strings.Count(got, "level=WARN") > 1 || strings.Contains(out.String(), "WARN") {
			t.Errorf("%s with %q: %v warned %v, want %q:\n%s", c.file, c.env, c.args, warned, c.variables, got)
		}
	}
}
