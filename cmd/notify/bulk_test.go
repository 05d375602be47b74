package main_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/notifykit/notify/sandbox"
)

// people is a CSV file of n rows, each with a number of its own.
func people(n int) string {
	var b strings.Builder
	b.WriteString("to,name,order\n")
	for i := range n {
		fmt.Fprintf(&b, "139%08d,张三,A-%d\n", i, i)
	}
	return b.String()
}

// results reads a results file: outcome by row.
func (w *world) results(file string) map[string]int {
	w.Helper()
	rows, err := csv.NewReader(strings.NewReader(w.read(file))).ReadAll()
	if err != nil {
		w.Fatal(err)
	}
	outcomes := map[string]int{}
	for _, r := range rows[1:] {
		outcomes[r[1]]++
	}
	return outcomes
}

// A process that is killed in the middle, and then resumed: each row is sent
// once, and none is lost in silence.
func TestBulk_killedAndResumed(t *testing.T) {
	n, kills := 10_000, 3
	switch {
	case os.Getenv("NOTIFY_LONG") == "1":
		n = 100_000
	case testing.Short():
		n, kills = 5_000, 1
	}
	w := newWorld(t, sandbox.Options{MaxMessages: 2 * n})
	w.unlimited()
	w.write("people.csv", people(n))
	bulk := []string{"bulk", "people.csv", "--template", "shipped", "--region", "CN"}
	for kill := range kills {
		args := bulk
		if kill > 0 {
			args = append(args, "--resume")
		}
		cmd := w.command(args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.awaitSent((kill + 1) * n / (kills + 2))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("it ended before it was killed")
		}
	}
	// What was in flight at the kill the vendor is asked about; it answers for sure
	// only some time after the row was marked.
	out, errs, status := w.run(append(bulk, "--resume")...)
	for again := 0; status == 3 && again < 5; again++ {
		time.Sleep(time.Second) // the vendor's listing delay, find_after
		out, errs, status = w.run(append(bulk, "--resume")...)
	}
	sent := map[string]int{}
	for _, m := range w.sandbox.Messages("") {
		sent[m.To.E164()]++
	}
	twice := 0
	for _, k := range sent {
		if k > 1 {
			twice++
		}
	}
	t.Logf("%d rows, %d kills: %d sent, %d twice, status %d\n%s%s", n, kills, len(sent), twice, status, out, errs)
	if twice > 0 {
		t.Errorf("%d people have the message twice", twice)
	}
	if len(sent) != n || status != 0 {
		t.Errorf("%d of %d were sent, status %d", len(sent), n, status)
	}
}

// awaitSent waits until the sandbox has taken n messages.
func (w *world) awaitSent(n int) {
	w.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for len(w.sandbox.Messages("")) < n {
		select {
		case <-tick.C:
		case <-deadline.C:
			w.Fatalf("%d of %d were sent in two minutes", len(w.sandbox.Messages("")), n)
		}
	}
}

// unlimited takes the limit for each number away, and has the vendor asked soon.
func (w *world) unlimited() {
	w.Helper()
	w.edit("notify.yaml", "per_number: [60/minute]", "per_number: [1000/minute]")
	w.edit("notify.yaml", "aliyun: {access_key_id", "aliyun: {find_after: 1s, access_key_id")
	w.edit("notify.yaml", "twilio: {account_sid", "twilio: {find_after: 1s, account_sid")
}

// Ctrl-C finishes what is in flight and says how to go on.
func TestBulk_interrupted(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.write("people.csv", people(3000))
	cmd := w.command("bulk", "people.csv", "--template", "shipped", "--region", "CN")
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.awaitSent(300)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it says that all was done")
	}
	accepted := w.results("people.results.csv")["accepted"]
	if n := len(w.sandbox.Messages("")); n != accepted || n == 3000 {
		t.Errorf("the vendor has %d, and %d are recorded as accepted", n, accepted)
	}
	w.says(errs.String(), "--resume")
	w.ok("bulk", "people.csv", "--template", "shipped", "--region", "CN", "--resume")
	if n := len(w.sandbox.Messages("")); n != 3000 {
		t.Errorf("after --resume the vendor has %d of 3000", n)
	}
}

// What spreadsheets save: a mark of UTF-8, GB18030 if it is said, and numbers turned
// into amounts, which are reported by line.
func TestBulk_files(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(people(2))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"mark": "\ufeff" + people(2), "gb": gb} {
		w.sandbox.Clear("")
		w.write(name+".csv", text)
		encoding := map[string]string{"mark": "auto", "gb": "gb18030"}[name]
		w.ok("bulk", name+".csv", "--template", "shipped", "--region", "CN", "--encoding", encoding)
		m := w.sandbox.Messages("+8613900000001")
		if len(m) != 1 || m[0].Text != "【云通信】张三,您的订单A-1已发货。" {
			t.Errorf("%s: %v", name, m)
		}
	}
	w.sandbox.Clear("")
	w.write("bad.csv", "to,name,order\n1.38E+10,a,A-1\n13800000000,b\n+8613800000001,c,A-3\nabc,d,A-4\n")
	out, errs, status := w.run("bulk", "bad.csv", "--template", "shipped", "--region", "CN", "--check")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	w.says(out+errs, "bad.csv:2", "1.38E+10", "bad.csv:3", "bad.csv:5")
	if strings.Contains(out+errs, "bad.csv:4") {
		t.Errorf("a good row is reported:\n%s%s", out, errs)
	}
	if _, _, status := w.run("bulk", "bad.csv", "--template", "shipped", "--region", "CN"); status != 1 || len(w.sandbox.Messages("")) != 0 {
		t.Errorf("with bad rows: status %d, %d sent", status, len(w.sandbox.Messages("")))
	}
}
