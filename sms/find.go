package sms

import (
	"context"
	"errors"
	"time"
)

// A Finder can be asked afterwards whether the vendor has a message, which
// settles an Unknown outcome. Providers have it where their vendor can be asked.
//
// Find renders m and compares by itself; m.Key is the key that Receipt.Key or
// Error.Key told, and since is when the first try began. It answers a Receipt
// where the vendor has the message, [ErrNotFound] where the vendor certainly
// never took it, and [ErrUndecided], with the cause wrapped, where it cannot say:
// the outcome then stays Unknown. ErrNotFound is the only answer after which the
// message may be sent again.
type Finder interface {
	Find(ctx context.Context, m Message, since time.Time) (Receipt, error)
}

// FindAfter is how long after since a Finder may first answer ErrNotFound, by
// default: before, a vendor's listing may lack what it took.
const FindAfter = time.Minute

var (
	// ErrNotFound is a Finder's answer that the vendor certainly never took the
	// message. It is given only for a since at least FindAfter ago.
	ErrNotFound = errors.New("sms: the vendor never took this message")
	// ErrUndecided is a Finder's answer that it cannot say.
	ErrUndecided = errors.New("sms: nobody can tell whether the vendor took this message")
)

// FinderOf looks for a Finder down through Unwrap. Of several Senders side by
// side all are asked: found at one is found, and not found needs ErrNotFound of
// every one of them, so that one that cannot be asked leaves it undecided.
func FinderOf(s Sender) (Finder, bool) {
	if s == nil {
		return nil, false
	}
	if f, ok := s.(Finder); ok {
		return f, true
	}
	if l, ok := s.(*layer); ok {
		if f, ok := l.Sender.(Finder); ok {
			return f, true
		}
	}
	switch u := s.(type) {
	case interface{ Unwrap() Sender }:
		return FinderOf(u.Unwrap())
	case interface{ Unwrap() []Sender }:
		return findersOf(u.Unwrap())
	}
	return nil, false
}

func findersOf(senders []Sender) (Finder, bool) {
	var all finders
	some := false
	for _, s := range senders {
		f, ok := FinderOf(s)
		if !ok {
			f = nil
		}
		some = some || ok
		all = append(all, f)
	}
	if !some {
		return nil, false
	}
	return all, true
}

// finders asks several Finders; a nil one is a Sender that cannot be asked.
type finders []Finder

func (fs finders) Find(ctx context.Context, m Message, since time.Time) (Receipt, error) {
	var undecided error
	for _, f := range fs {
		if f == nil {
			undecided = errors.Join(undecided, ErrUndecided)
			continue
		}
		r, err := f.Find(ctx, m, since)
		switch {
		case err == nil:
			return r, nil
		case errors.Is(err, ErrUndecided): // first: an error that says both has not decided
			undecided = errors.Join(undecided, err)
		case errors.Is(err, ErrNotFound):
		default: // an answer that no Finder should give leaves it open as well
			undecided = errors.Join(undecided, ErrUndecided, err)
		}
	}
	if undecided != nil {
		return Receipt{}, undecided
	}
	return Receipt{}, ErrNotFound
}
