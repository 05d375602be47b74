package deliverytest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

// few is how many different records the random ones are about.
const few = 4

// random returns an answer or a report about one of few vendor messages.
func random(r *rand.Rand) delivery.Record {
	n := r.IntN(few)
	one := delivery.Record{ID: delivery.ID{byte(n), 1}, Provider: "p", VendorID: fmt.Sprint("v", n), Number: delivery.Hash{byte(n), 7}, To: "+86138****0000", Put: at}
	if r.IntN(3) == 0 { // an answer
		one.Own, one.Key, one.Answer = true, fmt.Sprint("key-", n), delivery.Answer(1+r.IntN(3))
		one.Template, one.Kind, one.Region, one.Segments = "code", sms.Verification, "CN", 1+r.IntN(2)
		one.TriedAt = at.Add(time.Duration(r.IntN(5)) * time.Second)
		one.Sealed = "sealed\x00\xff" // any bytes
		// The attempts belong to the time, as in life.
		one.Tries = []delivery.Try{{Provider: "p", Outcome: sms.Rejected, Reason: sms.Unavailable, Code: one.TriedAt.Format(time.RFC3339)}}
		return one
	}
	one.Answer = delivery.AnswerAccepted
	one.State = sms.DeliveryState(1 + r.IntN(7))
	one.Code = []string{"", "1", "é", "Z", "a"}[r.IntN(5)]
	one.Reason, one.Message = sms.Reason("reason of "+one.Code), "message of "+one.Code
	one.At = at.Add(time.Duration(one.State)*time.Minute + time.Duration(len(one.Code))*time.Millisecond)
	if r.IntN(2) == 0 {
		one.Key, one.Ref = fmt.Sprint("key-", n), []string{"", "ref", "Ref"}[r.IntN(3)]
	}
	if r.IntN(3) == 0 {
		one.Price = []string{"0.0075 USD", "0.05 CNY"}[r.IntN(2)]
	}
	if r.IntN(2) == 0 {
		one.State, one.Parts, one.Done = sms.StateSent, 3, 1<<r.IntN(3)
	}
	return one
}

func byVendor(r delivery.Record) delivery.Query { return delivery.Query{VendorID: r.VendorID} }

// mergeIsJoin merges one by one and compares with Join after each.
func mergeIsJoin(ctx context.Context, s delivery.Store) error {
	r := rand.New(rand.NewPCG(1, 2))
	model := map[delivery.ID]delivery.Record{}
	for range 150 {
		added := random(r)
		if err := s.Merge(ctx, []delivery.Record{added}, false); err != nil {
			return err
		}
		want, found := model[added.ID]
		if found {
			want, _ = delivery.Join(want, added)
		} else {
			want = sealedAway(added)
		}
		model[added.ID] = want
		got, err := one(ctx, s, byVendor(added), added.ID)
		if err != nil {
			return err
		}
		if err := same(got, want); err != nil {
			return err
		}
		if r.IntN(20) == 0 { // from the beginning, with another record
			if _, err := s.Forget(ctx, []delivery.Hash{added.Number}); err != nil {
				return err
			}
			delete(model, added.ID)
		}
	}
	return nil
}

// severalWriters merges the same records from several goroutines, in other orders.
func severalWriters(ctx context.Context, s delivery.Store) error {
	r := rand.New(rand.NewPCG(3, 4))
	var records []delivery.Record
	for range 60 {
		records = append(records, random(r))
	}
	var wait sync.WaitGroup
	faults := make([]error, 4)
	for i := range faults {
		mine := slices.Clone(records)
		r.Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
		wait.Go(func() {
			for part := range slices.Chunk(mine, 7) {
				faults[i] = errors.Join(faults[i], s.Merge(ctx, part, true))
			}
		})
	}
	wait.Wait()
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for _, want := range delivery.JoinAll(records) {
		got, err := one(ctx, s, byVendor(want), want.ID)
		if err != nil {
			return err
		}
		if err := same(got, sealedAway(want)); err != nil {
			return err
		}
	}
	return nil
}

