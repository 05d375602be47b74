package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/sms"
)

func TestStore_keepsTheNewestMessages(t *testing.T) {
	s := newStore(3)
	for i := range 10 {
		s.add(&entry{Message: Message{ID: fmt.Sprint(i)}})
	}
	found, next, _ := s.after(0, "", 100, time.Now(), time.Second)
	if len(found) != 3 || found[0].ID != "7" || found[2].ID != "9" || next != 10 {
		t.Errorf("it holds %v, next %d", found, next)
	}
	if place, ok := s.place("8"); !ok || place != 9 {
		t.Errorf("8 stands at %d, %v", place, ok)
	}
	if _, ok := s.place("3"); ok {
		t.Error("a message that is gone has a place")
	}
	if s.remove(""); s.bytes != 0 || len(s.entries) != 0 {
		t.Errorf("after removing all: %d bytes, %d messages", s.bytes, len(s.entries))
	}
}

func TestStore_boundsItsMemory(t *testing.T) {
	s := newStore(10_000)
	text := strings.Repeat("x", 1<<20)
	for range 100 {
		s.add(&entry{Message: Message{Text: text}})
	}
	if n := len(s.entries); n == 0 || n > 63 || s.bytes > maxStoreBytes {
		t.Errorf("%d messages of 1 MiB, %d bytes", n, s.bytes)
	}
}

func TestNonces_areBounded(t *testing.T) {
	const most = 1000
	n := newNonces(most)
	now := time.Now()
	for i := range most + 10 {
		if !n.take("a", fmt.Sprint(i), now) {
			t.Fatalf("nonce %d is taken for used", i)
		}
	}
	if len(n.used) != most || len(n.ring)-n.head != most || cap(n.ring) > 4*most {
		t.Errorf("%d nonces are kept", len(n.used))
	}
	if n.take("a", fmt.Sprint(most), now) {
		t.Error("a newer nonce was given up")
	}
	if !n.take("a", "0", now) {
		t.Error("the oldest nonce was not given up first")
	}
}

func TestAliyunLimits_areBounded(t *testing.T) {
	l := newAliyunLimits()
	template := newAliyunTemplate(Template{Code: "SMS_1", Text: "x"})
	now := time.Now()
	for i := range maxLimitKeys + 1000 {
		if refusal := l.take(template, []aliyunPart{{to: sms.Number(fmt.Sprint(i))}}, now); refusal != nil {
			t.Fatal(refusal)
		}
	}
	if len(l.sent) > maxLimitKeys {
		t.Errorf("%d numbers are counted", len(l.sent))
	}
	const fresh = 50_000
	for i := range fresh {
		l.take(template, []aliyunPart{{to: sms.Number(fmt.Sprint("a day later ", i))}}, now.Add(25*time.Hour))
	}
	if len(l.sent) != fresh {
		t.Errorf("%d numbers are counted, want the fresh ones alone", len(l.sent))
	}
}
