package notify_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/providers/fake"
)

// Open has no Logger: the warning is logged by slog's default.
func TestOpen_warnsOfAForgottenVariableWithoutALogger(t *testing.T) {
	t.Setenv("NOTIFY_ENV", "")
	var log bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	client, err := notify.Open(write(t, "environment: ${NOTIFY_ENV:-development}\nproviders: {a: {driver: fake}}\n"), fake.Driver())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=WARN") || !strings.Contains(got, "because of a default") {
		t.Errorf("the log: %s", got)
	}
}
