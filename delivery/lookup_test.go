package delivery_test

import (
	"errors"
	"testing"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

func TestTracker_lookup(t *testing.T) {
	tracker := open(t, delivery.Options{})
	note(t, tracker, "a", ann, "twilio", "SM1")
	note(t, tracker, "b", ann, "twilio", "SM2")
	note(t, tracker, "c", ben, "twilio", "SM3")
	report(t, tracker, sms.Report{Provider: "twilio", ID: "foreign", Key: "x", To: ann, State: sms.StateSent})
	if all, err := tracker.ByID(t.Context(), "SM2"); err != nil || len(all) != 1 || all[0].Key != "b" {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := tracker.ByNumber(t.Context(), ann); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	for name, look := range map[string]func() ([]delivery.Status, error){
		"an unknown ID":         func() ([]delivery.Status, error) { return tracker.ByID(t.Context(), "SM9") },
		"no ID":                 func() ([]delivery.Status, error) { return tracker.ByID(t.Context(), "") },
		"another application's": func() ([]delivery.Status, error) { return tracker.ByID(t.Context(), "foreign") },
		"an unknown number":     func() ([]delivery.Status, error) { return tracker.ByNumber(t.Context(), "+12025550199") },
		"no number":             func() ([]delivery.Status, error) { return tracker.ByNumber(t.Context(), "12") },
	} {
		if all, err := look(); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
}
