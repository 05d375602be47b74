package outbox_test

import (
	"testing"
	"time"

	"github.com/notifykit/notify/outbox"
)

// What is corrupt is Dead and waits for a person. What another version may read goes
// back to the queue until its age. The rest flows.
func TestPoisoned(t *testing.T) {
	inWorld(t, func(w *world) {
		v := &vendor{}
		b, e := w.idle(v)
		for key, data := range map[string]string{"garbage": "\x01\x00{", "later": "\x63\x00{}", "empty": "", "form": "\x01\x63{}", "other": "\x01\x00{\"message\":{\"key\":\"another\"}}"} {
			if err := e.Put(w.Context(), []outbox.Entry{{Key: key, Hash: "h", Class: "notification", Data: []byte(data)}})[0]; err != nil {
				t.Fatal(err)
			}
		}
		w.enqueue(b, shipped("good"))
		if err := b.Start(w.Context()); err != nil {
			t.Fatal(err)
		}
		w.state(b, "good", outbox.Accepted)
		for _, key := range []string{"garbage", "empty", "other"} {
			st := w.status(b, key)
			if st.State != outbox.Dead || st.Err == nil {
				t.Errorf("%s is %v, %v", key, st.State, st.Err)
			}
		}
		w.state(b, "later", outbox.Queued)
		w.state(b, "form", outbox.Queued)
		w.later(25 * time.Hour)
		w.state(b, "later", outbox.Dead)
		w.state(b, "form", outbox.Dead)
		if v.count() != 1 {
			t.Errorf("%d calls", v.count())
		}
	})
}
