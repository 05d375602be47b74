package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

// A printer is one of the two streams of a command. Nothing else writes to them: the
// printer alone holds the stream, and cleans everything that it prints, because any
// of it may be what others have written, such as a vendor's words or a file's name.
// Its methods may be called at the same time.
type printer struct {
	raw io.Writer
	mu  sync.Mutex
}

func newPrinter(w io.Writer) *printer { return &printer{raw: w} }

// painted is text that the printer leaves as it is: one clean line, which may hold the
// colours of a palette.
type painted string

// printf prints the arguments, each as one line, in a format, which is a constant.
func (p *printer) printf(format string, args ...any) {
	clean := make([]any, len(args))
	for i, arg := range args {
		clean[i] = cleanArg(arg)
	}
	p.put(fmt.Sprintf(format, clean...))
}

// println prints a line of the arguments, with blanks between them.
func (p *printer) println(args ...any) {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = fmt.Sprint(cleanArg(arg))
	}
	p.put(strings.Join(words, " ") + "\n")
}

// cleanArg returns arg without what acts on a terminal.
func cleanArg(arg any) any {
	switch v := arg.(type) {
	case painted:
		return string(v)
	case int, bool:
		return v
	default:
		return oneLine(fmt.Sprint(v))
	}
}

// document prints text of several lines, such as YAML.
func (p *printer) document(text string) error { return p.put(yamlText(text)) }

// json prints v as one indented JSON value. Characters that act on a terminal are
// escaped, which leaves the value as it is.
func (p *printer) json(v any) error {
	e := json.NewEncoder(jsonText{p})
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// jsonText is what an encoder of JSON writes whole values to.
type jsonText struct{ p *printer }

func (v jsonText) Write(text []byte) (int, error) {
	for line := range bytes.Lines(text) { // not the whole at once, which may be large
		if err := v.p.put(escapeUnseen(string(line))); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}

// writer returns a writer for libraries that print documents: help, a log, a
// configuration.
func (p *printer) writer() io.Writer { return documents{p} }

// isTerminal reports whether a person sits at the other end.
func (p *printer) isTerminal() bool { return isTerminal(p.raw) }

// isTerminal reports whether stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p *printer) put(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := io.WriteString(p.raw, text)
	return err
}

type documents struct{ p *printer }

func (d documents) Write(text []byte) (int, error) {
	if err := d.p.document(string(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// escapeUnseen writes what is not seen, but line ends and tabs between other
// text, as escapes of JSON.
func escapeUnseen(text string) string {
	if !strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && c != '\t' && unseen(c) }) {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if c != '\n' && c != '\t' && unseen(c) {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// visible writes what is not seen as escapes, so that it can be compared.
func visible(text string) string {
	var b strings.Builder
	for _, c := range text {
		if unseen(c) || c == utf8.RuneError {
			quoted := strconv.QuoteToASCII(string(c))
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}
