package sms

import "time"

// A Receipt says that a vendor accepted a message. It does not say that the
// recipient has it: that arrives later, as a delivery report.
type Receipt struct {
	// Provider is the configured name of the provider that accepted.
	Provider string `json:"provider,omitempty"`
	// Key is the message's key, the one made for it included.
	Key string `json:"key,omitempty"`
	// ID is the vendor's ID of the message: Aliyun's BizId, Twilio's Message SID.
	ID string `json:"id,omitempty"`
	// RequestID is the vendor's ID of the call, for its support desk.
	RequestID string `json:"request_id,omitempty"`
	// Segments is the number of parts billed: as the vendor says, else as counted.
	Segments int `json:"segments,omitempty"`
	// Attempts holds all tries in order, the accepted one last, where there were
	// several.
	Attempts []Attempt `json:"-"`
}

// An Attempt is one try at one provider.
type Attempt struct {
	// Provider is the configured name of the provider.
	Provider string
	// Err is nil where the vendor accepted.
	Err error
	// Took is how long the try lasted.
	Took time.Duration
}

// AppendAttempts adds to list what one call to a Sender came to: the tries that
// the receipt or the error already tells of, else one Attempt that lasted took.
// A list made so is flat: it never holds an error that sums up others.
func AppendAttempts(list []Attempt, r Receipt, err error, took time.Duration) []Attempt {
	if err == nil {
		if len(r.Attempts) > 0 {
			return append(list, r.Attempts...)
		}
		return append(list, Attempt{Provider: r.Provider, Took: took})
	}
	e := find(err)
	if e == nil {
		return append(list, Attempt{Err: err, Took: took})
	}
	if len(e.Attempts) > 0 {
		return append(list, e.Attempts...)
	}
	return append(list, Attempt{Provider: e.Provider, Err: err, Took: took})
}
