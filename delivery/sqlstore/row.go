package sqlstore

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

// columns are those of notify_delivery, in the order of values and of scan.
const columns = "id, own, message_key, ref, provider, vendor_id, number, shown, sealed, template, kind, region, segments, price, " +
	"answer, state, reason, code, words, at, parts, done, tries, tried_at, put, told"

var (
	width   = strings.Count(columns, ",") + 1
	updates = strings.Split(columns, ", ")[1:]
	// prefixed are the columns of a join.
	prefixed = "d." + strings.ReplaceAll(columns, ", ", ", d.")
)

// values returns a record as parameters.
func values(r delivery.Record) ([]any, error) {
	tries := []byte{}
	if len(r.Tries) > 0 {
		var err error
		if tries, err = json.Marshal(r.Tries); err != nil {
			return nil, err
		}
	}
	var number any
	if r.Number != (delivery.Hash{}) {
		number = r.Number[:]
	}
	own := 0
	if r.Own {
		own = 1
	}
	return []any{r.ID[:], own, r.Key, r.Ref, r.Provider, r.VendorID, number, r.To, []byte(r.Sealed), r.Template, int(r.Kind), r.Region, r.Segments, r.Price,
		int(r.Answer), int(r.State), string(r.Reason), r.Code, r.Message, micros(r.At), r.Parts, r.Done, string(tries), micros(r.TriedAt), micros(r.Put), int(r.Told)}, nil
}

// A scanner is a *sql.Rows.
type scanner interface{ Scan(into ...any) error }

// scan reads a record. more are columns before it.
func scan(from scanner, more ...any) (r delivery.Record, err error) {
	var id, number, sealed, tries []byte
	var own int
	var at, tried, put int64
	var reason string
	err = from.Scan(append(more, &id, &own, &r.Key, &r.Ref, &r.Provider, &r.VendorID, &number, &r.To, &sealed, &r.Template, &r.Kind, &r.Region, &r.Segments, &r.Price,
		&r.Answer, &r.State, &reason, &r.Code, &r.Message, &at, &r.Parts, &r.Done, &tries, &tried, &put, &r.Told)...)
	if err != nil {
		return r, err
	}
	copy(r.ID[:], id)
	copy(r.Number[:], number)
	r.Own, r.Sealed = own == 1, string(sealed)
	r.Reason = sms.Reason(reason)
	r.At, r.TriedAt, r.Put = timeOf(at), timeOf(tried), timeOf(put)
	if len(tries) > 0 {
		err = json.Unmarshal(tries, &r.Tries)
	}
	return r, err
}

// micros is a time as it is stored: microseconds since 1970, and 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
