package kernel

import (
	"fmt"
	"strings"
	"testing"
)

func TestStore_keepsTheNewestMessages(t *testing.T) {
	s := newStore(3)
	for i := range 10 {
		s.add(&Record{Message: Message{ID: fmt.Sprint(i)}})
	}
	found, next, _ := s.after(page{n: 100, bytes: 1 << 20}, func(r *Record) Message { return r.Message })
	if len(found) != 3 || found[0].ID != "7" || found[2].ID != "9" || next != 10 {
		t.Errorf("it holds %v, next %d", found, next)
	}
	if place, ok := s.place("8"); !ok || place != 9 {
		t.Errorf("8 stands at %d, %v", place, ok)
	}
	if _, ok := s.place("3"); ok {
		t.Error("a message that is gone has a place")
	}
	if s.remove(""); s.bytes != 0 || len(s.records) != 0 {
		t.Errorf("after removing all: %d bytes, %d messages", s.bytes, len(s.records))
	}
}

func TestStore_boundsItsMemory(t *testing.T) {
	s := newStore(10_000)
	text := strings.Repeat("x", 1<<20)
	for range 100 {
		s.add(&Record{Message: Message{Text: text}})
	}
	if n := len(s.records); n == 0 || n > 63 || s.bytes > maxStoreBytes {
		t.Errorf("%d messages of 1 MiB, %d bytes", n, s.bytes)
	}
}
