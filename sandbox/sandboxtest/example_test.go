package sandboxtest_test

import (
	"testing"

	"github.com/notifykit/notify/sandbox/sandboxtest"
)

func ExampleStart() {
	// In a real test t is the test's own.
	test := func(t *testing.T) {
		sb := sandboxtest.Start(t)
		// The program under test sends to sb.URL with the well-known credentials.
		m, err := sb.Await(t.Context(), "+8613800000000", "")
		if err != nil || m.Params["code"] == "" {
			t.Errorf("no code has come: %v", err)
		}
	}
	_ = test
}
