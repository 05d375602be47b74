package sms

import (
	"context"
	"errors"
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

func (fs finders) Ask(ctx context.Context, q Question) (Receipt, error) {
	var undecided error
	for _, f := range fs {
		if f == nil {
			undecided = errors.Join(undecided, ErrUndecided)
			continue
		}
		r, err := f.Ask(ctx, q)
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
