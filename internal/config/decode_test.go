package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/internal/config"
	"github.com/notifykit/notify/sms"
)

type settings struct {
	Text     string            `yaml:"text"`
	Flag     bool              `yaml:"flag"`
	Count    int8              `yaml:"count"`
	Size     uint              `yaml:"size"`
	Share    float64           `yaml:"share"`
	Wait     time.Duration     `yaml:"wait"`
	Kind     sms.Kind          `yaml:"kind"`
	List     []int             `yaml:"list"`
	Names    map[string]string `yaml:"names"`
	Inner    *inner            `yaml:"inner"`
	Shared   `yaml:",inline"`
	Any      any    `yaml:"any"`
	Hook     func() `yaml:"hook"`
	Untagged string
	Ignored  string `yaml:"-"`
}

type inner struct {
	Text string `yaml:"text"`
}

type Shared struct {
	Common string `yaml:"common"`
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		in   any
		want string // what it is filled with, or the faults
	}{
		"texts": {map[string]any{"text": "007", "flag": "true", "count": "-5", "size": "7", "share": ".5", "wait": "3s", "kind": "promotion", "list": []any{"1", "2"},
			"names": map[string]any{"a": "b"}, "inner": map[string]any{"text": "x"}, "common": "c", "any": "y"},
			"{007 true -5 7 0.5 3s promotion [1 2] map[a:b] x {c} y}"},
		"values as Go code has them": {map[string]any{"flag": true, "count": 5, "size": int64(7), "share": 2, "wait": 3 * time.Second, "kind": sms.Promotion, "list": []int{1},
			"names": map[string]string{"a": "b"}, "inner": inner{"x"}, "any": 5},
			"{ true 5 7 2 3s promotion [1] map[a:b] x {} 5}"},
		"nothing": {map[string]any{"text": nil, "inner": nil, "list": nil}, "{before false 0 0 0 0s unset [] map[]  {} <nil>}"},
		"out of range": {map[string]any{"count": "200", "size": "-1", "share": "x"},
			`count: "200" is not a whole number; share: "x" is not a number; size: "-1" is not a whole number, not negative`},
		"out of range in Go": {map[string]any{"count": 200, "size": -1},
			"count: the number is out of the range of int8; size: the number is out of the range of uint"},
		"other forms": {map[string]any{"text": []any{}, "flag": map[string]any{}, "list": "1", "names": []any{}, "inner": "x", "wait": 5},
			`flag: a map stands here, and true or false is wanted; inner: one value stands here, and a map is wanted: {key: value}; ` +
				`list: one value stands here, and a list is wanted: write ["1"]; names: a list stands here, and a map is wanted: {name: value}; ` +
				`text: a list stands here, and one value is wanted; wait: a duration has a unit: write 3s in a file, or 3*time.Second in Go`},
		"inside": {map[string]any{"list": []any{"1", "x", nil}, "names": map[string]any{"a.b": []any{}}, "inner": map[string]any{"texd": "x"}},
			`inner.texd: there is no key "texd": did you mean "text"?; list[1]: "x" is not a whole number; ` +
				`list[2]: nothing stands here: write a value or take the line out; names."a.b": a list stands here, and one value is wanted`},
		"not a map": {[]any{}, ": a list stands here, and a map is wanted: {key: value}"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings{}
			if name == "nothing" {
				s.Text = "before"
			}
			faults := config.Decode(c.in, &s, nil)
			var in inner
			if s.Inner != nil {
				in = *s.Inner
			}
			got := fmt.Sprint([]any{s.Text, s.Flag, s.Count, s.Size, s.Share, s.Wait, s.Kind, s.List, s.Names, in.Text, s.Shared, s.Any})
			got = "{" + strings.TrimSuffix(strings.TrimPrefix(got, "["), "]") + "}"
			if len(faults) > 0 {
				var all []string
				for _, f := range faults {
					all = append(all, f.Path+": "+f.Err.Error())
				}
				got = strings.Join(all, "; ")
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestDecode_does_not_show_the_values_of_variables(t *testing.T) {
	for _, f := range config.Decode(map[string]any{"count": "s3cr3t", "kind": "s3cr3t", "list": "s3cr3t", "wait": "s3cr3t"}, &settings{},
		func(path string) string { return "${" + strings.ToUpper(path) + "}" }) {
		if text := f.Err.Error(); strings.Contains(text, "s3cr3t") || !strings.Contains(text, "${"+strings.ToUpper(f.Path)+"}") {
			t.Errorf("%s: %s", f.Path, text)
		}
	}
}

func TestDecode_what_no_file_can_set(t *testing.T) {
	faults := config.Decode(map[string]any{"hook": "x", "Untagged": "x", "Ignored": "x", "-": "x"}, &settings{}, nil)
	if len(faults) != 4 {
		t.Errorf("%v", faults)
	}
}

func TestDecode_into_what_is_no_pointer(t *testing.T) {
	for _, into := range []any{settings{}, nil, (*settings)(nil)} {
		if faults := config.Decode(map[string]any{}, into, nil); len(faults) != 1 {
			t.Errorf("into %T: %v", into, faults)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"access_key_id", "access_key_secret", "endpoint", "from", "region"}
	for name, want := range map[string]string{
		"regoin": "region", "Region": "region", "accessKeyId": "access_key_id", "access-key-id": "access_key_id", "acess_key_secret": "access_key_secret",
		"endpont": "endpoint", "form": "from", "fro": "from", "colour": "", "id": "", "": "", "accesskeyidentification": "", strings.Repeat("x", 1000): "",
	} {
		if got := config.Nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	for text, want := range map[string]string{
		"100/s": "{100 1s}", "1/minute": "{1 1m0s}", "5/hour": "{5 1h0m0s}", "10/day": "{10 24h0m0s}", "3/10m": "{3 10m0s}", "2/ hour": "{2 1h0m0s}",
		"5": "", "/s": "", "0/s": "", "-1/s": "", "1.5/s": "", "1/": "", "1/0s": "", "1/-1s": "", "1/month": "", "1/s/s": "", "99999999999999999999/s": "",
	} {
		var into struct {
			Window struct {
				Count int
				Per   time.Duration
			} `yaml:"window,rate"`
			Calls float64 `yaml:"calls,rate"`
		}
		faults := config.Decode(map[string]any{"window": text, "calls": text}, &into, nil)
		if got := fmt.Sprint(into.Window); (len(faults) == 0) != (want != "") || len(faults) == 0 && got != want {
			t.Errorf("%q: %s, %v", text, got, faults)
		}
		if perSecond := float64(into.Window.Count) / into.Window.Per.Seconds(); len(faults) == 0 && into.Calls != perSecond {
			t.Errorf("%q: %v calls a second, want %v", text, into.Calls, perSecond)
		}
	}
}
