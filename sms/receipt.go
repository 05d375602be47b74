package sms

// A Receipt says that a vendor accepted a message. It does not say that the
// recipient has it: that arrives later, as a delivery report.
type Receipt struct {
	// Provider is the configured name of the provider that accepted.
	Provider string `json:"provider,omitempty"`
	// Key is the message's key, the one made for it included.
	Key string `json:"key,omitempty"`
	// ID is the vendor's ID of the message: Aliyun's BizId, Twilio's Message SID.
	ID string `json:"id,omitempty"`
	// IDs holds one ID for each part, if the vendor gives a long text several. ID is
	// the first. Nil: there is only ID.
	IDs []string `json:"ids,omitempty"`
	// SharedID reports that other recipients of the same call have the same ID, so that
	// only ID and To together name the message.
	SharedID bool `json:"shared_id,omitempty"`
	// Ref is what the vendor echoes in reports in place of Key: a shorter form of it,
	// or the reference of a call for several messages. Empty: it echoes Key, or nothing.
	Ref string `json:"ref,omitempty"`
	// To is the number that the vendor was given.
	To Number `json:"to,omitempty"`
	// RequestID is the vendor's ID of the call, for its support desk.
	RequestID string `json:"request_id,omitempty"`
	// Segments is the number of parts billed: as the vendor says, else as counted.
	Segments int `json:"segments,omitempty"`
	// Attempts holds all tries in order, the accepted one last, where there were
	// several.
	Attempts []Attempt `json:"-"`
}
