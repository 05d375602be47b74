package cli

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// The words of the column outcome, besides those of sms.Outcome.
const (
	marked = "marked" // about to be sent: whether it was, the row does not know
	unsent = "unsent" // certainly not sent, because the command was ended
)

// An entry is a line of the results file. It holds no number and no value.
type entry struct {
	row           int
	outcome       string
	reason        sms.Reason
	id            string // the vendor's
	provider, key string
	at            time.Time // when it was marked: the vendor is asked what it took since then
	detail        string
}

var resultColumns = []string{"row", "outcome", "reason", "id", "provider", "key", "at", "detail"}

// oneLine keeps a line of the file one record, so that a file that was cut can be
// read up to its last line end.
var oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func (e entry) fields() []string {
	return []string{strconv.Itoa(e.row), e.outcome, string(e.reason), oneLine.Replace(e.id), e.provider, e.key,
		e.at.UTC().Format(time.RFC3339Nano), oneLine.Replace(e.detail)}
}

func readEntry(fields []string) (entry, error) {
	if len(fields) != len(resultColumns) {
		return entry{}, fmt.Errorf("it has %d cells and not %d", len(fields), len(resultColumns))
	}
	row, err := strconv.Atoi(fields[0])
	at, timeErr := time.Parse(time.RFC3339Nano, fields[6])
	return entry{row, fields[1], sms.Reason(fields[2]), fields[3], fields[4], fields[5], at, fields[7]}, errors.Join(err, timeErr)
}

// again reports whether --resume sends a row: it was certainly not sent, and may be
// accepted later.
func (e entry) again() bool {
	return e.outcome == unsent || e.outcome == sms.Rejected.String() && e.reason.Later()
}

// doubtful tells whether the vendor has to be asked about a row.
func (e entry) doubtful() bool { return e.outcome == marked || e.outcome == sms.Unknown.String() }

// A journal is the results file while it is written: a mark for each row before
// it is sent, on disk, then what it came to. The last line of a row counts. At
// the end it is written anew, one line for each row.
type journal struct {
	path string

	mu     sync.Mutex // guards what follows
	f      *os.File
	states map[int]entry
}

// createJournal begins a results file, which must not exist.
func createJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s exists: --resume goes on with it, or move it away to begin anew, which sends everything again", path)
	}
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, f: f, states: map[int]entry{}}
	if err := cmp.Or(lock(f), j.write(encode(resultColumns)), f.Sync()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// resumeJournal goes on with one. What a crash has cut off its end is dropped.
func resumeJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no results file %s to resume: --results says where it is; without --resume one is begun", path)
	}
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, f: f}
	if err := lock(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use: another notify bulk is at it", path), f.Close())
	}
	if err := j.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is no results file: %w", path, err), f.Close())
	}
	return j, nil
}

func (j *journal) read() error {
	data, err := io.ReadAll(j.f)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	if err := j.f.Truncate(int64(whole)); err != nil {
		return err
	}
	if _, err := j.f.Seek(int64(whole), io.SeekStart); err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(data[:whole]))
	header, err := r.Read()
	if err != nil || !slices.Equal(header, resultColumns) {
		return errors.Join(errors.New("its first row is another"), err)
	}
	j.states = map[int]entry{}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, err := readEntry(fields)
		if err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
		j.states[e.row] = e
	}
}

func encode(records ...[]string) []byte {
	var b bytes.Buffer
	_ = csv.NewWriter(&b).WriteAll(records) // a Buffer takes everything
	return b.Bytes()
}

func (j *journal) write(lines []byte) error {
	_, err := j.f.Write(lines)
	return err
}

// mark notes rows that are about to be sent, all with one sync. Only when it
// returns nil may they be.
func (j *journal) mark(entries []entry) error {
	records := make([][]string, len(entries))
	for i, e := range entries {
		records[i] = e.fields()
	}
	lines := encode(records...)
	j.mu.Lock()
	err := j.write(lines)
	for _, e := range entries {
		j.states[e.row] = e
	}
	j.mu.Unlock()
	if err != nil {
		return err
	}
	return j.f.Sync() // outside the lock: results need not wait for the disk
}

// settle notes what rows came to. It is not synced: a row whose answer is lost in
// a crash is one that the vendor is asked about.
func (j *journal) settle(entries ...entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	records := make([][]string, len(entries))
	for i, e := range entries {
		if e.at.IsZero() {
			e.at = j.states[e.row].at
		}
		j.states[e.row], records[i] = e, e.fields()
	}
	return j.write(encode(records...))
}

// state gives the last line of a row.
func (j *journal) state(row int) (entry, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, ok := j.states[row]
	return e, ok
}

// doubtful lists the rows that the vendor has to be asked about, in order.
func (j *journal) doubtful() (rows []int) {
	for row, e := range j.states {
		if e.doubtful() {
			rows = append(rows, row)
		}
	}
	slices.Sort(rows)
	return rows
}

// close writes the file anew, one line for each row in order, in the place of the
// old one, which stands until the new one is whole.
func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	records := [][]string{resultColumns}
	for _, row := range slices.Sorted(maps.Keys(j.states)) {
		records = append(records, j.states[row].fields())
	}
	fresh, err := os.CreateTemp(filepath.Dir(j.path), filepath.Base(j.path)+".*")
	if err != nil {
		return errors.Join(err, j.f.Close())
	}
	_, err = fresh.Write(encode(records...))
	if err = errors.Join(err, fresh.Sync(), fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), j.path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(fresh.Name()))
	}
	return errors.Join(err, j.f.Close())
}