// sealedAway is a record as one that was joined: the end removes the sealed number.
func sealedAway(r delivery.Record) delivery.Record {
	if r.Current().Final() {
		r.Sealed = ""
	}
	return r
}

// oneCall gives one call records out of order, and several of one ID.
func oneCall(ctx context.Context, s delivery.Store) error {
	r := rand.New(rand.NewPCG(5, 6))
	var records []delivery.Record
	for range 40 {
		records = append(records, random(r))
	}
	slices.Reverse(records)
	if err := s.Merge(ctx, records, false); err != nil {
		return err
	}
	for _, want := range delivery.JoinAll(records) {
		got, err := one(ctx, s, byVendor(want), want.ID)
		if err != nil {
			return err
		}
		if err := same(got, sealedAway(want)); err != nil {
			return err
		}
	}
	if err := s.Merge(ctx, nil, true); err != nil {
		return fmt.Errorf("no record at all: %w", err)
	}
	return nil
}

func callersRecords(ctx context.Context, s delivery.Store) error {
	r := full()
	given := []delivery.Record{r}
	given[0].Tries = slices.Clone(r.Tries)
	if err := s.Merge(ctx, given, false); err != nil {
		return err
	}
	given[0].Tries[0].Provider = "changed"
	given[0].Key = "changed"
	got, err := one(ctx, s, byVendor(r), r.ID)
	if err != nil {
		return err
	}
	return same(got, r)
}

// full returns a record in which every field but Told is set.
func full() delivery.Record {
	return delivery.Record{
		ID: delivery.ID{1, 0, 255}, Own: true, Key: "order-1 é", Ref: "ref", Provider: "twilio", VendorID: "SM1", Number: delivery.Hash{9, 0, 255}, To: "+1500****006",
		Sealed: "\x00\xff sealed", Template: "code", Kind: sms.Promotion, Region: "US", Segments: 3, Price: "0.0075 USD", Answer: delivery.AnswerAccepted,
		State: sms.StateSent, Reason: sms.Unavailable, Code: "30003", Message: "Unreachable", At: at.Add(time.Minute), Parts: 62, Done: 1<<61 | 1,
		Tries: []delivery.Try{
			{Provider: "aliyun", Outcome: sms.Rejected, Reason: sms.Unavailable, Code: "isv.BUSINESS_LIMIT_CONTROL", Message: "触发分钟级流控", At: at, Took: time.Second},
			{Provider: "tencent", Outcome: sms.Unknown, Skipped: true}, {Provider: "twilio", Outcome: sms.Accepted},
		},
		TriedAt: at.Add(time.Second), Put: at,
	}
}

func everyField(ctx context.Context, s delivery.Store) error {
	bare := delivery.Record{ID: delivery.ID{2}, VendorID: "bare", Put: at}
	if err := s.Merge(ctx, []delivery.Record{full(), bare}, false); err != nil {
		return err
	}
	got, err := one(ctx, s, delivery.Query{Key: full().Key}, full().ID)
	if err != nil {
		return err
	}
	if err := same(got, full()); err != nil {
		return err
	}
	if got, err = one(ctx, s, byVendor(bare), bare.ID); err != nil {
		return err
	}
	return same(got, bare)
}

func canceled(ctx context.Context, s delivery.Store) error {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	r := full()
	if err := s.Merge(ended, []delivery.Record{r}, false); err == nil {
		return errors.New("there is no error of Merge")
	}
	if all, err := s.Find(ctx, byVendor(r), 10); err != nil || len(all) != 0 {
		return fmt.Errorf("%d records are stored, %w", len(all), err)
	}
	if _, err := s.Find(ended, byVendor(r), 10); err == nil {
		return errors.New("there is no error of Find")
	}
	return nil
}
