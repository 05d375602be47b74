package outbox

import (
	"fmt"
	"log/slog"
)

// String returns the options without keys: how many there are.
func (o Options) String() string {
	return fmt.Sprintf("{engine %T, sender %T, %d workers, %d classes, %d keys, %d old keys}", o.Engine, o.Sender, o.Workers, len(o.Classes), len(o.Keys), len(o.OpenKeys))
}

// Format prints the text of String under every verb.
func (o Options) Format(f fmt.State, _ rune) { fmt.Fprint(f, o.String()) }

// LogValue returns the text of String as a slog value.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalText returns the text of String, so that no encoding shows a key.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// GobEncode returns the text of String.
func (o Options) GobEncode() ([]byte, error) { return o.MarshalText() }

// Format prints the Options under every verb, and no key.
func (b *Outbox) Format(f fmt.State, _ rune) { fmt.Fprint(f, "outbox "+b.o.String()) }

// String returns the entry with the length of its Data, which may hold a number, a text
// and a code.
func (e Entry) String() string {
	return fmt.Sprintf("{key %q, class %q, wait %v, repeat %v, %d bytes}", e.Key, e.Class, e.Wait, e.Repeat, len(e.Data))
}

// Format prints the text of String under every verb.
func (e Entry) Format(f fmt.State, _ rune) { fmt.Fprint(f, e.String()) }

// LogValue returns the text of String as a slog value.
func (e Entry) LogValue() slog.Value { return slog.StringValue(e.String()) }

// String returns the record with the lengths of its Data and Story.
func (r Record) String() string {
	return fmt.Sprintf("{key %q, class %q, %v at %v, now %v, age %v, %d tries, mark %q, revision %d, %d bytes, %d of story}",
		r.Key, r.Class, r.State, r.At, r.Now, r.Age, r.Tries, r.Mark, r.Revision, len(r.Data), len(r.Story))
}

// Format prints the text of String under every verb.
func (r Record) Format(f fmt.State, _ rune) { fmt.Fprint(f, r.String()) }

// LogValue returns the text of String as a slog value.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String returns the lease with the texts of its Entry and its Last.
func (l Lease) String() string {
	return fmt.Sprintf("{row %d, owner %d, number %d, entry %v, last %v}", l.Row, l.Owner, l.Number, l.Entry, l.Last)
}

// Format prints the text of String under every verb.
func (l Lease) Format(f fmt.State, _ rune) { fmt.Fprint(f, l.String()) }

// LogValue returns the text of String as a slog value.
func (l Lease) LogValue() slog.Value { return slog.StringValue(l.String()) }

// String returns the change with the length of its Story.
func (c Change) String() string {
	return fmt.Sprintf("{%v, wait %v, %d tries, receipt %d, %d bytes of story}", c.State, c.Wait, c.Tries, c.Receipt, len(c.Story))
}

// Format prints the text of String under every verb.
func (c Change) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// LogValue returns the text of String as a slog value.
func (c Change) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String returns the end with the texts of its Lease and its Change.
func (e End) String() string {
	return fmt.Sprintf("{lease %v, change %v, rivals %v}", e.Lease, e.Change, e.Rivals)
}

// Format prints the text of String under every verb.
func (e End) Format(f fmt.State, _ rune) { fmt.Fprint(f, e.String()) }

// LogValue returns the text of String as a slog value.
func (e End) LogValue() slog.Value { return slog.StringValue(e.String()) }
