package cli

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/notifykit/notify"
	nhttp "github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/http/recipe"
	"github.com/notifykit/notify/sms"
)

// A configuredRecipe is the recipe of one provider, with the provider's own codes.
type configuredRecipe struct {
	name   string
	recipe *recipe.Recipe
	codes  []sms.CodeInfo
}

// recipesOfConfig returns the recipes of the configuration's providers, by name. It is
// for commands that need no configuration: what cannot be read is left out, and notify
// lint says why.
func (a *app) recipesOfConfig() (list []configuredRecipe) {
	if !exists(a.config) {
		return nil
	}
	config, err := notify.LoadConfig(a.config, notify.LoadOptions{Environment: a.env})
	if _, err = withoutMissing(err); err != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(config.Providers)) {
		p := config.Providers[name]
		settings, _ := p.Settings.(map[string]any)
		if p.Driver != "http" {
			continue
		}
		r, err := nhttp.Load(nhttp.Below(filepath.Dir(a.config), text(settings, "recipe")))
		if err != nil {
			continue
		}
		own, _ := settings["codes"].(map[string]any)
		list = append(list, configuredRecipe{name, r, withOwn(r.Codes(), own)})
	}
	return list
}

// withOwn puts the user's own rows before those of a recipe.
func withOwn(codes []sms.CodeInfo, own map[string]any) (list []sms.CodeInfo) {
	for _, code := range slices.Sorted(maps.Keys(own)) {
		row, _ := own[code].(map[string]any)
		info := sms.CodeInfo{Code: code, Reason: sms.Reason(text(row, "reason")), Outcome: sms.Rejected, Meaning: text(row, "meaning")}
		if text(row, "outcome") == "unknown" {
			info.Outcome = sms.Unknown
		}
		list = append(list, info)
	}
	for _, c := range codes {
		if _, replaced := own[c.Code]; !replaced {
			list = append(list, c)
		}
	}
	return list
}
