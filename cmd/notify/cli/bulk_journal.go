package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/notifykit/notify/cmd/notify/cli/internal/sheet"
)

// byteOrderMark is what Excel needs to read a file as UTF-8.
const byteOrderMark = "\ufeff"

// A journal is the results file while it is written: a mark for each row before
// it is sent, on disk, then its result. The last line of a row counts. At the end
// it is written anew, one line for each row.
//
// In memory it keeps for each row a state and where its last line begins, so that
// millions of rows take little.
type journal struct {
	path string

	mu      sync.Mutex // guards what follows
	f       *os.File
	end     int64 // of the last whole line
	states  []rowState
	offsets []int64
	broken  int // lines that could not be read
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
	j := &journal{path: path, f: f}
	if err := cmp.Or(lock(f), j.append(encode(resultColumns)), f.Sync()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// resumeJournal goes on with one. What a crash has cut off its end is dropped, and
// lines that cannot be read are passed over. keyOf returns the key that a row must
// have: another file has others.
func resumeJournal(path string, keyOf func(row int) string) (*journal, error) {
	f, err := openLocked(path)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, f: f}
	if err := j.read(keyOf); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// openLocked opens and locks a results file. A run that ends puts a new file in the
// place of its own: the lock counts only if the file is still the one at path.
func openLocked(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no results file %s to resume: --results says where it is; without --resume one is begun", path)
		}
		if err != nil {
			return nil, err
		}
		if err := lock(f); err != nil {
			return nil, errors.Join(fmt.Errorf("%s is in use by another notify bulk", path), f.Close())
		}
		ours, err := f.Stat()
		named, otherErr := os.Stat(path)
		if err := errors.Join(err, otherErr); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if os.SameFile(ours, named) {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// maxEntry bounds a line of a results file, in bytes.
const maxEntry = 64 << 10

func (j *journal) read(keyOf func(row int) string) error {
	r := bufio.NewReaderSize(j.f, maxEntry)
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		begin := j.end
		switch {
		case errors.Is(err, io.EOF) && first:
			return fmt.Errorf("%s is no results file: it has no first row", j.path)
		case errors.Is(err, io.EOF):
			return j.f.Truncate(j.end) // cut to the last whole line
		case errors.Is(err, bufio.ErrBufferFull): // no line of ours is so long
			j.end += int64(len(line))
			j.broken++
			continue
		case err != nil:
			return err
		}
		j.end += int64(len(line))
		cells, err := sheet.Cells(strings.TrimRight(string(line), "\r\n"))
		if first {
			if err != nil || !isResultHeader(cells) {
				return fmt.Errorf("%s is no results file: its first row is another", j.path)
			}
			continue
		}
		if err != nil {
			j.broken++
			continue
		}
		e, err := readEntry(cells)
		if err != nil {
			j.broken++
			continue
		}
		if want := keyOf(e.row); e.key != want {
			return fmt.Errorf("the file, or the template, is not that with which %s was begun: row %d has another key", j.path, e.row)
		}
		j.note(e.row, e.state(), begin)
	}
}

func isResultHeader(cells []string) bool {
	if len(cells) == 0 {
		return false
	}
	cells[0] = strings.TrimPrefix(cells[0], byteOrderMark)
	return slices.Equal(cells, resultColumns) || slices.Equal(cells, resultColumns[:oldColumns])
}

// note keeps where the last line of a row is.
func (j *journal) note(row int, s rowState, offset int64) {
	for len(j.states) <= row {
		j.states, j.offsets = append(j.states, stateNone), append(j.offsets, 0)
	}
	j.states[row], j.offsets[row] = s, offset
}

// append writes lines, with one call. After an error the file ends as before.
func (j *journal) append(lines []byte) error {
	if _, err := j.f.WriteAt(lines, j.end); err != nil {
		return errors.Join(err, j.f.Truncate(j.end))
	}
	j.end += int64(len(lines))
	return nil
}

// mark notes rows that are about to be sent, all with one sync. Only if it returns
// nil they may be.
func (j *journal) mark(entries []entry) error {
	if err := j.settle(entries...); err != nil {
		return err
	}
	return j.f.Sync() // outside the lock: results need not wait for the disk
}

// settle notes the results of rows. It is not synced: a row whose result is lost in
// a crash is one that the vendor is asked about.
func (j *journal) settle(entries ...entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []byte
	begins := make([]int64, len(entries))
	for i, e := range entries {
		if e.at.IsZero() {
			if before, err := j.entry(e.row); err == nil {
				e.at, e.mark = before.at, before.mark
			}
		}
		begins[i] = j.end + int64(len(lines))
		lines = append(lines, encode(e.fields())...)
	}
	if err := j.append(lines); err != nil {
		return err
	}
	for i, e := range entries {
		j.note(e.row, e.state(), begins[i])
	}
	return nil
}

// state returns the state of a row.
func (j *journal) state(row int) rowState {
	j.mu.Lock()
	defer j.mu.Unlock()
	if row >= len(j.states) {
		return stateNone
	}
	return j.states[row]
}

// last returns the last line of a row.
func (j *journal) last(row int) (entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entry(row)
}

// entry is last with the lock held.
func (j *journal) entry(row int) (entry, error) {
	if row >= len(j.states) || j.states[row] == stateNone {
		return entry{}, fmt.Errorf("row %d has no line", row)
	}
	line := make([]byte, 1024)
	for {
		n, err := j.f.ReadAt(line, j.offsets[row])
		if end := strings.IndexByte(string(line[:n]), '\n'); end >= 0 {
			cells, err := sheet.Cells(string(line[:end]))
			if err != nil {
				return entry{}, err
			}
			return readEntry(cells)
		}
		if err != nil || len(line) > maxEntry {
			return entry{}, errors.Join(fmt.Errorf("row %d: its line has no end", row), err)
		}
		line = make([]byte, 4*len(line))
	}
}

// doubtful returns the rows that the vendor has to be asked about, in order.
func (j *journal) doubtful() (rows []int) {
	for row, s := range j.states {
		if s.doubtful() {
			rows = append(rows, row)
		}
	}
	return rows
}

// count counts the rows of all runs.
func (j *journal) count() (sum tally) {
	for _, s := range j.states {
		sum.add(s)
	}
	return sum
}

// close writes the file anew, one line for each row in order, in the place of the
// old one, which stays until the new one is whole.
func (j *journal) close(mark bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	fresh, err := os.CreateTemp(filepath.Dir(j.path), filepath.Base(j.path)+".*")
	if err != nil {
		return errors.Join(err, j.f.Close())
	}
	err = j.rewrite(fresh, mark)
	if err = errors.Join(err, fresh.Sync(), fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), j.path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(fresh.Name()))
	}
	return errors.Join(err, j.f.Close())
}

func (j *journal) rewrite(to io.Writer, mark bool) error {
	w := bufio.NewWriterSize(to, 64<<10)
	if mark {
		if _, err := w.WriteString(byteOrderMark); err != nil {
			return err
		}
	}
	if _, err := w.Write(encode(resultColumns)); err != nil {
		return err
	}
	for row, s := range j.states {
		if s == stateNone {
			continue
		}
		e, err := j.entry(row)
		if err != nil {
			return err
		}
		if _, err := w.Write(encode(e.fields())); err != nil {
			return err
		}
	}
	return w.Flush()
}
