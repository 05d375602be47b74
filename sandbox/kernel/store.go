package kernel

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/notifykit/notify/sms"
)

// maxStoreBytes bounds the texts and values of the messages that are kept.
// messageBytes is the bound of each if more messages are kept than fit in it.
const (
	maxStoreBytes = 64 << 20
	messageBytes  = 2 << 10
)

// A store keeps the newest messages, in order, and wakes those who wait for one.
type store struct {
	max, maxBytes int

	mu      sync.Mutex
	records []*Record // in order of seq
	last    uint64
	bytes   int
	added   chan struct{} // closed when a message is added
}

func newStore(limit int) *store {
	return &store{max: limit, maxBytes: max(maxStoreBytes, limit*messageBytes), added: make(chan struct{})}
}

// add takes messages that belong together: a reader sees all of them or none.
func (s *store) add(records ...*Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		s.last++
		r.seq = s.last
		r.size = r.weigh()
		s.bytes += r.size
		s.records = append(s.records, r)
	}
	for len(s.records) > s.max || s.bytes > s.maxBytes && len(s.records) > 1 {
		s.bytes -= s.records[0].size
		s.records[0] = nil // so that it may be collected before the slice moves
		s.records = s.records[1:]
	}
	close(s.added)
	s.added = make(chan struct{})
}

// newest calls yield with the messages from the newest to the oldest until it
// returns false. The lock is held: yield must not wait and not call the store.
func (s *store) newest(yield func(*Record) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.records) - 1; i >= 0; i-- {
		if !yield(s.records[i]) {
			return
		}
	}
}

// with runs do on the message at a place, under the lock, if it is still kept.
func (s *store) with(seq uint64, do func(*Record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := slices.BinarySearchFunc(s.records, seq, bySeq); ok {
		do(s.records[i])
	}
}

func bySeq(r *Record, seq uint64) int { return cmp.Compare(r.seq, seq) }

// A page says which messages after wants: those to a number, or all if to is
// empty, that came after the place seq; up to n, and up to bytes in memory, but
// at least one.
type page struct {
	seq      uint64
	to       sms.Number
	n, bytes int
}

// after returns the messages of a page, oldest first; the place to go on from;
// and a channel that is closed when another message comes.
func (s *store) after(p page, show func(*Record) Message) ([]Message, uint64, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Message{}
	seq, bytes := p.seq, 0
	start, _ := slices.BinarySearchFunc(s.records, p.seq+1, bySeq)
	for _, r := range s.records[start:] {
		if p.to != "" && r.To != p.to {
			continue
		}
		if bytes += r.size; len(found) == p.n || bytes > p.bytes && len(found) > 0 {
			return found, seq, s.added
		}
		seq = r.seq
		found = append(found, show(r))
	}
	return found, max(seq, s.last), s.added
}

// latest returns the newest n messages to a number, or to any if to is empty, the
// newest first, and how many there are.
func (s *store) latest(to sms.Number, n int, show func(*Record) Message) (found []Message, total int) {
	s.newest(func(r *Record) bool {
		if to == "" || r.To == to {
			if total++; total <= n {
				found = append(found, show(r))
			}
		}
		return true
	})
	return found, total
}

// place reads a cursor: an ID of a vendor's, or what cursorOf wrote.
func (s *store) place(cursor string) (uint64, bool) {
	if cursor == "" {
		return 0, true
	}
	if n, ok := strings.CutPrefix(cursor, "seq-"); ok {
		seq, err := strconv.ParseUint(n, 10, 64)
		return seq, err == nil
	}
	var seq uint64
	s.newest(func(r *Record) bool {
		if r.ID == cursor {
			seq = r.seq
		}
		return seq == 0
	})
	return seq, seq != 0
}

func cursorOf(seq uint64) string { return "seq-" + strconv.FormatUint(seq, 10) }

// remove forgets the messages to a number, or all of them if to is empty.
func (s *store) remove(to sms.Number) (removed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.records[:0:0]
	for _, r := range s.records {
		if to != "" && r.To != to {
			kept = append(kept, r)
			continue
		}
		removed++
		s.bytes -= r.size
	}
	s.records = kept
	return removed
}

// rejections keep the newest messages that vendors have refused. The words of
// each are cut to maxWords bytes.
type rejections struct {
	mu   sync.Mutex
	list []Rejection
}

const (
	maxRejections = 5_000
	maxWords      = 200
)

func (s *rejections) add(list ...Rejection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range list {
		r.To, r.Operation, r.Code, r.Message = sms.Number(cut(string(r.To))), cut(r.Operation), cut(r.Code), cut(r.Message)
		s.list = append(s.list, r)
	}
	if n := len(s.list) - maxRejections; n > 0 {
		s.list = slices.Delete(s.list, 0, n)
	}
}

// cut returns at most maxWords bytes of s, as memory of its own.
func cut(s string) string {
	if len(s) > maxWords {
		s = strings.ToValidUTF8(s[:maxWords], "")
	}
	return strings.Clone(s)
}

// to returns those to a number, or all if to is empty, oldest first.
func (s *rejections) to(to sms.Number) []Rejection {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Rejection{}
	for _, r := range s.list {
		if to == "" || r.To == to {
			found = append(found, r)
		}
	}
	return found
}

func (s *rejections) remove(to sms.Number) (removed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.list)
	s.list = slices.DeleteFunc(s.list, func(r Rejection) bool { return to == "" || r.To == to })
	return n - len(s.list)
}
