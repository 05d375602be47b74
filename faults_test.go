package notify_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
)

var update = flag.Bool("update", false, "write testdata/faults/*.txt anew")

// Each file in testdata/faults is opened, and the error's text compared with the
// .txt beside it: what somebody reads whose program does not start.
func TestOpen_tells_every_fault_with_its_place_and_the_way_out(t *testing.T) {
	const secret = "s3cr3t-v4lue"
	t.Setenv("NOTIFY_TEST_SET", "set")
	t.Setenv("NOTIFY_TEST_EMPTY", "")
	t.Setenv("NOTIFY_TEST_SECRET", secret)
	files, err := filepath.Glob("testdata/faults/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			client, err := notify.Open(file, fake.Driver(), vendorDriver(nil))
			if err == nil {
				client.Close()
				t.Fatal("it was opened")
			}
			faults, ok := errors.AsType[*notify.ConfigError](err)
			if !ok {
				t.Fatalf("%T, not a *notify.ConfigError", err)
			}
			for _, f := range faults.Faults {
				if f.File != file || f.Line < 1 || f.Column < 1 {
					t.Errorf("without a place: %v", f)
				}
			}
			got := filepath.ToSlash(err.Error()) + "\n"
			if strings.Contains(got, secret) {
				t.Errorf("it shows the value of a variable:\n%s", got)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
