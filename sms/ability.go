package sms

// A Checker tells beforehand whether a template's values would be refused: by
// the Registry's rules, or by any provider that the template may go to. The
// Client and the providers have it. A nil error means that none would refuse.
type Checker interface {
	CheckTemplate(name string, p Params) error
}

// A Previewer shows what would be sent, without sending.
type Previewer interface {
	Preview(m Message) (Preview, error)
}

// A Preview is what one provider would send. It holds the text in full, code
// included: show it to the person who asked, and log it nowhere.
type Preview struct {
	// Provider is the configured name.
	Provider string
	// Text is what the recipient reads, a signature such as 【云通信】 included.
	Text string
	// Segments is the number of parts that Text takes, as counted here.
	Segments int
	// Encoding is "GSM-7" or "UCS-2".
	Encoding string
	// Parameters are the vendor's parameters by their own names.
	Parameters map[string]string
}
