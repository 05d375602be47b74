package smstest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/notifykit/notify/providers/kit"
	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/sms/smstest"
)

// maxKey is the longest key that the subject's vendor takes.
const maxKey = 40

// A wire is a message as the subject's vendor has it.
type wire struct {
	To   string `json:"to"`
	Text string `json:"text"`
	Key  string `json:"key"`
	ID   string `json:"id,omitempty"`
}

func readWire(r *http.Request) (w wire) {
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &w)
	return w
}

// withAbilities adds to p what the suite must know of the subject's further abilities.
func withAbilities(p smstest.Provider, flaw string) smstest.Provider {
	p.Key, p.MaxKey = func(r *http.Request) string { return readWire(r).Key }, maxKey
	p.Listing = &smstest.Listing{
		By:   smstest.ByKey,
		Asks: func(r *http.Request) bool { return r.Method == http.MethodGet },
		ID:   func(n int) string { return fmt.Sprintf("id-%d", n) },
		Accept: func(w http.ResponseWriter, _ *http.Request, id string) {
			json.NewEncoder(w).Encode(map[string]string{"code": "0", "id": id})
		},
		Write: func(w http.ResponseWriter, r *http.Request, taken []smstest.Taken) {
			rows := []wire{}
			for _, m := range taken {
				row := readWire(m.Request())
				row.ID = m.ID
				rows = append(rows, row)
			}
			json.NewEncoder(w).Encode(rows)
		},
	}
	p.Webhook = &smstest.Webhook{
		ID: "id-1", Delivered: "arrived", Failed: "failed",
		Report: func(to sms.Number, id, word string) kit.Hook {
			return posted(map[string]string{"id": id, "to": to.E164(), "state": word})
		},
		Reply: func(from sms.Number, text string) kit.Hook {
			return posted(map[string]string{"from": from.E164(), "text": text})
		},
		Spoil: func(h kit.Hook) kit.Hook {
			h.Header = http.Header{"Signature": {hex.EncodeToString(signed([]byte("another body")))}}
			return h
		},
	}
	p.Batch = &smstest.Batch{
		New: func(_ testing.TB, endpoint string, r *sms.Registry) sms.Sender {
			s := newSubject(flaw, endpoint, r, 0)
			s.gathers = true
			return asked{s}
		},
		Numbers: func(r *http.Request) (numbers []string) {
			for _, m := range readWires(r) {
				numbers = append(numbers, m.To)
			}
			return numbers
		},
		Answer: func(w http.ResponseWriter, r *http.Request, refused string) {
			var results []map[string]string
			for i, m := range readWires(r) {
				result := map[string]string{"code": "0", "id": fmt.Sprintf("id-%d", i)}
				if m.To == refused {
					result = map[string]string{"code": "9"}
				}
				results = append(results, result)
			}
			json.NewEncoder(w).Encode(results)
		},
	}
	return p
}

func readWires(r *http.Request) (all []wire) {
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &all)
	return all
}

func signed(body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}

// posted is a request of the subject's vendor.
func posted(fields map[string]string) kit.Hook {
	body, _ := json.Marshal(fields)
	return kit.Hook{Method: http.MethodPost, URL: "https://example.com/hook", Body: body, Header: http.Header{"Signature": {hex.EncodeToString(signed(body))}}}
}

// ref returns what stands for a key at the vendor.
func (s *subject) ref(key string) string {
	switch {
	case s.has("cuts keys") && len(key) > maxKey:
		return key[:maxKey]
	case s.has("sends long keys whole"):
		return key
	}
	return kit.Ref(key, maxKey)
}

// asked is a subject whose vendor lists keys and posts reports and replies.
type asked struct{ *subject }

// Ask asks the vendor.
func (s asked) Ask(ctx context.Context, q sms.Question) (sms.Receipt, error) {
	undecided := func(err error) (sms.Receipt, error) {
		return sms.Receipt{}, fmt.Errorf("%w: %w", sms.ErrUndecided, err)
	}
	text, err := s.templates.Render(q.Message, smstest.Name)
	if err != nil {
		return undecided(err)
	}
	r, err := http.NewRequest(http.MethodGet, s.endpoint+"/messages?to="+url.QueryEscape(q.To.E164()), nil)
	if err != nil {
		return undecided(err)
	}
	var rows *[]wire
	switch a, err := s.http.Do(ctx, r); {
	case s.has("takes a failed listing for an empty one") && (err != nil || a.Status != http.StatusOK):
		rows = &[]wire{}
	case err != nil:
		return undecided(errors.New("no answer"))
	case a.Status != http.StatusOK, json.Unmarshal(a.Body, &rows) != nil, rows == nil:
		return undecided(errors.New("the vendor refuses to list"))
	}
	for _, row := range *rows {
		mine := row.Key == s.ref(q.Key) && !s.has("asks by the key itself") || row.Key == q.Key || s.has("compares texts alone") && row.Text == text
		if !mine {
			continue
		}
		receipt := sms.Receipt{Provider: smstest.Name, Key: q.Key, ID: row.ID}
		if s.has("finds under another key") {
			receipt.Key = row.ID
		}
		return receipt, nil
	}
	if time.Since(q.Latest()) < sms.FindAfter && !s.has("decides too early") {
		return undecided(errors.New("too early"))
	}
	return sms.Receipt{}, sms.ErrNotFound
}

