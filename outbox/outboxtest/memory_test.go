package outboxtest_test

import (
	"testing"

	"github.com/notifykit/notify/outbox"
	"github.com/notifykit/notify/outbox/outboxtest"
)

// memory is a Store on a Disk whose engines are wrapped, or not.
func memory(wrap func(*outboxtest.Memory) outbox.Engine, unwrap func(outbox.Engine) *outboxtest.Memory) func(testing.TB) outboxtest.Store {
	return func(testing.TB) outboxtest.Store {
		d := outboxtest.NewDisk()
		return outboxtest.Store{
			Open:  func() outbox.Engine { return wrap(d.Open()) },
			Kill:  func(e outbox.Engine) { unwrap(e).Kill() },
			Pause: func(e outbox.Engine) { unwrap(e).Pause() },
		}
	}
}

func TestMemory(t *testing.T) {
	outboxtest.Run(t, outboxtest.Harness{Bubble: true, New: memory(
		func(m *outboxtest.Memory) outbox.Engine { return m },
		func(e outbox.Engine) *outboxtest.Memory { return e.(*outboxtest.Memory) },
	)})
}
