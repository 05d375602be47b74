package smstest

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/notifykit/notify/sms"
)

func checkKeys(t *trial) {
	t.keysOfErrors()
	var carried string // of the last request: the server is done when Send has returned
	s := t.open(t.serve(func(w http.ResponseWriter, r *http.Request) {
		carried = t.Key(again(r))
		t.Accept(w, r)
	}).URL)
	send := func(key string) (got string) {
		m := t.code()
		m.Key, carried = key, ""
		receipt, err := t.send(s, m)
		if !t.accepted(err, "a message with a key of its own") {
			return ""
		}
		if receipt.Key != key && receipt.Key != "" { // an empty one is another check's
			t.faultf("a key of %d bytes: Receipt.Key is %q", len(key), receipt.Key)
		}
		if carried != key && receipt.Ref != carried {
			t.faultf("a key of %d bytes: the vendor has %q in its place, and Receipt.Ref is %q", len(key), carried, receipt.Ref)
		}
		return carried
	}
	if got := send("order-7"); got != "order-7" {
		t.faultf("the key order-7 reached the vendor as %q", got)
	}
	long := strings.Repeat("k", sms.MaxKey-1)
	first, second := send(long+"1"), send(long+"2")
	for _, got := range []string{first, second} {
		if most := cmp.Or(t.MaxKey, sms.MaxKey); got == "" || len(got) > most {
			t.faultf("a key of %d bytes reached the vendor as %d bytes, and its field takes from 1 to %d", sms.MaxKey, len(got), most)
		}
	}
	if first == second {
		t.faultf("two keys that differ in their last byte reached the vendor as the same %q", first)
	}
	if repeated := send(long + "1"); repeated != first {
		t.faultf("one key reached the vendor as %q, and then as %q", first, repeated)
	}
}

// keysOfErrors looks whether the error of a message that was not answered names what the
// vendor would echo in place of a long key.
func (t *trial) keysOfErrors() {
	carried := make(chan string, 10)
	s := t.open(t.serve(func(w http.ResponseWriter, r *http.Request) {
		carried <- t.Key(again(r))
		hangUp(w)
	}).URL)
	m := t.code()
	m.Key = strings.Repeat("k", sms.MaxKey)
	_, err := t.send(s, m)
	e := sms.AsError(err) // its outcome is for another check
	if e == nil || len(carried) == 0 {
		return
	}
	if got := <-carried; got != m.Key && e.Ref != got {
		t.faultf("a message with a long key that is not answered: the vendor has %q in its place, and Error.Ref is %q", got, e.Ref)
	}
}
