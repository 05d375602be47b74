package main_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// A file that was damaged is not sent, and the error shows no number.
func TestBulk_damagedFiles(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	for name, c := range map[string]struct {
		text, want string
		args       []string
	}{
		"windows": {"to,name,order\n13900000001,Mu\xf1oz,A-1\n", "line 2, byte 15 is not UTF-8", nil},
		"byte":    {people(29) + "13900000031,Ren\xe9,A-1\n" + people(3), "line 31, byte 16", nil},
		"quote":   {strings.Replace(people(200), "13900000002,张三", "13900000002,\"张三", 1), "line 4: a quotation mark opens a cell and is not closed", []string{"--skip-bad"}},
		"norows":  {"to,name,order\n", "has no rows", nil},
		"cr":      {strings.ReplaceAll(strings.TrimPrefix(people(3), "to,name,order\n"), "\n", "\r"), `no column "to"`, nil},
	} {
		w.write(name+".csv", c.text)
		out, errs, status := w.run(append([]string{"bulk", name + ".csv", "--template", "shipped", "--region", "CN"}, c.args...)...)
		if status != 1 || !strings.Contains(errs, c.want) || strings.Contains(out+errs, "139000000") {
			t.Errorf("%s: status %d\n%s%s", name, status, out, errs)
		}
	}
	if n := len(w.sandbox.Messages("")); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

// With --skip-bad everyone is in the results file: those that a quotation mark in a
// wrong place has swallowed too.
func TestBulk_everyoneIsInTheResults(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.unlimited()
	text := strings.Replace(people(40), "13900000002,张三", "13900000002,\"张三", 1)
	text = strings.Replace(text, "13900000005,张三", "13900000005,张三\"", 1)
	w.write("people.csv", text)
	_, errs, status := w.run("bulk", "people.csv", "--template", "shipped", "--region", "CN", "--skip-bad")
	if status != 1 {
		t.Errorf("status %d\n%s", status, errs)
	}
	if got := w.results("people.results.csv"); got["accepted"] != 36 || got["rejected"] != 4 {
		t.Errorf("%v, want 36 accepted and 4 rejected", got)
	}
	w.says(w.read("people.results.csv"), "lines 4 to 7 are one row")
	for _, m := range w.sandbox.Messages("") {
		if strings.Contains(m.Text, "1390000") {
			t.Errorf("%s got other people's rows: %s", m.To, m.Text)
		}
	}
}

// Every row is checked as it will be sent: what the first provider refuses, and
// sending would not try with the next, is a bad row.
func TestBulk_checkStopsWhereSendingStops(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	for i, name := range []string{"http://x.cn", strings.Repeat("x", 42), "www.example.com/a", "a【b】c", strings.Repeat("张", 60)} {
		file := fmt.Sprintf("row%d", i)
		w.write(file+".csv", "to,name,order\n13900000001,"+name+",A-1\n")
		out, _, checked := w.run("bulk", file+".csv", "--template", "shipped", "--region", "CN", "--check")
		_, _, sent := w.run("send", "--to", "13900000001", "--region", "CN", "--template", "shipped", "name="+name, "order=A-1")
		if (checked == 0) != (sent == 0) {
			t.Errorf("%q: --check has status %d, send %d\n%s", name, checked, sent, out)
		}
	}
}

func TestBulk_columnsUniqueExclude(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.write("people.csv", "手机号,姓名,Order,remark\n13900000001,张三,A-1,x\n139 0000 0001,李四,A-2,x\n+86 13900000002,王五,A-3,\n13900000003,赵六,A-4,\n")
	w.write("stop.txt", "# opted out\nto\n+86 139-0000-0003\n")
	args := []string{"bulk", "people.csv", "--template", "shipped", "--region", "CN", "--column", "to=手机号", "--column", "name=姓名", "--unique", "--exclude", "stop.txt", "--excel"}
	out := w.ok(append(args, "--check")...)
	w.says(out, "CN", "aliyun", "2 rows", "1 row with a number that an earlier row has", "2 rows left out")
	w.ok(args...)
	if n := len(w.sandbox.Messages("")); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	text := w.read("people.results.csv")
	if !strings.HasPrefix(text, "\ufeff") {
		t.Error("--excel wrote no mark")
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d lines, %v", len(rows), err)
	}
	for i, want := range [][]string{{"outcome", "number", "segments"}, {"accepted", "+86139****0001", "1"}, {"left out", "+86139****0001", ""}, {"accepted", "+86139****0002", "1"}, {"left out", "+86139****0003", ""}} {
		if r := rows[i]; r[1] != want[0] || r[8] != want[1] || r[9] != want[2] {
			t.Errorf("line %d: %q, want %q", i+1, r, want)
		}
	}
	if strings.Contains(text, "1390000") {
		t.Error("the results file has numbers in full")
	}
	w.ok(append(args, "--resume")...)
	if n := len(w.sandbox.Messages("")); n != 2 {
		t.Errorf("--resume sent %d", n-2)
	}
	for _, bad := range [][]string{{"--column", "phone=手机号"}, {"--column", "to"}, {"--column", "to=a", "--column", "to=b"}, {"--encoding", "klingon"}} {
		if _, errs, status := w.run(append([]string{"bulk", "people.csv", "--template", "shipped"}, bad...)...); status != 2 {
			t.Errorf("%q: status %d, %s", bad, status, errs)
		}
	}
}

func TestBulk_standardInput(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	for i, path := range []string{"-", "/dev/stdin"} {
		cmd := w.command("bulk", path, "--template", "shipped", "--region", "CN", "--results", fmt.Sprintf("r%d.csv", i))
		cmd.Stdin = bytes.NewReader([]byte(people(3))) // a pipe
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
		if n := w.results(fmt.Sprintf("r%d.csv", i))["accepted"]; n != 3 {
			t.Errorf("%s: %d accepted", path, n)
		}
	}
}

// What is refused and may be sent later is told with the word --resume.
func TestBulk_refusedForNow(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.edit("notify.yaml", "per_number: [60/minute]", "per_number: [1/hour]")
	w.write("people.csv", "to,name,order\n13900000001,张三,A-1\n13900000001,张三,A-2\n13900000001,张三,A-3\n")
	out, _, status := w.run("bulk", "people.csv", "--template", "shipped", "--region", "CN")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "--resume") || !strings.Contains(last, "2 of those refused") {
		t.Errorf("the last line is %q", last)
	}
}

