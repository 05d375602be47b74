package verify_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/notifykit/notify/sms"
	"github.com/notifykit/notify/verify"
)

// The attacks of this file come over HTTP; docs/security.md names them too.

// Known numbers and unknown ones are told apart, by what is answered and by how
// long it takes: at every step of a whole session the same.
func TestAttack_tellKnownFromUnknown(t *testing.T) {
	const latency = 300 * time.Millisecond
	type step struct {
		status int
		body   string
		took   time.Duration
	}
	session := func(t *testing.T, known bool) (steps []step) {
		synctest.Test(t, func(t *testing.T) {
			asked := sms.Number("+8613800000003")
			vendor := newVendor(t, latency)
			s := newSite(t, verify.HTTPOptions{Allow: func(_ context.Context, n sms.Number) bool { return known || n != asked }},
				func(o *verify.Options) { o.Sender = vendor })
			s.world.vendor = vendor
			for i := range 64 { // what other people did before
				s.call("POST", "/codes", jsonMedia, fmt.Sprintf(`{"mobile":"+86139000000%02d"}`, i), header{"RemoteAddr": addresses(i*256) + ":1"})
			}
			do := func(path, body string) {
				began := time.Now()
				answer, _ := s.call("POST", path, jsonMedia, body, nil)
				steps = append(steps, step{answer.Code, answer.Body.String() + answer.Header().Get("Retry-After"), time.Since(began)})
			}
			ask, try := `{"mobile":"`+string(asked)+`"}`, `{"mobile":"`+string(asked)+`","code":"no"}`
			do("/codes/check", try)
			do("/codes", ask)
			do("/codes", ask) // the cooldown
			do("/codes/check", try)
			time.Sleep(time.Minute)
			do("/codes", ask) // a resend
			for range 4 {
				do("/codes/check", try)
			}
			do("/codes/check", try) // locked
			do("/codes", ask)
			time.Sleep(15 * time.Minute)
			do("/codes/check", try)
			for range 3 { // to the hour's limit
				do("/codes", ask)
				time.Sleep(2 * time.Minute)
			}
			do("/codes", ask)
			time.Sleep(6 * time.Minute)
			do("/codes/check", try) // expired
			if _, sent := vendor.Last(asked); sent != known {
				t.Errorf("known %v, sent %v", known, sent)
			}
		})
		return steps
	}
	known, unknown := session(t, true), session(t, false)
	if !slices.Equal(known, unknown) {
		for i := range known {
			if known[i] != unknown[i] {
				t.Errorf("step %d tells them apart:\n  known   %v\n  unknown %v", i+1, known[i], unknown[i])
			}
		}
	}
}

// A number that is unknown has a record that no code fits, even where it was
// known a minute ago.
func TestAttack_aCodeForAnUnknownNumber(t *testing.T) {
	known := true
	s := newSite(t, verify.HTTPOptions{Allow: func(context.Context, sms.Number) bool { return known }}, withoutLimits)
	s.post("/codes", `{"mobile":"+8613800000001"}`)
	code := s.vendor.Code(alice)
	known = false
	s.post("/codes", `{"mobile":"+8613800000001"}`)
	if status, _ := s.post("/codes/check", `{"mobile":"+8613800000001","code":"`+code+`"}`); status != 400 {
		t.Errorf("the code from before is answered with %d", status)
	}
	known = true
	s.post("/codes", `{"mobile":"+8613800000001"}`)
	if again := s.vendor.Code(alice); again == code {
		t.Error("the code that was made void was sent again")
	} else if status, _ := s.post("/codes/check", `{"mobile":"+8613800000001","code":"`+again+`"}`); status != 200 {
		t.Errorf("the code of a number that is known again is answered with %d", status)
	}
	if n := len(s.vendor.Sent()); n != 2 {
		t.Errorf("%d messages were sent", n)
	}
}

