package config

import (
	"net/url"
	"regexp"
	"strings"
)

// IsSecret reports whether the value at path is a secret: by the last key's name,
// which ends in secret, token, password or key, by a key "secrets" above it, and the
// URL of the outbox.
func IsSecret(path string) bool {
	if path == "outbox.url" || strings.Contains(path, ".secrets.") || strings.HasSuffix(path, ".secrets") {
		return true
	}
	key := path[strings.LastIndexByte(path, '.')+1:]
	key = fold(strings.Trim(key, `"`))
	for _, end := range []string{"secret", "token", "password", "passphrase", "key", "dsn"} {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	return false
}

// isSecretAt reports whether the value at path is a secret, or holds a password.
func isSecretAt(path string, n *Node) bool {
	return path == "outbox.url" || strings.HasPrefix(path, "providers.") && (IsSecret(path) || holdsPassword(literal(n)))
}

// isPlain reports whether the file itself holds the secret of n, or a part of it
// that is a password.
func isPlain(path string, n *Node) bool {
	if n.Kind != Text || n.Text == "" || !isSecretAt(path, n) {
		return false
	}
	return len(n.Variables) == 0 && !strings.Contains(n.Text, "${") || holdsPassword(literal(n))
}

// from stands in a text for what came from a variable.
const from = "\x00"

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// literal returns what the file itself holds of n.
func literal(n *Node) string {
	if len(n.Variables) == 0 {
		return n.Text
	}
	return variable.ReplaceAllString(n.Written, from)
}

// passwords match a password as URLs, data sources and lists of settings hold it.
var passwords = []*regexp.Regexp{
	regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^/?#@:\s]*:(\S*)@`),
	regexp.MustCompile(`^[^:@/\s]*:(.*)@(?:\w*\(|/)`), // of MySQL: user:password@tcp(host)/name
	regexp.MustCompile(`(?i)(?:^|[?&;\s])(?:password|passwd|pwd|pass|secret|token|access_token|api_?key)\s*=\s*('[^']*'|[^\s;&]*)`),
}

var port = regexp.MustCompile(`^\d{1,5}(/|$)`)

// holdsPassword reports whether a text holds a password that did not come from a
// variable.
func holdsPassword(text string) bool {
	for i, form := range passwords {
		if m := form.FindStringSubmatch(text); m != nil {
			found := strings.Trim(m[1], from+"'")
			placeholder := strings.HasPrefix(found, "{") && strings.HasSuffix(found, "}")
			if found != "" && !placeholder && (i > 0 || !port.MatchString(found)) {
				return true
			}
		}
	}
	return false
}

// hidden is printed in the place of a secret.
const hidden = "****"

// shownText is what may be printed of the value at path, and whether something of
// it is hidden. A value that came from a variable is printed as the file has it.
func shownText(path string, n *Node) (text string, masked bool) {
	secret := isSecretAt(path, n)
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
