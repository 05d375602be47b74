package main_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// measured is a file that TestMeasure writes the peak of a command's memory to.
const measured = "NOTIFY_TEST_MEASURED"

// TestMeasure runs the command that its environment names. It is a process of its own,
// because Linux counts the memory of the process that starts a command as the command's.
func TestMeasure(t *testing.T) {
	file := os.Getenv(measured)
	if file == "" {
		t.Skip("it is run by TestBulk_memory")
	}
	var args []string
	if err := json.Unmarshal([]byte(os.Getenv(measured+"_ARGS")), &args); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	out, _ := cmd.CombinedOutput()
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	text := fmt.Sprintf("%d %d\n%s", usage.Maxrss>>10, cmd.ProcessState.ExitCode(), out)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// peak runs the command and returns its greatest resident memory in MB.
func (w *world) peak(status int, args ...string) (megabytes int, out string) {
	w.Helper()
	self, err := os.Executable()
	if err != nil {
		w.Fatal(err)
	}
	file := filepath.Join(w.TempDir(), "measured")
	list, err := json.Marshal(append([]string{w.binary}, args...))
	if err != nil {
		w.Fatal(err)
	}
	cmd := exec.CommandContext(w.Context(), self, "-test.run", "^TestMeasure$")
	cmd.Dir = w.dir
	cmd.Env = []string{"HOME=" + w.dir, "PATH=" + os.Getenv("PATH"), measured + "=" + file, measured + "_ARGS=" + string(list)}
	if text, err := cmd.CombinedOutput(); err != nil {
		w.Fatalf("%v\n%s", err, text)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		w.Fatal(err)
	}
	first, out, _ := strings.Cut(string(data), "\n")
	var got int
	if _, err := fmt.Sscan(first, &megabytes, &got); err != nil || got != status {
		w.Fatalf("%v: %s, %v\n%s", args, first, err, out)
	}
	return megabytes, out
}

// many writes a file of n recipients. number may be a format, of which each row is another number.
func (w *world) many(name, number string, n int) {
	w.Helper()
	f, err := os.Create(filepath.Join(w.dir, name))
	if err != nil {
		w.Fatal(err)
	}
	b := bufio.NewWriter(f)
	fmt.Fprintln(b, "to,code")
	for i := range n {
		if strings.Contains(number, "%") {
			fmt.Fprintf(b, number, i)
		} else {
			fmt.Fprint(b, number)
		}
		fmt.Fprintf(b, ",%06d\n", i%1_000_000)
	}
	if err := b.Flush(); err != nil {
		w.Fatal(err)
	}
	if err := f.Close(); err != nil {
		w.Fatal(err)
	}
}

// halfDone writes a results file for a file of n recipients, of which all but the last of
// a hundred were accepted, and which a crash has cut in a line.
func (w *world) halfDone(file, name string, n int) (left int) {
	w.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil {
		w.Fatal(err)
	}
	sum := sha256.Sum256(data)
	f, err := os.Create(filepath.Join(w.dir, name))
	if err != nil {
		w.Fatal(err)
	}
	b := bufio.NewWriter(f)
	fmt.Fprintln(b, "row,outcome,reason,id,provider,key,at,detail,number,segments,mark")
	done := n - n/100
	for row := 2; row < done+2; row++ {
		key := sha256.Sum256(fmt.Appendf(sum[:len(sum):len(sum)], "/login-code/%d", row))
		fmt.Fprintf(b, "%d,accepted,,SM%032d,local,bulk-%s,2026-11-29T01:02:03.000000004Z,,+86138****%04d,1,0123456789abcdef0123456789abcdef\n",
			row, row, base32.StdEncoding.EncodeToString(key[:15]), row%10_000)
	}
	fmt.Fprintf(b, "%d,accep", done+2)
	if err := errors.Join(b.Flush(), f.Close()); err != nil {
		w.Fatal(err)
	}
	return n / 100
}

// A check of a million rows, and a run of 1.5 million that goes on near their end, take
// less than 200 MB. Without NOTIFY_LONG there are fewer rows, and the command may take
// 40 MB more than for one row.
func TestBulk_memory(t *testing.T) {
	dry, rows := 10_000, 15_000
	long := os.Getenv("NOTIFY_LONG") != ""
	if long {
		dry, rows = 1_000_000, 1_500_000
	}
	w := newWorld(t, sandbox.Options{})
	w.write("notify.yaml", `providers: {local: {driver: fake}}
templates:
  login-code: {kind: verification, text: "Your code is ${code}."}
`)
	const people = "+861380%07d"
	w.many("one.csv", people, 1)
	w.many("dry.csv", people, dry)
	w.many("bad.csv", "12%07d", dry)          // no number has a country code
	w.many("same.csv", "+8613800000000", dry) // all are one number
	w.many("rows.csv", people, rows)
	left := w.halfDone("rows.csv", "results.csv", rows)
	bulk := func(file string, more ...string) []string {
		return append([]string{"bulk", file, "--template", "login-code", "--yes"}, more...)
	}
	base, _ := w.peak(0, bulk("one.csv", "--check")...)
	most := base + 40
	if long {
		most = 200
	}
	check := func(what string, got int) {
		t.Logf("%s: %d MB (one row: %d MB)", what, got, base)
		if got > most {
			t.Errorf("%s takes %d MB, and at most %d are wanted", what, got, most)
		}
	}
	got, _ := w.peak(0, bulk("dry.csv", "--check")...)
	check(fmt.Sprintf("a check of %d rows", dry), got)
	got, _ = w.peak(1, bulk("bad.csv", "--check")...)
	check(fmt.Sprintf("a check of %d bad rows", dry), got)
	got, _ = w.peak(0, bulk("same.csv", "--check", "--unique")...)
	check(fmt.Sprintf("a check of %d rows with one number", dry), got)
	got, out := w.peak(0, bulk("rows.csv", "--results", "results.csv", "--resume")...)
	check(fmt.Sprintf("--resume of %d rows, %d of them to be sent", rows, left), got)
	if !strings.Contains(out, fmt.Sprint(rows, " accepted, 0 refused")) {
		t.Errorf("%s", out)
	}
}
