package smstest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// A Listing describes how the vendor lists the messages that it took. The Sender
// under test must then be an [sms.Finder].
type Listing struct {
	// Asks reports whether r asks for the listing. Every other request is a message.
	Asks func(r *http.Request) bool
	// ID returns the vendor's ID of the nth message, from 1 on.
	ID func(n int) string
	// Accept answers a message that the vendor takes under that ID.
	Accept func(w http.ResponseWriter, r *http.Request, id string)
	// Write answers with all that was taken, oldest first.
	Write func(w http.ResponseWriter, r *http.Request, taken []Taken)
	// By is what the vendor lists of a message.
	By ListedBy
}

// ListedBy is how a message of a listing can be told from others.
type ListedBy int

// The ways to tell a message from others.
const (
	ByNothing ListedBy = iota // the vendor lists neither our key nor the text
	ByText                    // it lists the text as it was sent
	ByKey                     // it lists our key
)

// A Taken is a message that the vendor took.
type Taken struct {
	ID string
	At time.Time
	// Request returns the request that sent it, with its body unread.
	Request func() *http.Request
}

func (l *Listing) validate(need func(there bool, what string)) {
	if l != nil {
		need(l.Asks != nil && l.ID != nil && l.Accept != nil && l.Write != nil, "Listing needs Asks, ID, Accept and Write")
	}
}

// A desk is a vendor that lists what it took.
type desk struct {
	*vendor

	mu           sync.Mutex       // guards all below
	take, answer bool             // what it does with the next message
	list         http.HandlerFunc // in place of the listing, if it is set
	messages     int
	taken        []Taken
}

// desk starts one.
func (t *trial) desk() *desk {
	d := &desk{take: true, answer: true}
	d.vendor = t.serve(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		switch {
		case t.Listing.Asks(again(r)) && d.list != nil:
			d.list(w, r)
			return
		case t.Listing.Asks(again(r)):
			t.Listing.Write(w, r, d.taken)
			return
		}
		d.messages++
		id := t.Listing.ID(d.messages)
		if d.take {
			sent := again(r)
			d.taken = append(d.taken, Taken{ID: id, At: time.Now(), Request: func() *http.Request { return again(sent) }})
		}
		if d.answer {
			t.Listing.Accept(w, r, id)
			return
		}
		hangUp(w)
	})
	return d
}

// again returns r with its body unread. The body of r itself stays unread too.
func again(r *http.Request) *http.Request {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := r.Clone(context.WithoutCancel(r.Context()))
	c.Body = io.NopCloser(bytes.NewReader(body))
	c.Form, c.PostForm, c.MultipartForm = nil, nil, nil
	return c
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

// lose sends m to d, which takes it or not and gives no answer. It returns the IDs
// under which d has it.
func (t *trial) lose(s sms.Sender, d *desk, m sms.Message, take bool) (ids []string) {
	before := len(d.all())
	d.behave(take, false)
	t.send(s, m) // its outcome is for another check
	d.behave(true, true)
	for _, taken := range d.all()[before:] {
		ids = append(ids, taken.ID)
	}
	return ids
}

// behave sets what d does with further messages.
func (d *desk) behave(take, answer bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.take, d.answer = take, answer
}

// answerListing has d answer with list, or with what it took if list is nil.
func (d *desk) answerListing(list http.HandlerFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = list
}

// all returns what d has.
func (d *desk) all() []Taken {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.taken)
}

// An answer of Ask.
type verdict int

const (
	undecided verdict = iota
	found
	notFound
)

// ask asks s about m, which may have left so long ago.
func (t *trial) ask(s sms.Sender, m sms.Message, ago time.Duration, owned ...string) (r sms.Receipt, v verdict) {
	f, ok := s.(sms.Finder)
	if !ok {
		t.faultf("Provider.Listing is set, and the Sender is no sms.Finder")
		return r, undecided
	}
	at := time.Now().Add(-ago)
	q := sms.Question{Message: m, Since: at, Until: at, Owned: func(context.Context, string, []string) ([]string, error) { return owned, nil }}
	err := errPanic
	t.guard("Ask", func() { r, err = f.Ask(t.tb.Context(), q) })
	switch {
	case err == nil:
		return r, found
	case errors.Is(err, sms.ErrUndecided):
		if sms.OutcomeOf(err) != sms.Unknown {
			t.faultf("an undecided question has the outcome %v: %v", sms.OutcomeOf(err), err)
		}
		return r, undecided
	case errors.Is(err, sms.ErrNotFound):
		return r, notFound
	case !errors.Is(err, errPanic):
		t.faultf("the error of Ask matches neither ErrNotFound nor ErrUndecided: %v", err)
	}
	return r, undecided
}

// findAfter is how long after a send s can say that the vendor never took it, and
// late is a time after that.
func findAfter(s sms.Sender) time.Duration {
	return cmp.Or(sms.AbilitiesOf(s).FindAfter, sms.FindAfter)
}

func late(s sms.Sender) time.Duration { return findAfter(s) + time.Minute }