// The time that an unknown number takes, and the errors it ends in, are drawn
// from what happened to known ones.
func TestAttack_timeOfUnknownNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		latency, n := []time.Duration{10 * time.Millisecond, 700 * time.Millisecond}, 0
		s := newSite(t, verify.HTTPOptions{Allow: func(_ context.Context, to sms.Number) bool { return !strings.HasPrefix(string(to), "+86137") }},
			withoutLimits, func(o *verify.Options) {
				o.Sender = sms.SenderFunc(func(context.Context, sms.Message) (sms.Receipt, error) {
					n++
					if n > 64 { // one who leaves says nothing of the vendor
						return sms.Receipt{}, &sms.Error{Reason: sms.Canceled, Outcome: sms.Rejected}
					}
					time.Sleep(latency[n%2])
					if n%4 == 0 {
						return sms.Receipt{}, &sms.Error{Reason: sms.Unavailable, Outcome: sms.Rejected, Provider: "aliyun", Message: "to +8613900000000"}
					}
					return sms.Receipt{}, nil
				})
			})
		seen := map[string]int{}
		for i := range 64 {
			s.post("/codes", fmt.Sprintf(`{"mobile":"+86139000000%02d"}`, i))
		}
		for i := range 64 {
			s.post("/codes", fmt.Sprintf(`{"mobile":"+86136000000%02d"}`, i))
		}
		for i := range 200 {
			began := time.Now()
			status, _ := s.post("/codes", fmt.Sprintf(`{"mobile":"+86137000%05d"}`, i))
			seen[fmt.Sprint(status, " ", time.Since(began))]++
		}
		if want := []string{"201 10ms", "201 700ms", "503 10ms"}; !slices.Equal(slices.Sorted(maps.Keys(seen)), want) {
			t.Errorf("unknown numbers were answered %v; known ones %v", seen, want)
		}
		for how, times := range seen { // a half, a quarter, a quarter: under 20 of 200 is once in 10^6
			if times < 20 {
				t.Errorf("%s: only %d of 200", how, times)
			}
		}
		if n != 128 {
			t.Errorf("the vendor was asked %d times for 128 known numbers", n)
		}
	})
}

func TestAttack_megabytes(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{})
	for _, media := range []string{jsonMedia, formMedia} {
		endless := &countingReader{}
		r := httptest.NewRequest("POST", "/codes", endless)
		r.Header.Set("Content-Type", media)
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, r)
		if answer.Code != 413 || endless.n > 64<<10 {
			t.Errorf("%s: %d after %d bytes", media, answer.Code, endless.n)
		}
	}
	long := strings.Repeat("9", 4<<20)
	if err := s.Check(t.Context(), verify.Attempt{To: alice, Purpose: "login", Code: long}); !errors.Is(err, verify.ErrNotFound) {
		t.Errorf("a code of megabytes: %v", err)
	}
	if err := s.Check(t.Context(), verify.Attempt{To: sms.Number("+" + long)}); sms.ReasonOf(err) != sms.InvalidNumber {
		t.Errorf("a number of megabytes: %v", err)
	}
	if err := s.Redeem(t.Context(), verify.Proof{To: alice, Token: long}); !errors.Is(err, verify.ErrNotFound) {
		t.Errorf("a token of megabytes: %v", err)
	}
}

// A countingReader is a body without end.
type countingReader struct{ n int }

func (c *countingReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	c.n += len(p)
	return len(p), nil
}

// Headers claim addresses of others, without a trusted proxy.
func TestAttack_aFalseAddress(t *testing.T) {
	s := newSite(t, verify.HTTPOptions{})
	sent := 0
	for i := range 100 {
		answer, _ := s.call("POST", "/codes", jsonMedia, fmt.Sprintf(`{"mobile":"+86138%08d"}`, i), header{
			"X-Forwarded-For": addresses(i * 256), "X-Real-Ip": addresses(i * 256), "Forwarded": "for=" + addresses(i*256), "True-Client-Ip": addresses(i * 256)})
		if answer.Code == 201 {
			sent++
		}
	}
	if sent != 30 {
		t.Errorf("%d codes from one connection under false addresses: the limit is 30 an hour", sent)
	}
}
