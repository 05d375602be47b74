package sandboxtest_test

import (
	"net/http"
	"testing"

	"github.com/notifykit/notify/sandbox"
	"github.com/notifykit/notify/sandbox/sandboxtest"
)

// Each test has a sandbox of its own, which is gone when the test is over.
func TestStart(t *testing.T) {
	var first string
	t.Run("is there", func(t *testing.T) {
		sb, other := sandboxtest.Start(t), sandboxtest.StartWith(t, sandbox.Options{Lenient: true})
		first = sb.URL
		if sb.URL == other.URL {
			t.Errorf("two sandboxes at %s", sb.URL)
		}
		answer, err := http.Get(sb.URL + "/_sandbox/messages")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Errorf("status %d", answer.StatusCode)
		}
	})
	if answer, err := http.Get(first + "/_sandbox/messages"); err == nil {
		answer.Body.Close()
		t.Error("it is still there after its test")
	}
}