// Hook reads a report or a reply.
func (s asked) Hook(_ context.Context, h kit.Hook) (kit.Inbound, error) {
	if got, err := hex.DecodeString(h.Header.Get("Signature")); (err != nil || !hmac.Equal(got, signed(h.Body))) && !s.has("checks no signature") {
		return kit.Inbound{}, kit.ErrNotAuthentic
	}
	var said struct{ ID, To, State, From, Text string }
	if json.Unmarshal(h.Body, &said) != nil || said.ID == "" && said.From == "" {
		return kit.Inbound{}, kit.ErrMalformed
	}
	if said.From != "" && !s.has("takes a reply for a report") {
		if s.has("cuts replies at a quote") {
			said.Text, _, _ = strings.Cut(said.Text, `"`)
		}
		return kit.Inbound{Signed: true, Replies: []sms.Reply{{Provider: smstest.Name, From: sms.Number(said.From), Text: said.Text}}}, nil
	}
	r := sms.Report{Provider: smstest.Name, ID: said.ID, To: sms.Number(said.To), Code: said.State}
	r.State = map[string]sms.DeliveryState{"arrived": sms.StateDelivered, "failed": sms.StateUndelivered}[said.State]
	switch {
	case s.has("takes an unknown word for delivered") && r.State == 0:
		r.State = sms.StateDelivered
	case s.has("reads a report by the clock"):
		r.At = time.Now()
	}
	return kit.Inbound{Signed: true, Reports: []sms.Report{r}}, nil
}

// A member is a message that waits for a call, or is part of one.
type member struct {
	m    sms.Message
	done chan struct{}
	r    sms.Receipt
	err  error
}

// gather puts m into a call with others that came while one was in flight.
func (s *subject) gather(m sms.Message) (sms.Receipt, error) {
	mine := &member{m: m, done: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, mine)
	first := !s.calling
	s.calling = true
	s.mu.Unlock()
	for first {
		s.mu.Lock()
		batch := s.waiting
		s.waiting = nil
		s.calling = len(batch) > 0
		s.mu.Unlock()
		if len(batch) == 0 {
			break
		}
		s.call(batch)
	}
	<-mine.done
	return mine.r, mine.err
}

// call sends a batch and gives each member its result.
func (s *subject) call(batch []*member) {
	var all []wire
	for _, m := range batch {
		text, _ := s.templates.Render(m.m, smstest.Name)
		all = append(all, wire{To: m.m.To.E164(), Text: text, Key: s.ref(m.m.Key)})
	}
	body, _ := json.Marshal(all)
	post := func() (kit.Answer, error) {
		r, err := http.NewRequest(http.MethodPost, s.endpoint+"/batch", bytes.NewReader(body))
		if err != nil {
			return kit.Answer{}, err
		}
		return s.http.Do(context.Background(), r)
	}
	a, err := post()
	if err == nil && len(batch) > 1 && s.has("sends an accepted batch again") {
		a, err = post()
	}
	var results []struct{ Code, ID string }
	if err == nil {
		json.Unmarshal(a.Body, &results)
	}
	for i, m := range batch {
		e := &sms.Error{Provider: smstest.Name, Key: m.m.Key, Kind: m.m.Kind, Reason: sms.Unavailable}
		at := i
		if s.has("gives all of a batch one result") {
			at = 0
		}
		switch {
		case err != nil || len(results) != len(batch):
			if m.err = e; s.has("is sure of nothing sent for a batch") && len(batch) > 1 {
				e.Outcome = sms.Rejected
			}
		case results[at].Code == "0":
			m.r = sms.Receipt{Provider: smstest.Name, Key: m.m.Key, ID: results[at].ID, Segments: 1}
		default:
			e.Code, e.Reason, e.Outcome = results[at].Code, sms.Unsupported, sms.Rejected
			m.err = e
		}
		close(m.done)
	}
}
