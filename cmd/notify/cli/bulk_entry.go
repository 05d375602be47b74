package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/notifykit/notify/sms"
)

// The words of the column outcome, besides those of sms.Outcome.
const (
	marked  = "marked"   // about to be sent: the row does not say whether it was
	unsent  = "unsent"   // certainly not sent, because the command was ended
	leftOut = "left out" // by --unique or --exclude
)

// An entry is a line of the results file. It holds no value, and no number in full.
type entry struct {
	row           int
	outcome       string
	reason        sms.Reason
	id            string // the vendor's
	provider, key string
	at            time.Time // when it was marked: the vendor is asked what it took since then
	detail        string
	number        string // masked
	segments      int
	mark          string // notify.Client.Mark of the run that sent it
}

var resultColumns = []string{"row", "outcome", "reason", "id", "provider", "key", "at", "detail", "number", "segments", "mark"}

// oldColumns is how many columns results files had before number, segments and mark.
const oldColumns = 8

func (e entry) fields() []string {
	segments := ""
	if e.segments > 0 {
		segments = strconv.Itoa(e.segments)
	}
	return []string{strconv.Itoa(e.row), e.outcome, string(e.reason), csvCell(e.id), csvCell(e.provider), e.key,
		e.at.UTC().Format(time.RFC3339Nano), csvCell(e.detail), e.number, segments, e.mark}
}

func readEntry(fields []string) (entry, error) {
	if len(fields) != len(resultColumns) && len(fields) != oldColumns {
		return entry{}, fmt.Errorf("it has %d cells and not %d", len(fields), len(resultColumns))
	}
	row, err := strconv.Atoi(fields[0])
	at, timeErr := time.Parse(time.RFC3339Nano, fields[6])
	if row < 1 && err == nil {
		err = errors.New("there is no such row")
	}
	e := entry{row: row, outcome: fields[1], reason: sms.Reason(fields[2]), id: fields[3], provider: fields[4], key: fields[5], at: at, detail: fields[7]}
	if len(fields) > oldColumns {
		e.number = fields[8]
		e.segments, _ = strconv.Atoi(fields[9]) // empty if it is not known
		e.mark = fields[10]
	}
	return e, errors.Join(err, timeErr)
}

// again reports whether --resume sends a row: it was certainly not sent, and may be
// accepted later. A limit for each number that has no provider is our own.
func (e entry) again() bool {
	return e.outcome == unsent || e.outcome == sms.Rejected.String() &&
		(e.reason.Later() || e.reason == sms.RecipientLimited && e.provider == "")
}

// A rowState is what the journal keeps in memory of a row.
type rowState uint8

const (
	stateNone rowState = iota
	stateMarked
	stateUnknown
	stateAccepted
	stateRefused
	stateLater // refused, and may be accepted later
	stateUnsent
	stateLeftOut
)

func (e entry) state() rowState {
	switch e.outcome {
	case marked:
		return stateMarked
	case sms.Accepted.String():
		return stateAccepted
	case unsent:
		return stateUnsent
	case leftOut:
		return stateLeftOut
	case sms.Rejected.String():
		if e.again() {
			return stateLater
		}
		return stateRefused
	}
	return stateUnknown
}

// doubtful reports whether the vendor has to be asked about a row.
func (s rowState) doubtful() bool { return s == stateMarked || s == stateUnknown }

// waits reports whether a row is to be sent.
func (s rowState) waits() bool { return s == stateNone || s == stateLater || s == stateUnsent }

// encode writes one line. A Buffer takes everything.
func encode(fields []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(fields)
	w.Flush()
	return b.Bytes()
}
