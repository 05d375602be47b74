package delivery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/delivery"
	"github.com/notifykit/notify/sms"
)

const (
	ann = sms.Number("+8613800000001")
	ben = sms.Number("+8613800000002")
)

func open(t *testing.T, o delivery.Options) *delivery.Tracker {
	t.Helper()
	if o.Store == nil {
		o.Store = delivery.NewMemoryStore(1000)
	}
	tracker, err := delivery.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tracker
}

func note(t *testing.T, tracker *delivery.Tracker, key string, to sms.Number, provider, id string) {
	t.Helper()
	tracker.Note(t.Context(), sms.Message{Key: key, To: to, Template: "code", Kind: sms.Verification},
		sms.Receipt{Provider: provider, Key: key, ID: id, To: to, Segments: 1}, nil)
}

func report(t *testing.T, tracker *delivery.Tracker, r sms.Report) {
	t.Helper()
	if err := tracker.Report(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func status(t *testing.T, tracker *delivery.Tracker, key string) delivery.Status {
	t.Helper()
	s, err := tracker.Status(t.Context(), key)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return s
}

func TestTracker(t *testing.T) {
	tracker := open(t, delivery.Options{})
	if _, err := tracker.Status(t.Context(), "order-1"); !errors.Is(err, delivery.ErrNotFound) {
		t.Fatalf("a message that nothing is known of: %v", err)
	}
	note(t, tracker, "order-1", ann, "twilio", "SM1")
	if s := status(t, tracker, "order-1"); s.State != sms.StateAccepted || s.Outcome != sms.Accepted || s.To != "+86138****0001" || s.Template != "code" || s.Region != "CN" {
		t.Errorf("%+v", s)
	}
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	report(t, tracker, sms.Report{Provider: "twilio", ID: "SM1", To: ann, State: sms.StateDelivered, At: at, Price: "0.0075", Currency: "USD", Segments: 2})
	report(t, tracker, sms.Report{Provider: "twilio", ID: "SM1", To: ann, State: sms.StateSent})
	if s := status(t, tracker, "order-1"); s.State != sms.StateDelivered || !s.StateAt.Equal(at) || s.Price != "0.0075 USD" || s.Segments != 2 || !s.Final() || s.Copies != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := tracker.Status(t.Context(), ""); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("an empty key: %v", err)
	}
}

func TestTracker_reportBeforeTheAnswer(t *testing.T) {
	tracker := open(t, delivery.Options{})
	report(t, tracker, sms.Report{Provider: "twilio", ID: "SM1", To: ann, State: sms.StateUndelivered, Code: "30003"})
	if _, err := tracker.Status(t.Context(), "order-1"); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("a report alone: %v", err)
	}
	note(t, tracker, "order-1", ann, "twilio", "SM1")
	if s := status(t, tracker, "order-1"); s.State != sms.StateUndelivered || s.Code != "30003" {
		t.Errorf("%+v", s)
	}
}

func unknown(provider string) error {
	return &sms.Error{Provider: provider, Reason: sms.Unavailable, Outcome: sms.Unknown}
}

