package recipe

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify/sms"
)

// shipped returns the recipes that ship.
func shipped(tb testing.TB) (list []*Recipe) {
	tb.Helper()
	files, err := filepath.Glob("../recipes/*.yaml")
	if err != nil || len(files) == 0 {
		tb.Fatal("there are no recipes", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		r, err := Parse(file, data, os.DirFS("../recipes"))
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// incoming is a request as a server gets it, at the path of the recipe.
func incoming(tb testing.TB, q *Request, endpoint string) (*http.Request, []byte) {
	tb.Helper()
	h, err := http.NewRequest(q.Method, q.URL, strings.NewReader(q.Body))
	if err != nil {
		tb.Fatal(err)
	}
	h.Header = q.Header
	h.URL.Path = strings.TrimPrefix(h.URL.Path, endpoint)
	body, _ := io.ReadAll(h.Body)
	return h, body
}

// Every documented request is read as what it was made from, and another secret is
// refused.
func TestRead_theExamples(t *testing.T) {
	for _, r := range shipped(t) {
		t.Run(r.Name, func(t *testing.T) {
			read := 0
			for _, e := range r.examples {
				e, err := r.complete(e)
				if err != nil || e.request == nil || e.kind != "send" {
					continue
				}
				in := r.input(e)
				q, err := r.Request(in)
				if err != nil {
					t.Fatal(err)
				}
				read++
				h, body := incoming(t, q, "")
				seen, known := r.Read(h, body, in.Secrets)
				if !known || seen.Reason != "" || seen.Find {
					t.Fatalf("%s: known %v, refused for %q: %s", e.Name, known, seen.Reason, seen.Wrong)
				}
				compare(t, r, e.Name, seen.Input, in)
				for name := range in.Secrets {
					wrong := map[string]string{}
					for n, v := range in.Secrets {
						wrong[n] = v
					}
					wrong[name] += "x"
					if seen, _ := r.Read(h, body, wrong); seen.Reason != sms.Unauthorized {
						t.Errorf("%s: another secret %s is answered with %q", e.Name, name, seen.Reason)
					}
				}
			}
			if read == 0 {
				t.Error("no example has a request")
			}
		})
	}
}

func compare(t *testing.T, r *Recipe, example string, got, want Input) {
	t.Helper()
	for _, c := range []struct{ name, got, want string }{
		{"to", string(got.To), string(want.To)}, {"text", got.Text, want.Text}, {"template", got.Template, want.Template},
		{"from", got.From, want.From}, {"key", got.Key, want.Key}, {"report_url", got.ReportURL, want.ReportURL},
	} {
		if c.got != c.want && (c.got != "" || r.Needs(c.name)) {
			t.Errorf("%s: %s is %q, want %q", example, c.name, c.got, c.want)
		}
	}
	if r.Needs("values") && len(got.Values) != len(want.Values) {
		t.Fatalf("%s: %d values, want %d", example, len(got.Values), len(want.Values))
	}
	for i, v := range got.Values {
		if v.Value != want.Values[i].Value {
			t.Errorf("%s: value %d is %q, want %q", example, i, v.Value, want.Values[i].Value)
		}
	}
}

// FuzzRead reads hostile requests by every recipe that ships, and answers them.
func FuzzRead(f *testing.F) {
	list := shipped(f)
	f.Add(0, "/a1/sms", "a=b", "from=x&to=%2B1", "Basic dTpw")
	f.Add(12, "/sms/3/messages", "", `{"messages":[{"destinations":[{"to":"1"}],"content":{"text":"a"}}]}`, "App x")
	f.Add(20, "/", "TemplateParams.0=a&TemplateParams.x=b", "", "")
	f.Fuzz(func(t *testing.T, which int, path, query, body, authorization string) {
		r := list[max(which, -which-1)%len(list)]
		for _, method := range []string{"GET", "POST"} {
			h := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{"Authorization": {authorization}}, Host: "x"}
			seen, known := r.Read(h, []byte(body), map[string]string{})
			if known && seen.Reason == "" && len(r.Secrets) > 0 {
				t.Errorf("%s: accepted without a secret", r.Name)
			}
			r.Accept(seen.Input, r.NewID(1))
			r.Refuse(r.CodeFor(seen.Reason), body, 0)
		}
	})
}
