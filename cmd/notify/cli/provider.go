package cli

import (
	"embed"
	"errors"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// providerFiles are the files of a new provider. NAME and TITLE stand in for the
// vendor's name.
//
//go:embed provider/*.txt
var providerFiles embed.FS

func (a *app) providerCommand() *cobra.Command {
	c := &cobra.Command{Use: "provider", Short: "Help with writing a provider", Example: "  notify provider new pigeon"}
	c.AddCommand(&cobra.Command{
		Use:   "new NAME",
		Short: "Write the folder of a new provider",
		Long: `Write the folder NAME with a provider on package providers/kit, its table of codes
and its tests, which fail by name until the vendor's parts are filled in.
docs/adding-a-provider.md explains each part. No existing file is changed.`,
		Example: `  notify provider new pigeon`,
		Args:    cobra.ExactArgs(1),
		RunE:    a.beginArgs(func(_ *cobra.Command, args []string) error { return a.newProvider(args[0]) }),
	})
	return c
}

var providerName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

func (a *app) newProvider(name string) error {
	if !providerName.MatchString(name) {
		return misuse("the name %q is no name of a Go package: write small letters and digits", name)
	}
	if err := os.Mkdir(name, 0o755); err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("the folder %s exists: choose another name, or remove it", name)
		}
		return err
	}
	entries, err := providerFiles.ReadDir("provider")
	if err != nil {
		return err
	}
	words := strings.NewReplacer("NAME", name, "TITLE", strings.ToUpper(name[:1])+name[1:])
	for _, e := range entries {
		text, err := providerFiles.ReadFile("provider/" + e.Name())
		if err != nil {
			return err
		}
		code, err := format.Source([]byte(words.Replace(string(text))))
		if err != nil {
			return err
		}
		file := filepath.Join(name, strings.TrimSuffix(e.Name(), ".txt"))
		if err := os.WriteFile(file, code, 0o644); err != nil {
			return err
		}
		a.out.println(file)
	}
	a.out.printf("\nNow run go test ./%s: each failure names the part to fill in.\n", name)
	return nil
}
