package outbox_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
)

// A sharded is three engines as one, and what they are made of.
type sharded struct {
	outbox.Engine
	parts []*outboxtest.Memory
}

func TestShard(t *testing.T) {
	outboxtest.Run(t, outboxtest.Harness{Bubble: true, Unordered: true, New: func(testing.TB) outboxtest.Store {
		disks := []*outboxtest.Disk{outboxtest.NewDisk(), outboxtest.NewDisk(), outboxtest.NewDisk()}
		each := func(do func(*outboxtest.Memory)) func(outbox.Engine) {
			return func(e outbox.Engine) {
				for _, p := range e.(*sharded).parts {
					do(p)
				}
			}
		}
		return outboxtest.Store{
			Open: func() outbox.Engine {
				s := &sharded{}
				var engines []outbox.Engine
				for _, d := range disks {
					m := d.Open()
					s.parts, engines = append(s.parts, m), append(engines, m)
				}
				s.Engine = outbox.Shard(engines...)
				return s
			},
			Kill:  each((*outboxtest.Memory).Kill),
			Pause: each((*outboxtest.Memory).Pause),
		}
	}})
}

// A key always lies on the same engine, and all engines get their share.
func TestShard_spreads(t *testing.T) {
	disks := []*outboxtest.Disk{outboxtest.NewDisk(), outboxtest.NewDisk(), outboxtest.NewDisk()}
	var engines []outbox.Engine
	for _, d := range disks {
		engines = append(engines, d.Open())
	}
	s := outbox.Shard(engines...)
	defer s.Close()
	const n = 900
	for range 2 {
		for i := range n {
			err := s.Put(t.Context(), []outbox.Entry{{Key: fmt.Sprint("k", i), Hash: "h", Class: "b"}})[0]
			if err != nil && !errors.Is(err, outbox.ErrSame) {
				t.Fatal(err)
			}
		}
	}
	total := 0
	for i, d := range disks {
		total += d.Len()
		if d.Len() < n/6 {
			t.Errorf("engine %d has %d of %d", i, d.Len(), n)
		}
	}
	if total != n {
		t.Errorf("%d records of %d keys", total, n)
	}
}

// While one engine is down the others go on.
func TestShard_oneIsDown(t *testing.T) {
	up, down := outboxtest.NewDisk().Open(), outboxtest.NewDisk().Open()
	s := outbox.Shard(up, down)
	down.Kill()
	defer s.Close()
	taken := 0
	for i := range 20 {
		if err := s.Put(t.Context(), []outbox.Entry{{Key: fmt.Sprint("k", i), Hash: "h", Class: "b"}})[0]; err == nil {
			taken++
		}
	}
	if taken == 0 || taken == 20 {
		t.Fatalf("%d of 20 were put", taken)
	}
	for taken > 0 {
		leases, _, err := s.Exchange(t.Context(), nil, []outbox.Want{{Class: "b", N: taken}}, taken)
		if err != nil {
			t.Fatal(err)
		}
		taken -= len(leases)
	}
}
