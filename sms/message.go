package sms

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Message is one text to one person. It is plain data: copy it freely, and
// take a [Message.Clone] where it is kept beyond the call, because Params and
// Tags are maps.
//
// It prints masked under every verb and in log/slog; see the package comment
// for the ends that no method can close. Its JSON form holds everything in full
// and stays readable for years, because queues keep it.
type Message struct {
	// To is the recipient in E.164; ParseNumber makes one of what a person typed.
	To Number `json:"to,omitempty"`
	// Template is a name in the Registry; empty when Body is set.
	Template string `json:"template,omitempty"`
	// Params holds one value for each variable of the template.
	Params Params `json:"params,omitempty"`
	// Body is free text, for vendors that take it; exclusive with Template.
	Body string `json:"body,omitempty"`
	// Kind is the caller's with Body. With a template it is empty or the
	// template's own; another is InvalidMessage. Validate fills it in.
	Kind Kind `json:"kind,omitempty"`
	// From is the name of a sender ("acme"), which each provider turns into its
	// own by its Options.Senders; a provider that lacks it answers Unsupported.
	// Empty: the binding's sender, then the provider's.
	From string `json:"from,omitempty"`
	// Key is the caller's ID for this message, under 256 bytes: deduplication,
	// and the ID by which the vendor is asked afterwards. Empty: the Client, or a
	// provider used alone, makes one with NewKey. Told in Receipt.Key and Error.Key.
	Key string `json:"key,omitempty"`
	// Expires drops the message (Expired) rather than send it late. Zero: never.
	Expires time.Time `json:"expires,omitzero"`
	// Tags are for routing, logs and reports; they are never sent.
	Tags map[string]string `json:"tags,omitempty"`
}

// MaxKey is the longest Message.Key in bytes. It is the shortest of the
// vendors' limits: Aliyun's OutId has to be shorter than 256 characters.
const MaxKey = 255

// Clone returns a copy that shares no map with m.
func (m Message) Clone() Message {
	m.Params = maps.Clone(m.Params)
	m.Tags = maps.Clone(m.Tags)
	return m
}

// Expired tells whether now is at or past m.Expires.
func (m Message) Expired(now time.Time) bool { return !m.Expires.IsZero() && !now.Before(m.Expires) }

// String returns the message as people may see it: the number masked, the
// variables by name only, of the body no more than its length.
func (m Message) String() string {
	var b strings.Builder
	b.WriteString("{to ")
	b.WriteString(m.To.String())
	part := func(name, value string) {
		if value != "" {
			b.WriteString(", " + name + " " + printable(value))
		}
	}
	part("template", m.Template)
	if len(m.Params) > 0 {
		part("params", m.Params.String())
	}
	if m.Body != "" {
		part("body", fmt.Sprintf("of %d bytes", len(m.Body)))
	}
	if m.Kind != 0 {
		part("kind", m.Kind.String())
	}
	part("from", m.From)
	part("key", m.Key)
	if !m.Expires.IsZero() {
		part("expires", m.Expires.Format(time.RFC3339))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Tags)) {
		part("tag "+printable(name), m.Tags[name])
	}
	b.WriteByte('}')
	return b.String()
}

// Format prints m masked under every verb.
func (m Message) Format(f fmt.State, verb rune) { formatMasked(f, verb, m.String()) }

// LogValue gives slog the same as String, in a group.
func (m Message) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("to", m.To.String())}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("template", m.Template)
	if len(m.Params) > 0 {
		add("params", m.Params.String())
	}
	if m.Body != "" {
		attrs = append(attrs, slog.Int("body_bytes", len(m.Body)))
	}
	if m.Kind != 0 {
		add("kind", m.Kind.String())
	}
	add("from", m.From)
	add("key", m.Key)
	if !m.Expires.IsZero() {
		attrs = append(attrs, slog.Time("expires", m.Expires))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Tags)) {
		add("tag."+name, m.Tags[name])
	}
	return slog.GroupValue(attrs...)
}

// Params holds the values of a template's variables by name. It prints the
// names only.
type Params map[string]string

// String returns the names, sorted, without the values: "[code name]".
func (p Params) String() string {
	return printable("[" + strings.Join(slices.Sorted(maps.Keys(p)), " ") + "]")
}

// Format prints the names only, under every verb.
func (p Params) Format(f fmt.State, verb rune) { formatMasked(f, verb, p.String()) }

// LogValue gives slog the names only.
func (p Params) LogValue() slog.Value { return slog.StringValue(p.String()) }

// printable quotes what would break a line of a log.
func printable(s string) string {
	if strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return strconv.Quote(s)
	}
	return s
}

// formatMasked prints text, which is safe to show, under the verb and flags of f.
func formatMasked(f fmt.State, verb rune, text string) {
	switch verb {
	case 'v', 's', 'q', 'x', 'X':
		fmt.Fprintf(f, fmt.FormatString(f, verb), text)
	default:
		fmt.Fprintf(f, "%%!%c(%s)", verb, text)
	}
}
