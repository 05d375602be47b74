// Package sandboxtest starts a sandbox for a test, in one line:
//
//	sb := sandboxtest.Start(t)
//	// send through a provider whose Endpoint is sb.URL
//	m, err := sb.Await(t.Context(), to, "")
package sandboxtest

import (
	"testing"

	"github.com/notifykit/notify/sandbox"
)

// Start starts a sandbox with the well-known accounts on a free loopback port,
// which is in its URL, and closes it when the test is over.
func Start(tb testing.TB) *sandbox.Sandbox {
	tb.Helper()
	return StartWith(tb, sandbox.Options{})
}

// StartWith is Start with options.
func StartWith(tb testing.TB, o sandbox.Options) *sandbox.Sandbox {
	tb.Helper()
	sb, err := sandbox.Listen("", o)
	if err != nil {
		tb.Fatalf("the sandbox does not start: %v", err)
	}
	tb.Cleanup(func() {
		if err := sb.Close(); err != nil {
			tb.Errorf("the sandbox does not close: %v", err)
		}
	})
	return sb
}
