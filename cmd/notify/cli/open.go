package cli

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/sms"
)

// An opened is a configuration and the Client made of it.
type opened struct {
	config    notify.Config
	client    *notify.Client
	record    *record // nil: none is configured, or needed
	templates *sms.Registry
}

// load reads the configuration, of which all that is read comes beside the error.
func (a *app) load() (notify.Config, error) {
	var c notify.Config
	var err error
	interrupted := a.await(func() { c, err = notify.LoadConfig(a.config, notify.LoadOptions{Environment: a.env}) })
	if interrupted != nil {
		return notify.Config{}, interrupted
	}
	return c, err
}

// await calls read, which may wait for a pipe or a file system without end. It
// returns without it, with an error, if the command is interrupted.
func (a *app) await(read func()) error {
	done := make(chan struct{})
	go func() { read(); close(done) }()
	select {
	case <-done:
		return nil
	case <-a.interrupted:
		return errors.New("interrupted while reading the configuration")
	}
}

// loadAnyway is load without the variables that have no value. It returns their
// names.
func (a *app) loadAnyway() (c notify.Config, missing []string, err error) {
	c, err = a.load()
	missing, err = withoutMissing(err)
	return c, missing, err
}

// withoutMissing takes the variables that have no value out of the faults of a
// configuration.
func withoutMissing(err error) (missing []string, rest error) {
	all, ok := errors.AsType[*notify.ConfigError](err)
	if !ok {
		return nil, err
	}
	var faults []notify.Fault
	for _, f := range all.Faults {
		if more, ok := f.Err.(*config.MoreError); ok {
			if more.Faults > 0 {
				f.Err = &config.MoreError{Faults: more.Faults}
				faults = append(faults, f)
			}
			continue
		}
		if m, ok := errors.AsType[*config.MissingError](f); !ok {
			faults = append(faults, f)
		} else if !slices.Contains(missing, m.Name) {
			missing = append(missing, m.Name)
		}
	}
	if len(faults) == 0 {
		return missing, nil
	}
	return missing, &notify.ConfigError{Faults: faults}
}

// logger logs warnings on standard error.
func (a *app) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.errs.writer(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// open reads the configuration and makes the Client. All that is wrong with
// either comes in one error.
func (a *app) open() (*opened, error) {
	loaded, err := a.load()
	return a.openLoaded(loaded, err, nil)
}

// openRecording is open for a command that sends: what becomes of its messages is
// recorded, if the configuration says where.
func (a *app) openRecording(ctx context.Context) (*opened, error) {
	loaded, err := a.load()
	if err != nil || loaded.Records.Store == "" {
		return a.openLoaded(loaded, err, nil)
	}
	r, err := openRecord(ctx, loaded.Records.Store)
	if err != nil { // a full disk, for example: messages matter more than their records
		a.errs.printf("notify: what becomes of the messages is not recorded: %v\n", oneLine(err.Error()))
		return a.openLoaded(loaded, nil, nil)
	}
	loaded.Delivery = r
	o, err := a.openLoaded(loaded, nil, r)
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return o, nil
}

// close closes the Client, and then the records.
func (o *opened) close() error {
	err := o.client.Close()
	if o.record != nil {
		err = errors.Join(err, o.record.close())
	}
	return err
}

// openLoaded makes the Client of a configuration that was loaded with err.
func (a *app) openLoaded(loaded notify.Config, err error, r *record) (*opened, error) {
	if _, ok := errors.AsType[*notify.ConfigError](err); err != nil && !ok {
		return nil, err
	}
	loaded.Logger = a.logger()
	client, err := notify.New(loaded, a.drivers...) // returns what is wrong with the file too
	if err != nil {
		return nil, err
	}
	o := &opened{config: loaded, client: client, record: r}
	if o.templates, err = sms.NewRegistry(loaded.Templates...); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return o, nil
}

// openWithoutSecrets checks the configuration as open does and makes no Client. It
// returns the names of the variables that have no value, which are no faults.
func (a *app) openWithoutSecrets() (*opened, []string, error) {
	loaded, err := a.load()
	if _, ok := errors.AsType[*notify.ConfigError](err); err != nil && !ok {
		return nil, nil, err
	}
	loaded.Logger = a.logger()
	client, err := notify.New(loaded, a.drivers...)
	if err == nil {
		err = client.Close()
	}
	missing, err := withoutMissing(err)
	if err != nil {
		return nil, missing, err
	}
	o := &opened{config: loaded}
	o.templates, err = sms.NewRegistry(loaded.Templates...)
	return o, missing, err
}

// providers lists the configured names in order.
func (o *opened) providers() (names []string) {
	if o.client == nil { // the configuration was checked without its secrets
		return slices.Sorted(maps.Keys(o.config.Providers))
	}
	for _, p := range o.client.Providers() {
		names = append(names, p.Name())
	}
	return names
}

// real lists those of the providers at which a telephone rings, each with where
// its calls go.
func (o *opened) real(providers []string) (list []string) {
	for _, name := range providers {
		p, ok := o.client.Provider(name)
		switch {
		case !ok || p.Destination().Trial:
		case p.Destination().Endpoint == "":
			list = append(list, name)
		default:
			list = append(list, name+" ("+p.Destination().Endpoint+")")
		}
	}
	return list
}

// completeTemplates offers the names of the templates to the shell.
func (a *app) completeTemplates(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	loaded, _ := a.load()
	var names []string
	for _, t := range loaded.Templates {
		names = append(names, oneLine(t.Name))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// values reads arguments in the form of name=value.
func values(args []string) (sms.Params, error) {
	if len(args) == 0 {
		return nil, nil
	}
	p := sms.Params{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		switch {
		case !ok || name == "":
			return nil, misuse("an argument is no value of a variable: write name=value, such as code=482913")
		case p[name] != "":
			return nil, misuse("the variable %q is given twice", name)
		}
		p[name] = value
	}
	return p, nil
}
