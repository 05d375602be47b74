package kit

import (
	"net/http"
	"slices"

	"github.com/notifykit/notify/sms"
)

// A Table says what a vendor's codes mean. It is data: the same rows are shown by
// `notify errors`, printed in the documentation, and run through the provider by
// the tests.
type Table struct {
	// Rows hold every known code, in any order.
	Rows []sms.CodeInfo
	// Also lists other spellings of a code, which are looked up in turn if the
	// code itself has no row. Optional.
	Also func(code string) []string
	// Other classifies a code without a row. Optional; OfStatus is used without it
	// and for an answer without a code. A 2xx with an unknown code is Internal with
	// the outcome Unknown.
	Other func(status int, code string) (sms.Reason, sms.Outcome)
	// StatusFirst is for vendors whose HTTP status decides the outcome: a 4xx other
	// than 408 is a refusal whatever its code, a 5xx is a refusal only if the code's
	// row rules acceptance out, and the code only gives the reason. Without it the
	// code's row decides and the status is used only for codes without a row.
	StatusFirst bool
	// LateToo lets rows that are marked Late, which come in delivery reports,
	// classify answers to a send as well.
	LateToo bool
}

// Find returns the row of a code. Rows whose Scope is scope are preferred to rows
// without a scope.
func (t Table) Find(scope, code string) (sms.CodeInfo, bool) {
	if code == "" {
		return sms.CodeInfo{}, false
	}
	codes := []string{code}
	if t.Also != nil {
		codes = append(codes, t.Also(code)...)
	}
	for _, c := range codes {
		if row, ok := t.exact(scope, c); ok {
			return row, true
		}
	}
	return sms.CodeInfo{}, false
}

func (t Table) exact(scope, code string) (found sms.CodeInfo, ok bool) {
	for i := range t.Rows {
		row := &t.Rows[i]
		if row.Code != code {
			continue
		}
		if row.Scope == scope {
			return *row, true
		}
		if row.Scope == "" {
			found, ok = *row, true
		}
	}
	return found, ok
}

// judge classifies an answer to a send. known reports whether the code has a row.
func (t Table) judge(scope string, status int, code string) (reason sms.Reason, outcome sms.Outcome, known bool) {
	row, known := t.Find(scope, code)
	known = known && (t.LateToo || !row.Late || t.StatusFirst)
	if t.StatusFirst && status != 0 {
		reason, outcome = t.byStatus(status, row, known)
		return reason, outcome, known
	}
	if known {
		return row.Reason, row.Outcome, true
	}
	if t.Other != nil && code != "" {
		reason, outcome = t.Other(status, code)
		return reason, outcome, false
	}
	if status >= 200 && status <= 299 || status == 0 {
		return sms.Internal, sms.Unknown, false
	}
	reason, outcome = OfStatus(status)
	return reason, outcome, false
}

// byStatus is the rule of StatusFirst.
func (t Table) byStatus(status int, row sms.CodeInfo, known bool) (sms.Reason, sms.Outcome) {
	reason, outcome := OfStatus(status)
	switch {
	case !known:
	case outcome == sms.Rejected:
		reason = row.Reason
	case status >= http.StatusInternalServerError && !row.Late && row.Outcome == sms.Rejected:
		reason, outcome = row.Reason, sms.Rejected
	}
	return reason, outcome
}

// Codes returns a copy of the rows.
func (t Table) Codes() []sms.CodeInfo { return slices.Clone(t.Rows) }
