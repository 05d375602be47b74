package delivery

import (
	"context"
	"errors"

	"github.com/notifykit/notify/sms"
)

// ByID returns what became of the messages with this ID of a vendor: one as a rule, more
// if one call took several. It returns ErrNotFound if there is none.
func (t *Tracker) ByID(ctx context.Context, id string) ([]Status, error) {
	if id == "" {
		return nil, ErrNotFound
	}
	return t.lookup(ctx, Query{VendorID: id})
}

// ByNumber returns what became of the latest messages to this number, at most 100
// records, the newest first. It returns ErrNotFound if there is none.
func (t *Tracker) ByNumber(ctx context.Context, n sms.Number) ([]Status, error) {
	if !n.Valid() {
		return nil, ErrNotFound
	}
	return t.lookup(ctx, Query{Numbers: t.keys.numbers(n)})
}

func (t *Tracker) lookup(ctx context.Context, q Query) ([]Status, error) {
	records, err := t.o.Store.Find(ctx, q, mostOfKey)
	if err != nil {
		return nil, err
	}
	var all []Status
	seen := map[string]bool{}
	for _, r := range records {
		if !r.Own || seen[r.Key] {
			continue
		}
		seen[r.Key] = true
		s, err := t.Status(ctx, r.Key)
		switch {
		case errors.Is(err, ErrNotFound): // removed meanwhile
			continue
		case err != nil:
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, ErrNotFound
	}
	return all, nil
}
