package sandbox

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/notifykit/notify/sms"
)

// The vendors, as Message.Vendor and Fault.Vendor name them.
const (
	Aliyun = "aliyun"
	Twilio = "twilio"
)

// A Message is one text that a vendor has taken for one number. Its JSON form
// is that of GET /_sandbox/messages and holds everything in full; it prints
// masked, under every verb and in log/slog.
type Message struct {
	// ID is the vendor's: Aliyun's BizId, which all numbers of one call share, or
	// Twilio's Message SID.
	ID       string     `json:"id"`
	Vendor   string     `json:"vendor"`
	Account  string     `json:"account"`  // access key ID, or account SID
	To       sms.Number `json:"to"`       // E.164
	From     string     `json:"from"`     // signature, or sender; empty while a Messaging Service has chosen none
	Template string     `json:"template"` // the vendor's template; empty: free text
	Params   sms.Params `json:"params"`
	Text     string     `json:"text"` // what the recipient reads, with the signature
	Key      string     `json:"key"`  // Aliyun's OutId
	// Status is Twilio's own word; of Aliyun's messages "accepted" is SendStatus 1,
	// "failed" is 2 and "delivered" is 3.
	Status string    `json:"status"`
	At     time.Time `json:"at"` // when the vendor took it
}

// String returns m as people may see it: the number masked, no value and no text.
func (m Message) String() string {
	return fmt.Sprintf("{%s %s to %s, template %s, %s}", m.Vendor, m.ID, m.To, m.Template, m.Status)
}

// Format prints m masked under every verb.
func (m Message) Format(f fmt.State, verb rune) {
	if verb == 'v' || verb == 's' || verb == 'q' || verb == 'x' || verb == 'X' {
		fmt.Fprintf(f, fmt.FormatString(f, verb), m.String())
		return
	}
	fmt.Fprintf(f, "%%!%c(%s)", verb, m.String())
}

// LogValue gives slog the masked form.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }
