package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressEvery is how often a line tells of the progress where there is no
// terminal.
const progressEvery = 10 * time.Second

// A tally counts rows by result.
type tally struct {
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	Later    int `json:"later,omitempty"` // of those refused: they may be accepted later
	Unknown  int `json:"unknown"`
	Unsent   int `json:"unsent"`
	LeftOut  int `json:"left_out,omitempty"`
}

func (t *tally) add(s rowState) {
	switch s {
	case stateNone:
	case stateAccepted:
		t.Accepted++
	case stateRefused:
		t.Refused++
	case stateLater:
		t.Refused++
		t.Later++
	case stateUnsent:
		t.Unsent++
	case stateLeftOut:
		t.LeftOut++
	default:
		t.Unknown++
	}
}

func (t tally) String() string {
	text := fmt.Sprintf("%d accepted, %d refused, %d unknown", t.Accepted, t.Refused, t.Unknown)
	if t.Unsent > 0 {
		text += fmt.Sprintf(", %d unsent", t.Unsent)
	}
	if t.LeftOut > 0 {
		text += fmt.Sprintf(", %d left out", t.LeftOut)
	}
	return text
}

// A progress tells a person how far a run is: a bar on a terminal, else a line
// now and then. Only one goroutine uses it.
type progress struct {
	tally
	total int
	w     *printer
	bar   *progressbar.ProgressBar // nil: lines
	last  time.Time
}

func (a *app) newProgress(total int) *progress {
	p := &progress{total: total, w: a.errs, last: time.Now()}
	if a.errs.isTerminal() {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(a.errs.raw), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"), progressbar.OptionSetWidth(20),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true))
	}
	return p
}

func (p *progress) row(s rowState) {
	p.add(s)
	done := p.Accepted + p.Refused + p.Unknown
	switch {
	case p.bar != nil:
		p.bar.Describe(p.tally.String())
		_ = p.bar.Set(min(done, p.total))
	case time.Since(p.last) >= progressEvery:
		p.last = time.Now()
		p.w.printf("%d of %d rows: %v\n", done, p.total, p.tally)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Exit()
		p.w.println()
	}
}
