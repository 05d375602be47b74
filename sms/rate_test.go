package sms_test

import (
	"testing"

	"github.com/notifykit/notify/sms"
)

func TestNumber_SpecialRate(t *testing.T) {
	for n, want := range map[sms.Number]bool{
		"+19002345678":   true,  // premium rate
		"+449098790000":  true,  // premium rate
		"+498001234567":  true,  // toll-free
		"+18002345678":   true,  // toll-free
		"+4918012345":    true,  // shared cost
		"+33891123456":   true,  // premium rate
		"+8613800000000": false, // mobile
		"+8618912345678": false,
		"+447400123456":  false,
		"+15005550006":   false, // Twilio's test number
		"+12025550123":   false,
		"+4930123456":    false, // fixed line
		"+85298765432":   false,
		"":               false,
		"+1":             false,
	} {
		if got := n.SpecialRate(); got != want {
			t.Errorf("%s: %v, want %v", n.E164(), got, want)
		}
	}
}
