package kit

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/notifykit/notify/sms"
)

// CheckSignature refuses what is certainly no signature of a vendor in mainland
// China: one with brackets, which the vendor adds, or with white space around it. Its
// length and its characters are the vendor's to judge: older ones break today's rules.
func CheckSignature(signature string) error {
	switch {
	case strings.ContainsAny(signature, "【】[]"):
		return fmt.Errorf("signature %q has brackets: write it without, the vendor adds them", signature)
	case strings.TrimSpace(signature) != signature:
		return fmt.Errorf("signature %q begins or ends with white space, with which the vendor does not know it", signature)
	}
	return nil
}

// ChinaSegments counts the parts that vendors in mainland China bill: every character
// counts one, 70 fill one part, and each of several holds 67 (Aliyun's document
// 44335). text includes the signature.
func ChinaSegments(text string) int {
	if n := utf8.RuneCountInString(text); n > 70 {
		return (n + 66) / 67
	}
	return 1
}

// Undelivered returns the delivery state of a message that was not delivered, by the
// code of its report: Expired for the carriers' word EXPIRED, Blocked if the recipient
// or a filter refused it, else Undelivered.
func (t Table) Undelivered(code string) sms.DeliveryState {
	if code == "EXPIRED" {
		return sms.StateExpired
	}
	row, _ := t.Find(ScopeReport, code)
	switch row.Reason {
	case sms.RecipientBlocked, sms.ContentRejected, sms.RecipientLimited:
		return sms.StateBlocked
	}
	return sms.StateUndelivered
}
