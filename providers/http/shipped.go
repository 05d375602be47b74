package http

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/notifykit/notify/providers/http/recipe"
)

// files are the recipes that ship, with the raw requests and answers of their
// examples.
//
//go:embed recipes
var files embed.FS

// Names returns the names of the recipes that ship, sorted.
func Names() []string {
	entries, err := fs.ReadDir(files, "recipes")
	if err != nil {
		return nil // the embedded folder is always there
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".yaml"); ok {
			names = append(names, name)
		}
	}
	return names
}

// Load reads a recipe: one that ships by its name, or a file by a path, which has a
// slash or ends in .yaml. The error joins every fault, each with its line.
func Load(nameOrFile string) (*recipe.Recipe, error) {
	if isFile(nameOrFile) {
		data, err := os.ReadFile(nameOrFile)
		if err != nil {
			return nil, fmt.Errorf("the recipe cannot be read: %w", err)
		}
		return recipe.Parse(nameOrFile, data, os.DirFS(filepath.Dir(nameOrFile)))
	}
	file := path.Join("recipes", nameOrFile+".yaml")
	data, err := files.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("no recipe %q ships with the library: there are %s; a file is written as ./%[1]s.yaml", nameOrFile, strings.Join(Names(), ", "))
	}
	beside, err := fs.Sub(files, "recipes")
	if err != nil {
		return nil, err
	}
	return recipe.Parse(nameOrFile+".yaml", data, beside)
}

func isFile(s string) bool {
	return strings.ContainsAny(s, `/\`) || strings.HasSuffix(s, ".yaml") || strings.HasSuffix(s, ".yml")
}

// Below returns what a configuration file in a folder names: a relative path of a
// recipe's file counts from the folder. The name of a recipe that ships stays.
func Below(folder, nameOrFile string) string {
	if folder == "" || !isFile(nameOrFile) || filepath.IsAbs(nameOrFile) {
		return nameOrFile
	}
	below := filepath.Join(folder, nameOrFile)
	if !isFile(below) {
		below = "." + string(filepath.Separator) + below
	}
	return below
}
