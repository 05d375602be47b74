package deliverytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

// numbered returns n records of one key, vendor ID and number, put a second apart.
func numbered(n int, key string, number byte) (all []delivery.Record) {
	for i := range n {
		all = append(all, delivery.Record{
			ID: delivery.ID{number, byte(i)}, Own: true, Key: key, VendorID: "v-" + key, Number: delivery.Hash{number}, Answer: delivery.AnswerAccepted,
			TriedAt: at, Put: at.Add(time.Duration(i) * time.Second),
		})
	}
	return all
}

func ids(records []delivery.Record) (all []string) {
	for _, r := range records {
		all = append(all, fmt.Sprintf("%x", r.ID[:2]))
	}
	return all
}

func find(ctx context.Context, s delivery.Store) error {
	if err := s.Merge(ctx, slices.Concat(numbered(5, "a", 1), numbered(3, "A", 2), numbered(1, "a ", 3)), false); err != nil {
		return err
	}
	for _, test := range []struct {
		q    delivery.Query
		n    int
		want []string
	}{
		{delivery.Query{Key: "a"}, 10, []string{"0104", "0103", "0102", "0101", "0100"}},
		{delivery.Query{Key: "a"}, 2, []string{"0104", "0103"}},
		{delivery.Query{Key: "A"}, 10, []string{"0202", "0201", "0200"}},
		{delivery.Query{Key: "none"}, 10, nil},
		{delivery.Query{VendorID: "v-a"}, 1, []string{"0104"}},
		{delivery.Query{VendorID: "v-A"}, 5, []string{"0202", "0201", "0200"}},
		{delivery.Query{Numbers: []delivery.Hash{{2}, {9}}}, 5, []string{"0202", "0201", "0200"}},
		{delivery.Query{Numbers: []delivery.Hash{{8}, {3}}}, 5, []string{"0300"}},
		{delivery.Query{Numbers: []delivery.Hash{{9}}}, 5, nil},
	} {
		got, err := s.Find(ctx, test.q, test.n)
		if err != nil {
			return err
		}
		if !slices.Equal(ids(got), test.want) {
			return fmt.Errorf("%+v, %d: %v, want %v", test.q, test.n, ids(got), test.want)
		}
	}
	return nil
}

func emptyQuery(ctx context.Context, s delivery.Store) error {
	if err := s.Merge(ctx, numbered(1, "a", 1), false); err != nil {
		return err
	}
	if all, err := s.Find(ctx, delivery.Query{}, 10); err == nil || len(all) > 0 {
		return fmt.Errorf("%d records, %w", len(all), err)
	}
	return nil
}

// without changes record i of a fresh list.
func with(all []delivery.Record, i int, change func(*delivery.Record)) { change(&all[i]) }

func pending(ctx context.Context, s delivery.Store) error {
	all := numbered(7, "a", 1)
	with(all, 1, func(r *delivery.Record) { r.Answer = delivery.AnswerRejected })
	with(all, 2, func(r *delivery.Record) { r.Answer = delivery.AnswerUnknown })
	with(all, 3, func(r *delivery.Record) { r.State = sms.StateSent })
	with(all, 4, func(r *delivery.Record) { r.State = sms.StateLost })
	with(all, 5, func(r *delivery.Record) { r.Own, r.TriedAt = false, time.Time{} })
	if err := s.Merge(ctx, all, false); err != nil {
		return err
	}
	for _, test := range []struct {
		before time.Duration
		n      int
		want   []string
	}{{time.Hour, 10, []string{"0100", "0102", "0103", "0106"}}, {2500 * time.Millisecond, 10, []string{"0100", "0102"}}, {0, 10, nil}, {time.Hour, 4, []string{"0100", "0102", "0103", "0106"}}} {
		got, err := s.Pending(ctx, time.Time{}, at.Add(test.before), test.n)
		if err != nil {
			return err
		}
		found := ids(got)
		if slices.Sort(found); !slices.Equal(found, test.want) {
			return fmt.Errorf("before %v: %v, want %v", test.before, found, test.want)
		}
	}
	if got, err := s.Pending(ctx, at.Add(3*time.Second), at.Add(time.Hour), 10); err != nil || len(got) != 2 {
		return fmt.Errorf("%d records after a time, want 2, %w", len(got), err)
	}
	if got, err := s.Pending(ctx, time.Time{}, at.Add(time.Hour), 2); err != nil || len(got) != 2 {
		return fmt.Errorf("%d records of at most 2, %w", len(got), err)
	}
	return nil
}

func trim(ctx context.Context, s delivery.Store) error {
	all := numbered(6, "a", 1)
	for _, i := range []int{1, 3} {
		with(all, i, func(r *delivery.Record) { r.Own, r.TriedAt = false, time.Time{} })
	}
	if err := s.Merge(ctx, all, true); err != nil {
		return err
	}
	left := func(n, want int, own, foreign time.Duration, ids_ ...string) error {
		removed, err := s.Trim(ctx, at.Add(own), at.Add(foreign), n)
		if err != nil {
			return err
		}
		got, err := s.Find(ctx, delivery.Query{Key: "a"}, 10)
		if err != nil {
			return err
		}
		if removed != want || ids_ != nil && !slices.Equal(ids(got), ids_) {
			return fmt.Errorf("removed %d, want %d; left %v, want %v", removed, want, ids(got), ids_)
		}
		return nil
	}
	return errors.Join(
		left(10, 0, 0, 0, ids(reversed(all))...),
		left(10, 1, 0, 2*time.Second, "0105", "0104", "0103", "0102", "0100"),
		left(10, 2, 2500*time.Millisecond, 2500*time.Millisecond, "0105", "0104", "0103"),
		left(1, 1, time.Hour, time.Hour),
		left(10, 2, time.Hour, time.Hour),
		left(10, 0, time.Hour, time.Hour),
	)
}

func reversed(all []delivery.Record) []delivery.Record {
	r := slices.Clone(all)
	slices.Reverse(r)
	return r
}

func forget(ctx context.Context, s delivery.Store) error {
	if err := s.Merge(ctx, slices.Concat(numbered(3, "a", 1), numbered(2, "b", 2), numbered(2, "c", 3), []delivery.Record{{ID: delivery.ID{9}, VendorID: "none", Put: at}}), true); err != nil {
		return err
	}
	n, err := s.Forget(ctx, []delivery.Hash{{1}, {2}, {7}})
	if err != nil || n != 5 {
		return fmt.Errorf("forgot %d, want 5; %w", n, err)
	}
	for key, want := range map[string]int{"a": 0, "b": 0, "c": 2} {
		if got, err := s.Find(ctx, delivery.Query{Key: key}, 10); err != nil || len(got) != want {
			return fmt.Errorf("%q: %d records, want %d; %w", key, len(got), want, err)
		}
	}
	if got, err := s.Find(ctx, delivery.Query{VendorID: "none"}, 10); err != nil || len(got) != 1 {
		return fmt.Errorf("a record without a number was forgotten, %w", err)
	}
	if n, err := s.Forget(ctx, []delivery.Hash{{}}); err != nil || n != 0 {
		return fmt.Errorf("forgot %d records without a number, %w", n, err)
	}
	left, err := s.Changes(ctx, "one", time.Minute, 0, 100)
	if err != nil || len(left) != 2 {
		return fmt.Errorf("%d changes are left of 2 records, %w", len(left), err)
	}
	return nil
}
