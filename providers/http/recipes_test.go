package http_test

import (
	"slices"
	"testing"

	"github.com/notifykit/notify/providers/http"
	"github.com/notifykit/notify/providers/http/recipe"
)

// load returns every recipe that ships.
func load(tb testing.TB) (list []*recipe.Recipe) {
	tb.Helper()
	for _, name := range http.Names() {
		r, err := http.Load(name)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// Every recipe that ships fulfils its examples, and says what it was read from. What
// was read from a client's code alone is unverified.
func TestRecipes(t *testing.T) {
	own := 0
	list := load(t)
	for i, r := range list {
		t.Run(r.Name, func(t *testing.T) {
			if r.Name != http.Names()[i] || len(r.Sources) == 0 || r.About == "" {
				t.Errorf("its name is %q, its sources are %v, and about is %q", r.Name, r.Sources, r.About)
			}
			for _, result := range r.Test() {
				if result.Err != nil {
					t.Errorf("%s: %v", result.Name, result.Err)
				}
			}
			if !slices.ContainsFunc(r.Sources, func(s recipe.Source) bool { return !s.Client }) {
				if !slices.Equal(r.Unverified, []string{"everything"}) {
					t.Errorf("it was read from a client's code alone, and lacks unverified: true")
				}
				return
			}
			own++
		})
	}
	if len(list) < 40 || own < 25 {
		t.Errorf("%d recipes ship, %d of them read from the vendor's own page: at least 40 and 25 are promised", len(list), own)
	}
}
