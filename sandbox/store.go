package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/notifykit/notify/sms"
)

// maxStoreBytes bounds the texts and values of the messages that are kept, and
// messageBytes that of each where more messages are to be kept than fit in it.
const (
	maxStoreBytes = 64 << 20
	messageBytes  = 2 << 10
)

// An entry is a message as the sandbox keeps it: what the vendor was told, and
// the moments from which its status follows.
type entry struct {
	seq  uint64 // its place among all messages ever taken; never used twice
	size int
	Message

	carrierError string       // Aliyun: what the carrier will say; empty: it delivers
	twilio       *twilioFacts // nil: Aliyun's
}

// A store keeps the newest messages, in order, and wakes who waits for one.
type store struct {
	max, maxBytes int

	mu      sync.Mutex
	entries []*entry // in order of seq
	last    uint64
	bytes   int
	added   chan struct{} // closed when a message is added
}

func newStore(limit int) *store {
	return &store{max: limit, maxBytes: max(maxStoreBytes, limit*messageBytes), added: make(chan struct{})}
}

// add takes messages that belong together: nobody sees some of them only.
func (s *store) add(entries ...*entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		s.last++
		e.seq = s.last
		e.size = weigh(e)
		s.bytes += e.size
		s.entries = append(s.entries, e)
	}
	for len(s.entries) > s.max || s.bytes > s.maxBytes && len(s.entries) > 1 {
		s.bytes -= s.entries[0].size
		s.entries[0] = nil // so that what follows may be collected before the slice moves
		s.entries = s.entries[1:]
	}
	close(s.added)
	s.added = make(chan struct{})
}

// weigh counts what a message holds in memory, near enough.
func weigh(e *entry) int {
	n := 512 + len(e.Text) + len(e.Key) + len(e.From) + len(e.Template)
	for k, v := range e.Params {
		n += len(k) + len(v) + 64
	}
	if e.twilio != nil {
		n += len(e.twilio.body) + len(e.twilio.callback)
	}
	return n
}

// newest calls yield with the messages from the newest to the oldest until it
// says no. The lock is held: yield does not wait and does not call the store.
func (s *store) newest(yield func(*entry) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.entries) - 1; i >= 0; i-- {
		if !yield(s.entries[i]) {
			return
		}
	}
}

// update runs change on the message that the vendor calls id, under the lock,
// and tells whether there is one.
func (s *store) update(vendor, id string, change func(*entry)) bool {
	found := false
	s.newest(func(e *entry) bool {
		if e.Vendor == vendor && e.ID == id {
			found = true
			change(e)
		}
		return !found
	})
	return found
}

// after gives up to n messages to a number, or to any where to is empty, that
// came after the place seq, oldest first; the place to go on from; and a channel
// that is closed when another message comes.
func (s *store) after(seq uint64, to sms.Number, n int, now time.Time, pace time.Duration) ([]Message, uint64, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Message{}
	start, _ := slices.BinarySearchFunc(s.entries, seq+1, func(e *entry, seq uint64) int { return cmp.Compare(e.seq, seq) })
	for _, e := range s.entries[start:] {
		if to != "" && e.To != to {
			continue
		}
		if len(found) == n {
			return found, seq, s.added
		}
		seq = e.seq
		found = append(found, e.snapshot(now, pace))
	}
	return found, max(seq, s.last), s.added
}

// place reads a cursor: an ID of a vendor's, or what place gave before.
func (s *store) place(cursor string) (uint64, bool) {
	if cursor == "" {
		return 0, true
	}
	if n, ok := strings.CutPrefix(cursor, "seq-"); ok {
		seq, err := strconv.ParseUint(n, 10, 64)
		return seq, err == nil
	}
	var seq uint64
	s.newest(func(e *entry) bool {
		if e.ID == cursor {
			seq = e.seq
		}
		return seq == 0
	})
	return seq, seq != 0
}

func cursorOf(seq uint64) string { return "seq-" + strconv.FormatUint(seq, 10) }

// remove forgets the messages to a number, or all of them where to is empty.
func (s *store) remove(to sms.Number) (removed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.entries[:0:0]
	for _, e := range s.entries {
		if to != "" && e.To != to {
			kept = append(kept, e)
			continue
		}
		removed++
		s.bytes -= e.size
	}
	s.entries = kept
	return removed
}

// snapshot is the message as it is at this moment.
func (e *entry) snapshot(now time.Time, pace time.Duration) Message {
	m := e.Message
	switch {
	case e.twilio != nil:
		state := e.twilioState(now, pace)
		m.Status, m.From = state.status, state.from
	default:
		m.Status = e.aliyunStatus(now, pace).word
	}
	return m
}