// is makes a fault of a receipt that is not that of m under one of these IDs.
func (t *trial) is(r sms.Receipt, m sms.Message, ids []string, when string) {
	if r.Provider != Name || r.Key != m.Key {
		t.faultf("%s: the receipt has the provider %q and the key %q, and should have %q and %q", when, r.Provider, r.Key, Name, m.Key)
	}
	t.isOneOf(r, ids, when)
}

// isOneOf makes a fault of a receipt with none of these IDs.
func (t *trial) isOneOf(r sms.Receipt, ids []string, when string) {
	if r.ID != "" && !slices.Contains(ids, r.ID) {
		t.faultf("%s: the receipt has the ID %q, and the vendor has it as %q", when, r.ID, ids)
	}
}

func checkFound(t *trial) {
	d := t.desk()
	s := t.open(d.URL)
	for _, long := range []bool{false, true} {
		m := t.code()
		if long {
			m.Key += strings.Repeat("7", sms.MaxKey-len(m.Key))
			m.Params["code"] = "555666"
		}
		ids := t.lose(s, d, m, true)
		r, v := t.ask(s, m, late(s))
		switch {
		case v == notFound:
			t.faultf("a message that the vendor lists: ErrNotFound")
		case v == undecided && t.Listing.By != ByNothing:
			t.faultf("a message that the vendor lists, with a key of %d bytes: it is undecided", len(m.Key))
		case v == found:
			t.is(r, m, ids, "a message that the vendor lists")
		}
	}
}

func checkNotFound(t *trial) {
	d := t.desk()
	s := t.open(d.URL)
	m := t.code()
	t.lose(s, d, m, false)
	if _, v := t.ask(s, m, late(s)); v != notFound {
		t.faultf("a message that an empty listing does not have, %v after it may have left: it is not ErrNotFound", late(s))
	}
	if _, v := t.ask(s, m, findAfter(s)/2); v != undecided {
		t.faultf("a message that an empty listing does not have, %v after it may have left: it is decided, and the listing is complete after %v only", findAfter(s)/2, findAfter(s))
	}
	for when, list := range map[string]http.HandlerFunc{
		"refuses":                func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"fails":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"hangs up":               func(w http.ResponseWriter, _ *http.Request) { hangUp(w) },
		"answers nothing":        func(http.ResponseWriter, *http.Request) {},
		"answers a proxy's page": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>sign in</html>") },
		"answers an object":      func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") },
		"answers null":           func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "null") },
	} {
		d.answerListing(list)
		if _, v := t.ask(s, m, late(s)); v != undecided {
			t.faultf("a vendor that %s when it is asked for its listing: it is decided", when)
		}
	}
	d.answerListing(nil)
	other := t.code()
	other.Params["code"] = "777888"
	if _, err := t.send(t.open(d.URL), other); !t.accepted(err, "a message of another process") {
		return
	}
	if _, v := t.ask(s, m, late(s)); v == found {
		t.faultf("a listing that has another message to the number: it is found")
	}
}

func checkTwo(t *trial) {
	for _, taken := range []bool{false, true} {
		d := t.desk()
		s := t.open(d.URL)
		one, two := t.code(), t.code()
		if _, err := t.send(s, one); !t.accepted(err, "the first of two messages with one text") {
			return
		}
		ids := t.lose(s, d, two, taken)
		switch r, v := t.ask(s, two, late(s)); {
		case v == found && !taken:
			t.faultf("the vendor has the first of two messages with one text: the second is found")
		case v == found:
			t.isOneOf(r, ids, "the second of two messages with one text")
		case v == notFound && taken, v == undecided && taken && t.Listing.By != ByNothing:
			t.faultf("the vendor has both of two messages with one text: the second is not found")
		}
		switch r, v := t.ask(s, one, late(s)); {
		case v == found:
			t.isOneOf(r, []string{t.Listing.ID(1)}, "the first of two messages with one text")
		case v == notFound:
			t.faultf("the vendor has the first of two messages with one text, and answered it: ErrNotFound")
		}
	}
	t.findTwoLost()
	d := t.desk()
	s := t.open(d.URL)
	m, elsewhere := t.code(), t.code()
	t.lose(s, d, m, false)
	if _, err := t.send(t.open(d.URL), elsewhere); !t.accepted(err, "a message of another process") {
		return
	}
	if _, v := t.ask(s, m, late(s), d.all()[0].ID); v == found {
		t.faultf("the vendor has a message with the same text that Owned names: it is found")
	}
}

// findTwoLost asks about two messages with one text of which the vendor answered
// none and has one.
func (t *trial) findTwoLost() {
	d := t.desk()
	s := t.open(d.URL)
	one, two := t.code(), t.code()
	t.lose(s, d, one, true)
	t.lose(s, d, two, false)
	_, first := t.ask(s, one, late(s))
	_, second := t.ask(s, two, late(s))
	if first == found && second == found {
		t.faultf("the vendor has one of two messages with one text, and both are found")
	}
	if first == notFound && second == notFound {
		t.faultf("the vendor has one of two messages with one text, and none is found")
	}
}
