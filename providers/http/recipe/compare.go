package recipe

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// anything stands in an example for what is not compared.
const anything = "…"

// same compares a request with what a recipe makes: query and form as fields, JSON
// and XML as trees, and every header that the example names.
func (want *parsedRequest) same(got *Request, bodyKind string) error {
	if want.method != "" && want.method != got.Method {
		return fmt.Errorf("the method is %s, and must be %s", got.Method, want.method)
	}
	if want.url != "" {
		if err := sameURL(want.url, got.URL); err != nil {
			return err
		}
	}
	for name := range want.header {
		if w, g := want.header.Get(name), got.Header.Get(name); !sameText(w, g) {
			return fmt.Errorf("the header %s is %q, and must be %q", name, g, w)
		}
	}
	if want.body == "" && got.Body == "" || want.body == anything {
		return nil
	}
	if bodyKind == "none" {
		return errors.New("the recipe sends no body, and the example has one")
	}
	w, err := parseDoc(bodyKind, []byte(want.body), nil)
	if err != nil {
		return fmt.Errorf("the example's body: %w", err)
	}
	g, err := parseDoc(bodyKind, []byte(got.Body), nil)
	if err != nil {
		return fmt.Errorf("the request's body: %w", err)
	}
	return sameDoc(w, g, "body")
}

func sameURL(want, got string) error {
	w, err := url.Parse(want)
	g, err2 := url.Parse(got)
	if err != nil || err2 != nil {
		return errors.New("a URL cannot be read")
	}
	if w.Host != "" && (w.Host != g.Host || w.Scheme != g.Scheme) {
		return fmt.Errorf("the address is %s://%s, and must be %s://%s", g.Scheme, g.Host, w.Scheme, w.Host)
	}
	if !sameText(w.EscapedPath(), g.EscapedPath()) {
		return fmt.Errorf("the path is %q, and must be %q", g.EscapedPath(), w.EscapedPath())
	}
	a, err := parseForm(w.RawQuery)
	b, err2 := parseForm(g.RawQuery)
	if err != nil || err2 != nil {
		return errors.New("a query cannot be read")
	}
	return sameDoc(a, b, "query")
}

func sameText(want, got string) bool {
	if before, after, ok := strings.Cut(want, anything); ok {
		return len(got) >= len(before)+len(after) && strings.HasPrefix(got, before) && strings.HasSuffix(got, after)
	}
	return want == got
}

// sameDoc compares two documents. The order of names does not count; what is a text
// and what a number does.
func sameDoc(want, got *doc, path string) error {
	switch {
	case want.kind == leafNode && want.text == anything:
		return nil
	case want.kind != got.kind || want.quoted != got.quoted && want.kind == leafNode && path != "":
		if want.kind == got.kind && strings.TrimSpace(want.text) == strings.TrimSpace(got.text) {
			return fmt.Errorf("%s is %q as another type of JSON", path, got.text)
		}
		return fmt.Errorf("%s is another type of value", path)
	case want.kind == leafNode && !sameText(want.text, got.text):
		return fmt.Errorf("%s is %q, and must be %q", path, got.text, want.text)
	case want.kind == listNode:
		if len(want.kids) != len(got.kids) {
			return fmt.Errorf("%s has %d elements, and must have %d", path, len(got.kids), len(want.kids))
		}
		for i := range want.kids {
			if err := sameDoc(want.kids[i], got.kids[i], fmt.Sprintf("%s.%d", path, i)); err != nil {
				return err
			}
		}
	case want.kind == mapNode:
		return sameFields(want, got, path)
	}
	return nil
}

func sameFields(want, got *doc, path string) error {
	taken := make([]bool, len(got.names))
	for i, name := range want.names {
		at := -1
		for j := range got.names {
			if got.names[j] == name && !taken[j] {
				at = j
				break
			}
		}
		if at < 0 {
			return fmt.Errorf("%s has no field %q", path, name)
		}
		taken[at] = true
		if err := sameDoc(want.kids[i], got.kids[at], path+"."+name); err != nil {
			return err
		}
	}
	if extra := slices.Index(taken, false); extra >= 0 {
		return fmt.Errorf("%s has a field %q that the example lacks", path, got.names[extra])
	}
	return nil
}
