package fake_test

import (
	"testing"

	"github.com/notifykit/notify/providers/fake"
	"github.com/notifykit/notify/sms"
)

// A fake is a trial; in the place of another driver it passes for that one.
func TestDestination(t *testing.T) {
	f, err := fake.New(fake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Destination().Trial {
		t.Error("a fake passes for a vendor")
	}
	for driver, want := range map[string]bool{"fake": true, "aliyun": false} {
		s, err := f.Driver(driver).Open(sms.DriverConfig{Name: "local"})
		if err != nil {
			t.Fatal(err)
		}
		l, ok := s.(sms.Locator)
		if !ok || l.Destination() != (sms.Destination{Trial: want}) {
			t.Errorf("in the place of %s: %v", driver, s)
		}
	}
}
