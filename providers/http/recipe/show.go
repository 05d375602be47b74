package recipe

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Mask stands for a secret or a signature where a request is shown.
const Mask = "****"

// masked returns in with secrets masked. Signatures are masked by shown.
func masked(in Input) Input {
	in.Secrets = maps.Clone(in.Secrets)
	for name := range in.Secrets {
		in.Secrets[name] = Mask
	}
	return in
}

// shown is the recipe without signatures.
func (r *Recipe) shown() *Recipe {
	c := *r
	c.signs = nil
	for _, s := range r.signs {
		c.signs = append(c.signs, &sign{name: s.name, method: "plain", as: "raw", pieces: []text{{parts: []part{{literal: Mask}}}}})
	}
	return &c
}

// Preview returns the request for a message with secrets and signatures masked.
func (r *Recipe) Preview(in Input) (*Request, error) {
	q, err := r.shown().Request(masked(in))
	if err != nil {
		return nil, err
	}
	for name := range q.Header {
		if name == "Authorization" && strings.HasPrefix(q.Header.Get(name), "Basic ") {
			q.Header.Set(name, "Basic "+Mask)
		}
	}
	return q, nil
}

// Show returns the fields of the request for a message by the gateway's own names,
// with secrets and signatures masked.
func (r *Recipe) Show(in Input) map[string]string {
	m := map[string]string{}
	q, err := r.Preview(in)
	if err != nil {
		return m
	}
	path, query, _ := strings.Cut(strings.TrimPrefix(q.URL, in.Endpoint), "?")
	m["request"] = q.Method + " " + path
	for name := range q.Header {
		if name != "Content-Type" {
			m["header "+name] = q.Header.Get(name)
		}
	}
	if d, err := parseForm(query); err == nil {
		d.flatten("", m)
	}
	if d, err := parseDoc(r.send.bodyKind, []byte(q.Body), nil); err == nil {
		d.flatten("", m)
	}
	return m
}

// flatten stores the leaves of a document by their paths.
func (d *doc) flatten(path string, m map[string]string) {
	if d.kind == leafNode {
		m[path] = d.text
		return
	}
	for i, kid := range d.kids {
		name := itoa(int64(i))
		if d.kind == mapNode {
			name = d.names[i]
		}
		kid.flatten(strings.TrimPrefix(path+"."+name, "."), m)
	}
}

// Text returns the request as HTTP/1.1 shows it, for people. It holds the number and
// the text.
func (q *Request) Text() string {
	var b strings.Builder
	_, rest, _ := strings.Cut(q.URL, "://")
	host, path, _ := strings.Cut(rest, "/")
	fmt.Fprintf(&b, "%s /%s HTTP/1.1\nHost: %s\n", q.Method, path, host)
	for _, name := range slices.Sorted(maps.Keys(http.Header(q.Header))) {
		fmt.Fprintf(&b, "%s: %s\n", name, q.Header.Get(name))
	}
	if q.Body != "" {
		b.WriteString("\n" + q.Body + "\n")
	}
	return b.String()
}