func TestTracker_echoedKeySettlesUnknown(t *testing.T) {
	tracker := open(t, delivery.Options{})
	m := sms.Message{Key: "order-1", To: ann}
	tracker.Note(t.Context(), m, sms.Receipt{}, unknown("twilio"))
	question := sms.Question{Message: m, Providers: []string{"twilio"}}
	for _, other := range []sms.Report{ // another application on the same account uses this key too
		{Provider: "twilio", ID: "SM8", Key: "order-1", To: ben, State: sms.StateDelivered},
		{Provider: "aliyun", ID: "9", Key: "order-1", To: ann, State: sms.StateDelivered},
		{Provider: "twilio", ID: "SM9", Key: "order-1", State: sms.StateDelivered},
	} {
		report(t, tracker, other)
		if s := status(t, tracker, "order-1"); s.State != 0 || s.Outcome != sms.Unknown {
			t.Errorf("%v: %+v", other, s)
		}
		if r, err := tracker.Known(t.Context(), question); !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%v: known as %+v, %v", other, r, err)
		}
	}
	report(t, tracker, sms.Report{Provider: "twilio", ID: "SM1", Key: "order-1", To: ann, State: sms.StateSent})
	if s := status(t, tracker, "order-1"); s.State != sms.StateSent || s.Outcome != sms.Accepted || s.ID != "SM1" {
		t.Errorf("%+v", s)
	}
	if r, err := tracker.Known(t.Context(), question); err != nil || r.ID != "SM1" || r.Provider != "twilio" || r.To != ann || r.Key != "order-1" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTracker_oneIDForSeveralNumbers(t *testing.T) {
	tracker := open(t, delivery.Options{})
	for key, to := range map[string]sms.Number{"a": ann, "b": ben} {
		tracker.Note(t.Context(), sms.Message{Key: key, To: to}, sms.Receipt{Provider: "aliyun", Key: key, ID: "1", To: to, SharedID: true}, nil)
	}
	report(t, tracker, sms.Report{Provider: "aliyun", ID: "1", SharedID: true, To: ann, State: sms.StateDelivered})
	report(t, tracker, sms.Report{Provider: "aliyun", ID: "1", SharedID: true, To: ben, State: sms.StateBlocked})
	if a, b := status(t, tracker, "a"), status(t, tracker, "b"); a.State != sms.StateDelivered || b.State != sms.StateBlocked {
		t.Errorf("%v, %v", a.State, b.State)
	}
}

func TestTracker_partsWithAnIDEach(t *testing.T) {
	tracker := open(t, delivery.Options{})
	tracker.Note(t.Context(), sms.Message{Key: "a", To: ann}, sms.Receipt{Provider: "vonage", ID: "1", IDs: []string{"1", "2"}, To: ann}, nil)
	report(t, tracker, sms.Report{Provider: "vonage", ID: "2", State: sms.StateDelivered})
	if s := status(t, tracker, "a"); s.State != sms.StateAccepted || s.Copies != 1 {
		t.Errorf("%+v", s)
	}
	report(t, tracker, sms.Report{Provider: "vonage", ID: "1", State: sms.StateDelivered})
	if s := status(t, tracker, "a"); s.State != sms.StateDelivered {
		t.Errorf("%+v", s)
	}
}

// Two providers of one account share the address for reports.
func TestTracker_account(t *testing.T) {
	tracker := open(t, delivery.Options{Account: func(provider string) string { return strings.TrimSuffix(provider, "-2") }})
	note(t, tracker, "a", ann, "aliyun-2", "1")
	report(t, tracker, sms.Report{Provider: "aliyun", ID: "1", State: sms.StateDelivered})
	if s := status(t, tracker, "a"); s.State != sms.StateDelivered {
		t.Errorf("%+v", s)
	}
}

// The vendor refused a call for several messages, and one of them was found in its
// list, without an ID. The report echoes the reference of the call.
func TestTracker_referenceOfACall(t *testing.T) {
	tracker := open(t, delivery.Options{})
	tracker.Note(t.Context(), sms.Message{Key: "a", To: ann}, sms.Receipt{Provider: "aliyun", To: ann, Ref: "batch-1"}, nil)
	report(t, tracker, sms.Report{Provider: "aliyun", ID: "7", SharedID: true, To: ann, Ref: "batch-1", State: sms.StateDelivered})
	report(t, tracker, sms.Report{Provider: "aliyun", ID: "7", SharedID: true, To: ben, Ref: "batch-1", State: sms.StateBlocked})
	if s := status(t, tracker, "a"); s.State != sms.StateDelivered || s.ID != "7" {
		t.Errorf("%+v", s)
	}
}

