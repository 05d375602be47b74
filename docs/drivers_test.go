package docs_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// docs/configuration.md has every setting of the drivers, in the driver's own
// part, and none besides; its example is the one that the tests open.
func TestDocs_list_every_setting_of_the_drivers(t *testing.T) {
	data, err := os.ReadFile("configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, d := range drivers {
		_, part, found := strings.Cut(text, "#### driver: "+d.Name+"\n")
		if !found {
			t.Errorf("there is no part for driver %s", d.Name)
			continue
		}
		part, _, _ = strings.Cut(part, "\n#")
		told := map[string]bool{}
		for line := range strings.Lines(part) {
			if cells := strings.Split(line, "|"); len(cells) > 2 {
				for i, key := range strings.Split(cells[1], "`") {
					if i%2 == 1 {
						told[key] = true
					}
				}
			}
		}
		settings := reflect.TypeOf(d.Settings)
		for i := range settings.NumField() {
			key, _, _ := strings.Cut(settings.Field(i).Tag.Get("yaml"), ",")
			if key == "" || key == "-" {
				continue
			}
			if !told[key] {
				t.Errorf("driver %s: the key %s is not told", d.Name, key)
			}
			delete(told, key)
		}
		for key := range told {
			t.Errorf("driver %s: there is no key %s", d.Name, key)
		}
	}
	example, err := os.ReadFile("../testdata/notify.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, yaml, _ := strings.Cut(string(example), "\n") // without its first line, a comment
	if !strings.Contains(text, "```yaml\n"+yaml+"```\n") {
		t.Error("the example is not testdata/notify.yaml")
	}
}
