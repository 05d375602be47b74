package kit

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/notifykit/notify/sms"
)

// A Callback is the URL that a vendor posts delivery reports to, with placeholders
// for the message: {key}, {provider} and {tag:name}. The zero value is none.
type Callback []piece

// A piece is literal text and then the value of a placeholder.
type piece struct {
	literal string
	value   placeholder
	tag     string // of the placeholder tag
}

type placeholder int

const (
	nothing placeholder = iota // the end of the text
	messageKey
	providerName
	messageTag
)

// ParseCallback reads a callback URL. It must be http or https with a host, and
// placeholders may stand only behind the host. An empty text is no callback.
func ParseCallback(text string) (Callback, error) {
	if text == "" {
		return nil, nil
	}
	var c Callback
	for rest := text; ; {
		literal, after, found := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("it holds a \"}\" that no \"{\" opens: write %7D for the character itself")
		}
		if !found {
			c = append(c, piece{literal: literal})
			return c, c.check(text)
		}
		name, next, closed := strings.Cut(after, "}")
		if !closed {
			return nil, errors.New("it holds a \"{\" that is never closed: write {key}, {provider} or {tag:name}")
		}
		p := piece{literal: literal}
		switch tag, isTag := strings.CutPrefix(name, "tag:"); {
		case name == "key":
			p.value = messageKey
		case name == "provider":
			p.value = providerName
		case isTag && tag != "":
			p.value, p.tag = messageTag, tag
		default:
			return nil, fmt.Errorf("there is no {%s}: there are {key}, {provider} and {tag:name}", name)
		}
		c, rest = append(c, p), next
	}
}

// check refuses what is no URL of a web server, and a placeholder in the host: a
// tag must not choose who receives our reports.
func (c Callback) check(text string) error {
	u, err := url.Parse(c.Fill("provider", sms.Message{Key: "key"}))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("it is no URL of a web server: write %q", "https://example.com/reports/{key}")
	}
	_, after, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(after, "{")
	if len(c) > 1 && !strings.ContainsAny(host, "/?#") {
		return errors.New("a placeholder may stand only behind the host")
	}
	return nil
}

// Fill returns the URL for m. Values are escaped so that each is one part of a path
// and one value of a query. It returns "" for no callback.
func (c Callback) Fill(provider string, m sms.Message) string {
	var b strings.Builder
	for _, p := range c {
		b.WriteString(p.literal)
		switch p.value {
		case messageKey:
			b.WriteString(escape(m.Key))
		case providerName:
			b.WriteString(escape(provider))
		case messageTag:
			b.WriteString(escape(m.Tags[p.tag]))
		}
	}
	return b.String()
}

// escape writes everything but letters, digits and "-_.~" as %XX.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
