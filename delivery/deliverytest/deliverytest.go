// Package deliverytest checks implementations of delivery.Store.
//
// A test of a store needs a few lines:
//
//	func TestStore(t *testing.T) {
//		deliverytest.Run(t, func(t *testing.T) delivery.Store { return openEmpty(t) })
//	}
package deliverytest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/notifykit/notify/delivery"
)

// A check is one duty of a store.
type check struct {
	name string
	duty string // what a store that fails does wrong
	run  func(ctx context.Context, s delivery.Store) error
}

var checks = []check{
	{"merge is Join", "a record that was merged must be what delivery.Join makes of it, in every field", mergeIsJoin},
	{"several writers", "records that several goroutines merge at once must all be joined", severalWriters},
	{"one call", "one call may hold a record several times and in any order", oneCall},
	{"the caller's records", "a store must not keep the caller's slices", callersRecords},
	{"every field", "every field must be stored as it is", everyField},
	{"find", "Find returns what matches, the newest first, at most n", find},
	{"an empty query", "a query that selects nothing is an error, not the whole table", emptyQuery},
	{"pending", "Pending returns own messages that wait for a final report, and no others", pending},
	{"trim", "Trim removes what is old, and reports of other applications earlier", trim},
	{"forget", "Forget removes all records of a number and no others", forget},
	{"changes", "a change is queued once it is stored, in order, and until it is told", changes},
	{"one teller", "only the owner of the lease gets changes, and only it may remove them", oneTeller},
	{"a canceled context", "a call whose context has ended stores nothing and returns an error", canceled},
}

// Run checks the stores that open makes. Each store must be empty.
func Run(t *testing.T, open func(t *testing.T) delivery.Store) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if err := c.run(t.Context(), open(t)); err != nil {
				t.Errorf("%s: %v", c.duty, err)
			}
		})
	}
}

// at is the time of the tests' records.
var at = time.Date(2026, 11, 29, 12, 0, 0, 123456000, time.UTC)

// known are the fields of a record, compared without monotonic clocks and locations.
func known(r delivery.Record) map[string]any {
	fields := map[string]any{}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		value := v.Field(i).Interface()
		switch x := value.(type) {
		case time.Time:
			value = ""
			if !x.IsZero() {
				value = x.UTC().Format(time.RFC3339Nano)
			}
		case []delivery.Try:
			var tries []string
			for _, t := range x {
				tries = append(tries, fmt.Sprintf("%s %v %s %s %s %v %v %v", t.Provider, t.Outcome, t.Reason, t.Code, t.Message, t.Skipped, t.At.UTC(), t.Took))
			}
			value = fmt.Sprint(tries)
		}
		fields[v.Type().Field(i).Name] = value
	}
	return fields
}

// same compares two records but for the fields named.
func same(got, want delivery.Record, but ...string) error {
	a, b := known(got), known(want)
	for _, name := range but {
		delete(a, name)
		delete(b, name)
	}
	for name, value := range b {
		if !reflect.DeepEqual(a[name], value) {
			return fmt.Errorf("%s of record %x is %#v, want %#v", name, want.ID, a[name], value)
		}
	}
	return nil
}

// one returns the record with the ID of those that q selects.
func one(ctx context.Context, s delivery.Store, q delivery.Query, id delivery.ID) (delivery.Record, error) {
	all, err := s.Find(ctx, q, 1000)
	if err != nil {
		return delivery.Record{}, err
	}
	for _, r := range all {
		if r.ID == id {
			return r, nil
		}
	}
	return delivery.Record{}, fmt.Errorf("record %x is not found by %+v", id, q)
}
