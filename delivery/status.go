package delivery

import (
	"cmp"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Status is what became of a message. It holds the masked number only.
type Status struct {
	// Key is the message's key.
	Key string `json:"key"`
	// Provider is the configured name of the provider that has the message, and ID the
	// vendor's ID. They are empty if no vendor is known to have it.
	Provider string `json:"provider,omitempty"`
	ID       string `json:"id,omitempty"`
	// To is the masked number.
	To string `json:"to,omitempty"`
	// Template, Kind and Region describe the message.
	Template string   `json:"template,omitempty"`
	Kind     sms.Kind `json:"kind,omitempty"`
	Region   string   `json:"region,omitempty"`
	// Outcome is what Send returned: Accepted, Rejected, or Unknown.
	Outcome sms.Outcome `json:"outcome"`
	// State is the delivery state. It is zero if no vendor is known to have the message.
	State sms.DeliveryState `json:"state"`
	// Reason, Code and Message are the vendor's for State, or of the last attempt if no
	// vendor has the message.
	Reason  sms.Reason `json:"reason,omitempty"`
	Code    string     `json:"code,omitempty"`
	Message string     `json:"message,omitempty"`
	// Segments is the number of billed parts, and Price what the vendor reported.
	Segments int    `json:"segments,omitempty"`
	Price    string `json:"price,omitempty"`
	// AcceptedAt is when Send returned, and StateAt when State was reached.
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	StateAt    time.Time `json:"state_at,omitzero"`
	// Attempts are the attempts of every call that is known, in order.
	Attempts []Try `json:"attempts,omitempty"`
	// Copies is how often vendors have the message: more than once after a repeated
	// send of unknown outcome, or after a person sent it again.
	Copies int `json:"copies,omitempty"`
}

// Final reports whether no later report is expected.
func (s Status) Final() bool { return s.State.Final() || s.State == 0 && s.Outcome == sms.Rejected }

// statusOf returns the status of the messages with one key.
//
// A record that only echoes the key counts if a record of ours with the same key went
// to the same provider and the same number. Of the copies that vendors have, one that
// was delivered decides, then one that is still on its way, then the one that got
// furthest. ok is false if no record is ours.
func statusOf(records []Record) (s Status, ok bool) {
	records = ours(records)
	if len(records) == 0 {
		return Status{}, false
	}
	best := copiesOf(records)
	first := best[0]
	s = Status{
		Key: first.Key, Outcome: outcomeOf(first.Answer), State: first.Current(),
		Provider: first.Provider, ID: first.VendorID, Reason: first.Reason, Code: first.Code, Message: first.Message,
		AcceptedAt: first.TriedAt, StateAt: first.At,
	}
	if first.whole() && first.State != sms.StateDelivered {
		s.Reason, s.Code, s.Message = "", "", ""
	}
	tried := map[time.Time]bool{}
	slices.SortStableFunc(records, func(a, b Record) int { return a.TriedAt.Compare(b.TriedAt) })
	for _, r := range records {
		s.To, s.Template, s.Region = cmp.Or(s.To, r.To), cmp.Or(s.Template, r.Template), cmp.Or(s.Region, r.Region)
		s.Kind = cmp.Or(s.Kind, r.Kind)
		s.Segments, s.Price = max(s.Segments, r.Segments), max(s.Price, r.Price)
		if r.Own && !tried[r.TriedAt] { // records of one call have the same attempts
			tried[r.TriedAt] = true
			s.Attempts = append(s.Attempts, r.Tries...)
		}
	}
	for _, c := range best {
		if c.Answer == AnswerAccepted {
			s.Copies++
		}
	}
	if s.State == 0 && len(s.Attempts) > 0 { // no vendor has it: the last attempt says why
		last := s.Attempts[len(s.Attempts)-1]
		s.Reason, s.Code, s.Message = last.Reason, last.Code, last.Message
		s.Provider = last.Provider
	}
	return s, true
}

// ours returns the records that are of our message: our own, and those that echo its
// key for the same provider and number.
func ours(records []Record) []Record {
	return slices.DeleteFunc(slices.Clone(records), func(r Record) bool {
		return !r.Own && !slices.ContainsFunc(records, func(own Record) bool {
			return own.Own && own.Key == r.Key && own.Number == r.Number && own.tried(r.Provider)
		})
	})
}

// tried reports whether the message may have gone to the provider.
func (r Record) tried(provider string) bool {
	return r.Provider == provider || slices.ContainsFunc(r.Tries, func(t Try) bool { return t.Provider == provider })
}

// copiesOf returns one record for each copy of the message, the one that decides
// first. The records of one call are the parts of one copy: it is as far as the part
// that is furthest behind, or that failed.
func copiesOf(records []Record) []Record {
	var copies []Record
	for _, r := range records {
		if !r.counts(records) {
			continue
		}
		same := slices.IndexFunc(copies, func(c Record) bool {
			return c.Own && r.Own && c.VendorID != "" && r.VendorID != "" && c.Provider == r.Provider && c.TriedAt.Equal(r.TriedAt)
		})
		switch {
		case same < 0:
			copies = append(copies, r)
		case behind(r, copies[same]):
			copies[same] = r
		}
	}
	slices.SortStableFunc(copies, func(a, b Record) int {
		return cmp.Or(cmp.Compare(b.rank(), a.rank()), cmp.Compare(b.Current(), a.Current()), b.TriedAt.Compare(a.TriedAt), cmp.Compare(a.VendorID, b.VendorID))
	})
	return copies
}

// counts reports whether r is a copy of its own: a message that was refused, or whose
// outcome was unknown, is none if a vendor has shown that it has it.
func (r Record) counts(all []Record) bool {
	if r.VendorID != "" {
		return true
	}
	return !slices.ContainsFunc(all, func(other Record) bool {
		if other.VendorID == "" {
			return false
		}
		return r.Answer == AnswerRejected || !other.Own && r.tried(other.Provider)
	})
}

// behind reports whether the part a decides over the part b of the same copy.
func behind(a, b Record) bool {
	failed := func(r Record) bool { return r.Current().Final() && r.Current() != sms.StateDelivered }
	if failed(a) != failed(b) {
		return failed(a)
	}
	order := cmp.Compare(a.Current(), b.Current())
	if failed(a) {
		order = -order
	}
	return cmp.Or(order, cmp.Compare(a.VendorID, b.VendorID)) < 0
}

// rank orders copies: delivered, on its way, unknown, ended.
func (r Record) rank() int {
	switch {
	case r.Current() == sms.StateDelivered:
		return 3
	case r.Answer == AnswerRejected:
		return 0
	case !r.Current().Final():
		return 2
	}
	return 1
}

func outcomeOf(a Answer) sms.Outcome {
	switch a {
	case AnswerAccepted:
		return sms.Accepted
	case AnswerRejected:
		return sms.Rejected
	}
	return sms.Unknown
}
