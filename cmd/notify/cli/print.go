package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/rivo/uniseg"
)

// A palette colours text, or leaves it alone.
type palette bool

// colours are used on a terminal and without NO_COLOR (no-color.org).
func (a *app) colours() palette {
	return palette(a.out.isTerminal() && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// A colour is the number of an ANSI colour; zero is none.
type colour int

const (
	red    colour = 31
	green  colour = 32
	yellow colour = 33
	dim    colour = 2
	bold   colour = 1
)

// paint returns text as one clean line in a colour.
func (p palette) paint(c colour, text string) painted {
	text = oneLine(text)
	if !p || c == 0 || text == "" {
		return painted(text)
	}
	return painted(fmt.Sprintf("\x1b[%dm%s\x1b[0m", c, text))
}

// show prints v for machines, or calls text for people.
func (a *app) show(v any, text func()) error {
	if !a.json {
		text()
		return nil
	}
	return a.out.json(v)
}

// A table is lines of cells in columns. Columns are measured as a terminal shows
// them, where a Chinese character takes two places.
type table struct{ rows [][]cell }

// A cell is a text and the colour it is shown in.
type cell struct {
	text   string
	colour colour
}

func plain(texts ...string) []cell {
	cells := make([]cell, len(texts))
	for i, t := range texts {
		cells[i] = cell{text: t}
	}
	return cells
}

func (t *table) row(texts ...string) { t.rows = append(t.rows, plain(texts...)) }
func (t *table) cells(row []cell)    { t.rows = append(t.rows, row) }
func (t *table) header(texts ...string) {
	row := plain(texts...)
	for i := range row {
		row[i].colour = bold
	}
	t.cells(row)
}

func (t *table) write(out *printer, p palette) {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			c.text = oneLine(c.text)
			row[i] = c
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(c.text))
		}
	}
	for _, row := range t.rows {
		last := len(row) - 1
		for last > 0 && row[last].text == "" {
			last--
		}
		var b strings.Builder
		for i, c := range row[:last+1] {
			b.WriteString(string(p.paint(c.colour, c.text)))
			if i < last {
				b.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(c.text)+2))
			}
		}
		out.println(painted(b.String()))
	}
}

// count writes "1 message" and "2 messages".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