func TestTracker_refusedAndFailedOver(t *testing.T) {
	tracker := open(t, delivery.Options{})
	tracker.Note(t.Context(), sms.Message{Key: "a", To: ann}, sms.Receipt{}, &sms.Error{Reason: sms.RecipientLimited, Outcome: sms.Rejected})
	if s := status(t, tracker, "a"); s.Outcome != sms.Rejected || s.Reason != sms.RecipientLimited || s.State != 0 || !s.Final() || s.Copies != 0 {
		t.Errorf("%+v", s)
	}
	failed := &sms.Error{Provider: "aliyun", Reason: sms.Throttled, Outcome: sms.Rejected, Code: "isv.BUSINESS_LIMIT_CONTROL"}
	maybe := &sms.Error{Provider: "tencent", Reason: sms.Unavailable, Outcome: sms.Unknown}
	tracker.Note(t.Context(), sms.Message{Key: "b", To: ann}, sms.Receipt{Provider: "twilio", ID: "1", To: ann, Attempts: []sms.Attempt{
		{Provider: "aliyun", Err: failed, Took: time.Second}, {Provider: "tencent", Err: maybe}, {Provider: "twilio"},
	}}, nil)
	s := status(t, tracker, "b")
	if len(s.Attempts) != 3 || s.Attempts[0].Code != "isv.BUSINESS_LIMIT_CONTROL" || s.Attempts[0].Took != time.Second || s.Attempts[2].Outcome != sms.Accepted {
		t.Errorf("%+v", s.Attempts)
	}
	// The vendor of the attempt of unknown outcome may have it too, and reports it.
	report(t, tracker, sms.Report{Provider: "tencent", ID: "9", Key: "b", To: ann, State: sms.StateDelivered})
	if s = status(t, tracker, "b"); s.State != sms.StateDelivered || s.Provider != "tencent" || s.Copies != 2 {
		t.Errorf("%+v", s)
	}
}

// What is stored holds no number, no value and no text.
func TestTracker_storesNoNumber(t *testing.T) {
	store := delivery.NewMemoryStore(1000)
	tracker := open(t, delivery.Options{Store: store})
	m := sms.Message{Key: "a", To: ann, Body: "your code is 482913", Params: sms.Params{"code": "482913"}, Tags: map[string]string{"tag": "tagged"}}
	tracker.Note(t.Context(), m, sms.Receipt{Provider: "twilio", ID: "1", To: ann}, nil)
	tracker.Note(t.Context(), m, sms.Receipt{}, unknown("twilio"))
	records, err := store.Find(t.Context(), delivery.Query{Key: "a"}, 10)
	if err != nil || len(records) != 2 {
		t.Fatal(len(records), err)
	}
	text, err := json.Marshal(records)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"13800000001", "3800000001", "482913", "tagged", "your code"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%q is stored: %s", secret, text)
		}
	}
	if records[0].Sealed == "" || records[0].Number == (delivery.Hash{}) {
		t.Error("the number is neither sealed nor hashed")
	}
}

// failing is a store that fails or hangs.
type failing struct {
	delivery.Store
	err    atomic.Pointer[error]
	hang   atomic.Bool
	merges atomic.Int64
}

func (f *failing) fail(err error) { f.err.Store(&err) }

func (f *failing) Merge(ctx context.Context, records []delivery.Record, announce bool) error {
	f.merges.Add(1)
	if f.hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := f.err.Load(); err != nil && *err != nil {
		return *err
	}
	return f.Store.Merge(ctx, records, announce)
}

var secret = []byte("0123456789abcdef0123456789abcdef")

func TestTracker_storeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{Store: delivery.NewMemoryStore(1000)}
		tracker := open(t, delivery.Options{Store: store, Secret: secret, Buffer: 5})
		if err := tracker.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		store.fail(errors.New("the database is down"))
		for i := range 4 {
			note(t, tracker, fmt.Sprint("order-", i), ann, "twilio", fmt.Sprint("SM", i))
		}
		if err := tracker.Report(t.Context(), sms.Report{Provider: "twilio", ID: "SM1", State: sms.StateDelivered}); err == nil {
			t.Error("a report was taken that is not stored")
		}
		if tracker.Buffered() != 4 || tracker.Dropped() != 0 {
			t.Errorf("%d buffered, %d dropped", tracker.Buffered(), tracker.Dropped())
		}
		for i := range 4 {
			note(t, tracker, fmt.Sprint("more-", i), ann, "twilio", fmt.Sprint("SN", i))
		}
		if tracker.Buffered() != 5 || tracker.Dropped() != 3 {
			t.Errorf("%d buffered, %d dropped", tracker.Buffered(), tracker.Dropped())
		}
		if err := tracker.Close(t.Context()); err == nil {
			t.Error("Close keeps silent about what is not written")
		}
		store.fail(nil)
		if err := tracker.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if s := status(t, tracker, "order-3"); s.State != sms.StateAccepted {
			t.Errorf("%+v", s)
		}
	})
}