// The file is written over while a run is at it: what is sent is what was checked.
func TestBulk_fileChangesWhileItRuns(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.write("people.csv", people(2000))
	cmd := w.command("bulk", "people.csv", "--template", "shipped", "--region", "CN", "--concurrency", "4")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.awaitSent(50)
	w.write("people.csv", strings.ReplaceAll(people(2000), ",139", ",138")+strings.ReplaceAll(people(2000), "139", "137"))
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	messages := w.sandbox.Messages("")
	for _, m := range messages {
		if !strings.HasPrefix(m.To.E164(), "+86139") {
			t.Fatalf("%s was sent, and not checked", m.To)
		}
	}
	if len(messages) != 2000 {
		t.Errorf("%d messages, want 2000", len(messages))
	}
}

// A disk that is full in the middle of a run: --resume goes on, and nobody gets a
// message twice.
func TestBulk_fullDisk(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("a shell sets the limit")
	}
	w := newWorld(t, sandbox.Options{})
	w.unlimited()
	w.write("people.csv", people(1000))
	args := []string{"bulk", "people.csv", "--template", "shipped", "--region", "CN"}
	for _, blocks := range []int{60, 100, 150} { // of 512 bytes; the whole results file takes some 400
		cmd := w.command()
		cmd.Path, _ = exec.LookPath("sh")
		cmd.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$@"`, blocks), "sh", w.binary}, args...)
		out, err := cmd.CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatalf("%d blocks: %v\n%s", blocks, err, out)
		}
		t.Logf("%d blocks: status %d, %d sent", blocks, exit.ExitCode(), len(w.sandbox.Messages("")))
		if blocks == 60 {
			args = append(args, "--resume")
		}
	}
	out, errs, status := w.run(args...)
	for i := 0; status == 3 && i < 20; i++ { // the vendor's listing is late by a second
		out, errs, status = w.run(args...)
	}
	sent := map[string]int{}
	for _, m := range w.sandbox.Messages("") {
		if sent[m.To.E164()]++; sent[m.To.E164()] > 1 {
			t.Errorf("%s has the message twice", m.To)
		}
	}
	if status != 0 || len(sent) != 1000 {
		t.Errorf("status %d, %d of 1000 sent\n%s%s", status, len(sent), out, errs)
	}
	if left, _ := filepath.Glob(filepath.Join(w.dir, "people.results.csv.*")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "people.results.csv")); err != nil {
		t.Error(err)
	}
}
