package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// program is where TestMain has built the program, for users run what is built.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "quickstart")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(dir, "quickstart")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		log.Fatalf("go build: %v\n%s", err, out)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

func TestItEndsWellAndPlainly(t *testing.T) {
	var out, errs bytes.Buffer
	cmd := exec.Command(program)
	cmd.Env = []string{"HOME=" + t.TempDir()} // no variable of the user's is needed
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &errs)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("it colours what does not go to a terminal:\n%q", &out)
	}
	for _, want := range []string{"accepted  by aliyun", "try 1     aliyun: account blocked", "accepted  by twilio",
		"use a notification template", "try 1     aliyun: unavailable, outcome unknown", "found at Aliyun: sent once", "rejected  twilio: recipient blocked (21610)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	for _, number := range []string{"13800000001", "15005550004"} {
		if strings.Contains(out.String(), number) {
			t.Errorf("it shows the number %s in full:\n%s", number, &out)
		}
	}
}

// What it prints of the two inboxes is what the vendors hold, asked over HTTP
// while the sandbox still runs.
func TestWhatItPrintsIsWhatTheVendorsHold(t *testing.T) {
	cmd := exec.Command(program, "--keep")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, printed := "", map[string][]string{}
	vendor := ""
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		line := lines.Text()
		if m := regexp.MustCompile(`imitated at (http://127\.0\.0\.1:\d+)`).FindStringSubmatch(line); m != nil {
			url = m[1]
		}
		if m := regexp.MustCompile(`^What (\w+) has taken:$`).FindStringSubmatch(line); m != nil {
			vendor = m[1]
		} else if vendor != "" && strings.HasPrefix(line, "   ") {
			printed[vendor] = append(printed[vendor], strings.TrimSpace(line))
		}
		if strings.HasPrefix(line, "The sandbox stays") {
			break
		}
	}
	held := messages(t, url)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	for _, vendor := range []string{sandbox.Aliyun, sandbox.Twilio} {
		if !slices.Equal(printed[vendor], held[vendor]) {
			t.Errorf("%s: it printed\n%q\nand the vendor holds\n%q", vendor, printed[vendor], held[vendor])
		}
	}
	if len(held[sandbox.Aliyun]) != 2 || len(held[sandbox.Twilio]) != 1 {
		t.Errorf("the vendors hold %q: two of Aliyun's and one of Twilio's were to be", held)
	}
}

// messages asks a sandbox what it holds: lines as the program prints them, by vendor.
func messages(t *testing.T, url string) map[string][]string {
	t.Helper()
	response, err := http.Get(url + "/_sandbox/messages")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Messages []sandbox.Message }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	held := map[string][]string{}
	for _, m := range answer.Messages {
		held[m.Vendor] = append(held[m.Vendor], m.To.String()+"  "+m.Text)
	}
	return held
}