func TestTracker_storeComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{Store: delivery.NewMemoryStore(1000)}
		tracker := open(t, delivery.Options{Store: store, Secret: secret})
		if err := tracker.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		store.fail(errors.New("down"))
		note(t, tracker, "a", ann, "twilio", "1")
		store.fail(nil)
		time.Sleep(2 * time.Second) // of the bubble
		synctest.Wait()
		if s := status(t, tracker, "a"); s.State != sms.StateAccepted || tracker.Buffered() != 0 {
			t.Errorf("%+v, %d buffered", s, tracker.Buffered())
		}
		if err := tracker.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTracker_storeHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{Store: delivery.NewMemoryStore(1000)}
		store.hang.Store(true)
		tracker := open(t, delivery.Options{Store: store, Secret: secret})
		begin := time.Now()
		note(t, tracker, "a", ann, "twilio", "1")
		if took := time.Since(begin); took != time.Second {
			t.Errorf("Note took %v, want NoteTimeout", took)
		}
		if err := tracker.Report(t.Context(), sms.Report{Provider: "twilio", ID: "1", State: sms.StateSent}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a report that could not be stored: %v", err)
		}
		store.hang.Store(false)
		if err := tracker.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if s := status(t, tracker, "a"); s.State != sms.StateAccepted {
			t.Errorf("%+v", s)
		}
	})
}

