package config

import (
	"net/url"
	"strings"
)

// IsSecret reports whether the value at path is a secret: by the last key's name,
// which ends in secret, token, password or key, and the URL of the outbox.
func IsSecret(path string) bool {
	if path == "outbox.url" {
		return true
	}
	key := path[strings.LastIndexByte(path, '.')+1:]
	key = fold(strings.Trim(key, `"`))
	for _, end := range []string{"secret", "token", "password", "passphrase", "key"} {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	return false
}

// hidden is printed in the place of a secret.
const hidden = "****"

// shownText is what may be printed of the value at path, and whether something of
// it is hidden. A value that came from a variable is printed as the file has it.
func shownText(path string, n *Node) (text string, masked bool) {
	secret := strings.HasPrefix(path, "providers.") && IsSecret(path)
	written := n.Written
	if written == "" && strings.Contains(n.Text, "${") {
		written = n.Text // nobody has put variables in
	}
	switch {
	case written != "":
		return withoutDefaults(written, secret), secret || len(n.Variables) > 0
	case n.Text == "":
		return "", false
	case secret:
		return hidden, true
	}
	text = withoutPassword(n.Text)
	return text, text != n.Text
}

// withoutDefaults hides the defaults of a secret: "${TOKEN:-****}"; and what
// stands around its variables.
func withoutDefaults(written string, secret bool) string {
	if !secret {
		return withoutPassword(written)
	}
	var out strings.Builder
	rest := written
	for {
		before, after, found := strings.Cut(rest, "${")
		if before != "" {
			out.WriteString(hidden)
		}
		if !found {
			return out.String()
		}
		inner, behind, closed := strings.Cut(after, "}")
		if !closed {
			return out.String() + hidden
		}
		if name, _, ok := strings.Cut(inner, ":-"); ok {
			inner = name + ":-" + hidden
		}
		out.WriteString("${" + inner + "}")
		rest = behind
	}
}

// withoutPassword hides what a URL may hold: a user's password, and the values
// in its query that are no placeholders.
func withoutPassword(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	address, query, hasQuery := strings.Cut(rest, "?")
	host, path, hasPath := strings.Cut(address, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = hidden + host[at:]
	}
	out := scheme + "://" + host
	if hasPath {
		out += "/" + path
	}
	if !hasQuery {
		return out
	}
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, hasValue := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(value); hasValue && value != "" && (err != nil || !strings.HasPrefix(plain, "{") || !strings.HasSuffix(plain, "}")) {
			part = name + "=" + hidden
		}
		parts = append(parts, part)
	}
	return out + "?" + strings.Join(parts, "&")
}
