package outboxtable_test

import (
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/outbox/outboxtable"
)

func TestOptions_Completed(t *testing.T) {
	o, err := outboxtable.Options{}.Completed(time.Second)
	if err != nil || o.Lease != 10*time.Second || o.Keep != 24*time.Hour || o.Poll != time.Second || o.Logger == nil {
		t.Errorf("%+v, %v", o, err)
	}
	_, err = outboxtable.Options{Lease: time.Millisecond, Keep: time.Hour, Poll: time.Microsecond}.Completed(time.Second)
	if err == nil {
		t.Fatal("times that defeat their purpose are taken")
	}
	for _, want := range []string{"the Lease is 1ms", "the Keep is 1h0m0s", "the Poll is 1µs"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}