// Many reports at once are few statements, and each is answered for itself.
func TestTracker_groups(t *testing.T) {
	store := &failing{Store: delivery.NewMemoryStore(10_000)}
	tracker := open(t, delivery.Options{Store: store, Secret: secret})
	var wait sync.WaitGroup
	for i := range 1000 {
		wait.Go(func() {
			report := sms.Report{Provider: "twilio", ID: fmt.Sprint("SM", i%500), State: sms.DeliveryState(1 + i%7)}
			if err := tracker.Report(t.Context(), report); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if err := tracker.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := store.merges.Load(); n > 1000 {
		t.Errorf("%d statements for 1000 reports", n)
	}
	for i := range 500 {
		found, err := store.Find(t.Context(), delivery.Query{VendorID: fmt.Sprint("SM", i)}, 10)
		want := sms.DeliveryState(max(1+i%7, 1+(i+500)%7))
		if err != nil || len(found) != 1 || found[0].State != want {
			t.Fatalf("SM%d: %v, %v", i, found, err)
		}
	}
}

func TestTracker_watchdogAndRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := delivery.NewMemoryStore(1000)
		tracker := open(t, delivery.Options{Store: store, LostAfter: 30 * time.Hour, Retention: 31 * time.Hour})
		if err := tracker.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"silent", "sent", "delivered", "parts"} {
			note(t, tracker, key, ann, "twilio", key)
		}
		tracker.Note(t.Context(), sms.Message{Key: "unknown", To: ann}, sms.Receipt{}, unknown("twilio"))
		tracker.Note(t.Context(), sms.Message{Key: "refused", To: ann}, sms.Receipt{}, &sms.Error{Reason: sms.InvalidNumber, Outcome: sms.Rejected})
		report(t, tracker, sms.Report{Provider: "twilio", ID: "sent", State: sms.StateSent})
		report(t, tracker, sms.Report{Provider: "twilio", ID: "delivered", State: sms.StateDelivered})
		report(t, tracker, sms.Report{Provider: "twilio", ID: "parts", State: sms.StateDelivered, Part: 1, Parts: 2})
		report(t, tracker, sms.Report{Provider: "twilio", ID: "parts", State: sms.StateDelivered, Part: 2, Parts: 2})
		report(t, tracker, sms.Report{Provider: "twilio", ID: "another's", Key: "another's", State: sms.StateSent})
		expect := func(when string, want map[string]sms.DeliveryState) {
			t.Helper()
			synctest.Wait()
			for key, state := range want {
				if s := status(t, tracker, key); s.State != state {
					t.Errorf("%s: %s is %v, want %v", when, key, s.State, state)
				}
			}
		}
		time.Sleep(29 * time.Hour)
		expect("after 29 hours", map[string]sms.DeliveryState{"silent": sms.StateAccepted, "sent": sms.StateSent, "unknown": 0, "delivered": sms.StateDelivered})
		time.Sleep(time.Hour + 2*time.Minute)
		expect("after 30 hours", map[string]sms.DeliveryState{"silent": sms.StateLost, "sent": sms.StateLost, "unknown": sms.StateLost, "refused": 0, "delivered": sms.StateDelivered, "parts": sms.StateDelivered})
		if all, err := store.Find(t.Context(), delivery.Query{VendorID: "another's"}, 1); err != nil || len(all) != 0 {
			t.Errorf("another application's report is kept: %v, %v", all, err)
		}
		report(t, tracker, sms.Report{Provider: "twilio", ID: "silent", State: sms.StateDelivered})
		expect("a late report", map[string]sms.DeliveryState{"silent": sms.StateDelivered})
		time.Sleep(time.Hour)
		synctest.Wait()
		if _, err := tracker.Status(t.Context(), "silent"); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("after the retention: %v", err)
		}
		if err := tracker.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTracker_unknownWord(t *testing.T) {
	tracker := open(t, delivery.Options{})
	note(t, tracker, "a", ann, "twilio", "1")
	report(t, tracker, sms.Report{Provider: "twilio", ID: "1", Code: "teleported", Message: "a new word"})
	if s := status(t, tracker, "a"); s.State != sms.StateAccepted || s.Code != "teleported" || s.Final() {
		t.Errorf("%+v", s)
	}
}

func TestTracker_startAndClose(t *testing.T) {
	tracker := open(t, delivery.Options{})
	if err := tracker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tracker.Start(t.Context()); err == nil {
		t.Error("it was started twice")
	}
	for range 2 {
		if err := tracker.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := tracker.Start(t.Context()); !errors.Is(err, delivery.ErrClosed) {
		t.Error(err)
	}
	if err := open(t, delivery.Options{}).Close(t.Context()); err != nil {
		t.Errorf("one that was not started: %v", err)
	}
}

func TestTracker_forget(t *testing.T) {
	old, fresh := secret, []byte("fedcba9876543210fedcba9876543210")
	store := delivery.NewMemoryStore(1000)
	before := open(t, delivery.Options{Store: store, Secret: secret, Keys: [][]byte{old}})
	note(t, before, "a", ann, "twilio", "1")
	after := open(t, delivery.Options{Store: store, Secret: secret, Keys: [][]byte{fresh, old}})
	note(t, after, "b", ann, "twilio", "2")
	note(t, after, "c", ben, "twilio", "3")
	if n, err := after.Forget(t.Context(), ann); n != 2 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
	if _, err := after.Status(t.Context(), "a"); !errors.Is(err, delivery.ErrNotFound) {
		t.Error(err)
	}
	status(t, after, "c")
}

func TestNew_faults(t *testing.T) {
	durable := &failing{Store: delivery.NewMemoryStore(10)}
	for want, o := range map[string]delivery.Options{
		"Store is nil":           {},
		"Secret is missing":      {Store: durable},
		"Secret has 5 bytes":     {Store: durable, Secret: []byte("short")},
		"Secret is one byte":     {Store: durable, Secret: make([]byte, 32)},
		"Keys[0] has 1 bytes":    {Store: durable, Secret: secret, Keys: [][]byte{{1}}},
		"LostAfter is -1ns":      {Store: durable, Secret: secret, LostAfter: -1},
		"Retention is 1h0m0s, s": {Store: durable, Secret: secret, Retention: time.Hour},
		"Buffer is -1":           {Store: durable, Secret: secret, Buffer: -1},
	} {
		if _, err := delivery.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, have %v", want, err)
		}
	}
}
