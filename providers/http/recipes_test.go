package http_test

import (
	"testing"

	"github.com/notifykit/notify/providers/http"
)

// Every recipe that ships fulfils its examples.
func TestRecipes(t *testing.T) {
	names := http.Names()
	if len(names) < 5 {
		t.Errorf("%d recipes ship", len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			r, err := http.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if r.Name != name || len(r.Sources) == 0 {
				t.Errorf("its name is %q, and its sources are %v", r.Name, r.Sources)
			}
			for _, result := range r.Test() {
				if result.Err != nil {
					t.Errorf("%s: %v", result.Name, result.Err)
				}
			}
		})
	}
}
