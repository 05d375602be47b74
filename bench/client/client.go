// Package client measures a whole Client.Send beside what a program would put
// together by hand: failsafe-go's policies with a limit for each number and
// deduplication of its own, and nikoksr/notify, which has no policies. All of them
// give their messages to the same function, which accepts at once.
package client

import (
	"context"
	"errors"
	"sync"
	"time"

	nikoksr "github.com/nikoksr/notify"

	"github.com/notifykit/notify"
	"github.com/notifykit/notify/bench/compare"
	"github.com/notifykit/notify/middleware"
	"github.com/notifykit/notify/sms"
)

// What both sides are set to. No message is over a limit.
const (
	perHour   = 1 << 20
	keysFor   = time.Hour
	mostKeys  = 1 << 22
	perSecond = 1e9
)

// A Contender is one way to send.
type Contender struct {
	Name string
	// Send sends a message. An empty key is not deduplicated.
	Send  func(ctx context.Context, to sms.Number, key string) error
	close func() error
}

const body = "Your code is 482913."

func accept(context.Context, sms.Message) (sms.Receipt, error) {
	return sms.Receipt{Provider: "noop", ID: "1"}, nil
}

// Contenders returns all of them, each with state of its own, notify first.
func Contenders(deduplicate bool) ([]Contender, error) {
	ours, err := client(deduplicate)
	if err != nil {
		return nil, err
	}
	theirs := byHand(compare.FailsafeGo(accept), deduplicate)
	bare := nikoksr.New()
	bare.UseServices(service{})
	return []Contender{
		{"notify", func(ctx context.Context, to sms.Number, key string) error {
			_, err := ours.Send(ctx, sms.Message{To: to, Body: body, Kind: sms.Verification, Key: key})
			return err
		}, ours.Close},
		{"failsafe-go and maps", func(ctx context.Context, to sms.Number, key string) error {
			_, err := theirs.Send(ctx, sms.Message{To: to, Body: body, Kind: sms.Verification, Key: key})
			return err
		}, nothing},
		{"nikoksr/notify, no policy", func(ctx context.Context, _ sms.Number, _ string) error { return bare.Send(ctx, "", body) }, nothing},
	}, nil
}

func nothing() error { return nil }

func client(deduplicate bool) (*notify.Client, error) {
	c := notify.Config{
		Providers: map[string]notify.ProviderConfig{"noop": {Sender: sms.SenderFunc(accept)}},
		Limits: notify.Limits{
			PerNumber:   []middleware.Window{{Count: perHour, Per: time.Hour}},
			PerProvider: map[string]float64{"noop": perSecond},
		},
	}
	if deduplicate {
		c.Deduplicate, c.DeduplicateKeys = keysFor, mostKeys
	}
	return notify.New(c)
}

// service is a service of nikoksr/notify.
type service struct{}

func (service) Send(ctx context.Context, _, message string) error {
	_, err := accept(ctx, sms.Message{Body: message})
	return err
}

// handMade is the limit for each number and the deduplication as a program without a
// library would write them: two maps, each under a lock.
type handMade struct {
	next sms.Sender

	mu    sync.Mutex
	takes map[sms.Number][]time.Time

	keysMu sync.Mutex
	keys   map[string]sent // nil: off
}

type sent struct {
	receipt sms.Receipt
	until   time.Time
}

func byHand(next sms.Sender, deduplicate bool) sms.Sender {
	h := &handMade{next: next, takes: map[sms.Number][]time.Time{}}
	if deduplicate {
		h.keys = map[string]sent{}
	}
	return h
}

var errTooMany = errors.New("too many messages to this number")

func (h *handMade) Send(ctx context.Context, m sms.Message) (sms.Receipt, error) {
	if h.keys != nil && m.Key != "" {
		h.keysMu.Lock()
		earlier, ok := h.keys[m.Key]
		h.keysMu.Unlock()
		if ok && time.Now().Before(earlier.until) {
			return earlier.receipt, nil
		}
	}
	if !h.take(m.To, time.Now()) {
		return sms.Receipt{}, errTooMany
	}
	receipt, err := h.next.Send(ctx, m)
	if h.keys != nil && m.Key != "" && err == nil {
		h.keysMu.Lock()
		h.keys[m.Key] = sent{receipt, time.Now().Add(keysFor)}
		h.keysMu.Unlock()
	}
	return receipt, err
}

func (h *handMade) take(to sms.Number, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	takes := h.takes[to]
	for len(takes) > 0 && now.Sub(takes[0]) >= time.Hour {
		takes = takes[1:]
	}
	if len(takes) >= perHour {
		return false
	}
	h.takes[to] = append(takes, now)
	return true
}
