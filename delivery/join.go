package delivery

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/notifykit/notify/sms"
)

// maxParts is the number of parts that Record.Done has bits for. Of a message with
// more parts, a delivered part counts as sent.
const maxParts = 62

// Join returns stored with what added says. Both have the same ID. Every field is a
// maximum of the two, so the order in which records are joined and how often one is
// joined do not matter. Two times are excepted: if two records differ in nothing
// else, Put and At stay those of the first.
//
// changed reports whether the result differs from stored, so that a repeated report
// costs no write.
func Join(stored, added Record) (joined Record, changed bool) {
	if !raises(stored, added) {
		return stored, false
	}
	j := stored
	switch {
	case stored.Own == added.Own:
		j.Key = max(stored.Key, added.Key)
	case added.Own: // our own key is not replaced by what a vendor echoes
		j.Key = cmp.Or(added.Key, stored.Key)
	case stored.Own:
		j.Key = cmp.Or(stored.Key, added.Key)
	}
	j.Own = stored.Own || added.Own
	j.Ref = max(stored.Ref, added.Ref)
	j.Provider = max(stored.Provider, added.Provider)
	j.VendorID = max(stored.VendorID, added.VendorID)
	if bytes.Compare(added.Number[:], stored.Number[:]) > 0 {
		j.Number = added.Number
	}
	j.To = max(stored.To, added.To)
	j.Template = max(stored.Template, added.Template)
	j.Kind = max(stored.Kind, added.Kind)
	j.Region = max(stored.Region, added.Region)
	j.Segments = max(stored.Segments, added.Segments)
	j.Price = max(stored.Price, added.Price)
	j.Answer = max(stored.Answer, added.Answer)
	j.Parts = max(stored.Parts, added.Parts)
	j.Done = stored.Done | added.Done
	if compareState(added, stored) > 0 {
		j.State, j.Reason, j.Code, j.Message, j.At = added.State, added.Reason, added.Code, added.Message, added.At
	}
	if added.TriedAt.After(stored.TriedAt) {
		j.Tries, j.TriedAt = slices.Clone(added.Tries), added.TriedAt
	}
	if added.Put.Before(stored.Put) {
		j.Put = added.Put
	}
	if j.Sealed = max(stored.Sealed, added.Sealed); j.Current().Final() {
		j.Sealed = ""
	}
	j.Told = max(stored.Told, added.Told)
	return j, true
}

// fresh returns r as a new record: as what joining makes of it, it holds no number after
// its end, and its attempts are its own.
func (r Record) fresh() Record {
	r.Tries = slices.Clone(r.Tries)
	if r.Current().Final() {
		r.Sealed = ""
	}
	return r
}

// raises reports whether added says anything that stored does not.
func raises(stored, added Record) bool {
	return compareState(added, stored) > 0 ||
		added.Answer > stored.Answer ||
		added.Own && !stored.Own ||
		added.Parts > stored.Parts ||
		added.Done&^stored.Done != 0 ||
		added.TriedAt.After(stored.TriedAt) ||
		added.Key > stored.Key && added.Own == stored.Own ||
		added.Key != "" && stored.Key == "" ||
		added.Ref > stored.Ref ||
		added.Segments > stored.Segments ||
		added.Price > stored.Price ||
		added.To > stored.To ||
		bytes.Compare(added.Number[:], stored.Number[:]) > 0
}

// compareState compares the states, and the codes of equal states, so that of two
// codes for one state the same one stays in every order.
func compareState(a, b Record) int {
	return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Code, b.Code))
}

// JoinAll sorts records by ID and joins those with the same ID. A statement for
// several records needs both: two statements that take rows in different orders block
// each other, and PostgreSQL does not change a row twice in one statement.
func JoinAll(records []Record) []Record {
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	joined := sorted[:0]
	for _, r := range sorted {
		if last := len(joined) - 1; last >= 0 && joined[last].ID == r.ID {
			joined[last], _ = Join(joined[last], r)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// report fills in what a report says about the state. arrived is used if the vendor
// names no time. A report proves that the vendor has the message.
func (r *Record) report(of sms.Report, arrived time.Time) {
	r.Answer = AnswerAccepted
	r.State, r.Reason, r.Code, r.Message = of.State, of.Reason, of.Code, of.Message
	r.At = arrived
	if !of.At.IsZero() {
		r.At = of.At
	}
	r.State = min(max(r.State, sms.StateAccepted), sms.StateDelivered) // an unknown word is kept in Code
	if of.Parts > 1 && of.Part >= 1 && of.Part <= of.Parts {
		r.part(of)
	}
}

// part changes a report about one part into what it says about the message: a failure
// of a part is the message's until the part is delivered after all.
func (r *Record) part(of sms.Report) {
	if r.State != sms.StateDelivered {
		return
	}
	r.State = sms.StateSent
	if of.Parts <= maxParts {
		r.Parts, r.Done = of.Parts, 1<<(of.Part-1)
	}
}
