package kit

import (
	"errors"
	"net/url"
	"strings"
)

// WithoutURL takes every URL out of err that a *url.Error in it shows: one may
// hold a key or a number. The words around it stay, and errors.Is still finds
// what it found; errors.As does not, for it would give the *url.Error.
func WithoutURL(err error) error {
	all := urlErrors(err)
	if len(all) == 0 {
		return err
	}
	words := err.Error()
	for _, u := range all { // the outer one first: its words hold those of the inner
		words = strings.ReplaceAll(words, u.Error(), u.Op+": "+u.Err.Error())
	}
	for _, u := range all {
		if u.URL != "" {
			words = strings.ReplaceAll(words, u.URL, "(a URL)")
		}
	}
	return &plainError{words, err}
}

// urlErrors lists every *url.Error in err.
func urlErrors(err error) (all []*url.Error) {
	if u, ok := err.(*url.Error); ok && u != nil && u.Err != nil {
		all = append(all, u)
	}
	switch w := err.(type) {
	case interface{ Unwrap() error }:
		if next := w.Unwrap(); next != nil {
			all = append(all, urlErrors(next)...)
		}
	case interface{ Unwrap() []error }:
		for _, next := range w.Unwrap() {
			all = append(all, urlErrors(next)...)
		}
	}
	return all
}

type plainError struct {
	words string
	err   error
}

func (e *plainError) Error() string { return e.words }

func (e *plainError) Is(target error) bool { return errors.Is(e.err, target) }
