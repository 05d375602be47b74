package cli

import (
	"slices"
	"strings"
	"text/tabwriter"

	nhttp "github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/http/recipe"
	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/recipes"
)

// addRecipes adds the gateways of recipes to the sandbox.
func addRecipes(o *sandbox.Options, f sandboxFlags) (list []*recipe.Recipe, err error) {
	names := slices.Clone(f.recipes)
	if f.allRecipes {
		for _, name := range nhttp.Names() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		r, err := loadRecipe(name)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
		o.Vendors = append(o.Vendors, recipes.New(r, recipes.Options{AtRoot: true}))
	}
	return list, nil
}

// describeRecipes says how a provider reaches the gateways.
func describeRecipes(list []*recipe.Recipe, url string) []string {
	if len(list) == 0 {
		return nil
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { _, _ = w.Write([]byte(strings.Join(cells, "\t") + "\n")) }
	row("Recipe", "endpoint", "secrets")
	for _, r := range list {
		var secrets []string
		for _, name := range r.Secrets {
			secrets = append(secrets, name+": "+recipes.Secret(name))
		}
		row(r.Name, url+"/"+r.Name, strings.Join(secrets, ", "))
	}
	_ = w.Flush()
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	return append(lines, "At the gateways of recipes any setting, sender and template is taken.")
}
