package twilio

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/notifykit/notify/sms"
)

// maxCallback is the longest StatusCallback that Twilio takes, in characters
// (its code 21609).
const maxCallback = 4000

// A callback is StatusCallback, taken apart once. Its zero value is none.
type callback []piece

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

// callback checks StatusCallback.
func (o *Options) callback(f *faults) callback {
	if o.StatusCallback == "" {
		return nil
	}
	c, err := parseCallback(o.StatusCallback)
	if err != nil {
		f.add("status_callback", "%w", err)
	}
	return c
}

func parseCallback(text string) (callback, error) {
	if len(text) > maxCallback {
		return nil, fmt.Errorf("it has %d characters: Twilio takes at most %d", len(text), maxCallback)
	}
	var c callback
	rest := text
	for {
		literal, after, found := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("it holds a \"}\" that no \"{\" opens: write %7D for the character itself")
		}
		if !found {
			c = append(c, piece{literal: literal})
			return c, checkURL(text, c)
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

// checkURL refuses what is no URL of a web server, and a placeholder in the host:
// a tag must not choose who is told of our messages.
func checkURL(text string, c callback) error {
	u, err := url.Parse(c.fill("provider", sms.Message{Key: "key"}))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("it is no URL of a web server: write %q", "https://example.com/reports/{key}")
	case strings.Contains(u.Hostname(), "_"):
		return errors.New("its host holds an underscore, which Twilio refuses")
	}
	_, after, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(after, "{")
	if len(c) > 1 && !strings.ContainsAny(host, "/?#") {
		return errors.New("a placeholder may stand after the host only")
	}
	return nil
}

// fill gives the URL for m.
func (c callback) fill(provider string, m sms.Message) string {
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

// escape writes a value so that it is one part of a path and one value of a
// query alike: everything but letters, digits and "-_.~" as %XX.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
