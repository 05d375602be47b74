package aliyun

import (
	"fmt"
	"testing"
	"time"
)

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
