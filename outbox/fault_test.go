package outbox_test

import (
	"errors"
	"testing"

	"github.com/notifykit/notify/outbox"
)

// People count from 1; the field counts from 0.
func TestEnqueueError_countsFromOne(t *testing.T) {
	err := &outbox.EnqueueError{Faults: []outbox.Fault{{Index: 0, Err: errors.New("no key")}, {Index: 6, Key: "k7", Err: errors.New("no")}}}
	if want := `outbox: 2 refused; message 1: no key; message 7 (key "k7"): no`; err.Error() != want || err.Faults[1].Index != 6 {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}
