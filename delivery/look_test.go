package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

// askedVendors answer Look as they are told, and note what they were asked.
type askedVendors struct {
	asked []string
	say   func(id string) (sms.Report, error)
}

func (v *askedVendors) Look(_ context.Context, provider, id string, to sms.Number, at time.Time) (sms.Report, error) {
	if at.IsZero() {
		return sms.Report{}, errors.New("no time")
	}
	v.asked = append(v.asked, fmt.Sprint(provider, " ", id, " ", string(to)))
	r, err := v.say(id)
	r.Provider, r.ID, r.To = provider, id, to
	return r, err
}

func TestTracker_Look(t *testing.T) {
	down := errors.New("down")
	for name, test := range map[string]struct {
		say   func(string) (sms.Report, error)
		state sms.DeliveryState
		fails error
	}{
		"delivered":         {func(string) (sms.Report, error) { return sms.Report{State: sms.StateDelivered}, nil }, sms.StateDelivered, nil},
		"blocked":           {func(string) (sms.Report, error) { return sms.Report{State: sms.StateBlocked, Code: "30004"}, nil }, sms.StateBlocked, nil},
		"not listed":        {func(string) (sms.Report, error) { return sms.Report{}, sms.ErrNotFound }, sms.StateAccepted, nil},
		"cannot be asked":   {func(string) (sms.Report, error) { return sms.Report{}, errors.ErrUnsupported }, sms.StateAccepted, nil},
		"down":              {func(string) (sms.Report, error) { return sms.Report{}, down }, sms.StateAccepted, down},
		"a word of its own": {func(string) (sms.Report, error) { return sms.Report{Code: "teleported"}, nil }, sms.StateAccepted, nil},
	} {
		tracker := open(t, delivery.Options{})
		note(t, tracker, "order-1", ann, "twilio", "SM1")
		v := &askedVendors{say: test.say}
		if err := tracker.Look(t.Context(), "order-1", v); !errors.Is(err, test.fails) || test.fails == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s := status(t, tracker, "order-1"); s.State != test.state {
			t.Errorf("%s: %v", name, s)
		}
		if len(v.asked) != 1 || v.asked[0] != "twilio SM1 "+string(ann) {
			t.Errorf("%s: asked %q", name, v.asked)
		}
		// What is final is not asked for again.
		if err := tracker.Look(t.Context(), "order-1", v); test.state == sms.StateDelivered && (err != nil || len(v.asked) != 1) {
			t.Errorf("%s: asked %q, %v", name, v.asked, err)
		}
	}
	if err := open(t, delivery.Options{}).Look(t.Context(), "nothing", &askedVendors{}); err != nil && !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("a key that is not known: %v", err)
	}
}
