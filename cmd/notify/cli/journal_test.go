package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

func keyOf(row int) string { return fmt.Sprintf("bulk-%d", row) }

func sample(row int, outcome string) entry {
	e := entry{row: row, outcome: outcome, key: keyOf(row), at: time.Unix(int64(row), 0), number: "+86138****0000"}
	if outcome == "accepted" {
		e.id, e.provider, e.segments = "id", "aliyun", 2
	}
	return e
}

// begin makes a results file with rows 2 to n+1, each marked and then accepted.
func begin(t testing.TB, n int) *journal {
	t.Helper()
	j, err := createJournal(filepath.Join(t.TempDir(), "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.f.Close() })
	for row := 2; row < n+2; row++ {
		if err := errors.Join(j.settle(sample(row, marked)), j.settle(sample(row, "accepted"))); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// A results file that a full disk, a crash or an editor has damaged is gone on
// with: a row keeps the last line that can be read.
func TestResumeJournal_damaged(t *testing.T) {
	accepted := func(row int) string { return string(encode(sample(row, "accepted").fields())) }
	mark := func(row int) string { return string(encode(sample(row, marked).fields())) }
	header := string(encode(resultColumns))
	old := strings.Join(resultColumns[:oldColumns], ",") + "\n"
	oldLine := func(row int) string {
		return strings.Join(sample(row, "accepted").fields()[:oldColumns], ",") + "\n"
	}
	for _, c := range []struct {
		name, text string
		want       map[int]rowState
		broken     int
	}{
		{"whole", header + mark(2) + accepted(2) + mark(3), map[int]rowState{2: stateAccepted, 3: stateMarked}, 0},
		{"cut in its last line", header + mark(2) + accepted(2) + mark(3) + accepted(3)[:9], map[int]rowState{2: stateAccepted, 3: stateMarked}, 0},
		{"a piece of a line, and a whole one after it", header + mark(2) + mark(3) + mark(4)[:9] + accepted(2) + accepted(3), map[int]rowState{2: stateMarked, 3: stateAccepted}, 1},
		{"a line with too few cells", header + mark(2) + "3,accepted\n" + mark(3), map[int]rowState{2: stateMarked, 3: stateMarked}, 1},
		{"a line without a number of its row", header + mark(2) + strings.Replace(accepted(2), "2,", "x,", 1), map[int]rowState{2: stateMarked}, 1},
		{"an empty line", header + mark(2) + "\n" + accepted(2), map[int]rowState{2: stateAccepted}, 1},
		{"a quotation mark in a wrong place", header + mark(2) + "3,\"acc\"epted,,,,,,\n" + accepted(2), map[int]rowState{2: stateAccepted}, 1},
		{"a line of zeros, as a crash leaves one", header + mark(2) + strings.Repeat("\x00", 100) + "\n" + accepted(2), map[int]rowState{2: stateAccepted}, 1},
		{"a line that is longer than any", header + mark(2) + strings.Repeat("x", 3*maxEntry) + "\n" + accepted(2), map[int]rowState{2: stateAccepted}, 4},
		{"one of before number and segments", old + oldLine(2) + mark(3), map[int]rowState{2: stateAccepted, 3: stateMarked}, 0},
		{"one with Excel's mark and line ends", byteOrderMark + strings.ReplaceAll(header+accepted(2)+mark(3), "\n", "\r\n"), map[int]rowState{2: stateAccepted, 3: stateMarked}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "results.csv")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			j, err := resumeJournal(path, keyOf)
			if err != nil {
				t.Fatal(err)
			}
			for row := range 6 {
				if got := j.state(row); got != c.want[row] {
					t.Errorf("row %d: state %d, want %d", row, got, c.want[row])
				}
			}
			if j.broken != c.broken {
				t.Errorf("%d lines passed over, want %d", j.broken, c.broken)
			}
			// It is gone on with, and read again.
			if err := errors.Join(j.settle(sample(5, "accepted")), j.close(false)); err != nil {
				t.Fatal(err)
			}
			again, err := resumeJournal(path, keyOf)
			if err != nil {
				t.Fatal(err)
			}
			defer again.f.Close()
			if again.state(5) != stateAccepted || again.state(2) != c.want[2] || again.broken != 0 {
				t.Errorf("after the end: %v, %d broken", again.states, again.broken)
			}
		})
	}
	for name, text := range map[string]string{"empty": "", "another": "to,name\n1,2\n", "of another file": header + strings.Replace(mark(2), "bulk-2", "bulk-7", 1)} {
		path := filepath.Join(t.TempDir(), "results.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := resumeJournal(path, keyOf); err == nil {
			t.Errorf("%s: it is resumed", name)
		}
	}
}

// A write that fails half way leaves no piece of a line behind.
func TestJournal_fullDisk(t *testing.T) {
	j := begin(t, 10)
	whole := j.end
	if _, err := j.f.WriteAt([]byte("11,mark"), whole); err != nil { // what a full disk leaves
		t.Fatal(err)
	}
	read, err := os.Open(j.path) // a file that cannot be written stands for a full disk
	if err != nil {
		t.Fatal(err)
	}
	writable := j.f
	j.f = read
	if err := j.mark([]entry{sample(11, marked)}); err == nil {
		t.Fatal("a mark that was not written is one")
	}
	if j.state(11) != stateAccepted && j.state(11) != stateNone || j.end != whole {
		t.Errorf("row 11 is %d, the end %d, want %d", j.state(11), j.end, whole)
	}
	j.f = writable
	if err := errors.Join(read.Close(), j.settle(sample(12, "accepted")), j.f.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := resumeJournal(j.path, keyOf)
	if err != nil {
		t.Fatal(err)
	}
	defer again.f.Close()
	if again.state(12) != stateAccepted || again.broken != 0 {
		t.Errorf("row 12 is %d, %d lines broken", again.state(12), again.broken)
	}
}

// Whoever has the lock has the file that is at the path: while one run ends, and
// puts a new file there, many others try to go on with it.
func TestOpenLocked_hasTheFileAtThePath(t *testing.T) {
	path := begin(t, 3).path
	j, err := openLocked(path)
	if err == nil {
		t.Fatal("it is locked twice")
	}
	_ = j
	path = filepath.Join(t.TempDir(), "results.csv")
	first, err := createJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.close(false); err != nil {
		t.Fatal(err)
	}
	var held sync.Mutex // by whoever has the lock
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				j, err := resumeJournal(path, keyOf)
				if err != nil {
					continue // in use
				}
				if !held.TryLock() {
					t.Error("two have the lock")
					return
				}
				ours, _ := j.f.Stat()
				named, err := os.Stat(path)
				if err != nil || !os.SameFile(ours, named) {
					t.Errorf("the lock is on a file that is not at the path: %v", err)
				}
				held.Unlock()
				if err := j.close(false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// What a results file takes in memory is a few bytes a row.
func TestResumeJournal_takesLittleMemory(t *testing.T) {
	const n = 50_000
	j := begin(t, n)
	if err := j.f.Close(); err != nil {
		t.Fatal(err)
	}
	path := j.path
	j = nil
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	again, err := resumeJournal(path, keyOf)
	if err != nil {
		t.Fatal(err)
	}
	defer again.f.Close()
	if took := int64(heap()) - int64(before); took > 40*n {
		t.Errorf("%d bytes a row, want at most 40", took/n)
	}
	if sum := again.count(); sum.Accepted != n {
		t.Errorf("%+v", sum)
	}
}

func TestCSVCell(t *testing.T) {
	for text, want := range map[string]string{
		"ok": "ok", "": "", "=1+1": "'=1+1", "+49": "'+49", "-2": "'-2", "@a": "'@a", "＝1": "'＝1",
		"a\r\nb": "a b", "a\nb": "a b", "\x1b[31mred": "[31mred", "a\u202eb": "a b", "\t=1": "'=1", "'=1": "'=1", "\r=1": "'=1",
	} {
		if got := csvCell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What others have written is one cell of one line, which is no formula, and a
// results file with it is read again.
func FuzzEntry(f *testing.F) {
	for _, s := range []string{"=cmd()", "a\r\nb", "\x1b]0;x\a", "\u202etxt", "\"", "+1\n", "-", "@"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, id, detail string) {
		e := sample(7, "rejected")
		e.id, e.detail, e.reason = id, detail, sms.Throttled
		line := string(encode(e.fields()))
		if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\r\x1b\u202e") {
			t.Fatalf("%q", line)
		}
		for _, cell := range e.fields()[:8] {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t") {
				t.Fatalf("%q is a formula", cell)
			}
		}
		path := filepath.Join(t.TempDir(), "r.csv")
		if err := os.WriteFile(path, append(encode(resultColumns), line...), 0o600); err != nil {
			t.Fatal(err)
		}
		if len(line) > maxEntry {
			return
		}
		j, err := resumeJournal(path, keyOf)
		if err != nil || j.state(7) != stateLater {
			t.Fatalf("%v in %q", err, line)
		}
		got, err := j.last(7)
		if err != nil || !slices.Equal(got.fields(), e.fields()) {
			t.Fatalf("%q became %q, %v", e.fields(), got.fields(), err)
		}
		_ = j.f.Close()
	})
}
