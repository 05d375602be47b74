package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/sms"
)

// pullFlags are what the command takes.
type pullFlags struct{ provider, output string }

func (a *app) pull() *cobra.Command {
	var f pullFlags
	c := &cobra.Command{
		Use:   "pull",
		Short: "Write the vendor's templates as templates of the configuration",
		Long: `Write the templates that a vendor holds in the form of the configuration's
templates:. Those that the configuration has already keep their names; the others
are called by the vendor's. Nothing is changed by itself: compare and copy.`,
		Example: `  notify templates pull --provider aliyun
  notify templates pull --provider aliyun --output templates/aliyun.yaml`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(c *cobra.Command) error { return a.runPull(c, f) }),
	}
	c.Flags().StringVar(&f.provider, "provider", "", "whose templates, by configured name; needed where several can be asked")
	c.Flags().StringVarP(&f.output, "output", "o", "", "file to write, which must not exist; standard output where it is left out")
	return c
}

// A pulled template is one as the configuration writes it.
type pulled struct {
	Kind     string                   `yaml:"kind" json:"kind"`
	Text     string                   `yaml:"text" json:"text"`
	Bindings map[string]pulledBinding `yaml:"bindings" json:"bindings"`
}

type pulledBinding struct {
	ID    string   `yaml:"id" json:"id"`
	Order []string `yaml:"order,omitempty,flow" json:"order,omitempty"`
}

func (a *app) runPull(c *cobra.Command, f pullFlags) error {
	o, err := a.open()
	if err != nil {
		return err
	}
	defer o.client.Close()
	provider, err := o.lister(f.provider)
	if err != nil {
		return err
	}
	name := provider.Name()
	list, err := provider.ListTemplates(c.Context())
	if err != nil {
		return fmt.Errorf("%s could not be asked: %w", name, asked{err})
	}
	all, notes := o.pulled(name, list)
	if a.json {
		return a.show(map[string]any{"templates": all}, nil)
	}
	text, err := yamlOf(all, notes)
	if err != nil {
		return err
	}
	if f.output == "" {
		return a.out.document(string(text))
	}
	if err := writeNew(f.output, text); err != nil {
		return err
	}
	a.out.printf("%s: %s of %s\n", f.output, count(len(all), "template"), name)
	return nil
}

// lister chooses whom to ask.
func (o *opened) lister(name string) (*notify.Provider, error) {
	var able []string
	for _, p := range o.client.Providers() {
		if p.Can().ListTemplates {
			able = append(able, p.Name())
		}
	}
	switch {
	case name != "" && !slices.Contains(o.providers(), name):
		return nil, misuse("--provider: there is no provider %q: there are %s", name, strings.Join(o.providers(), ", "))
	case name != "" && !slices.Contains(able, name):
		return nil, fmt.Errorf("provider %q has no vendor that lists templates", name)
	case name == "" && len(able) == 0:
		return nil, errors.New("no provider of the configuration has a vendor that lists templates")
	case name == "" && len(able) > 1:
		return nil, misuse("several providers can be asked: write --provider with one of %s", strings.Join(able, ", "))
	case name == "":
		name = able[0]
	}
	provider, _ := o.client.Provider(name)
	return provider, nil
}

// pulled writes the vendor's templates as ours, under our names where we have
// them, with a note on those that are not simply usable.
func (o *opened) pulled(provider string, list []sms.VendorTemplate) (map[string]pulled, map[string]string) {
	ours := map[string]string{}
	for t := range o.templates.All() {
		ours[t.Bindings[provider].ID] = t.Name
	}
	all, notes := map[string]pulled{}, map[string]string{}
	for _, v := range list {
		name, known := ours[v.ID]
		if !known {
			name = strings.ToLower(strings.NewReplacer("_", "-", " ", "-").Replace(v.ID))
		}
		order := make([]string, len(v.Order))
		for i, variable := range v.Order {
			order[i] = oneLine(variable)
		}
		name = oneLine(name)
		for n, wanted := 2, name; all[name].Bindings != nil; n++ { // two of the vendor's IDs make one name of ours
			name = fmt.Sprint(wanted, "-", n)
		}
		all[name] = pulled{kindName(v.Kind), yamlText(v.Text), map[string]pulledBinding{provider: {oneLine(v.ID), order}}}
		note := v.Name
		if v.Approval != "approved" && v.Approval != "not needed" {
			note += ": " + v.Approval + " at the vendor"
		}
		notes[name] = note
	}
	return all, notes
}

// plainName is a name that may stand in a path of package yaml.
var plainName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func yamlOf(all map[string]pulled, notes map[string]string) ([]byte, error) {
	comments := yaml.CommentMap{}
	for name, note := range notes {
		if note != "" && plainName.MatchString(name) {
			comments["$.templates."+name] = []*yaml.Comment{yaml.HeadComment(yamlComment(note))}
		}
	}
	written, err := yaml.MarshalWithOptions(map[string]any{"templates": all}, yaml.WithComment(comments), yaml.Indent(2))
	// The encoder leaves some tabs unquoted, with which a text cannot be read again.
	return bytes.ReplaceAll(written, []byte("\t"), []byte(" ")), err
}

// writeNew writes a file that does not exist yet.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists: move it away, or write another name", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
