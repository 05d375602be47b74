package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
)

func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print the configuration of one environment, and where each value stands",
		Long: `Print the configuration as it holds for one environment: the base and what the
environment changes, each value with the line where it stands. Values that come
from variables are printed as the file has them, secrets as ****. No variable
but the one that chooses the environment has to be set.`,
		Example: `  notify config
  notify config --env production
  notify config --env production --json`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(*cobra.Command) error { return a.printConfig() }),
	}
}

// A configValue is one value as --json prints it.
type configValue struct {
	Path   string `json:"path"`
	Value  string `json:"value"`
	Masked bool   `json:"masked,omitempty"`
	File   string `json:"file"`
	Line   int    `json:"line"`
}

type configJSON struct {
	Environment string        `json:"environment"`
	ChosenBy    string        `json:"chosen_by,omitempty"`
	Values      []configValue `json:"values"`
}

func (a *app) printConfig() error {
	var source *config.Source
	if err := a.await(func() {
		source = config.Read(a.config, config.Options{Environment: a.env, By: "--env"}, new(notify.Config))
	}); err != nil {
		return err
	}
	faults, _ := source.Faults()
	var all []error
	for _, f := range faults {
		more, counted := f.Err.(*config.MoreError)
		if _, missing := errors.AsType[*config.MissingError](f); !missing && !(counted && more.Faults == 0) {
			all = append(all, f)
		}
	}
	if len(all) > 0 {
		return errors.Join(all...)
	}
	choice := source.Choice()
	values := []configValue{}
	for _, v := range source.Values() {
		values = append(values, configValue{v.Path, v.Text, v.Masked, v.File, v.Line})
	}
	var failed error
	err := a.show(configJSON{choice.Name, choice.By, values}, func() {
		if choice.Name == "" {
			a.out.printf("# no environment\n")
		}
		failed = source.Print(a.out.writer())
	})
	return errors.Join(err, failed)
}
