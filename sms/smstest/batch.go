package smstest

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/notifykit/notify/sms"
)

// A Batch describes calls with several numbers.
type Batch struct {
	// New makes a Sender as Provider.New does, which gathers messages of Notice while
	// one call is in flight.
	New func(tb testing.TB, endpoint string, r *sms.Registry) sms.Sender
	// Numbers returns the numbers of a request, in E.164.
	Numbers func(r *http.Request) []string
	// Answer accepts all messages of a request. If the vendor has a result for each,
	// it refuses the number refused.
	Answer func(w http.ResponseWriter, r *http.Request, refused string)
	// Whole says that the vendor's answer holds for the call as a whole.
	Whole bool
}

func (b *Batch) validate(need func(there bool, what string)) {
	if b != nil {
		need(b.New != nil && b.Numbers != nil && b.Answer != nil, "Batch needs New, Numbers and Answer")
	}
}

// gathered is how many messages gather, at most, while one call is in flight.
const gathered = 8

// A delivery is how one message of a batch ended.
type delivery struct {
	m       sms.Message
	receipt sms.Receipt
	err     error
	call    int // its call, from 1 on; zero: none
	size    int // the numbers of its call
}

// gather sends messages until a call had several numbers, and returns all of the last
// round. The first call of a round is accepted, and held up until the other messages
// wait. Each later call is answered by h.
func (t *trial) gather(h http.HandlerFunc) []delivery {
	const rounds = 20
	for range rounds {
		all, several := t.gatherOnce(h)
		if several {
			return all
		}
	}
	t.faultf("of %d messages that were sent while a call was in flight no two shared a call", gathered)
	return nil
}

func (t *trial) gatherOnce(h http.HandlerFunc) (all []delivery, several bool) {
	var mu sync.Mutex
	calls := []int{0}      // how many numbers each has, from 1 on
	of := map[string]int{} // the call of a number
	arrived, release := make(chan struct{}), make(chan struct{})
	s := t.Batch.New(t.tb, t.serve(func(w http.ResponseWriter, r *http.Request) {
		numbers := t.Batch.Numbers(again(r))
		mu.Lock()
		call := len(calls)
		calls = append(calls, len(numbers))
		for _, n := range numbers {
			if of[n] > 0 {
				t.faultf("a number was in two calls")
			}
			of[n] = call
		}
		mu.Unlock()
		if call == 1 {
			close(arrived)
			<-release
			t.Batch.Answer(w, r, "")
			return
		}
		h(w, r)
	}).URL, t.registry)
	t.atEnd(func() { t.close(s) })

	all = make([]delivery, gathered+1)
	var sending, ready sync.WaitGroup
	ready.Add(gathered)
	for i := range all {
		d := &all[i]
		d.m = sms.Message{To: t.To[:len(t.To)-2] + sms.Number(fmt.Sprintf("%02d", 30+i)), Template: Notice, Params: sms.Params{"name": "Ann", "order": "7"}, Key: sms.NewKey()}
		sending.Go(func() {
			if i > 0 {
				ready.Done()
			}
			d.receipt, d.err = t.send(s, d.m)
		})
		if i == 0 {
			<-arrived
		}
	}
	ready.Wait()
	for range 1000 { // time for the others to gather
		runtime.Gosched()
	}
	close(release)
	sending.Wait()
	mu.Lock() // the server's goroutines may not have ended
	defer mu.Unlock()
	for i := range all {
		all[i].call = of[all[i].m.To.E164()]
		if all[i].size = calls[all[i].call]; all[i].call == 0 {
			t.faultf("a message was in no call: %v", all[i].err)
		}
		several = several || all[i].size > 1
	}
	return all[1:], several
}

func checkBatch(t *trial) {
	ids := map[string]int{} // the call of an ID
	refused := ""
	for _, d := range t.gather(func(w http.ResponseWriter, r *http.Request) { t.Batch.Answer(w, r, "") }) {
		if !t.accepted(d.err, "a message of a call that the vendor takes") {
			continue
		}
		if d.receipt.Key != d.m.Key || d.receipt.Provider != Name || d.receipt.ID == "" {
			t.faultf("a message of a call with several: the receipt has the provider %q, the ID %q and the key %q, and the message's is %q", d.receipt.Provider, d.receipt.ID, d.receipt.Key, d.m.Key)
		}
		if ids[d.receipt.ID] == d.call && !t.Batch.Whole {
			t.faultf("two messages of a call have the same ID")
		}
		ids[d.receipt.ID] = d.call
		refused = d.m.To.E164()
	}
	for _, d := range t.gather(func(w http.ResponseWriter, r *http.Request) {
		if t.Batch.Whole {
			t.Refuse(w, r)
			return
		}
		t.Batch.Answer(w, r, refused)
	}) {
		if !t.Batch.Whole && d.m.To.E164() != refused {
			t.accepted(d.err, "a message of a call of which another was refused")
			continue
		}
		e := t.ended(d.err, "a message of a call that was refused", sms.Rejected)
		if e != nil && (e.Key != d.m.Key || e.Code == "") {
			t.faultf("a message of a call that was refused: the error has the key %q and the code %q, and the message's key is %q", e.Key, e.Code, d.m.Key)
		}
	}
}

func checkBatchUnanswered(t *trial) {
	for _, d := range t.gather(func(w http.ResponseWriter, _ *http.Request) { hangUp(w) }) {
		e := t.ended(d.err, "a message of a call that was not answered", sms.Unknown, sms.Unavailable)
		if e != nil && e.Key != d.m.Key {
			t.faultf("a message of a call that was not answered: the error has the key %q, and the message's is %q", e.Key, d.m.Key)
		}
	}
}
